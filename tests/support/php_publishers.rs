//! PHP processes that publish through the extension: `php/publisher.php`. Whoever has ended is replaced by a new one.

use crate::Result;
use crate::ledger::{Ledger, Source};
use crate::php::Php;
use crate::process::{PATIENCE, Process};
use crate::random::Random;
use std::fs::File;
use std::io::{PipeReader, PipeWriter};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub(crate) struct PhpPublishers {
    php: Php,
    queue: PathBuf,
    app: &'static str,
    /// Where counts, names of channels and what is printed lie.
    directory: PathBuf,
    /// Events a second of each.
    rate: usize,
    seconds: RangeInclusive<u64>,
    lanes: Vec<Option<(Process, Arc<Source>)>>,
    /// What the end of tells everybody to stop.
    input: (PipeReader, Option<PipeWriter>),
    random: Random,
    pub(crate) started: u64,
    /// Ends that should not have been.
    pub(crate) bad_ends: Vec<String>,
}

impl PhpPublishers {
    /// So many at a time, each of which lives for a while.
    #[allow(clippy::too_many_arguments, reason = "each is a figure of its own")]
    pub(crate) fn new(
        queue: &Path,
        app: &'static str,
        directory: &Path,
        channels: &[String],
        processes: usize,
        rate: usize,
        seconds: RangeInclusive<u64>,
        seed: u64,
    ) -> Result<Self> {
        std::fs::write(directory.join("channels"), channels.join("\n"))?;
        let (reader, writer) = std::io::pipe()?;
        Ok(Self {
            php: Php::find()?,
            queue: queue.to_owned(),
            app,
            directory: directory.to_owned(),
            rate,
            seconds,
            lanes: (0..processes).map(|_| None).collect(),
            input: (reader, Some(writer)),
            random: Random::new(seed, "php", 0),
            started: 0,
            bad_ends: Vec::new(),
        })
    }

    /// Replaces those that have ended.
    pub(crate) fn tend(&mut self, ledger: &Ledger) -> Result<()> {
        for lane in 0..self.lanes.len() {
            self.look_at(lane)?;
            if self.lanes[lane].is_none() && self.input.1.is_some() {
                self.lanes[lane] = Some(self.start(ledger)?);
            }
        }
        Ok(())
    }

    fn look_at(&mut self, lane: usize) -> Result<()> {
        let Some((process, source)) = &mut self.lanes[lane] else { return Ok(()) };
        if let Some(status) = process.ended()? {
            if !status.success() {
                self.bad_ends.push(format!("a PHP process ended with {status}"));
            }
            source.end(status.success());
            self.lanes[lane] = None;
        }
        Ok(())
    }

    fn start(&mut self, ledger: &Ledger) -> Result<(Process, Arc<Source>)> {
        let counts = self.directory.join(format!("counts-{}", self.started));
        self.started += 1;
        File::create_new(&counts)?;
        let source = ledger.open_file(File::open(&counts)?);
        let log = || File::options().append(true).create(true).open(self.directory.join("php.log"));
        let numbers =
            [self.rate as u64, self.random.within(self.seconds.clone()), self.random.within(0..=1 << 30)];
        let mut command = self.php.command("support/php/publisher.php", "256K");
        command.arg(&self.queue).args([self.app, &source.id.to_string()]).arg(&counts);
        command.arg(self.directory.join("channels")).args(numbers.map(|number| number.to_string()));
        command.stdin(self.input.0.try_clone()?).stdout(Stdio::from(log()?)).stderr(Stdio::from(log()?));
        Ok((Process::start(&mut command)?, source))
    }

    /// Tells everybody to stop, and waits for it; what they have printed.
    pub(crate) fn stop(&mut self) -> Result<String> {
        self.input.1 = None;
        let patience = Instant::now() + PATIENCE;
        while self.lanes.iter().any(Option::is_some) && Instant::now() < patience {
            (0..self.lanes.len()).try_for_each(|lane| self.look_at(lane))?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(std::fs::read_to_string(self.directory.join("php.log")).unwrap_or_default())
    }
}
