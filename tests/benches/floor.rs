//! The floor of any fan-out: one thread that sends ready-made bytes to one socket after the other, and nothing else.
//!
//! It runs as a process of its own, so that its processor time is read in the same way as the server's, and its clients
//! are a [`Swarm`] as the server's are.

use crate::Result;
use crate::children::Process;
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
    /// Pause between one round over all sockets and the next; zero for as fast as it goes.
    pub(crate) pause: Duration,
    /// Rounds.
    pub(crate) rounds: usize,
}

/// A sender that has its clients and waits for the word.
pub(crate) struct Floor {
    process: Process,
    pub(crate) swarm: Swarm,
}

impl Floor {
    pub(crate) fn start(plan: Plan) -> Result<Self> {
        let Plan { clients, len, batch, pause, rounds } = plan;
        let numbers = [clients, len, batch, pause.as_micros() as usize, rounds];
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).args(numbers.map(|number| number.to_string()));
        let mut process = Process::start(&mut command)?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        let address: SocketAddr = line.trim().parse()?;
        Ok(Self { process, swarm: Swarm::listen(address, clients)? })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn go(&mut self) -> Result<()> {
        self.process.tell("go")
    }
}

/// The sending process: prints its address, waits for a line, sends, and stays until its input ends.
pub(crate) fn send(arguments: &[String]) -> Result<()> {
    let numbers =
        arguments.iter().map(|argument| argument.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    let [clients, len, batch, pause, rounds] = numbers[..] else {
        return Err("floor takes 5 numbers".into());
    };
    let plan = Plan { clients, len, batch, pause: Duration::from_micros(pause as u64), rounds };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let mut sockets = Vec::with_capacity(clients);
    while sockets.len() < clients {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let mut input = std::io::stdin().lines();
    input.next().ok_or("nobody said go")??;
    send_rounds(plan, &mut sockets)?;
    // The sockets stay open, and the process stays to be looked at.
    input.for_each(drop);
    Ok(())
}

fn send_rounds(plan: Plan, sockets: &mut [TcpStream]) -> Result<()> {
    let mut bytes = Vec::new();
    let mut due = Instant::now();
    for round in 0..plan.rounds {
        if !plan.pause.is_zero() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            due += plan.pause;
        }
        bytes.clear();
        for number in 0..plan.batch {
            append_frame(&mut bytes, Stamp::now((round * plan.batch + number) as u64), plan.len);
        }
        for socket in &mut *sockets {
            socket.write_all(&bytes)?;
        }
    }
    Ok(())
}

/// A text frame as the server makes it, of which only the length matters here.
fn append_frame(bytes: &mut Vec<u8>, stamp: Stamp, len: usize) {
    bytes.extend_from_slice(&[0x81, 126]);
    bytes.extend_from_slice(&(len as u16).to_be_bytes());
    bytes.extend_from_slice(stamp.data(len).as_bytes());
}
