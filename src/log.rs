//! The log: lines on standard error, for people or for machines.

use crate::config::{Config, LogFormat, LogLevel};
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::EnvFilter;

/// Whether every line on standard error is to be JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// What is printed of single connections and events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// What the configured level says; never payloads.
    #[default]
    AsConfigured,
    /// Each connect, subscribe, event and refusal.
    Events,
    /// With the data of the events.
    Payloads,
}

/// Begins to log as configured. `CANYON_LOG`, which knows levels for parts of the server, counts before the configured
/// level. Only the first call in a process counts, and one that set up something else keeps it.
///
/// # Errors
/// If `CANYON_LOG` cannot be understood.
pub fn begin(config: &Config, view: View) -> Result<(), String> {
    begin_with(config.log_format, config.log_level, view)
}

/// The same for a process without a configuration.
///
/// # Errors
/// As [`begin`].
pub fn begin_as_environment_says() -> Result<(), String> {
    fn told<T: FromStr + Default>(name: &str) -> T {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or_default()
    }
    begin_with(told("CANYON_LOG_FORMAT"), told("CANYON_LOG_LEVEL"), View::AsConfigured)
}

fn begin_with(format: LogFormat, level: LogLevel, view: View) -> Result<(), String> {
    let filter = match (view, std::env::var("CANYON_LOG")) {
        (_, Ok(filter)) if !filter.is_empty() => {
            filter.parse::<EnvFilter>().map_err(|error| format!("CANYON_LOG: {error}"))?
        }
        (View::AsConfigured, _) => EnvFilter::new(default_filter(&level.to_string())),
        (View::Events, _) => EnvFilter::new(format!("{level},view=debug")),
        (View::Payloads, _) => EnvFilter::new(format!("{level},view=trace")),
    };
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // An error means that somebody logs already.
    let _ = match format {
        LogFormat::Text => subscriber.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => {
            let json = subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false);
            json.try_init().inspect(|()| {
                IS_JSON.store(true, Ordering::Relaxed);
                std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a thread panicked")));
            })
        }
    };
    Ok(())
}

/// Writes an error that ends the program into a log that is not for people; whether it did.
pub fn tells(error: &dyn std::fmt::Display) -> bool {
    let is_for_machines = IS_JSON.load(Ordering::Relaxed);
    if is_for_machines {
        tracing::error!(%error, "ended");
    }
    is_for_machines
}

/// Payloads are shown to those who ask for them by name only.
fn default_filter(level: &str) -> String {
    if level == "trace" { "trace,view=debug".to_owned() } else { level.to_owned() }
}
