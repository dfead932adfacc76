//! What stands in for `fault.rs`: nobody cuts a file short here.

use std::ptr::NonNull;

#[derive(Debug)]
pub(crate) struct Guard;

impl Guard {
    /// # Safety
    /// None needed: it looks at nothing.
    pub(crate) unsafe fn new(_start: NonNull<u8>, _capacity: usize) -> Self {
        Self
    }

    pub(crate) fn is_lost(&self) -> bool {
        false
    }
}
