//! The section in phpinfo().

use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};

use super::zend;
use crate::queue::PROTOCOL_VERSION;

/// Prints it.
pub(super) extern "C" fn print(module: *mut ModuleEntry) {
    info_table_start!();
    info_table_row!("canyon support", "enabled");
    info_table_row!("Version", env!("CARGO_PKG_VERSION"));
    info_table_row!("Queue protocol version", PROTOCOL_VERSION.to_string().as_str());
    info_table_end!();
    zend::print_ini_entries(module);
}
