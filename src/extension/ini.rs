//! The settings of php.ini.
//!
//! Read anew in each request, lazily: a php-fpm pool sets its `php_admin_value`s after the module has started. A value that
//! cannot be is a warning at start-up and an exception at the call, never a silent default.

use std::ffi::CStr;

use ext_php_rs::error::php_error;
use ext_php_rs::flags::{ErrorType, IniEntryPermission};
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};

use super::zend;
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
    pub(super) max_event_bytes: usize,
    pub(super) max_channel_length: usize,
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
        max_event_bytes: size(EVENT, 1, MAX_PAYLOAD)?,
        max_channel_length: size(CHANNEL, 1, 200)?,
        access: Access::named(&value(OWNER), &value(GROUP)).map_err(|problem| {
            let entry = if problem.is_group { GROUP } else { OWNER };
            refused(entry, &problem.to_string())
        })?,
    })
}

fn value(entry: &CStr) -> String {
    zend::ini_string(entry).unwrap_or_default().trim().to_owned()
}

/// A number of bytes: digits, and K, M or G behind them as everywhere in php.ini.
fn size(entry: &CStr, least: usize, most: usize) -> Result<usize, String> {
    let text = value(entry);
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text.as_str(), 1),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bytes =
        digits.parse::<usize>().ok().filter(|_| all_digits).and_then(|number| number.checked_mul(unit));
    bytes.filter(|bytes| (least..=most).contains(bytes)).ok_or_else(|| {
        refused(entry, &format!("must be a number from {least} to {most}; K, M and G may stand behind it"))
    })
}

fn refused(entry: &CStr, why: &str) -> String {
    format!("{} = \"{}\" in php.ini: it {why}", entry.to_string_lossy(), value(entry))
}
