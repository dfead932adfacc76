//! The module: what PHP calls when it starts and ends.
//!
//! MINIT registers ini entries and exceptions, RINIT makes the request read its settings anew, MSHUTDOWN stops servers and
//! leaves the queues in an orderly way. PHP calls MSHUTDOWN after `exit()`, fatal errors, uncaught exceptions and in
//! php-fpm's recycled workers too; where it does not (SIGKILL), the queue copes by itself.

// `php_module` expands to unsafe code and to a function that nobody can document.
#![allow(unsafe_code)]
#![allow(missing_docs)]

use super::{exception, info, ini, publisher, registry, server};
use std::panic::catch_unwind;

use ext_php_rs::prelude::*;

/// What PHP's hooks return.
const SUCCESS: i32 = 0;
const FAILURE: i32 = -1;

#[php_module]
fn get_module(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module
        .class::<publisher::Publisher>()
        .class::<server::Server>()
        .startup_function(startup)
        .request_startup_function(request_startup)
        .shutdown_function(shutdown)
        .info_function(info::print)
}

/// A panic must not cross into PHP, which would abort.
fn guarded(hook: impl FnOnce() -> bool + std::panic::UnwindSafe) -> i32 {
    if catch_unwind(hook).unwrap_or(false) { SUCCESS } else { FAILURE }
}

extern "C" fn startup(_kind: i32, module_number: i32) -> i32 {
    guarded(|| {
        ini::register(module_number);
        exception::register()
    })
}

extern "C" fn request_startup(_kind: i32, _module_number: i32) -> i32 {
    guarded(|| {
        registry::forget_settings();
        publisher::declare_union();
        true
    })
}

extern "C" fn shutdown(_kind: i32, _module_number: i32) -> i32 {
    guarded(|| {
        server::stop_all();
        registry::leave_queues();
        true
    })
}
