//! Recording consumers, one after the other: killed, paused, or told to leave, and replaced after a while.

use crate::Result;
use crate::checker::Checker;
use crate::delivery::{self, BYTES};
use crate::place::Place;
use crate::process::{PATIENCE, Process};
use crate::random::Random;
use crate::receiver::{Receiver, Troubles};
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Recorders<'a> {
    place: &'a Place,
    seed: u64,
    started: u64,
    present: Option<Recorder>,
    next_at: Instant,
    troubles: Troubles,
}

/// One of them, and what is to become of it.
struct Recorder {
    process: Process,
    record: Record,
    pause_at: Option<Instant>,
    pause: Duration,
    /// When it is stopped for an instant: often, to catch it in the middle of a look at the rings, when an effect is seen
    /// and its cause is not, if anything is wrong with the order.
    halt_at: Instant,
    resume_at: Option<Instant>,
    end_at: Instant,
    /// By SIGKILL, or with a word.
    is_to_be_killed: bool,
    /// It was killed or told to leave.
    is_dismissed: bool,
    rest: Duration,
    random: Random,
}

/// What one writes down.
struct Record {
    path: PathBuf,
    file: Option<File>,
    /// Read, but not handed on: the beginning of an entry.
    unread: Vec<u8>,
}

impl<'a> Recorders<'a> {
    pub(crate) fn new(place: &'a Place, seed: u64) -> Self {
        let next_at = Instant::now();
        Self { place, seed, started: 0, present: None, next_at, troubles: Troubles::default() }
    }

    fn start(&mut self, now: Instant) -> Result<Recorder> {
        self.started += 1;
        let mut random = Random::new(self.seed, "recorder", self.started);
        let path = self.place.path().join(format!("record.{}", self.started));
        let process = Process::start(
            Command::new(std::env::current_exe()?)
                .arg("recorder")
                .arg(self.place.queue())
                .arg(&path)
                .stdin(Stdio::piped())
                .stdout(self.place.log("recorders.log")?)
                .stderr(self.place.log("recorders.log")?),
        )?;
        let life = random.millis(30..=3500);
        let pause_after = life * u32::try_from(random.within(0..=100))? / 100;
        Ok(Recorder {
            process,
            record: Record { path, file: None, unread: Vec::new() },
            pause_at: random.percent(50).then(|| now + pause_after),
            pause: random.millis(1..=500),
            halt_at: now,
            resume_at: None,
            end_at: now + life,
            is_to_be_killed: random.percent(80),
            is_dismissed: false,
            rest: random.millis(0..=700),
            random,
        })
    }

    /// Takes leave of one that has ended.
    fn part(&mut self, mut gone: Recorder, checker: &mut Checker, now: Instant) -> Result<()> {
        gone.record.read(checker)?;
        if !gone.record.unread.is_empty() {
            self.troubles.complaints.note("a record ended within an entry");
        }
        std::fs::remove_file(&gone.record.path).or_else(|error| match error.kind() {
            // Killed before it had made it.
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let status = gone.process.ended()?;
        let was_killed = status.is_some_and(|status| status.signal() == Some(Signal::KILL.as_raw()));
        if was_killed {
            checker.consumer_killed()
        } else {
            checker.consumer_left()
        }
        if gone.is_dismissed && gone.is_to_be_killed && was_killed {
            self.troubles.killed += 1;
        } else if gone.is_dismissed && status.is_some_and(|status| status.success()) {
            self.troubles.left += 1;
        } else {
            self.troubles.complaints.note(format_args!("recorder {} ended with {status:?}", self.started));
        }
        self.next_at = now + gone.rest;
        Ok(())
    }
}

impl Receiver for Recorders<'_> {
    fn tend(&mut self, now: Instant, checker: &mut Checker) -> Result<()> {
        let Some(mut recorder) = self.present.take() else {
            if now >= self.next_at {
                self.present = Some(self.start(now)?);
            }
            return Ok(());
        };
        recorder.record.read(checker)?;
        if recorder.process.ended()?.is_some() {
            return self.part(recorder, checker, now);
        }
        self.troubles.paused += u64::from(recorder.disturb(now)?);
        self.present = Some(recorder);
        Ok(())
    }

    /// Lets the present one meet its end, and has another one record the rest in peace.
    fn finish(&mut self, checker: &mut Checker) -> Result<()> {
        while self.present.is_some() {
            self.tend(Instant::now(), checker)?;
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut last = self.start(Instant::now())?;
        drop(last.process.child().stdin.take());
        let patience = Instant::now() + 2 * PATIENCE;
        while last.process.ended()?.is_none() && Instant::now() < patience {
            last.record.read(checker)?;
            std::thread::sleep(Duration::from_millis(5));
        }
        last.record.read(checker)?;
        if !last.process.ended()?.is_some_and(|status| status.success()) {
            self.troubles.complaints.note(format_args!("the last recorder: {:?}", last.process.ended()?));
        }
        for line in self.place.logged("recorders.log").lines() {
            self.troubles.complaints.note(line);
        }
        Ok(())
    }

    fn troubles(&mut self) -> &mut Troubles {
        &mut self.troubles
    }
}

impl Recorder {
    /// Does to it what is due; true if it was paused.
    fn disturb(&mut self, now: Instant) -> Result<bool> {
        if self.resume_at.is_some_and(|at| now >= at) {
            self.resume_at = None;
            self.process.signal(Signal::CONT)?;
        }
        if now >= self.end_at && !self.is_dismissed {
            self.is_dismissed = true;
            if self.is_to_be_killed {
                self.process.signal(Signal::KILL)?;
            } else if let Some(input) = &mut self.process.child().stdin {
                // It may just have died of something else; its status will tell.
                let _ = input.write_all(b"leave\n");
            }
        } else if self.pause_at.is_some_and(|at| now >= at) {
            self.pause_at = None;
            self.resume_at = Some(now + self.pause);
            return self.process.signal(Signal::STOP);
        } else if self.resume_at.is_none() && now >= self.halt_at {
            self.halt_at = now + self.random.millis(4..=25);
            self.resume_at = Some(now + Duration::from_millis(1));
            self.process.signal(Signal::STOP)?;
        }
        Ok(false)
    }
}

impl Record {
    /// Hands on what is new.
    fn read(&mut self, checker: &mut Checker) -> Result<()> {
        if self.file.is_none() && self.path.exists() {
            self.file = Some(File::open(&self.path)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.read_to_end(&mut self.unread)?;
        let (entries, rest) = self.unread.as_chunks::<BYTES>();
        for entry in entries {
            let delivery = delivery::from_bytes(entry).ok_or("a record holds something that is no entry")?;
            checker.delivered(delivery);
        }
        self.unread = rest.to_vec();
        Ok(())
    }
}
