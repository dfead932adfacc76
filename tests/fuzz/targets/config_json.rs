//! Settings as JSON, as PHP passes them.

#![no_main]

use canyon::config::Settings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Settings::from_json(text, "CANYON_SETTINGS") {
        Ok(settings) => canyon_fuzz::settle(settings),
        Err(error) => assert!(error.to_string().starts_with("CANYON_SETTINGS: ")),
    }
});
