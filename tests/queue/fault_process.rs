//! A process that has a SIGBUS, with a queue open.
//!
//! `canyon-test-fault DIR nothing|default|ignore|handler|plain fault|sent`: who had the signal before the queue was opened,
//! and whether it comes from a mapped file of the process's own or from another process. A handler ends it with code 42.

#![allow(unsafe_code, reason = "signals and mappings have no safe form")]

use std::error::Error;
use std::ffi::{c_int, c_void};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::ptr;

use canyon::queue::{Producer, ProducerOptions};

extern "C" fn handler(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: allowed in a handler.
    unsafe { libc::_exit(42) };
}

extern "C" fn plain(_: c_int) {
    // SAFETY: allowed in a handler.
    unsafe { libc::_exit(42) };
}

fn set(action: usize, flags: c_int) {
    // SAFETY: all zero is a valid sigaction; the pointers are valid.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = flags;
        libc::sigaction(libc::SIGBUS, &raw const new, ptr::null_mut());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, before, how] = &arguments[..] else { return Err("three arguments".into()) };
    match before.as_str() {
        // Rust's own, for stacks that overflow.
        "nothing" => {}
        "default" => set(libc::SIG_DFL, 0),
        "ignore" => set(libc::SIG_IGN, 0),
        "handler" => set(handler as extern "C" fn(_, _, _) as *const () as usize, libc::SA_SIGINFO),
        "plain" => set(plain as extern "C" fn(_) as *const () as usize, 0),
        _ => return Err("who had the signal before?".into()),
    }
    let mut producer = Producer::attach(ProducerOptions::new(path))?;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("ring.") {
            std::fs::File::options().write(true).open(entry.path())?.set_len(0)?;
        }
    }
    if producer.push(5, |writer| writer.put(b"12345")).is_ok() {
        return Err("a push into a file without room was published".into());
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "own ring survived")?;
    stdout.flush()?;
    if how == "sent" {
        // SAFETY: to this process.
        unsafe { libc::kill(libc::getpid(), libc::SIGBUS) };
        return Ok(());
    }
    let file = tempfile()?;
    // SAFETY: a new mapping of a file without a single byte; that touching it is a SIGBUS is the point.
    unsafe {
        let page = libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0);
        if page == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error().into());
        }
        ptr::read_volatile(page.cast::<u8>());
    }
    Err("an empty file could be read".into())
}

/// An empty file without a name.
fn tempfile() -> std::io::Result<std::fs::File> {
    let path = std::env::temp_dir().join(format!("canyon-test-fault.{}", std::process::id()));
    let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}
