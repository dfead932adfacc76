//! Redis, and one subscriber of it, to compare a publish with.

use crate::Result;
use crate::children::{Directory, Process};
use crate::server::setting;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// `redis-server` on loopback, without a disk behind it, and a subscriber that reads as fast as it can.
#[derive(Debug)]
pub(crate) struct Redis {
    pub(crate) address: SocketAddr,
    _process: Process,
    _directory: Directory,
}

impl Redis {
    pub(crate) fn start(channel: &str) -> Result<Self> {
        let directory = Directory::create()?;
        // Redis cannot choose a port by itself; this one was free a moment ago.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = Process::start(
            Command::new(setting("REDIS_SERVER")?)
                .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
                .args(["--save", "", "--appendonly", "no", "--dir"])
                .arg(directory.path())
                .args(["--logfile", "/dev/null"])
                .stderr(Stdio::inherit()),
        )?;
        subscribe(connect(address)?, channel)?;
        Ok(Self { address, _process: process, _directory: directory })
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > patience => {
                return Err(format!("Redis does not answer: {error}").into());
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Reads what is published, until Redis is gone.
fn subscribe(mut stream: TcpStream, channel: &str) -> Result<()> {
    stream.write_all(format!("SUBSCRIBE {channel}\r\n").as_bytes())?;
    let mut buffer = vec![0; 64 << 10];
    if stream.read(&mut buffer)? == 0 {
        return Err("Redis closed the connection of the subscriber".into());
    }
    thread::spawn(move || while stream.read(&mut buffer).is_ok_and(|count| count > 0) {});
    Ok(())
}
