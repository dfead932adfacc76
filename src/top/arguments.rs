//! What `canyon top` can be told.

use super::address::Address;
use super::figures::Sort;
use crate::config::{AppConfig, Settings};
use clap::Args;
use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// See [`AFTERWORD`].
#[derive(Debug, Args)]
#[command(after_long_help = AFTERWORD)]
pub struct TopArgs {
    /// Where the server is: http(s)://HOST:PORT[/PREFIX] or unix:/path. Without it, where the configuration listens.
    #[arg(long, value_name = "URL")]
    url: Option<Address>,
    /// The server's TOML file: its app, and where it listens.
    #[arg(long, value_name = "FILE", env = "CANYON_CONFIG")]
    config: Option<PathBuf>,
    /// Which app of the configuration; or a whole one, which shows its secret in `ps`: for development only.
    #[arg(long, value_name = "ID[:KEY:SECRET]")]
    app: Option<App>,
    /// Print the figures once, as text, and end.
    #[arg(long)]
    once: bool,
    /// Print what the server answers, an object in a line each time; with --once, one.
    #[arg(long)]
    json: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    interval: Duration,
    /// How many channels and slow clients are asked for, 100 at most. Without it, as many as there is room for, and 20 at
    /// least.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: Option<u16>,
    /// What the busiest channels are: those with the most events, deliveries or subscribers.
    #[arg(long, value_name = "FIGURE", value_enum, default_value_t)]
    sort: Sort,
    /// Only channels whose names hold this text.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
}

const AFTERWORD: &str = "\
The app's id, key and secret are taken from --config, or from CANYON_APP_ID, CANYON_APP_KEY and CANYON_APP_SECRET (or \
Reverb's names). Connections, subscriptions, channels and users are the app's, the other figures the whole server's.

Keys: q quits, ? explains the others. Without colours: NO_COLOR=1. Exit code 2: with --once or --json the server did not \
answer, or does not know the app.";

/// How the figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A screen that is drawn anew each time.
    Live,
    /// Text, once.
    Text,
    /// JSON, again and again.
    JsonLines,
    /// JSON, once.
    Json,
}

/// [`TopArgs`], settled.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) address: Address,
    pub(super) app: AppConfig,
    pub(super) form: Form,
    pub(super) interval: Duration,
    pub(super) limit: Option<u16>,
    pub(super) sort: Sort,
    pub(super) filter: String,
}

/// `ID`, or `ID:KEY:SECRET`.
#[derive(Debug, Clone)]
enum App {
    Named(String),
    Whole(Box<AppConfig>),
}

impl FromStr for App {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(':') {
            text.parse().map(Box::new).map(Self::Whole)
        } else {
            Ok(Self::Named(text.to_owned()))
        }
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "give 0.1 to 3600 seconds".to_owned())
}

impl TopArgs {
    /// `variable` reads the environment, which says nothing where the command line says all.
    pub(super) fn settle(self, variable: impl Fn(&str) -> Option<String>) -> Result<Options, Box<dyn Error>> {
        let file = self.config.as_deref().map(Settings::from_file).transpose()?.unwrap_or_default();
        let environment = match (&self.url, &self.app) {
            (Some(_), Some(App::Whole(_))) => Settings::default(),
            _ => Settings::from_environment(variable)?,
        };
        let ids =
            |settings: &Settings| -> Vec<String> { settings.apps.iter().map(|app| app.id.clone()).collect() };
        let (configured, known) = (ids(&environment), [ids(&environment), ids(&file)].concat());
        let (id, flags) = match self.app {
            Some(App::Whole(app)) => (app.id.clone(), Settings { apps: vec![*app], ..Settings::default() }),
            Some(App::Named(id)) => (id, Settings::default()),
            None => (only_one(if configured.is_empty() { known } else { configured })?, Settings::default()),
        };
        let mut config = flags.over(environment.over(file)).settle()?;
        let place = config.apps.iter().position(|app| app.id == id);
        let app = config.apps.swap_remove(place.ok_or_else(|| {
            format!("there is no app {id:?} in the configuration, and no key and secret for it: {SOURCES}")
        })?);
        let address = match self.url {
            Some(address @ Address::Unix { .. }) => address.under(&config.path_prefix),
            Some(address) => address,
            None => Address::of(&config)?,
        };
        let form = match (self.once, self.json) {
            (false, false) => Form::Live,
            (true, false) => Form::Text,
            (false, true) => Form::JsonLines,
            (true, true) => Form::Json,
        };
        let Self { interval, limit, sort, filter, .. } = self;
        Ok(Options { address, app, form, interval, limit, sort, filter })
    }
}

const SOURCES: &str = "name the server's file with --config, set CANYON_APP_ID, CANYON_APP_KEY and \
    CANYON_APP_SECRET, or pass --app ID:KEY:SECRET (for development)";

fn only_one(ids: Vec<String>) -> Result<String, String> {
    match <[String; 1]>::try_from(ids) {
        Ok([id]) => Ok(id),
        Err(ids) if ids.is_empty() => Err(format!("whose figures? {SOURCES}")),
        Err(ids) => Err(format!("there are several apps: name one of them with --app, {}", ids.join(" or "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        top: TopArgs,
    }

    fn settled(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Options, String> {
        let cli = Cli::try_parse_from([&["top"], arguments].concat()).map_err(|error| error.to_string())?;
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        cli.top.settle(variable).map_err(|error| error.to_string())
    }

    fn told(arguments: &[&str], environment: &[(&str, &str)]) -> String {
        settled(arguments, environment).map_or_else(
            |error| error,
            |options| {
                let app = options.app;
                format!("{} {}:{}:{}", options.address, app.id, app.key, app.secret.reveal())
            },
        )
    }

    const ENVIRONMENT: [(&str, &str); 4] = [
        ("CANYON_APP_ID", "e"),
        ("CANYON_APP_KEY", "ek"),
        ("CANYON_APP_SECRET", "es"),
        ("CANYON_LISTEN", "127.0.0.1:9000"),
    ];

    fn file(apps: &[&str]) -> tempfile::NamedTempFile {
        let apps = apps.iter().map(|id| format!("[[app]]\nid = '{id}'\nkey = '{id}k'\nsecret = '{id}s'\n"));
        let toml = format!("listen = ['0.0.0.0:7000']\npath_prefix = 'ws'\n{}", apps.collect::<String>());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        file
    }

    #[test]
    fn server_and_app_come_from_the_command_line_the_environment_or_the_file() {
        let one = file(&["f"]);
        let config = ["--config", one.path().to_str().unwrap()];
        assert_eq!(told(&config, &[]), "http://127.0.0.1:7000/ws f:fk:fs");
        assert_eq!(told(&[], &ENVIRONMENT), "http://127.0.0.1:9000 e:ek:es");
        assert_eq!(told(&config, &ENVIRONMENT), "http://127.0.0.1:9000/ws e:ek:es");
        assert_eq!(told(&["--app", "a:b:c:d"], &[]), "http://127.0.0.1:8080 a:b:c:d");
        let arguments = [&config[..], &["--app", "f", "--url", "unix:/run/x"]].concat();
        assert_eq!(told(&arguments, &ENVIRONMENT), "unix:/run/x f:fk:fs");
        assert_eq!(settled(&arguments, &[]).unwrap().address.prefix(), "/ws");
    }

    #[test]
    fn a_whole_command_line_asks_nobody_else() {
        let broken = [("CANYON_MAX_AGE", "old")];
        assert_eq!(told(&["--url", "http://a", "--app", "a:b:c"], &broken), "http://a a:b:c");
        assert!(told(&["--url", "http://a"], &broken).contains("CANYON_MAX_AGE"));
    }

    #[test]
    fn who_is_not_known_and_who_is_meant_is_asked() {
        assert!(told(&[], &[]).starts_with("whose figures?"), "{}", told(&[], &[]));
        let two = file(&["f", "g"]);
        let config = ["--config", two.path().to_str().unwrap()];
        assert!(told(&config, &[]).ends_with("with --app, f or g"), "{}", told(&config, &[]));
        assert_eq!(told(&[&config[..], &["--app", "g"]].concat(), &[]), "http://127.0.0.1:7000/ws g:gk:gs");
        let unknown = told(&[&config[..], &["--app", "h"]].concat(), &[]);
        assert!(unknown.starts_with(r#"there is no app "h""#), "{unknown}");
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, what) in [
            (["--interval", "0"], "0.1 to 3600"),
            (["--interval", "soon"], "0.1 to 3600"),
            (["--limit", "0"], "1..=100"),
            (["--sort", "size"], "events, deliveries, subscribers"),
            (["--app", "a:b"], "ID:KEY:SECRET"),
            (["--url", "localhost"], "http://HOST:PORT"),
        ] {
            let told = told(&arguments, &[]);
            assert!(told.contains(what), "{arguments:?}: {told}");
        }
    }
}
