//! The functions of the library.
//!
//! What a caller gets wrong is answered with a status wherever C lets it be seen: NULL, text that is not UTF-8, one
//! publisher in two threads at once. A pointer that was freed, or that leads to no string, cannot be seen.

// Reading what C points to is what this file is for; every block names the promise of the caller that it rests on.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, TryLockError};

use super::last_error;
use super::options::Options;
use crate::check;
use crate::publisher::{Publisher, Refusal};
use crate::queue::ProducerOptions;

/// What a call came to.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "C has no name spaces: these are the names of the constants")]
pub enum CanyonStatus {
    /// Done. For an event: it stands in the queue.
    CanyonOk = 0,
    /// The queue has no room, because no server drains it or it does not keep up. Nothing was published.
    CanyonFull = 1,
    /// An argument, a name, a size or an encoding is not allowed. The same call cannot succeed later.
    CanyonInvalid = 2,
    /// The queue cannot be used: permissions, no space, another version of Canyon.
    CanyonQueue = 3,
    /// Another thread is using this publisher at this moment. Open one per thread.
    CanyonBusy = 4,
    /// A mistake in this library. Please report it.
    CanyonInternal = 5,
}

/// Publishes events of one application through one queue. Opaque; made by canyon_open().
///
/// Belongs to one thread at a time; open one for each thread that publishes. A process made by fork() may go on with its
/// parent's publisher: it gets a ring of its own at its first event.
#[derive(Debug)]
pub struct CanyonPublisher {
    publisher: Mutex<Publisher>,
}

struct Failure(CanyonStatus, String);

impl Failure {
    fn invalid(why: impl Into<String>) -> Self {
        Self(CanyonStatus::CanyonInvalid, why.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Invalid(_) => CanyonStatus::CanyonInvalid,
            Refusal::Full(_) => CanyonStatus::CanyonFull,
            Refusal::Queue(_) => CanyonStatus::CanyonQueue,
        };
        Self(status, refusal.to_string())
    }
}

/// Open a publisher. No server has to run.
///
/// queue: the queue directory, the same as the server's; it is made if it does not exist.
/// app_id: the id of the application, as the server knows it.
/// options: NULL, or "name=value" pairs with spaces between them: queue_group and queue_owner (who else may use the
/// directory; by default nobody), ring_bytes (256K), max_event_bytes (1M), max_channel_length (164).
/// publisher: where to put the new publisher; NULL is put there if it fails.
///
/// # Safety
/// The strings end with NUL, and publisher points to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn canyon_open(
    queue: *const c_char,
    app_id: *const c_char,
    options: *const c_char,
    publisher: *mut *mut CanyonPublisher,
) -> CanyonStatus {
    answer(|| {
        if publisher.is_null() {
            return Err(Failure::invalid("publisher is NULL: it must point to where the new publisher goes"));
        }
        // SAFETY: it is not NULL, and the caller promises that it points to a pointer.
        unsafe { publisher.write(std::ptr::null_mut()) };
        // SAFETY: the caller promises strings that end with NUL.
        let (queue, app_id, options) =
            unsafe { (required("queue", queue)?, required("app_id", app_id)?, optional(options)) };
        let options = utf8("options", options.unwrap_or_default())?;
        let Options { ring_bytes, limits, access } = Options::parse(options).map_err(Failure::invalid)?;
        check::plain("queue path", queue).map_err(Failure::invalid)?;
        // The caller may change its working directory before the queue is attached to anew.
        let path: PathBuf = std::path::absolute(utf8("queue", queue)?)
            .map_err(|error| Failure(CanyonStatus::CanyonQueue, format!("no working directory: {error}")))?;
        let attached = Publisher::attach(ProducerOptions { path, ring_bytes, access }, app_id, limits)?;
        let opened = Box::new(CanyonPublisher { publisher: Mutex::new(attached) });
        // SAFETY: as above.
        unsafe { publisher.write(Box::into_raw(opened)) };
        Ok(())
    })
}

/// Publish an event. Never waits: it returns when the event stands in the queue, whether a server runs or not.
///
/// channels: count names, at least one. event: at most 200 characters. data: length bytes of UTF-8, usually JSON, as the
/// clients get them. except: NULL, or the socket id ("1234.5678") of the client that does not get it.
///
/// # Safety
/// publisher is from canyon_open() and was not closed, the strings end with NUL, channels holds count of them, and data
/// holds length bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn canyon_publish(
    publisher: *mut CanyonPublisher,
    channels: *const *const c_char,
    count: usize,
    event: *const c_char,
    data: *const c_char,
    length: usize,
    except: *const c_char,
) -> CanyonStatus {
    answer(|| {
        // SAFETY: the caller promises an open publisher; only shared references to it are ever made.
        let publisher = unsafe { publisher.as_ref() }
            .ok_or_else(|| Failure::invalid("publisher is NULL: canyon_open() makes one"))?;
        check::channels(count).map_err(Failure::invalid)?;
        if channels.is_null() {
            return Err(Failure::invalid("channels is NULL"));
        }
        // SAFETY: it is not NULL, and the caller promises that many pointers.
        let pointers = unsafe { std::slice::from_raw_parts(channels, count) };
        if let Some(index) = pointers.iter().position(|pointer| pointer.is_null()) {
            return Err(Failure::invalid(format!("channels[{index}] is NULL")));
        }
        // SAFETY: none is NULL, and the caller promises that each leads to a string.
        let names = pointers.iter().map(|&pointer| unsafe { CStr::from_ptr(pointer) }.to_bytes());
        // SAFETY: the caller promises strings that end with NUL.
        let (event, except) = unsafe { (required("event", event)?, optional(except)) };
        let data: &[u8] = match (data.is_null(), length) {
            (true, 0) => &[],
            (true, _) => return Err(Failure::invalid("data is NULL")),
            // A length that no memory has would be undefined to even make a slice of.
            (false, length) if isize::try_from(length).is_err() => {
                return Err(Failure::invalid(format!("the data cannot have {length} bytes")));
            }
            // SAFETY: it is not NULL, and the caller promises that many bytes.
            (false, length) => unsafe { std::slice::from_raw_parts(data.cast(), length) },
        };
        let mut publisher = match publisher.publisher.try_lock() {
            Ok(publisher) => publisher,
            // A push that panicked has published nothing, and left nothing behind.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let why = "another thread is using this publisher at this moment: open one for each thread";
                return Err(Failure(CanyonStatus::CanyonBusy, why.to_owned()));
            }
        };
        Ok(publisher.publish(names, event, data, except)?)
    })
}

/// Close a publisher; what it has published stays in the queue. NULL is allowed.
///
/// # Safety
/// publisher is from canyon_open(), was not closed before, and no thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn canyon_close(publisher: *mut CanyonPublisher) {
    if !publisher.is_null() {
        // SAFETY: the caller promises that it came from canyon_open() and that nobody uses it.
        let publisher = unsafe { Box::from_raw(publisher) };
        let _ = catch_unwind(AssertUnwindSafe(move || drop(publisher)));
    }
}

/// Get what went wrong in the last call of this thread that did not return CANYON_OK: one line of UTF-8 that says what to
/// do. It is good until the next call of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn canyon_last_error() -> *const c_char {
    last_error::get()
}

/// Get the version of the library, like "1.2.3".
#[unsafe(no_mangle)]
pub extern "C" fn canyon_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Runs `call`; no panic gets past it.
fn answer(call: impl FnOnce() -> Result<(), Failure>) -> CanyonStatus {
    let ended = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        let why = "a mistake inside Canyon; standard error says where. Please report it";
        Err(Failure(CanyonStatus::CanyonInternal, why.to_owned()))
    });
    match ended {
        Ok(()) => CanyonStatus::CanyonOk,
        Err(Failure(status, why)) => {
            last_error::set(&why);
            status
        }
    }
}

/// # Safety
/// `text` is NULL or leads to a string that ends with NUL and outlives the call.
unsafe fn optional<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: it is not NULL then, and the caller promises the rest.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// # Safety
/// As for [`optional`].
unsafe fn required<'a>(name: &str, text: *const c_char) -> Result<&'a [u8], Failure> {
    // SAFETY: the caller's promise is the same.
    unsafe { optional(text) }.ok_or_else(|| Failure::invalid(format!("{name} is NULL")))
}

fn utf8<'a>(name: &str, text: &'a [u8]) -> Result<&'a str, Failure> {
    std::str::from_utf8(text).map_err(|_| Failure::invalid(format!("{name} is not UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_in_use_by_another_thread_says_so_and_works_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let queue = std::ffi::CString::new(directory.path().join("queue").to_str().unwrap()).unwrap();
        let mut publisher = std::ptr::null_mut();
        // SAFETY: strings that end with NUL, and a place for the pointer.
        let opened =
            unsafe { canyon_open(queue.as_ptr(), c"1".as_ptr(), std::ptr::null(), &raw mut publisher) };
        assert_eq!(opened, CanyonStatus::CanyonOk);
        let channels = [c"lobby".as_ptr()];
        // SAFETY: an open publisher, and arguments as they should be.
        let publish = || unsafe {
            canyon_publish(
                publisher,
                channels.as_ptr(),
                1,
                c"e".as_ptr(),
                c"{}".as_ptr(),
                2,
                std::ptr::null(),
            )
        };
        // SAFETY: it is open.
        let in_use = unsafe { &*publisher }.publisher.lock().unwrap();
        assert_eq!(publish(), CanyonStatus::CanyonBusy);
        // SAFETY: the message of this thread.
        let message = unsafe { CStr::from_ptr(canyon_last_error()) }.to_str().unwrap();
        assert!(message.contains("another thread"), "{message}");
        drop(in_use);
        assert_eq!(publish(), CanyonStatus::CanyonOk);
        // SAFETY: open, and closed once.
        unsafe { canyon_close(publisher) };
    }

    #[test]
    fn no_panic_gets_past_the_boundary() {
        assert_eq!(answer(|| std::panic::resume_unwind(Box::new("a mistake"))), CanyonStatus::CanyonInternal);
    }
}
