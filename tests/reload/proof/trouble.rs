//! Clients that are in the middle of something at each switch: of a frame, of a fragmented message, or of reading.

use crate::audience::{connect, frame, greet, subscribe, take_frames};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Of each sort.
const EACH: usize = 100;

/// Events that each of those who do not read is sent: over a Unix socket, for which the kernel keeps 200 kB and no more, the
/// rest is unsent.
const UNREAD: usize = 40;

const UNREAD_BYTES: usize = 9_000;

pub(crate) struct Trouble {
    half: Vec<TcpStream>,
    fragmented: Vec<TcpStream>,
    /// Each is alone on a channel with the other, who whispers to it.
    unread: Vec<(UnixStream, TcpStream, String)>,
}

const PING: &str = r#"{"event":"pusher:ping","data":{}}"#;

impl Trouble {
    pub(crate) fn connect(port: u16, socket: &Path) -> Self {
        let plain = || (0..EACH).map(|_| connect(port).0).collect();
        let pair = |number: usize| {
            let channel = format!("private-pair-{number}");
            let mut reader = UnixStream::connect(socket).unwrap();
            reader.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let reader_id = greet(&mut reader);
            let (mut writer, writer_id) = connect(port);
            subscribe(&mut reader, &reader_id, &channel);
            subscribe(&mut writer, &writer_id, &channel);
            (reader, writer, channel)
        };
        Self { half: plain(), fragmented: plain(), unread: (0..EACH).map(pair).collect() }
    }

    pub(crate) fn clients(&self) -> usize {
        self.half.len() + self.fragmented.len() + 2 * self.unread.len()
    }

    /// Before a switch.
    pub(crate) fn begin(&mut self) {
        let whole = frame(PING);
        for (number, stream) in self.half.iter_mut().enumerate() {
            stream.write_all(&whole[..1 + number % (whole.len() - 1)]).unwrap();
        }
        for stream in &mut self.fragmented {
            let mut first = frame(&PING[..10]);
            first[0] = 0x01;
            stream.write_all(&first).unwrap();
        }
        let text = "x".repeat(UNREAD_BYTES);
        for (_, writer, channel) in &mut self.unread {
            for number in 0..UNREAD {
                let whisper =
                    format!(r#"{{"event":"client-a","channel":"{channel}","data":"{number} {text}"}}"#);
                writer.write_all(&frame(&whisper)).unwrap();
            }
            // Not so many at once that the server is over capacity and refuses some.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// After it: everybody goes on, and gets what was due.
    pub(crate) fn end(&mut self) {
        let whole = frame(PING);
        for (number, stream) in self.half.iter_mut().enumerate() {
            stream.write_all(&whole[1 + number % (whole.len() - 1)..]).unwrap();
        }
        for stream in &mut self.fragmented {
            let mut last = frame(&PING[10..]);
            last[0] = 0x80;
            stream.write_all(&last).unwrap();
        }
        for stream in self.half.iter_mut().chain(&mut self.fragmented) {
            expect(stream, 1, |_, payload| assert!(payload.windows(11).any(|part| part == b"pusher:pong")));
        }
        for (reader, _, _) in &mut self.unread {
            expect(reader, UNREAD, |number, payload| {
                let wanted = format!(r#""data":"{number} xxx"#);
                let is_wanted = payload.windows(wanted.len()).any(|part| part == wanted.as_bytes());
                let beginning = String::from_utf8_lossy(&payload[..payload.len().min(100)]);
                assert!(is_wanted, "instead of event {number}: {beginning}");
            });
        }
    }
}

/// Reads so many events, and shows each with its number.
fn expect(stream: &mut impl Read, count: usize, mut each: impl FnMut(usize, &[u8])) {
    let (mut bytes, mut seen) = (Vec::new(), 0);
    while seen < count {
        let mut buffer = vec![0; 1 << 16];
        let read = match stream.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.expect("the server says something in time"),
        };
        assert!(read > 0, "the server hung up");
        bytes.extend_from_slice(&buffer[..read]);
        take_frames(&mut bytes, |first, payload| {
            // The server may have asked whether it lives.
            if first == 0x81 {
                each(seen, payload);
                seen += 1;
            }
        });
    }
    assert!(bytes.is_empty() && seen == count, "{seen} events instead of {count}");
}
