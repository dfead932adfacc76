//! The C face: the library `libcanyon_publish.so`, for every language that can call C.
//!
//! Thin, like PHP's extension: it turns pointers into slices, and refusals into numbers with words behind them. It holds
//! neither the server nor anything of PHP's, and starts no thread. `stubs/canyon.h` is made from [`abi`] by cbindgen; a
//! test compares the two.

pub mod abi;
mod last_error;
mod options;
