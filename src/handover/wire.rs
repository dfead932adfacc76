//! Messages between two processes that may be of different versions, over a Unix socket.
//!
//! A message is a magic word, the number of descriptors that come with it, its length, and MessagePack with the names of
//! its fields. A field that is not known is passed over, so a version may tell more than the one before it; whatever
//! must not be passed over is a new [`FORMAT`](super::state::FORMAT). Whoever is on the other side may be garbage: lengths
//! are limited, every wait ends at the deadline, and nothing is believed that does not parse.

use super::sockets;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const MAGIC: [u8; 2] = *b"Cy";

/// Magic, descriptors (2 bytes), length (4 bytes), all of the network's byte order.
const HEADER: usize = 8;

/// Longest message, in bytes. A client's outbox has a limit of its own, well below.
const LONGEST: usize = 256 << 20;

/// One end of the conversation.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: UnixStream,
    /// `None` where the other side is trusted to take its time.
    deadline: Option<Instant>,
}

impl Wire {
    /// `limit` is the time for everything until [`Wire::extend`].
    pub(crate) fn new(stream: UnixStream, limit: Duration) -> Self {
        Self { stream, deadline: Some(Instant::now() + limit) }
    }

    /// Without a limit.
    pub(crate) fn patient(stream: UnixStream) -> Self {
        Self { stream, deadline: None }
    }

    /// Gives what follows so much time from now.
    pub(crate) fn extend(&mut self, limit: Duration) {
        self.deadline = Some(Instant::now() + limit);
    }

    /// Sends a message, and descriptors along with it.
    pub(crate) fn send(
        &mut self,
        message: &impl Serialize,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        let body = rmp_serde::to_vec_named(message).map_err(io::Error::other)?;
        let count =
            u16::try_from(descriptors.len()).ok().filter(|count| usize::from(*count) <= sockets::MOST);
        let (Some(count), true) = (count, body.len() <= LONGEST) else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the message is too large"));
        };
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&count.to_be_bytes());
        header.extend_from_slice(&(body.len() as u32).to_be_bytes());
        self.set_timeouts()?;
        let sent = sockets::send(&self.stream, &header, descriptors).map_err(in_time)?;
        self.write(&header[sent..])?;
        self.write(&body)
    }

    /// Receives a message, and the descriptors that came with it.
    pub(crate) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<(T, Vec<OwnedFd>)> {
        let mut header = [0; HEADER];
        let mut descriptors = Vec::new();
        let mut filled = 0;
        while filled < HEADER {
            self.set_timeouts()?;
            match sockets::receive(&self.stream, &mut header[filled..], &mut descriptors).map_err(in_time)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        let [m0, m1, d0, d1, l0, l1, l2, l3] = header;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if [m0, m1] != MAGIC || length > LONGEST {
            return Err(garbage("it does not speak the language of a hand-over"));
        }
        if descriptors.len() != usize::from(u16::from_be_bytes([d0, d1])) {
            return Err(garbage("a message came without its descriptors"));
        }
        let body = self.read(length)?;
        let message = rmp_serde::from_slice(&body).map_err(|error| garbage(&error.to_string()))?;
        Ok((message, descriptors))
    }

    /// Sends one byte that is no message.
    pub(crate) fn send_byte(&mut self, byte: u8) -> io::Result<()> {
        self.write(&[byte])
    }

    /// Receives one byte that is no message; `None` if the other side has ended without it.
    pub(crate) fn receive_byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            self.set_timeouts()?;
            match self.stream.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(in_time(error)),
            }
        }
    }

    /// Writes all of `bytes`, however slowly the other side takes them, until the deadline.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.set_timeouts()?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(in_time(error)),
            }
        }
        Ok(())
    }

    fn read(&mut self, length: usize) -> io::Result<Vec<u8>> {
        // In portions: a length that is a lie does not get the memory it asks for.
        const PORTION: usize = 1 << 20;
        let mut body = Vec::new();
        while body.len() < length {
            let from = body.len();
            body.resize(length.min(from + PORTION), 0);
            let mut filled = from;
            while filled < body.len() {
                self.set_timeouts()?;
                match self.stream.read(&mut body[filled..]) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(in_time(error)),
                }
            }
        }
        Ok(body)
    }

    fn set_timeouts(&self) -> io::Result<()> {
        let Some(deadline) = self.deadline else { return Ok(()) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.set_write_timeout(Some(left))
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn garbage(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the other side cannot be understood: {why}"))
}

fn late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the other side did not answer in time")
}

/// A socket with a timeout says `WouldBlock` when it is over.
fn in_time(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { late() } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Seek;

    fn pair() -> (Wire, Wire) {
        let (one, other) = UnixStream::pair().unwrap();
        (Wire::new(one, Duration::from_secs(20)), Wire::new(other, Duration::from_secs(20)))
    }

    fn refusal(bytes: &[u8]) -> io::Error {
        let (mut one, mut other) = pair();
        one.write(bytes).unwrap();
        drop(one);
        other.receive::<Vec<String>>().unwrap_err()
    }

    #[test]
    fn messages_and_their_descriptors_arrive_together_and_in_order() {
        let (mut one, mut other) = pair();
        let mut files: Vec<File> = (0..300).map(|_| tempfile::tempfile().unwrap()).collect();
        for (index, file) in files.iter_mut().enumerate() {
            write!(file, "{index}").unwrap();
            file.rewind().unwrap();
        }
        let sender = std::thread::spawn(move || {
            for batch in files.chunks(sockets::MOST) {
                let descriptors: Vec<_> = batch.iter().map(AsFd::as_fd).collect();
                one.send(&vec!["x".repeat(200_000)], &descriptors).unwrap();
            }
            one.send(&vec!["end".to_owned()], &[]).unwrap();
        });
        let mut came = Vec::new();
        for expected in [253, 47, 0] {
            let (text, descriptors): (Vec<String>, _) = other.receive().unwrap();
            assert_eq!(descriptors.len(), expected, "{}", text[0].len());
            came.extend(descriptors);
        }
        sender.join().unwrap();
        for (index, descriptor) in came.into_iter().enumerate() {
            let mut text = String::new();
            File::from(descriptor).read_to_string(&mut text).unwrap();
            assert_eq!(text, index.to_string());
        }
    }

    #[test]
    fn garbage_is_refused_and_never_waited_for() {
        for bytes in
            [&b""[..], b"Cy", b"GET / HTTP/1.1\r\n", b"Cy\0\0\0\0\0\x05\xc1", b"Cy\0\0\xff\xff\xff\xff"]
        {
            refusal(bytes);
        }
        let lied = refusal(b"Cy\0\x03\0\0\0\x01\x90").to_string();
        assert!(lied.contains("without its descriptors"), "{lied}");
        let other = refusal(b"Cy\0\0\0\0\0\x01\x2a").to_string();
        assert!(other.contains("cannot be understood"), "{other}");
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let (stream, _other) = UnixStream::pair().unwrap();
        let mut wire = Wire::new(stream, Duration::from_millis(30));
        assert_eq!(wire.receive::<String>().unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(wire.receive_byte().unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
