//! What a supervisor hears of the server over NOTIFY_SOCKET, with a real socket of that kind.

use crate::program::{PATIENCE, Program, configure, until};
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, Signal, kill_process};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use tempfile::TempDir;

/// The supervisor's end.
struct Supervisor(UnixDatagram);

impl Supervisor {
    /// Its socket is in the directory.
    fn new(directory: &TempDir) -> Self {
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        set_socket_passcred(&socket, true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The next message, and who sent it.
    fn hear(&self) -> (Pid, String) {
        let (mut buffer, mut space) =
            ([0; 4096], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))]);
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let heard = recvmsg(&self.0, &mut [IoSliceMut::new(&mut buffer)], &mut control, RecvFlags::empty());
        let count = heard.expect("nothing is said").bytes;
        let sender = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmCredentials(sender) => Some(sender.pid),
            _ => None,
        });
        (sender.unwrap(), String::from_utf8(buffer[..count].to_vec()).unwrap())
    }

    /// The next message with this line, which that process has to send as every other.
    fn expect(&self, sender: Pid, line: &str) -> String {
        loop {
            let (from, message) = self.hear();
            assert_eq!(from, sender, "{message}");
            if message.lines().any(|said| said == line) {
                return message;
            }
        }
    }

    /// What was said and not heard yet.
    fn rest(&self) -> String {
        let mut all = String::new();
        self.0.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4096];
        while let Ok(count) = self.0.recv(&mut buffer) {
            all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        self.0.set_nonblocking(false).unwrap();
        all
    }
}

fn supervised(top: &str, arguments: &[&str], watchdog_usec: Option<u32>) -> (Supervisor, Program) {
    let directory = tempfile::tempdir().unwrap();
    configure(&directory, &format!("listen = ['127.0.0.1:0']\n{top}"));
    let supervisor = Supervisor::new(&directory);
    let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
    command
        .env_clear()
        .arg("serve")
        .arg("--config")
        .arg(directory.path().join("canyon.toml"))
        .args(arguments);
    command.env("NOTIFY_SOCKET", directory.path().join("notify"));
    if let Some(time) = watchdog_usec {
        command.env("WATCHDOG_USEC", time.to_string());
    }
    (supervisor, Program::run(directory, command))
}

#[test]
fn the_parent_tells_of_the_start_of_reloads_and_of_the_end() {
    let (supervisor, program) = supervised("drain_seconds = 90", &[], None);
    let parent = program.pid();
    let ready = supervisor.expect(parent, "READY=1");
    assert!(ready.contains("\nSTATUS=Serving (generation 1, "), "{ready}");
    TcpStream::connect(&program.address).unwrap();

    assert!(program.reload().0);
    // All of it was said before the command ended: `systemctl reload` looks then.
    let said = supervisor.rest();
    let (reloading, ready) = (said.find("RELOADING=1\nMONOTONIC_USEC="), said.find("READY=1\n"));
    assert!(reloading.is_some() && reloading < ready, "{said}");
    assert!(said.contains("(generation 2, "), "{said}");

    let good = std::fs::read_to_string(program.config()).unwrap();
    std::fs::write(program.config(), good.replace("drain_seconds", "drain_secs")).unwrap();
    program.signal(Signal::USR2);
    supervisor.expect(parent, "STATUS=Reloading");
    let refused = supervisor.expect(parent, "READY=1");
    assert!(
        refused.contains("The last reload was refused: ") && refused.contains("canyon.toml"),
        "{refused}"
    );

    program.signal(Signal::TERM);
    let stopping = supervisor.expect(parent, "STOPPING=1");
    assert!(stopping.contains("\nEXTEND_TIMEOUT_USEC=105000000\n"), "{stopping}");
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn a_generation_knows_nothing_of_the_supervisor() {
    let (_supervisor, program) = supervised("", &[], Some(60_000_000));
    let environment =
        std::fs::read(format!("/proc/{}/environ", program.generation().as_raw_nonzero())).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    assert!(environment.contains("CANYON_GENERATION="), "{environment}");
    assert!(!environment.contains("NOTIFY_SOCKET") && !environment.contains("WATCHDOG"), "{environment}");
}

#[test]
fn the_status_tells_how_many_clients_there_are() {
    let (supervisor, program) = supervised("", &[], None);
    let _clients = [program.subscriber("lobby"), program.subscriber("lobby")];
    until(|| supervisor.hear().1.contains("STATUS=Serving 2 clients (generation 1, "));
}

/// The parent does what the supervisor would do, sooner and for less.
#[test]
fn a_frozen_generation_is_replaced_and_the_watchdog_is_content_again() {
    let (supervisor, program) = supervised("", &[], Some(12_000_000));
    let (parent, frozen) = (program.pid(), program.generation());
    supervisor.expect(parent, "WATCHDOG=1");
    kill_process(frozen, Signal::STOP).unwrap();
    // Of the next generation.
    supervisor.expect(parent, "READY=1");
    supervisor.expect(parent, "READY=1");
    supervisor.expect(parent, "WATCHDOG=1");
    assert_ne!(program.generation(), frozen);
    let log = program.log();
    assert!(log.contains("the server has not answered for 6 s: it is killed"), "{log}");
    program.signal(Signal::TERM);
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn a_server_without_a_parent_speaks_for_itself() {
    let (supervisor, program) = supervised("", &["--no-parent"], Some(30_000_000));
    let server = program.pid();
    supervisor.expect(server, "READY=1");
    supervisor.expect(server, "WATCHDOG=1");
    // Frozen, it says nothing: there is nobody else who could.
    program.signal(Signal::STOP);
    until(|| {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", server.as_raw_nonzero())).unwrap();
        status.contains(") T ")
    });
    supervisor.rest();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(supervisor.rest(), "");
    program.signal(Signal::CONT);
    supervisor.expect(server, "WATCHDOG=1");
    program.signal(Signal::TERM);
    supervisor.expect(server, "STOPPING=1");
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn a_supervisor_that_cannot_be_reached_is_a_line_in_the_log() {
    for name in ["/nowhere/to/be/found", "vsock:2:1"] {
        let directory = tempfile::tempdir().unwrap();
        configure(&directory, "listen = ['127.0.0.1:0']");
        let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
        command.env_clear().arg("serve").arg("--config").arg(directory.path().join("canyon.toml"));
        let program = Program::run(directory, {
            command.env("NOTIFY_SOCKET", name);
            command
        });
        program.subscriber("lobby");
        program.signal(Signal::TERM);
        let (code, ended) = program.ended();
        assert!(code == Some(0) && ended.log.contains("the supervisor c"), "{name}: {}", ended.log);
    }
}
