//! A server to be killed: drains a queue and writes down what it got before it says it got it.
//!
//! `canyon-test-consumer queue=DIR journal=FILE [stop=POINT:NTH]` appends 21 bytes per record to the journal: whole (1 or
//! 0), id, seq, ticket. `canyon-test-consumer queue=DIR events` prints decoded events, one per line, in hexadecimal.
//!
//! At the end of stdin it drains what is left, waits until the rings of all gone producers are removed, and exits.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use canyon::event::Event;
use canyon::queue::{Consumer, ConsumerOptions, Record, hooks};

mod payload;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |name: &str| {
        std::env::args().find_map(|argument| argument.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    if let Some((point, nth)) = argument("stop").as_deref().and_then(|stop| stop.split_once(':')) {
        hooks::stop_at(point.parse()?, nth.parse()?);
    }
    let mut consumer = Consumer::open(ConsumerOptions::new(argument("queue").ok_or("which queue?")?))?;
    let mut journal =
        argument("journal").map(|path| File::options().append(true).create(true).open(path)).transpose()?;

    let stop = Arc::new(AtomicBool::new(false));
    let waker = consumer.waker();
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        told.store(true, Ordering::SeqCst);
        waker.wake();
    });

    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready")?;
    stdout.flush()?;
    let mut failed = None;
    let mut patience = None;
    loop {
        let drained = consumer.drain(1000, &mut |record| {
            let written = match &mut journal {
                Some(journal) => journal.write_all(&line(&record)),
                None => print(&mut stdout, &record),
            };
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        if drained.more {
            continue;
        }
        if stop.load(Ordering::SeqCst) {
            let until = *patience.get_or_insert_with(|| Instant::now() + Duration::from_secs(10));
            if consumer.rings() == 0 || Instant::now() > until {
                break;
            }
        }
        consumer.wait(Duration::from_millis(100));
    }
    while let Some(problem) = consumer.take_problem() {
        writeln!(stdout, "problem: {problem}")?;
    }
    writeln!(stdout, "{:?}", consumer.counts())?;
    Ok(())
}

fn line(record: &Record<'_>) -> [u8; 21] {
    let mut line = [0; 21];
    if let Some((id, seq)) = payload::check(record.payload) {
        line[0] = 1;
        line[1..5].copy_from_slice(&id.to_le_bytes());
        line[5..13].copy_from_slice(&seq.to_le_bytes());
    }
    line[13..].copy_from_slice(&record.ticket.to_le_bytes());
    line
}

fn print(stdout: &mut impl Write, record: &Record<'_>) -> std::io::Result<()> {
    let Ok(event) = Event::decode(record.payload) else {
        writeln!(stdout, "malformed")?;
        return stdout.flush();
    };
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let channels: Vec<_> = event.channels.map(hex).collect();
    let except = event.except.map_or("-".to_owned(), hex);
    let (app, name, data) = (hex(event.app), hex(event.name), hex(event.data));
    writeln!(stdout, "event {app} {name} {} {except} {data}", channels.join(","))?;
    stdout.flush()
}
