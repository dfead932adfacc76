//! The server with its parent: the binary, or `php artisan canyon:start` in the application of the demo.

use crate::Result;
use crate::http_request::Credentials;
use crate::php::{Php, existing};
use std::ffi::OsString;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const KEY: &str = "k";
pub(crate) const SECRET: &str = "a-secret-for-this-proof";
pub(crate) const APP: Credentials = Credentials { id: "1", key: KEY, secret: SECRET };

/// Laravel takes longer than a binary.
const START_TIME: Duration = Duration::from_secs(60);

/// How the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Artisan,
    /// Each generation in the other form than the one before.
    Mixed,
}

impl Form {
    pub(crate) fn from_environment() -> Result<Self> {
        match std::env::var("FORM").unwrap_or_default().as_str() {
            "" | "binary" => Ok(Self::Binary),
            "artisan" => Ok(Self::Artisan),
            "mixed" => Ok(Self::Mixed),
            other => Err(format!("FORM must be binary, artisan or mixed, not {other}").into()),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    form: Form,
    pub(crate) port: u16,
    directory: TempDir,
}

impl Served {
    pub(crate) fn start(form: Form) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let path = directory.path();
        let config = format!(
            "listen = ['{}']\nqueue = '{}'\nmax_frames_per_second = 0\nmax_bytes_per_second = 0\n[[app]]\nid = '{}'\nkey = '{KEY}'\nsecret = '{SECRET}'\nclient_event_rate = 0\n",
            addresses(path, port).join("', '"),
            path.join("queue").display(),
            APP.id,
        );
        std::fs::write(path.join("canyon.toml"), config)?;
        std::fs::create_dir(path.join("home"))?;
        let log = || File::options().append(true).create(true).open(path.join("log"));
        let words = if form == Form::Artisan { artisan("canyon:start")? } else { serve(path)? };
        let mut command = command(&words, path, port)?;
        let child = command.stdin(Stdio::null()).stdout(log()?).stderr(log()?).spawn()?;
        let mut served = Self { child, form, port, directory };
        let patience = Instant::now() + START_TIME;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > patience || served.child.try_wait()?.is_some() {
                return Err(format!("the server did not start: {}", served.log()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(served)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory().join("http.sock")
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.directory().join("queue")
    }

    /// What the server and its parent have written down.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory().join("log")).unwrap_or_default()
    }

    /// Reloads for the `number`th time; what it says, and how many clients it handed over.
    pub(crate) fn reload(&self, number: usize) -> Result<(String, usize)> {
        let path = self.directory();
        let binary = existing("CANYON_BIN", "make server")?;
        let mut words: Vec<OsString> = vec![binary.into(), "reload".into(), "--config".into()];
        words.push(path.join("canyon.toml").into());
        match self.form {
            Form::Binary => {}
            Form::Artisan => words = artisan("canyon:reload")?,
            Form::Mixed => {
                words.push("--".into());
                words.extend(if number % 2 == 1 { artisan("canyon:start")? } else { serve(path)? });
            }
        }
        let output = command(&words, path, self.port)?.output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("{text}{errors}{}", self.log()).into());
        }
        let count = text.split_whitespace().find_map(|word| word.parse().ok());
        Ok((text.clone(), count.ok_or_else(|| format!("no number of clients in {text}"))?))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn addresses(directory: &Path, port: u16) -> [String; 2] {
    [format!("127.0.0.1:{port}"), format!("unix:{}", directory.join("http.sock").display())]
}

fn serve(directory: &Path) -> Result<Vec<OsString>> {
    let config = directory.join("canyon.toml");
    Ok(vec![existing("CANYON_BIN", "make server")?.into(), "serve".into(), "--config".into(), config.into()])
}

fn artisan(name: &str) -> Result<Vec<OsString>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app/artisan");
    let php = Php::find()?;
    Ok(vec![php.program().into(), script.into(), name.into(), "--no-ansi".into()])
}

/// With the settings of both forms in the environment: a generation inherits what its parent was started with.
fn command(words: &[OsString], directory: &Path, port: u16) -> Result<Command> {
    let [program, arguments @ ..] = words else { return Err("nothing to run".into()) };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        if ["CANYON_", "REVERB_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .env("CANYON_LOG", "warn")
        .env("CANYON_EXTENSION", existing("CANYON_EXT84", "make ext84")?)
        .env("CANYON_DEMO_HOME", directory.join("home"))
        .env("APP_KEY", format!("base64:{}=", "A".repeat(43)))
        .env("BROADCAST_CONNECTION", "canyon")
        .env("CANYON_LISTEN", addresses(directory, port).join(","))
        .env("CANYON_QUEUE", directory.join("queue"))
        .env("CANYON_APP_ID", APP.id)
        .env("CANYON_APP_KEY", KEY)
        .env("CANYON_APP_SECRET", SECRET)
        .env("CANYON_APP_CLIENT_EVENT_RATE", "0");
    Ok(command)
}
