//! The floor of any fan-out: one thread that sends ready-made bytes to one socket after the other, and nothing else.
//!
//! It runs as a process of its own, so that its processor time is read in the same way as the server's, and its clients
//! are an [`Audience`] as the server's are.

use crate::Result;
use crate::audience::{Audience, Outcome};
use crate::children::Process;
use crate::course::Course;
use crate::stamp::Stamp;
use crate::swarm::Swarm;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// The hidden command that this program starts itself with.
pub(crate) const COMMAND: &str = "floor";

/// What the floor sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    /// Bytes of a frame's payload.
    pub(crate) len: usize,
    /// Frames in each `send()`.
    pub(crate) batch: usize,
    /// Pause between one round and the next; zero for as fast as it goes.
    pub(crate) pause: Duration,
    /// In each round one channel's clients are sent something.
    pub(crate) channels: usize,
    /// Rounds for each channel.
    pub(crate) rounds: usize,
    /// Whether each round waits to be woken instead of the pause.
    pub(crate) is_woken: bool,
}

/// A sender that has its clients and waits for the word.
#[derive(Debug)]
pub(crate) struct Floor {
    process: Process,
    plan: Plan,
    audience: Audience,
}

impl Plan {
    /// What a course asks of its server, with nothing in between. `rounds` counts where the course is saturated.
    pub(crate) fn of(course: &Course, batch: usize, rounds: usize) -> Self {
        let Course { clients, channels, pause, time, .. } = *course;
        let paced = || time.as_secs_f64() / pause.as_secs_f64() / channels as f64;
        let rounds = if course.is_saturated() { rounds } else { paced().ceil() as usize };
        let is_woken = channels > 1 && !course.is_saturated();
        Self { clients, len: course.frame(), batch, pause, channels, rounds, is_woken }
    }

    fn events(&self) -> u64 {
        (self.rounds * self.batch) as u64
    }
}

impl Floor {
    pub(crate) fn start(plan: Plan) -> Result<Self> {
        let Plan { clients, len, batch, pause, channels, rounds, is_woken } = plan;
        let pause_us = pause.as_micros() as usize;
        let numbers = [clients, len, batch, pause_us, channels, rounds, usize::from(is_woken)];
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).args(numbers.map(|number| number.to_string()));
        let mut process = Process::start(&mut command)?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        let address: SocketAddr = line.trim().parse()?;
        let swarm = Swarm::listen(address, clients)?;
        let audience = Audience::of(swarm, clients, 1, !pause.is_zero());
        Ok(Self { process, plan, audience })
    }

    /// Lets it send, and receives everything.
    pub(crate) fn run(mut self) -> Result<Outcome> {
        self.process.tell("go")?;
        let (pid, events) = (self.process.id(), self.plan.events());
        if !self.plan.is_woken {
            return self.audience.hear_from(pid, events, self.plan.clients);
        }
        let (mut process, plan) = (self.process, self.plan);
        let waking = std::thread::spawn(move || wake(&mut process, plan).map(|()| process));
        let outcome = self.audience.hear_from(pid, events, plan.clients);
        waking.join().map_err(|_| "the waking thread panicked")??;
        outcome
    }
}

/// Tells a floor of an event at a time.
fn wake(process: &mut Process, plan: Plan) -> Result<()> {
    let mut due = Instant::now();
    for round in 0..plan.rounds * plan.channels {
        due += plan.pause;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let Stamp { nanoseconds, sequence } = Stamp::now((round / plan.channels) as u64);
        process.tell(&format!("{nanoseconds} {sequence}"))?;
    }
    Ok(())
}

/// The sending process: prints its address, waits for a line, sends, and stays until its input ends.
pub(crate) fn send(arguments: &[String]) -> Result<()> {
    let numbers =
        arguments.iter().map(|argument| argument.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    let [clients, len, batch, pause, channels, rounds, is_woken] = numbers[..] else {
        return Err("floor takes 7 numbers".into());
    };
    let pause = Duration::from_micros(pause as u64);
    let plan = Plan { clients, len, batch, pause, channels, rounds, is_woken: is_woken == 1 };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let mut sockets = Vec::with_capacity(clients);
    while sockets.len() < clients {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err("nobody said go".into());
    }
    send_rounds(plan, &mut sockets, &mut input)?;
    // The sockets stay open, and the process stays to be looked at.
    while input.read_line(&mut line)? > 0 {}
    Ok(())
}

fn send_rounds(plan: Plan, sockets: &mut [TcpStream], input: &mut impl BufRead) -> Result<()> {
    let (mut bytes, mut line) = (Vec::new(), String::new());
    let mut due = Instant::now();
    for round in 0..plan.rounds * plan.channels {
        let number = round / plan.channels * plan.batch;
        bytes.clear();
        if plan.is_woken {
            line.clear();
            input.read_line(&mut line)?;
            append_frame(&mut bytes, stamp(&line).ok_or("woken with something that is no stamp")?, plan.len);
        } else {
            if !plan.pause.is_zero() {
                due += plan.pause;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            for number in number..number + plan.batch {
                append_frame(&mut bytes, Stamp::now(number as u64), plan.len);
            }
        }
        for socket in sockets.iter_mut().skip(round % plan.channels).step_by(plan.channels) {
            socket.write_all(&bytes)?;
        }
    }
    Ok(())
}

fn stamp(line: &str) -> Option<Stamp> {
    let (nanoseconds, sequence) = line.trim().split_once(' ')?;
    Some(Stamp { nanoseconds: nanoseconds.parse().ok()?, sequence: sequence.parse().ok()? })
}

/// A text frame as the server makes it, of which only the length matters here.
fn append_frame(bytes: &mut Vec<u8>, stamp: Stamp, len: usize) {
    match u8::try_from(len) {
        Ok(len @ ..126) => bytes.extend_from_slice(&[0x81, len]),
        _ => {
            bytes.extend_from_slice(&[0x81, 126]);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(stamp.data(len).as_bytes());
}
