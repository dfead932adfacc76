//! Where a parent can be asked for a reload: a socket in the abstract namespace, named after the queue.
//!
//! It has no file, so there is none to clear away or to be left behind, and it works where no directory can be written. Its
//! name can be had by any user of the machine, so both sides look who the other is: only the user who runs the server, and
//! root, may ask, and only they are believed.

use super::Happening;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longest question.
const LONGEST: u64 = 64 << 10;

/// Time for a question; somebody may connect and say nothing.
const QUESTION_TIME: Duration = Duration::from_secs(5);

/// Time for an answer: longer than any reload takes.
const ANSWER_TIME: Duration = Duration::from_secs(180);

/// What is asked. Without a command the generations are started as before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Question {
    /// What to run from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Where to run it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// A new server serves.
    Reloaded {
        /// Clients that noticed nothing.
        clients: usize,
        /// HTTP connections that had to be cut.
        cut: usize,
        /// Clients over TLS, which were closed and come back.
        #[serde(default)]
        drained: usize,
        /// How long nothing was delivered, in microseconds.
        pause_us: u64,
    },
    /// A new server serves, though not as it was meant.
    Replaced {
        /// What happened.
        replaced: String,
    },
    /// The server is the same as before.
    Refused {
        /// Why.
        refused: String,
    },
}

impl Answer {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { refused: why.into() }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reloaded { clients, cut, drained, pause_us } => {
                let pause = *pause_us as f64 / 1000.0;
                write!(
                    f,
                    "reloaded: {clients} clients handed over, nothing was delivered for {pause:.1} ms"
                )?;
                if *cut > 0 {
                    write!(
                        f,
                        ", {cut} HTTP connections were cut because their clients did not read the answer"
                    )?;
                }
                if *drained > 0 {
                    write!(f, ", {drained} clients over TLS were closed and come back")?;
                }
                Ok(())
            }
            Self::Replaced { replaced } => write!(f, "reloaded: {replaced}"),
            Self::Refused { refused } => write!(f, "not reloaded, the server runs as before: {refused}"),
        }
    }
}

/// The doors of a parent; closed when dropped.
#[derive(Debug, Default)]
pub(super) struct Doors {
    open: Vec<(PathBuf, JoinHandle<()>)>,
}

impl Doors {
    /// Opens a door for each queue, and closes the others.
    pub(super) fn open(&mut self, queues: &[PathBuf], happenings: &UnboundedSender<Happening>) {
        self.open.retain(|(path, task)| {
            let is_kept = queues.contains(path);
            if !is_kept {
                task.abort();
            }
            is_kept
        });
        for queue in queues {
            if self.open.iter().any(|(path, _)| path == queue) {
                continue;
            }
            let bound = address(queue).and_then(|address| {
                let listener = UnixListener::bind_addr(&address)?;
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener)
            });
            match bound {
                Ok(listener) => {
                    let task = tokio::spawn(listen(listener, happenings.clone()));
                    self.open.push((queue.clone(), task));
                }
                Err(error) => {
                    let queue = queue.display();
                    tracing::warn!(%queue, %error, "`canyon reload` will not find this server; SIGUSR2 does the same");
                }
            }
        }
    }
}

async fn listen(listener: tokio::net::UnixListener, happenings: UnboundedSender<Happening>) {
    while let Ok((stream, _)) = listener.accept().await {
        let happenings = happenings.clone();
        tokio::spawn(async move {
            // Whoever is gone does not need an answer.
            let _ = answer(stream, happenings).await;
        });
    }
}

async fn answer(
    mut stream: tokio::net::UnixStream,
    happenings: UnboundedSender<Happening>,
) -> io::Result<()> {
    let user = stream.peer_cred()?.uid();
    let answer = if user == geteuid().as_raw() || user == 0 {
        let mut question = Vec::new();
        let (reading, _) = stream.split();
        let mut reading = reading.take(LONGEST);
        tokio::time::timeout(QUESTION_TIME, async {
            while !question.contains(&b'\n') && reading.read_buf(&mut question).await? > 0 {}
            Ok::<_, io::Error>(())
        })
        .await??;
        match serde_json::from_slice(&question) {
            Ok(question) => {
                let (reply, replied) = oneshot::channel();
                let _ = happenings.send(Happening::Asked(question, Some(reply)));
                replied.await.unwrap_or_else(|_| Answer::refused("it stops"))
            }
            Err(error) => Answer::refused(format!("the question cannot be understood: {error}")),
        }
    } else {
        Answer::refused("it is another user's")
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// Asks the parent whose server drains `queue`; `None` if there is none.
///
/// # Errors
/// If there is one and it does not answer, or if it is another user's.
pub fn ask(queue: &Path, question: &Question) -> io::Result<Option<Answer>> {
    let Ok(queue) = queue.canonicalize() else { return Ok(None) };
    let mut stream = match UnixStream::connect_addr(&address(&queue)?) {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(None),
        Err(error) => return Err(error),
    };
    let owner = socket_peercred(&stream)?.uid;
    if owner != geteuid() && !owner.is_root() && !geteuid().is_root() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the server is another user's"));
    }
    stream.set_read_timeout(Some(ANSWER_TIME))?;
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server ended without an answer"));
    }
    Ok(Some(serde_json::from_slice(&answer)?))
}

/// The name that a server of this queue has. PHP knows it too.
fn address(queue: &Path) -> io::Result<SocketAddr> {
    let digest = hex::encode(Sha256::digest(queue.as_os_str().as_encoded_bytes()));
    SocketAddr::from_abstract_name(format!("canyon-{}", &digest[..32]))
}
