//! Settings from environment variables.

use super::{AppConfig, ConfigError, PathPrefix, Secret, Settings, TlsConfig, TrustedProxies};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// Reads `CANYON_*`, falling back to the `REVERB_*` names where both mean the same.
///
/// `CANYON_SETTINGS` holds a whole configuration as JSON: whoever passes it (`php artisan canyon:start`) has settled
/// every value already, so the other variables do not count beside it.
pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, ConfigError> {
    let first = |names: &[&'static str]| {
        names
            .iter()
            .find_map(|&name| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value)))
    };
    if let Some((name, json)) = first(&["CANYON_SETTINGS"]) {
        return Settings::from_json(&json, name);
    }
    let mut settings = Settings::default();
    if let Some((name, list)) = first(&["CANYON_LISTEN"]) {
        let addresses: Result<Vec<_>, _> = list.split(',').map(|one| parsed(name, one.trim())).collect();
        settings.listen = Some(addresses?);
    } else if let Some((name, port)) = first(&["CANYON_SERVER_PORT", "REVERB_SERVER_PORT"]) {
        let host = first(&["CANYON_SERVER_HOST", "REVERB_SERVER_HOST"]);
        let host = host.map_or_else(|| "0.0.0.0".to_owned(), |(_, host)| host);
        settings.listen = Some(vec![parsed(name, &format!("{host}:{port}"))?]);
    }
    if let Some((name, prefix)) = first(&["CANYON_PATH_PREFIX", "REVERB_SERVER_PATH"]) {
        let prefix = PathPrefix::try_from(prefix).map_err(|error| ConfigError::new(name, error))?;
        settings.path_prefix = Some(prefix);
    }
    settings.max_age = number::<u32, _>(first(&["CANYON_MAX_AGE"]))?;
    settings.start_hold = number::<u32, _>(first(&["CANYON_START_HOLD"]))?;
    settings.drain_seconds = number::<u32, _>(first(&["CANYON_DRAIN_SECONDS"]))?;
    limits(&mut settings, first)?;
    settings.metrics_token = first(&["CANYON_METRICS_TOKEN"]).map(|(_, token)| Secret::new(token));
    settings.metrics = first(&["CANYON_METRICS"]).map(|(name, text)| parsed(name, &text)).transpose()?;
    settings.log_format =
        first(&["CANYON_LOG_FORMAT"]).map(|(name, text)| parsed(name, &text)).transpose()?;
    settings.log_level = first(&["CANYON_LOG_LEVEL"]).map(|(name, text)| parsed(name, &text)).transpose()?;
    settings.queue = first(&["CANYON_QUEUE"]).map(|(_, path)| PathBuf::from(path));
    settings.queue_owner = first(&["CANYON_QUEUE_OWNER"]).map(|(_, user)| user);
    settings.queue_group = first(&["CANYON_QUEUE_GROUP"]).map(|(_, group)| group);
    settings.tls = tls(first)?;
    settings.apps = app(first)?.into_iter().collect();
    Ok(settings)
}

fn limits(
    settings: &mut Settings,
    first: impl Fn(&[&'static str]) -> Option<(&'static str, String)>,
) -> Result<(), ConfigError> {
    if let Some((name, list)) = first(&["CANYON_TRUSTED_PROXIES"]) {
        let proxies = TrustedProxies::from_list(&list).map_err(|error| ConfigError::new(name, error))?;
        settings.trusted_proxies = Some(proxies);
    }
    settings.max_outbox_bytes = number::<u64, _>(first(&["CANYON_MAX_OUTBOX_BYTES"]))?;
    settings.max_connections_per_address = number::<u32, _>(first(&["CANYON_MAX_CONNECTIONS_PER_ADDRESS"]))?;
    settings.connects_per_second_per_address =
        number::<u32, _>(first(&["CANYON_CONNECTS_PER_SECOND_PER_ADDRESS"]))?;
    settings.max_frames_per_second = number::<u32, _>(first(&["CANYON_MAX_FRAMES_PER_SECOND"]))?;
    settings.max_bytes_per_second = number::<u32, _>(first(&["CANYON_MAX_BYTES_PER_SECOND"]))?;
    Ok(())
}

/// A number, if there is one, as the setting that is made of it.
fn number<N: FromStr<Err: Display>, T: TryFrom<N, Error: Display>>(
    variable: Option<(&str, String)>,
) -> Result<Option<T>, ConfigError> {
    variable
        .map(|(name, text)| T::try_from(parsed(name, &text)?).map_err(|error| ConfigError::new(name, error)))
        .transpose()
}

fn tls(
    first: impl Fn(&[&'static str]) -> Option<(&'static str, String)>,
) -> Result<Option<Vec<TlsConfig>>, ConfigError> {
    const NAMES: [&str; 2] = ["CANYON_TLS_CERTIFICATE", "CANYON_TLS_KEY"];
    match NAMES.map(|name| first(&[name])) {
        [None, None] => Ok(None),
        [Some((_, certificate)), Some((_, key))] => {
            Ok(Some(vec![TlsConfig { certificate: certificate.into(), key: key.into() }]))
        }
        [None, _] => Err(ConfigError::new(NAMES[0], "not set, but needed beside the key")),
        [_, None] => Err(ConfigError::new(NAMES[1], "not set, but needed beside the certificate")),
    }
}

fn app(
    first: impl Fn(&[&'static str]) -> Option<(&'static str, String)>,
) -> Result<Option<AppConfig>, ConfigError> {
    for names in [
        ["CANYON_APP_ID", "CANYON_APP_KEY", "CANYON_APP_SECRET"],
        ["REVERB_APP_ID", "REVERB_APP_KEY", "REVERB_APP_SECRET"],
    ] {
        match names.map(|name| first(&[name])) {
            [None, None, None] => {}
            [Some((_, id)), Some((_, key)), Some((_, secret))] => {
                return Ok(Some(AppConfig::new(id, key, Secret::new(secret))));
            }
            values => {
                let missing: Vec<&str> = names
                    .iter()
                    .zip(&values)
                    .filter(|(_, value)| value.is_none())
                    .map(|(name, _)| *name)
                    .collect();
                return Err(ConfigError::new(
                    missing.join(" and "),
                    "not set, but needed beside the other two",
                ));
            }
        }
    }
    Ok(None)
}

fn parsed<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|error| ConfigError::new(name, error))
}
