//! `Canyon\Exception` and `Canyon\QueueFull`.
//!
//! Plain PHP classes without Rust data: only those get their file, line and trace, can be created with `new`, and can be
//! extended.

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::exception::PhpException;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::zend::ce;

use super::zend::{self, ClassSlot};

static EXCEPTION: ClassSlot = ClassSlot::new();
static QUEUE_FULL: ClassSlot = ClassSlot::new();

/// Registers both; false if PHP refuses.
pub(super) fn register() -> bool {
    let parent = || zend::runtime_exception().unwrap_or_else(ce::exception);
    let exception = ClassBuilder::new("Canyon\\Exception").extends((parent, "\\RuntimeException"));
    let exception = exception.registration(|class, arguments| {
        EXCEPTION.set(class);
        std::mem::forget(arguments);
    });
    if exception.register().is_err() {
        return false;
    }
    let parent = || EXCEPTION.get().unwrap_or_else(ce::exception);
    let full = ClassBuilder::new("Canyon\\QueueFull")
        .extends((parent, "\\Canyon\\Exception"))
        .flags(ClassFlags::Final)
        .registration(|class, arguments| {
            QUEUE_FULL.set(class);
            std::mem::forget(arguments);
        });
    full.register().is_ok()
}

/// A `Canyon\Exception`.
#[cold]
pub(super) fn exception(message: impl std::fmt::Display) -> PhpException {
    PhpException::new(message.to_string(), 0, EXCEPTION.get().unwrap_or_else(ce::exception))
}

/// A `Canyon\QueueFull`.
#[cold]
pub(super) fn queue_full(message: impl std::fmt::Display) -> PhpException {
    PhpException::new(message.to_string(), 0, QUEUE_FULL.get().unwrap_or_else(ce::exception))
}

/// A `TypeError`, in PHP's own words.
#[cold]
pub(super) fn type_error(message: impl std::fmt::Display) -> PhpException {
    PhpException::new(message.to_string(), 0, ce::type_error())
}
