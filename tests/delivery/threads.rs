//! Which thread is calling.

#![allow(unsafe_code, reason = "the safe forms allocate, and this is asked by the allocator")]

/// Whether the calling thread's name begins so.
pub(crate) fn is_called(prefix: &[u8]) -> bool {
    let mut name = [0_u8; 16];
    // SAFETY: the kernel writes at most 16 bytes, the NUL at the end included.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name.starts_with(prefix)
}
