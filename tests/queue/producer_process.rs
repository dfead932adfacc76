//! A publisher to be killed: pushes checked messages, and can be stopped at any point inside a push.
//!
//! `canyon-test-producer queue=DIR id=N [count=N] [least=BYTES] [largest=BYTES] [ring=BYTES] [group=NAME] [stop=POINT:NTH] [progress=FILE] [mode=MODE]`
//!
//! Modes: `stream` pushes `count` messages and exits; `chain` pushes one message per line of stdin and answers with a line
//! when the push has returned; `victim` pushes until the end of stdin, whatever a push says, and `honest` does, each message until it is published;
//! `hold` pushes and then waits for the end of stdin; `fork` and `clone` push from a child
//! too; `fork-idle` has a child that does nothing, `fork-exit` one that only exits.

#![allow(unsafe_code, reason = "fork() has no safe form")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use canyon::queue::{Access, Producer, ProducerOptions, Push, hooks};

mod payload;

struct Settings {
    id: u32,
    count: u64,
    lengths: RangeInclusive<usize>,
    progress: Option<File>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |name: &str| {
        std::env::args().find_map(|argument| argument.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    let number = |name: &str, default: u64| argument(name).map_or(Ok(default), |text| text.parse());
    if let Some((point, nth)) = argument("stop").as_deref().and_then(|stop| stop.split_once(':')) {
        hooks::stop_at(point.parse()?, nth.parse()?);
    }
    let settings = Settings {
        id: u32::try_from(number("id", 0)?)?,
        count: number("count", 1)?,
        lengths: usize::try_from(number("least", 0)?)?..=usize::try_from(number("largest", 500)?)?,
        progress: argument("progress").map(File::create).transpose()?,
    };
    let mut options = ProducerOptions::new(argument("queue").ok_or("which queue?")?);
    options.access = Access::named("", &argument("group").unwrap_or_default())?;
    options.ring_bytes = usize::try_from(number("ring", options.ring_bytes as u64)?)?;
    let mut producer = Producer::attach(options)?;
    match argument("mode").as_deref().unwrap_or("stream") {
        "stream" => stream(&mut producer, &settings)?,
        "chain" => chain(&mut producer, &settings)?,
        "victim" => victim(&mut producer, &settings)?,
        "honest" => honest(&mut producer, &settings)?,
        "hold" => {
            stream(&mut producer, &settings)?;
            say("pushed")?;
            wait_for_end_of_stdin()?;
        }
        "fork" => forked(&mut producer, &settings, fork)?,
        // Around the C library: no fork handler runs in this child.
        "clone" => forked(&mut producer, &settings, raw_clone)?,
        "fork-idle" => fork_idle(&mut producer, &settings)?,
        "fork-exit" => fork_exit(&mut producer, &settings)?,
        mode => return Err(format!("no mode is called {mode}").into()),
    }
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn wait_for_end_of_stdin() -> std::io::Result<()> {
    std::io::stdin().read_to_end(&mut Vec::new()).map(|_| ())
}

/// Pushes until the ring takes it; a test has to deliver everything.
fn push(producer: &mut Producer, settings: &Settings, id: u32, seq: u64) -> Result<(), Box<dyn Error>> {
    let message = payload::make(id, seq, &settings.lengths);
    // In several pieces, as real publishers do.
    let (first, second) = message.split_at(message.len() / 3);
    loop {
        let push = producer.push(message.len(), |writer| {
            writer.put(first);
            writer.put(second);
        })?;
        match push {
            Push::Published => break,
            Push::Full => std::thread::sleep(Duration::from_micros(200)),
        }
    }
    if let Some(progress) = &settings.progress {
        // What returned stands in the page cache, whatever becomes of this process.
        progress.write_all_at(&(seq + 1).to_le_bytes(), 0)?;
    }
    Ok(())
}

fn stream(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    (0..settings.count).try_for_each(|seq| push(producer, settings, settings.id, seq))
}

fn chain(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        push(producer, settings, settings.id, line?.parse()?)?;
        say("pushed")?;
    }
    Ok(())
}

/// Becomes true at the end of stdin.
fn end_of_stdin() -> Arc<AtomicBool> {
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    std::thread::spawn(move || {
        let _ = wait_for_end_of_stdin();
        told.store(true, Ordering::SeqCst);
    });
    is_over
}

/// Whose files are being ruined: everything may fail, and nothing may end it.
fn victim(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    say("attached")?;
    let is_over = end_of_stdin();
    let (mut pushed, mut full, mut refused) = (0u64, 0u64, 0u64);
    while !is_over.load(Ordering::SeqCst) {
        let message = payload::make(settings.id, pushed, &settings.lengths);
        match producer.push(message.len(), |writer| writer.put(&message)) {
            Ok(Push::Published) => pushed += 1,
            Ok(Push::Full) => {
                full += 1;
                std::thread::sleep(Duration::from_micros(200));
            }
            Err(_) => refused += 1,
        }
    }
    Ok(say(&format!("{pushed} pushed, {full} full, {refused} refused"))?)
}

/// Whose ring is left alone, while the control page is not: a push may be refused, and is made again.
fn honest(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    say("attached")?;
    let is_over = end_of_stdin();
    let mut pushed = 0;
    while !is_over.load(Ordering::SeqCst) {
        let message = payload::make(settings.id, pushed, &settings.lengths);
        match producer.push(message.len(), |writer| writer.put(&message)) {
            Ok(Push::Published) => pushed += 1,
            Ok(Push::Full) | Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(say(&pushed.to_string())?)
}

/// Parent and child push as many messages each; the child is another producer, with an id of its own.
fn forked(
    producer: &mut Producer,
    settings: &Settings,
    fork: impl FnOnce() -> libc::pid_t,
) -> Result<(), Box<dyn Error>> {
    push(producer, settings, settings.id, 0)?;
    let child = fork();
    let id = if child == 0 { settings.id + 1 } else { settings.id };
    for seq in if child == 0 { 0 } else { 1 }..settings.count {
        push(producer, settings, id, seq)?;
    }
    if child == 0 {
        say("child pushed")?;
        wait_for_end_of_stdin()?;
    } else {
        say(&format!("child is {child}"))?;
        wait_for_end_of_stdin()?;
        // SAFETY: waits for our own child.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }
    Ok(())
}

/// The child never touches the producer it inherited, and outlives its parent.
fn fork_idle(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    stream(producer, settings)?;
    if fork() == 0 {
        say("child is idle")?;
    }
    Ok(wait_for_end_of_stdin()?)
}

/// The child ends in an orderly way, dropping the producer it inherited, and the parent goes on.
fn fork_exit(producer: &mut Producer, settings: &Settings) -> Result<(), Box<dyn Error>> {
    push(producer, settings, settings.id, 0)?;
    let child = fork();
    if child == 0 {
        return Ok(());
    }
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    for seq in 1..settings.count {
        push(producer, settings, settings.id, seq)?;
    }
    say("pushed")?;
    Ok(wait_for_end_of_stdin()?)
}

fn fork() -> libc::pid_t {
    // SAFETY: the process has one thread, so the child may do whatever the parent may.
    unsafe { libc::fork() }
}

#[cfg(target_os = "linux")]
fn raw_clone() -> libc::pid_t {
    // SAFETY: without flags beyond the signal this is a plain fork; the process has one thread.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    libc::pid_t::try_from(child).unwrap_or(-1)
}

#[cfg(not(target_os = "linux"))]
fn raw_clone() -> libc::pid_t {
    fork()
}
