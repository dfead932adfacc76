use super::*;

const APP: &str = "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n";

fn settled(toml: &str) -> Config {
    Settings::from_toml(toml, &"test.toml").unwrap().settle().unwrap()
}

fn refusal(toml: &str) -> String {
    match Settings::from_toml(toml, &"test.toml").and_then(Settings::settle) {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_minimal_file_gets_the_defaults() {
    let config = settled(APP);
    assert_eq!(config.listen, [ListenAddress::default()]);
    assert_eq!(config.path_prefix, "");
    assert_eq!((config.max_age, config.start_hold, config.drain_seconds), (30, 2, 0));
    assert_eq!((config.metrics, config.metrics_token), (None, None));
    assert_eq!(config.trusted_proxies, TrustedProxies::default());
    assert_eq!((config.max_connections_per_address, config.connects_per_second_per_address), (10_000, 200));
    assert_eq!((config.max_frames_per_second, config.max_bytes_per_second), (1000, 1 << 20));
    assert!(config.max_outbox_bytes >= 1 << 20, "{}", config.max_outbox_bytes);
    assert_eq!(config.apps[0].max_subscriptions_per_connection, 5_000);
    assert_eq!((config.log_format, config.log_level), (LogFormat::Text, LogLevel::Info));
    assert_eq!(config.apps[0].max_event_bytes, 1 << 20);
    assert_eq!(config.apps[0].activity_timeout, 50);
    assert_eq!(config.apps[0].client_events, ClientEvents::Members);
    assert!(
        config.apps[0].queue.as_ref().unwrap().ends_with("1")
            || config.apps[0].queue.as_ref().unwrap().ends_with("canyon-1")
    );
    let processors = std::thread::available_parallelism().unwrap().get();
    assert!(config.workers >= 1 && (2 * config.workers).abs_diff(processors) <= 1, "{}", config.workers);
}

#[test]
fn every_setting_of_the_file_arrives() {
    let config = settled(
        "listen = ['127.0.0.1:1', 'unix:/tmp/a']\nqueue = '/dev/shm/q'\npath_prefix = 'ws/'\nworkers = 3\nsend_timeout = 7\n\
         max_age = 5\nstart_hold = 0\ndrain_seconds = 9\nmetrics = 'unix:/m'\nmetrics_token = '0123456789abcdef'\n\
         log_format = 'json'\nlog_level = 'warn'\ntrusted_proxies = ['private', '192.0.2.1']\n\
         max_connections_per_address = 1\nconnects_per_second_per_address = 2\nmax_frames_per_second = 3\n\
         max_bytes_per_second = 8192\nmax_outbox_bytes = 1_048_576\n\
         [[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nclient_events = 'off'\nmax_connections = 5\nmax_event_bytes = 10_240\n\
         activity_timeout = 9\nmax_subscriptions_per_connection = 4\nallowed_origins = ['example.com']\n\
         [[app]]\nid = '2'\nkey = 'l'\nsecret = 's'\nqueue = '/dev/shm/other'\n",
    );
    assert_eq!(config.listen[1], ListenAddress::Unix("/tmp/a".into()));
    assert_eq!((config.path_prefix.as_str(), config.workers, config.send_timeout), ("/ws", 3, 7));
    assert_eq!((config.max_age, config.start_hold, config.drain_seconds), (5, 0, 9));
    assert_eq!(config.metrics, Some(ListenAddress::Unix("/m".into())));
    assert_eq!(config.metrics_token, Some(Secret::new("0123456789abcdef".into())));
    assert_eq!((config.log_format, config.log_level), (LogFormat::Json, LogLevel::Warn));
    assert!(config.trusted_proxies.trust("192.0.2.1".parse().ok()) && !config.trusted_proxies.trust(None));
    assert_eq!((config.max_connections_per_address, config.connects_per_second_per_address), (1, 2));
    assert_eq!((config.max_frames_per_second, config.max_bytes_per_second), (3, 8192));
    assert_eq!(config.max_outbox_bytes, 1 << 20);
    let app = &config.apps[0];
    assert_eq!((app.client_events, app.max_connections), (ClientEvents::Off, 5));
    assert_eq!(app.max_subscriptions_per_connection, 4);
    assert_eq!((app.max_event_bytes, app.activity_timeout), (10_240, 9));
    assert_eq!(app.queue.as_deref(), Some(Path::new("/dev/shm/q")));
    assert_eq!(config.apps[1].queue.as_deref(), Some(Path::new("/dev/shm/other")));
}

#[test]
fn mistakes_name_file_line_and_key() {
    for (toml, wanted) in [
        ("lissten = []\n", &["test.toml", "line 1", "lissten"][..]),
        ("\nlisten = 'x'\n", &["line 2", "listen"]),
        ("listen = ['nonsense']\n", &["line 1", "nonsense"]),
        ("[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nfoo = 1\n", &["line 5", "foo"]),
        ("[[app]]\nid = '1'\nkey = 'k'\n", &["line 1", "secret"]),
        ("[[app]]\nid = ''\nkey = 'k'\nsecret = 's'\n", &["line 2", "empty"]),
        ("[[app]]\nid = '..'\nkey = 'k'\nsecret = 's'\n", &["line 2", "folder"]),
        ("[[app]]\nid = '1'\nkey = 'k:l'\nsecret = 's'\n", &["line 3", "k:l"]),
        ("[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nactivity_timeout = 0\n", &["line 5", "timeout"]),
        (
            "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nauthorization_timeout = 4294967295\n",
            &["line 5", "timeout"],
        ),
        (
            "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nmax_batch_size = 9223372036854775807\n",
            &["line 5", "max_batch_size"],
        ),
        ("[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nclient_events = 'yes'\n", &["line 5", "yes"]),
        ("workers = 0\n", &["line 1", "workers"]),
        ("max_age = 86401\n", &["line 1", "max_age", "86401"]),
        ("max_age = '30s'\n", &["line 1", "max_age"]),
        ("start_hold = 61\n", &["line 1", "start_hold", "61"]),
        ("start_hold = -1\n", &["line 1", "start_hold"]),
        ("drain_seconds = 3601\n", &["line 1", "drain_seconds", "3601"]),
        ("trusted_proxies = ['10.0.0.0/33']\n", &["line 1", "trusted_proxies", "10.0.0.0/33"]),
        ("trusted_proxies = 'unix'\n", &["line 1", "trusted_proxies", "sequence"]),
        ("max_connections_per_address = -1\n", &["line 1", "max_connections_per_address"]),
        ("connects_per_second_per_address = 1000001\n", &["line 1", "connects_per_second", "1000001"]),
        ("max_frames_per_second = '5'\n", &["line 1", "max_frames_per_second"]),
        ("max_bytes_per_second = 8191\n", &["line 1", "max_bytes_per_second", "8192", "8191"]),
        ("max_bytes_per_second = 4294967295\n", &["line 1", "max_bytes_per_second", "4294967295"]),
        ("max_outbox_bytes = 1\n", &["line 1", "max_outbox_bytes", "1048576", "not 1"]),
        ("metrics = 'x'\n", &["line 1", "metrics", "not an address"]),
        ("log_format = 'xml'\n", &["line 1", "log_format", "text, json", "xml"]),
        ("log_level = 'loud'\n", &["line 1", "log_level", "error, warn", "loud"]),
        ("path_prefix = 'a b'\n", &["line 1", "path_prefix"]),
        ("listen = [", &["line 1"]),
        ("", &["no app"]),
    ] {
        let message = refusal(toml);
        for part in wanted {
            assert!(message.contains(part), "{toml:?}: {message}");
        }
    }
}

#[test]
fn two_apps_of_one_id_or_key_are_refused() {
    let other = |id: &str, key: &str| format!("{APP}[[app]]\nid = '{id}'\nkey = '{key}'\nsecret = 's'\n");
    assert!(refusal(&other("1", "l")).contains("two apps have the id \"1\""));
    assert!(refusal(&other("2", "k")).contains("two apps have the key \"k\""));
}

#[test]
fn names_are_checked_wherever_they_come_from() {
    let settings =
        environment(&[("CANYON_APP_ID", "1/2"), ("CANYON_APP_KEY", "key"), ("CANYON_APP_SECRET", "secret")]);
    let refused = settings.settle().unwrap_err().to_string();
    assert!(refused.contains("the id of an app") && refused.contains("\"1/2\""), "{refused}");
}

#[test]
fn json_mistakes_name_the_key() {
    let error = Settings::from_json(
        r#"{"app":[{"id":"1","key":"k","secret":"s","max_connections":"x"}]}"#,
        "CANYON_SETTINGS",
    );
    let message = error.unwrap_err().to_string();
    assert!(message.contains("CANYON_SETTINGS") && message.contains("app[0].max_connections"), "{message}");
}

#[test]
fn flag_beats_environment_beats_file() {
    let file = Settings::from_toml(&format!("listen = ['127.0.0.1:1']\nworkers = 1\n{APP}"), &"f").unwrap();
    let environment = environment(&[("CANYON_LISTEN", "127.0.0.1:2, unix:/tmp/x"), ("CANYON_QUEUE", "/q")]);
    let flags = Settings { listen: Some(vec!["127.0.0.1:3".parse().unwrap()]), ..Settings::default() };
    let config = flags.over(environment.clone().over(file.clone())).settle().unwrap();
    assert_eq!(config.listen, ["127.0.0.1:3".parse().unwrap()]);
    assert_eq!(config.workers, 1);
    assert_eq!(config.apps[0].queue.as_deref(), Some(Path::new("/q")));
    assert_eq!(environment.over(file).settle().unwrap().listen.len(), 2);
}

#[test]
fn an_app_of_the_environment_keeps_the_settings_of_the_file() {
    let file = Settings::from_toml(&format!("{APP}max_connections = 5\n"), &"f").unwrap();
    let flags = Settings { apps: vec!["1:new-key:new-secret".parse().unwrap()], ..Settings::default() };
    let config = flags.over(file).settle().unwrap();
    assert_eq!((config.apps[0].key.as_str(), config.apps[0].max_connections), ("new-key", 5));
    assert_eq!(config.apps.len(), 1);
}

#[test]
fn reverb_names_stand_in() {
    let settings = environment(&[
        ("REVERB_APP_ID", "9"),
        ("REVERB_APP_KEY", "key"),
        ("REVERB_APP_SECRET", "secret"),
        ("REVERB_SERVER_HOST", "127.0.0.1"),
        ("REVERB_SERVER_PORT", "6001"),
    ]);
    let config = settings.settle().unwrap();
    assert_eq!(config.apps[0].id, "9");
    assert_eq!(config.listen, ["127.0.0.1:6001".parse().unwrap()]);
}

#[test]
fn ages_and_holds_come_from_the_environment_too() {
    let settings = environment(&[("CANYON_MAX_AGE", "0"), ("CANYON_START_HOLD", "7")]);
    let config = settings.over(Settings::from_toml(APP, &"f").unwrap()).settle().unwrap();
    assert_eq!((config.max_age, config.start_hold), (0, 7));
    for (name, value) in [("CANYON_MAX_AGE", "30s"), ("CANYON_START_HOLD", "61")] {
        let read = Settings::from_environment(|asked| (asked == name).then(|| value.to_owned()));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn limits_come_from_the_environment_too() {
    let settings = environment(&[
        ("CANYON_TRUSTED_PROXIES", "10.0.0.0/8, unix"),
        ("CANYON_MAX_CONNECTIONS_PER_ADDRESS", "0"),
        ("CANYON_CONNECTS_PER_SECOND_PER_ADDRESS", "1"),
        ("CANYON_MAX_FRAMES_PER_SECOND", "2"),
        ("CANYON_MAX_BYTES_PER_SECOND", "10000"),
        ("CANYON_MAX_OUTBOX_BYTES", "2000000"),
    ]);
    let config = settings.over(Settings::from_toml(APP, &"f").unwrap()).settle().unwrap();
    assert!(config.trusted_proxies.trust(None) && config.trusted_proxies.trust("10.1.1.1".parse().ok()));
    assert_eq!((config.max_connections_per_address, config.connects_per_second_per_address), (0, 1));
    assert_eq!((config.max_frames_per_second, config.max_bytes_per_second), (2, 10_000));
    assert_eq!(config.max_outbox_bytes, 2_000_000);
    for (name, value) in [
        ("CANYON_TRUSTED_PROXIES", "example.com"),
        ("CANYON_MAX_CONNECTIONS_PER_ADDRESS", "-1"),
        ("CANYON_MAX_BYTES_PER_SECOND", "1"),
        ("CANYON_MAX_OUTBOX_BYTES", "10k"),
    ] {
        let read = Settings::from_environment(|asked| (asked == name).then(|| value.to_owned()));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn what_an_operator_sets_comes_from_the_environment_too() {
    let settings = environment(&[
        ("CANYON_DRAIN_SECONDS", "30"),
        ("CANYON_METRICS", "127.0.0.1:9090"),
        ("CANYON_METRICS_TOKEN", "0123456789abcdef"),
        ("CANYON_LOG_FORMAT", "json"),
        ("CANYON_LOG_LEVEL", "debug"),
    ]);
    let config = settings.over(Settings::from_toml(APP, &"f").unwrap()).settle().unwrap();
    assert_eq!((config.drain_seconds, config.log_format), (30, LogFormat::Json));
    assert_eq!(
        (config.log_level, config.metrics),
        (LogLevel::Debug, Some("127.0.0.1:9090".parse().unwrap()))
    );
    assert_eq!(config.metrics_token.map(|token| token.reveal().len()), Some(16));
    for (name, value) in [
        ("CANYON_DRAIN_SECONDS", "-1"),
        ("CANYON_METRICS", "9090"),
        ("CANYON_LOG_FORMAT", "xml"),
        ("CANYON_LOG_LEVEL", "loud"),
    ] {
        let read = Settings::from_environment(|asked| (asked == name).then(|| value.to_owned()));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_token_that_will_not_do_is_not_repeated() {
    for (token, why) in [("short-secret", "16 characters"), ("a secret with blanks", "a header")] {
        let message = refusal(&format!("metrics_token = '{token}'\n{APP}"));
        assert!(message.contains("metrics_token") && message.contains(why), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn metrics_are_not_served_with_tls() {
    let message = refusal(&format!("metrics = 'tls:127.0.0.1:1'\n{APP}"));
    assert!(message.contains("metrics cannot be tls:127.0.0.1:1"), "{message}");
}

#[test]
fn half_an_app_in_the_environment_is_an_error() {
    let read = Settings::from_environment(|name| (name == "CANYON_APP_ID").then(|| "1".to_owned()));
    assert!(read.unwrap_err().to_string().contains("CANYON_APP_KEY and CANYON_APP_SECRET"));
}

#[test]
fn whole_settings_in_the_environment_stand_alone() {
    let json = r#"{"listen":["127.0.0.1:7"],"app":[{"id":"1","key":"k","secret":"s"}]}"#;
    let settings =
        environment(&[("CANYON_SETTINGS", json), ("REVERB_SERVER_PORT", "6001"), ("CANYON_APP_ID", "2")]);
    let config = settings.settle().unwrap();
    assert_eq!(config.listen, ["127.0.0.1:7".parse().unwrap()]);
    assert_eq!(config.apps.len(), 1);
}

#[test]
fn origins_match_by_host_wildcard_or_whole() {
    let allows = |pattern: &str, origin: Option<&str>| Origins::allow(&origins(pattern), origin);
    assert!(allows("*", None));
    assert!(allows("example.com", Some("https://example.com:8443")));
    assert!(allows("*.example.com", Some("https://a.b.Example.com")));
    assert!(allows("https://example.com", Some("https://example.com")));
    assert!(!allows("example.com", None));
    assert!(!allows("example.com", Some("https://evil-example.com")));
    assert!(!allows("*.example.com", Some("https://evilexample.com")));
    assert!(!allows("*.example.com", Some("https://example.com")));
    assert!(!allows("https://example.com", Some("http://example.com")));
    assert!(!allows("example.com", Some("https://example.com.evil.net")));
}

#[test]
fn secrets_are_not_shown() {
    let config =
        settled(&format!("metrics_token = 'also-hush-hush-hush'\n{}", APP.replace("'s'", "'hush-hush'")));
    assert!(!format!("{config:?}").contains("hush-hush"));
    assert!(!toml::to_string(&config).unwrap().contains("hush-hush"));
}

fn origins(pattern: &str) -> Origins {
    serde_json::from_value(serde_json::json!([pattern])).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Settings {
    let find =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Settings::from_environment(find).unwrap()
}
