//! What all queue tests share: a queue directory of their own, and processes that are certain to end.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use canyon::queue::{Consumer, ConsumerOptions, Producer, ProducerOptions, Push};

/// A queue directory that goes with the test.
pub(crate) struct Place {
    root: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = if cfg!(target_os = "linux") { "/dev/shm".into() } else { std::env::temp_dir() };
        Self { root: tempfile::tempdir_in(root).unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("queue")
    }

    /// A file beside the queue directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn producer(&self) -> Producer {
        Producer::attach(ProducerOptions::new(self.path())).unwrap()
    }

    /// With a ring of 64 KiB, which is soon full.
    pub(crate) fn small_producer(&self) -> Producer {
        Producer::attach(ProducerOptions { ring_bytes: 64 * 1024, ..ProducerOptions::new(self.path()) })
            .unwrap()
    }

    pub(crate) fn consumer(&self) -> Consumer {
        Consumer::open(ConsumerOptions::new(self.path())).unwrap()
    }

    /// The names in the queue directory that begin with `prefix`; none if there is no directory yet.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    /// Everything that should not outlive producers whose messages were all delivered.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        ["ring.", "new.", "spill."].iter().flat_map(|prefix| self.names(prefix)).collect()
    }

    pub(crate) fn spawn_producer(&self, arguments: &[String]) -> Process {
        Process::spawn(env!("CARGO_BIN_EXE_canyon-test-producer"), self, arguments)
    }

    /// Starts the draining process and waits until it drains. It writes to the journal.
    pub(crate) fn spawn_consumer(&self, arguments: &[String]) -> Process {
        let journal = format!("journal={}", self.beside("journal").display());
        let mut process = Process::spawn(
            env!("CARGO_BIN_EXE_canyon-test-consumer"),
            self,
            &[std::slice::from_ref(&journal), arguments].concat(),
        );
        assert_eq!(process.line(), "ready");
        process
    }

    /// How many messages the draining processes wrote down so far.
    pub(crate) fn delivered(&self) -> u64 {
        std::fs::metadata(self.beside("journal")).map_or(0, |journal| journal.len() / 21)
    }

    /// What the draining processes wrote down, in order.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let journal = self.journal_with_torn();
        assert!(journal.iter().all(|entry| entry.is_whole), "a torn message");
        journal
    }

    /// The same where somebody wrote over the messages of others.
    pub(crate) fn journal_with_torn(&self) -> Vec<Entry> {
        let bytes = std::fs::read(self.beside("journal")).unwrap_or_default();
        let entries = bytes.chunks_exact(21).map(|line| Entry {
            is_whole: line[0] == 1,
            id: u32::from_le_bytes(line[1..5].try_into().unwrap()),
            seq: u64::from_le_bytes(line[5..13].try_into().unwrap()),
            ticket: u64::from_le_bytes(line[13..21].try_into().unwrap()),
        });
        entries.collect()
    }
}

/// A file system of its own for a test, gone with it.
pub(crate) struct Mount(pub(crate) Place);

impl Mount {
    /// `None` where this process may not mount.
    pub(crate) fn new(size: &str) -> Option<Self> {
        let place = Place::new();
        std::fs::create_dir(place.path()).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=0755"), "canyon-test"])
            .arg(place.path())
            .output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| Self(place))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// One delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) is_whole: bool,
    pub(crate) id: u32,
    pub(crate) seq: u64,
    pub(crate) ticket: u64,
}

/// The whole messages of some producers.
pub(crate) fn of(ids: &[u32], journal: &[Entry]) -> Vec<Entry> {
    journal.iter().filter(|entry| entry.is_whole && ids.contains(&entry.id)).copied().collect()
}

/// Checks that every producer's messages are complete and in order: exactly as many as `expected` says, or one more: the
/// one that was published when its producer was killed before the push returned. Returns how many came twice, which is
/// allowed `again` times: once per kill of the consumer, for the record at hand.
pub(crate) fn check_journal(journal: &[Entry], expected: &[(u32, u64)], again: usize) -> usize {
    let mut next: HashMap<u32, u64> = HashMap::new();
    let mut twice = 0;
    for entry in journal {
        let next = next.entry(entry.id).or_default();
        if entry.seq + 1 == *next && twice < again {
            twice += 1;
            continue;
        }
        assert_eq!(entry.seq, *next, "of producer {}", entry.id);
        *next += 1;
    }
    for (id, count) in expected {
        let got = next.remove(id).unwrap_or(0);
        assert!(
            got == *count || got == count + 1,
            "producer {id}: {count} pushes returned, {got} messages came"
        );
    }
    assert!(next.is_empty(), "messages of producers nobody started: {next:?}");
    twice
}

/// A process of this test, killed with it.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn spawn(program: &str, place: &Place, arguments: &[String]) -> Self {
        let mut child = Command::new(program)
            .arg(format!("queue={}", place.path().display()))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    /// The next line it prints; empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let mut stdin = self.stdin.as_ref().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGKILL, but whoever inherited its stdin does not see the end of it yet.
    pub(crate) fn kill_but_keep_stdin(mut self) -> Option<ChildStdin> {
        let stdin = self.stdin.take();
        self.kill();
        stdin
    }

    /// Waits for its stop at a hook, and kills it there.
    pub(crate) fn kill_at_stop(mut self, point: &str) {
        assert_eq!(self.line(), format!("stopped at {point}"));
        self.kill();
    }

    /// Closes its stdin and waits for a good end. Returns what it said last.
    pub(crate) fn finish(mut self) -> String {
        drop(self.stdin.take());
        let mut last = String::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            last = line;
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}, after saying {last}");
        last
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file as Canyon itself would make it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn push(producer: &mut Producer, payload: &[u8]) -> Push {
    producer.push(payload.len(), |writer| writer.put(payload)).unwrap()
}

/// Everything that is in the queue now.
pub(crate) fn drain(consumer: &mut Consumer) -> Vec<Vec<u8>> {
    let mut got = Vec::new();
    let mut more = true;
    while more {
        let drained = consumer.drain(1000, &mut |record| {
            got.push(record.payload.to_vec());
            ControlFlow::Continue(())
        });
        more = drained.more;
    }
    got
}

/// Waits for what must become true; a minute is long enough for any machine, and only a failing test takes it.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Arguments for a process.
pub(crate) fn arguments(list: &[&dyn std::fmt::Display]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
