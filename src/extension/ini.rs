//! The settings of php.ini.
//!
//! Read anew in each request, lazily: a php-fpm pool sets its `php_admin_value`s after the module has started. A value that
//! cannot be is a warning at start-up and an exception at the call, never a silent default.

use std::ffi::CStr;

use ext_php_rs::error::php_error;
use ext_php_rs::flags::{ErrorType, IniEntryPermission};
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};

use super::zend;
use crate::check::{self, Limit, Limits};
use crate::queue::{Access, MAX_PAYLOAD, RING_BYTES};

const RING: &CStr = c"canyon.ring_bytes";
const EVENT: &CStr = c"canyon.max_event_bytes";
const CHANNEL: &CStr = c"canyon.max_channel_length";
const OWNER: &CStr = c"canyon.queue_owner";
const GROUP: &CStr = c"canyon.queue_group";

static ENTRIES: IniEntryDefs<6> = IniEntryDefs::new([
    IniEntryDef::new(RING, c"256K", IniEntryPermission::System),
    IniEntryDef::new(EVENT, c"1M", IniEntryPermission::System),
    IniEntryDef::new(CHANNEL, c"164", IniEntryPermission::System),
    IniEntryDef::new(OWNER, c"", IniEntryPermission::System),
    IniEntryDef::new(GROUP, c"", IniEntryPermission::System),
    IniEntryDef::end(),
]);

/// The settings of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) ring_bytes: usize,
    pub(super) limits: Limits,
    pub(super) access: Access,
}

/// Registers the entries, and warns of values that no call will accept.
pub(super) fn register(module_number: i32) {
    IniEntryDef::register(ENTRIES.as_slice(), module_number);
    if let Err(problem) = read() {
        php_error(&ErrorType::CoreWarning, &problem);
    }
}

/// Reads all settings.
pub(super) fn read() -> Result<Settings, String> {
    let ring_bytes = size(RING, *RING_BYTES.start(), *RING_BYTES.end())?;
    if !ring_bytes.is_power_of_two() {
        return Err(refused(RING, "must be a power of two"));
    }
    Ok(Settings {
        ring_bytes,
        limits: Limits {
            event_bytes: Limit { most: size(EVENT, 1, MAX_PAYLOAD)?, setting: "canyon.max_event_bytes" },
            channel_length: Limit { most: size(CHANNEL, 1, 200)?, setting: "canyon.max_channel_length" },
        },
        access: Access::named(&value(OWNER), &value(GROUP)).map_err(|problem| {
            let entry = if problem.is_group { GROUP } else { OWNER };
            refused(entry, &problem.to_string())
        })?,
    })
}

fn value(entry: &CStr) -> String {
    zend::ini_string(entry).unwrap_or_default().trim().to_owned()
}

/// A number of bytes.
fn size(entry: &CStr, least: usize, most: usize) -> Result<usize, String> {
    check::size(&value(entry), least, most).map_err(|why| refused(entry, &why))
}

fn refused(entry: &CStr, why: &str) -> String {
    format!("{} = \"{}\" in php.ini: it {why}", entry.to_string_lossy(), value(entry))
}
