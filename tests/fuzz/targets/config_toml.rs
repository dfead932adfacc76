//! Settings as TOML, as they stand in a file.

#![no_main]

use canyon::config::Settings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Settings::from_toml(text, &"canyon.toml") {
        Ok(settings) => canyon_fuzz::settle(settings),
        Err(error) => assert!(error.to_string().starts_with("canyon.toml: ")),
    }
});
