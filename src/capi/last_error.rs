//! What went wrong last in this thread, as a string that C can read.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// Keeps a message for this thread, in place of the one before.
pub(super) fn set(message: &str) {
    // What was given may have held a NUL; the messages show it as an escape, so this only makes sure.
    let message = CString::new(message.replace('\0', "\\0")).unwrap_or_default();
    // A thread at its end has nobody left to read it.
    let _ = MESSAGE.try_with(|last| last.replace(message));
}

/// The message; empty if there was none yet. Stays where it is until the next [`set`] in this thread.
pub(super) fn get() -> *const c_char {
    const NONE: &CStr = c"";
    MESSAGE.try_with(|last| last.borrow().as_ptr()).unwrap_or(NONE.as_ptr())
}
