//! The settings of a server: what there is, the defaults, and where they come from.
//!
//! Precedence is flag, environment, file, default. A key that does not exist, a value of the wrong kind or a file
//! that cannot be read is an error that names the place; nothing is ever replaced by a default in silence.

mod app;
mod environment;
mod life_kind;
mod limits;
mod listen;
mod operation;
mod proxies;
mod secret;
mod tls;
mod webhook;

pub use app::{AppConfig, ClientEvents, Origins};
pub use life_kind::{LifeKind, LifeKinds};
pub(crate) use limits::BURST_SECONDS;
pub use limits::{BytesPerSecond, OutboxBytes, PerSecond};
pub use listen::ListenAddress;
pub use operation::{DrainSeconds, LogFormat, LogLevel};
pub use proxies::TrustedProxies;
pub use secret::Secret;
pub use tls::TlsConfig;
pub use webhook::{WebhookConfig, WebhookHeaders, WebhookUrl};

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Everything that `canyon serve` can be told, settled and valid.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Config {
    /// Where to accept connections; WebSocket clients and the HTTP API share each listener.
    pub listen: Vec<ListenAddress>,
    /// Whether somebody has said so, or it is the default.
    #[serde(skip)]
    pub is_listen_set: bool,
    /// Stands before `/app` and `/apps`: empty, or `/segment` without a slash at its end.
    pub path_prefix: String,
    /// User whose queue directories are trusted besides this one and root, by name or number.
    pub queue_owner: Option<String>,
    /// Group that may use the queue directories, by name or number: they are 2770 then, else 0700.
    pub queue_group: Option<String>,
    /// Worker threads; by default half as many as there are processors, and one at least.
    pub workers: usize,
    /// Seconds without progress after which a client with a full outbox is hung up on.
    pub send_timeout: u32,
    /// Bytes that may wait for all clients together, before the slowest are hung up on; 0 is no limit.
    pub max_outbox_bytes: u64,
    /// Those who may say where a client comes from.
    pub trusted_proxies: TrustedProxies,
    /// Connections that a client address may have at one time; 0 is no limit.
    pub max_connections_per_address: u32,
    /// New connections of a client address in a second; 0 is no limit.
    pub connects_per_second_per_address: u32,
    /// WebSocket frames that a connection may send in a second; 0 is no limit.
    pub max_frames_per_second: u32,
    /// Bytes that a connection may send in a second; 0 is no limit.
    pub max_bytes_per_second: u32,
    /// Seconds after which an event that waited while no server ran is not delivered any more; 0 is no limit.
    pub max_age: u32,
    /// Seconds that delivery is held back at the start, if events waited, so that clients can come back; 0 is not at all.
    pub start_hold: u32,
    /// Seconds over which a server that is told to stop closes its clients; 0 is at once.
    pub drain_seconds: u32,
    /// Where `/metrics`, `/ready` and `/up` are served, besides what is served to clients.
    pub metrics: Option<ListenAddress>,
    /// What opens `/metrics`; with it, the listeners of the clients serve it too.
    pub metrics_token: Option<Secret>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// How much is written into the log.
    pub log_level: LogLevel,
    /// Certificates for the addresses with TLS; the first is for clients that no other is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<TlsConfig>,
    /// The applications served.
    #[serde(rename = "app")]
    pub apps: Vec<AppConfig>,
}

/// One source of settings; what it does not say is left to the next.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// See [`Config::listen`].
    pub listen: Option<Vec<ListenAddress>>,
    /// Queue directory of every app that does not name its own.
    pub queue: Option<PathBuf>,
    /// See [`Config::queue_owner`].
    pub queue_owner: Option<String>,
    /// See [`Config::queue_group`].
    pub queue_group: Option<String>,
    /// See [`Config::path_prefix`].
    pub path_prefix: Option<PathPrefix>,
    /// See [`Config::workers`].
    pub workers: Option<Workers>,
    /// See [`Config::send_timeout`].
    pub send_timeout: Option<Seconds>,
    /// See [`Config::max_outbox_bytes`].
    pub max_outbox_bytes: Option<OutboxBytes>,
    /// See [`Config::trusted_proxies`].
    pub trusted_proxies: Option<TrustedProxies>,
    /// See [`Config::max_connections_per_address`].
    pub max_connections_per_address: Option<u32>,
    /// See [`Config::connects_per_second_per_address`].
    pub connects_per_second_per_address: Option<PerSecond>,
    /// See [`Config::max_frames_per_second`].
    pub max_frames_per_second: Option<PerSecond>,
    /// See [`Config::max_bytes_per_second`].
    pub max_bytes_per_second: Option<BytesPerSecond>,
    /// See [`Config::max_age`].
    pub max_age: Option<MaxAge>,
    /// See [`Config::start_hold`].
    pub start_hold: Option<StartHold>,
    /// See [`Config::drain_seconds`].
    pub drain_seconds: Option<DrainSeconds>,
    /// See [`Config::metrics`].
    pub metrics: Option<ListenAddress>,
    /// See [`Config::metrics_token`].
    pub metrics_token: Option<Secret>,
    /// See [`Config::log_format`].
    pub log_format: Option<LogFormat>,
    /// See [`Config::log_level`].
    pub log_level: Option<LogLevel>,
    /// See [`Config::tls`].
    pub tls: Option<Vec<TlsConfig>>,
    /// See [`Config::apps`].
    #[serde(default, rename = "app")]
    pub apps: Vec<AppConfig>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub struct ConfigError(String);

impl ConfigError {
    fn new(source: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self(format!("{source}: {problem}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl std::error::Error for ConfigError {}

impl Settings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// If it cannot be read or understood: names the file, line and key.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(path.display(), format!("cannot be read: {error}")))?;
        Self::from_toml(&text, &path.display())
    }

    /// Reads TOML text that came from `source`.
    ///
    /// # Errors
    /// If it cannot be understood: names the source, line and key.
    pub fn from_toml(text: &str, source: &dyn fmt::Display) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::new(source, error))
    }

    /// Reads the same settings as JSON, the form in which PHP hands them over.
    ///
    /// # Errors
    /// If it cannot be understood: names the source and the key.
    pub fn from_json(text: &str, source: &str) -> Result<Self, ConfigError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let key = error.path().to_string();
            ConfigError::new(source, format!("{key}: {}", error.into_inner()))
        })
    }

    /// Reads the environment: `CANYON_*`, and Reverb's names where both mean the same.
    ///
    /// # Errors
    /// If a variable holds a value that cannot be: names the variable.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        environment::read(variable)
    }

    /// Lays `self` over `below`. Where both have an app of one id, the key and secret of `self` count and the other
    /// settings of `below` stay: neither the environment nor `--app` can say more than id, key and secret.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut apps = below.apps;
        for app in self.apps {
            match apps.iter_mut().find(|known| known.id == app.id) {
                Some(known) => (known.key, known.secret) = (app.key, app.secret),
                None => apps.push(app),
            }
        }
        Self {
            listen: self.listen.or(below.listen),
            queue: self.queue.or(below.queue),
            queue_owner: self.queue_owner.or(below.queue_owner),
            queue_group: self.queue_group.or(below.queue_group),
            path_prefix: self.path_prefix.or(below.path_prefix),
            workers: self.workers.or(below.workers),
            send_timeout: self.send_timeout.or(below.send_timeout),
            max_outbox_bytes: self.max_outbox_bytes.or(below.max_outbox_bytes),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            max_connections_per_address: self
                .max_connections_per_address
                .or(below.max_connections_per_address),
            connects_per_second_per_address: self
                .connects_per_second_per_address
                .or(below.connects_per_second_per_address),
            max_frames_per_second: self.max_frames_per_second.or(below.max_frames_per_second),
            max_bytes_per_second: self.max_bytes_per_second.or(below.max_bytes_per_second),
            max_age: self.max_age.or(below.max_age),
            start_hold: self.start_hold.or(below.start_hold),
            drain_seconds: self.drain_seconds.or(below.drain_seconds),
            metrics: self.metrics.or(below.metrics),
            metrics_token: self.metrics_token.or(below.metrics_token),
            log_format: self.log_format.or(below.log_format),
            log_level: self.log_level.or(below.log_level),
            tls: self.tls.or(below.tls),
            apps,
        }
    }

    /// Fills in the defaults.
    ///
    /// # Errors
    /// If the whole cannot be served: no app, or two of one id or key.
    pub fn settle(self) -> Result<Config, ConfigError> {
        const SOURCE: &str = "configuration";
        let mut apps = self.apps;
        if apps.is_empty() {
            return Err(ConfigError::new(
                SOURCE,
                "there is no app to serve: add an [[app]] with id, key and secret to the file, \
                 set CANYON_APP_ID, CANYON_APP_KEY and CANYON_APP_SECRET, or pass --app ID:KEY:SECRET",
            ));
        }
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        for app in &apps {
            // Those of the environment and of --app have not been looked at before.
            for (what, name) in [("id", &app.id), ("key", &app.key)] {
                app::check_name(name).map_err(|problem| {
                    ConfigError::new(SOURCE, format!("the {what} of an app cannot be used: {problem}"))
                })?;
            }
            if !ids.insert(&app.id) {
                return Err(ConfigError::new(SOURCE, format!("two apps have the id {:?}", app.id)));
            }
            if !keys.insert(&app.key) {
                return Err(ConfigError::new(SOURCE, format!("two apps have the key {:?}", app.key)));
            }
        }
        for app in &mut apps {
            let default = || self.queue.clone().unwrap_or_else(|| default_queue(&app.id));
            app.queue = Some(app.queue.clone().unwrap_or_else(default));
        }
        // The others are for PHP, and for the kernel's part of a delivery. On two processors one worker delivers more than
        // two do, for less, and a quiet channel waits a sixth as long beside a busy one.
        let half_of_processors =
            || std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        let is_listen_set = self.listen.is_some();
        let listen = self.listen.unwrap_or_else(|| vec![ListenAddress::default()]);
        let tls = self.tls.unwrap_or_default();
        if let Some(address) =
            listen.iter().find(|address| matches!(address, ListenAddress::Tls(_)) && tls.is_empty())
        {
            return Err(ConfigError::new(
                SOURCE,
                format!(
                    "there is no certificate for {address}: add a [[tls]] with certificate and key to the file, \
                     or set CANYON_TLS_CERTIFICATE and CANYON_TLS_KEY"
                ),
            ));
        }
        // Here and not where it is read, which would show the line it stands in.
        if let Some(token) = &self.metrics_token {
            operation::check_token(token).map_err(|problem| ConfigError::new(SOURCE, problem))?;
        }
        if let Some(address @ ListenAddress::Tls(_)) = &self.metrics {
            return Err(ConfigError::new(
                SOURCE,
                format!("metrics cannot be {address}: they are served without TLS, at IP:PORT or unix:/path"),
            ));
        }
        Ok(Config {
            listen,
            is_listen_set,
            queue_owner: self.queue_owner,
            queue_group: self.queue_group,
            path_prefix: self.path_prefix.map(|prefix| prefix.0).unwrap_or_default(),
            workers: self.workers.map_or_else(half_of_processors, |workers| workers.0),
            send_timeout: self.send_timeout.map_or(10, |seconds| seconds.0),
            max_outbox_bytes: self.max_outbox_bytes.unwrap_or_default().0,
            trusted_proxies: self.trusted_proxies.unwrap_or_default(),
            // A company behind one address has fewer, and may come back all at once.
            max_connections_per_address: self.max_connections_per_address.unwrap_or(10_000),
            connects_per_second_per_address: self
                .connects_per_second_per_address
                .map_or(200, |times| times.0),
            // At once ten times as much: a client that comes back subscribes to all its channels.
            max_frames_per_second: self.max_frames_per_second.map_or(1000, |times| times.0),
            max_bytes_per_second: self.max_bytes_per_second.map_or(1 << 20, |bytes| bytes.0),
            max_age: self.max_age.map_or(30, |seconds| seconds.0),
            start_hold: self.start_hold.map_or(2, |seconds| seconds.0),
            drain_seconds: self.drain_seconds.map_or(0, |seconds| seconds.0),
            metrics: self.metrics,
            metrics_token: self.metrics_token,
            log_format: self.log_format.unwrap_or_default(),
            log_level: self.log_level.unwrap_or_default(),
            tls,
            apps,
        })
    }
}

/// The queue directory that server and publishers agree on without being told.
///
/// Never a user's name or number in it, or PHP-FPM and the server would silently use two directories.
#[must_use]
pub fn default_queue(app_id: &str) -> PathBuf {
    let system = Path::new("/run/canyon");
    if system.is_dir() { system.join(app_id) } else { PathBuf::from(format!("/dev/shm/canyon-{app_id}")) }
}

/// `""` or `/segment[/segment]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPrefix(String);

impl TryFrom<String> for PathPrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let trimmed = text.trim_matches('/');
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
        if !trimmed.chars().all(allowed) || trimmed.contains("//") {
            return Err(format!("path_prefix {text:?} is not a path like \"/ws\""));
        }
        Ok(Self(if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") }))
    }
}

/// A number of worker threads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
pub struct Workers(usize);

impl TryFrom<usize> for Workers {
    type Error = String;

    fn try_from(count: usize) -> Result<Self, String> {
        if (1..=1024).contains(&count) {
            Ok(Self(count))
        } else {
            Err(format!("workers must be 1 to 1024, not {count}"))
        }
    }
}

/// A time limit in whole seconds, one to a day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct Seconds(pub(crate) u32);

impl TryFrom<u32> for Seconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if (1..=86_400).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!("a timeout must be 1 to 86400 seconds, not {seconds}"))
        }
    }
}

/// The age of an event in whole seconds, up to a day; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct MaxAge(u32);

impl TryFrom<u32> for MaxAge {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if seconds <= 86_400 {
            Ok(Self(seconds))
        } else {
            Err(format!("max_age must be 0 (no limit) to 86400 seconds, not {seconds}"))
        }
    }
}

/// A short delay in whole seconds: meanwhile the rings of the publishers fill up.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub struct StartHold(u32);

impl TryFrom<u32> for StartHold {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if seconds <= 60 {
            Ok(Self(seconds))
        } else {
            Err(format!("start_hold must be 0 (no hold) to 60 seconds, not {seconds}"))
        }
    }
}

#[cfg(test)]
mod tests;
