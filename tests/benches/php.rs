//! Running the PHP scripts that take times, and reading what they took.

use crate::Result;
use crate::children::Process;
use crate::server::{Environment, setting};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// No script takes this long.
const LIMIT: Duration = Duration::from_secs(120);

/// A PHP with the extension.
#[derive(Debug, Clone)]
pub(crate) struct Php {
    pub(crate) version: &'static str,
    program: String,
    extension: String,
    options: Vec<String>,
}

/// One series of samples, a line of a script's output.
#[derive(Debug, Deserialize)]
struct Line {
    series: String,
    /// Calls in each sample.
    per: f64,
    ns: Vec<f64>,
}

/// Samples in nanoseconds per call, by the name of the series.
pub(crate) type Series = BTreeMap<String, Vec<f64>>;

impl Php {
    /// The PHP that Laravel 13 runs on.
    pub(crate) fn latest() -> Result<Self> {
        Self::find("8.4", "PHP84", "CANYON_EXT84")
    }

    /// That one, and the older one where there is one.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let mut all = vec![Self::latest()?];
        if setting("PHP82").is_ok() {
            all.push(Self::find("8.2", "PHP82", "CANYON_EXT82")?);
        }
        Ok(all)
    }

    fn find(version: &'static str, program: &str, extension: &str) -> Result<Self> {
        let found =
            Self { version, program: setting(program)?, extension: setting(extension)?, options: Vec::new() };
        if !Path::new(&found.extension).exists() {
            let target = format!("ext{}", version.replace('.', ""));
            return Err(format!("{} does not exist; make {target} builds it", found.extension).into());
        }
        Ok(found)
    }

    /// The same PHP with another extension, of which the file is given.
    pub(crate) fn with_extension(self, file: &Path) -> Self {
        self.with_option(&format!("extension={}", file.display()))
    }

    /// The same PHP with another setting of php.ini.
    pub(crate) fn with_option(mut self, setting: &str) -> Self {
        self.options.extend(["-d".to_owned(), setting.to_owned()]);
        self
    }

    /// Starts a script of `tests/benches/php`.
    pub(crate) fn start(
        &self,
        script: &str,
        arguments: &[&str],
        environment: &Environment,
    ) -> Result<Process> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/benches/php").join(script);
        Process::start(
            Command::new(&self.program)
                .args(&self.options)
                .arg(path)
                .args(arguments)
                .env("CANYON_EXTENSION", &self.extension)
                .envs(environment.iter().map(|(name, value)| (name, value))),
        )
    }

    /// Runs a script to its end.
    pub(crate) fn run(&self, script: &str, arguments: &[&str], environment: &Environment) -> Result<Series> {
        let process = self.start(script, arguments, environment)?;
        self.read(process, &format!("{script} {}", arguments.join(" ")))
    }

    /// Reads what a script prints, to its end.
    pub(crate) fn read(&self, mut process: Process, name: &str) -> Result<Series> {
        let limit = process.limit(LIMIT);
        let mut text = String::new();
        process.output()?.read_to_string(&mut text)?;
        let is_late = limit.was_reached();
        let name = format!("{name} with PHP {}", self.version);
        process.wait().map_err(|error| {
            let why = if is_late { "it took too long".to_owned() } else { error.to_string() };
            format!("{name}: {why}\n{text}")
        })?;
        let mut series = Series::new();
        for line in text.lines() {
            let line: Line =
                serde_json::from_str(line).map_err(|error| format!("{name}: {error}\n{text}"))?;
            let samples = line.ns.iter().map(|sample| sample / line.per);
            series.entry(line.series).or_default().extend(samples);
        }
        Ok(series)
    }
}
