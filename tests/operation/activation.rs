//! Sockets that systemd opens for the server, given by systemd's own tool.

use crate::program::{Program, configure, only_child, until};
use rustix::process::{Signal, kill_process, test_kill_process};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const CANYON: &str = env!("CARGO_BIN_EXE_canyon");

/// Whether the tool is there; says so if not.
#[allow(clippy::print_stderr, reason = "whoever runs the tests should know")]
fn can_activate() -> bool {
    let is_there = Command::new("systemd-socket-activate").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no systemd-socket-activate here");
    }
    is_there
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `systemd-socket-activate` with these arguments, waiting for its first connection, which is made as soon as it listens.
fn activate(address: &str, options: &[&str], command: &[&str]) -> (Command, TcpKnock) {
    let mut activate = Command::new("systemd-socket-activate");
    activate.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    activate.args(options).args(["-l", address]).args(command);
    (activate, TcpKnock(address.to_owned()))
}

/// Somebody who connects until it succeeds: the tool starts its program for the first.
struct TcpKnock(String);

impl TcpKnock {
    fn begin(self) -> std::thread::JoinHandle<TcpStream> {
        std::thread::spawn(move || {
            let mut stream = None;
            until(|| {
                stream = TcpStream::connect(&self.0).ok();
                stream.is_some()
            });
            stream.unwrap()
        })
    }
}

fn serve<'a>(directory: &TempDir, file: &'a mut String) -> Vec<&'a str> {
    *file = directory.path().join("canyon.toml").display().to_string();
    vec![CANYON, "serve", "--config", file]
}

#[test]
fn a_socket_given_is_used_by_every_generation_and_refuses_nobody_while_there_is_none() {
    if !can_activate() {
        return;
    }
    let (directory, address) = (tempfile::tempdir().unwrap(), format!("127.0.0.1:{}", free_port()));
    configure(&directory, &format!("listen = ['{address}']\nstart_hold = 0"));
    let mut file = String::new();
    let (command, knock) = activate(&address, &[], &serve(&directory, &mut file));
    let knock = knock.begin();
    let program = Program::run(directory, command);
    assert_eq!(program.address, address);
    knock.join().unwrap();
    let mut client = program.subscriber("lobby");
    assert!(program.reload().0);
    client.say(r#"{"event":"pusher:ping","data":{}}"#);
    client.hear("pusher:pong");
    // Nobody serves for a while, and nobody who connects meanwhile can tell.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let connecting = scope.spawn(|| {
            let mut connected = 0;
            while !is_over.load(Ordering::Relaxed) {
                TcpStream::connect(&address).expect("refused");
                connected += 1;
            }
            connected
        });
        for _ in 0..2 {
            let former = program.generation();
            kill_process(former, Signal::KILL).unwrap();
            until(|| test_kill_process(former).is_err());
            program.subscriber("lobby");
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(connecting.join().unwrap() > 0);
    });
    program.signal(Signal::TERM);
    assert_eq!(program.ended().0, Some(0));
}

/// Whoever comes between two servers waits for the second, as with a socket unit of systemd.
#[test]
fn who_comes_between_stop_and_start_is_served() {
    if !can_activate() {
        return;
    }
    let (directory, address) = (tempfile::tempdir().unwrap(), format!("127.0.0.1:{}", free_port()));
    configure(&directory, &format!("listen = ['{address}']\nstart_hold = 0"));
    // The shell keeps the socket, as systemd would.
    let script = r#"
        server() { sh -c 'LISTEN_PID=$$ exec "$@"' sh "$@"; }
        server "$@" >first; while ! [ -e go ]; do sleep 0.01; done; server "$@"
    "#;
    let mut file = String::new();
    let server = serve(&directory, &mut file);
    let (mut command, knock) = activate(&address, &[], &[&["sh", "-c", script, "sh"][..], &server].concat());
    let place = directory.path().to_owned();
    command.current_dir(&place);
    knock.begin();
    let between = std::thread::spawn({
        let place = place.clone();
        move || {
            until(|| std::fs::read_to_string(place.join("first")).is_ok_and(|text| text.contains(&address)));
            let first = pid_that_listens(&place);
            kill_process(first, Signal::TERM).unwrap();
            until(|| test_kill_process(first).is_err());
            let stream = TcpStream::connect(&address).expect("refused");
            std::fs::write(place.join("go"), "").unwrap();
            stream
        }
    });
    // Its first line is the second server's.
    let program = Program::run(directory, command);
    let mut client = Program::subscriber_on(between.join().unwrap(), "lobby");
    client.say(r#"{"event":"pusher:ping","data":{}}"#);
    client.hear("pusher:pong");
    kill_process(only_child(program.pid()), Signal::TERM).unwrap();
    assert_eq!(program.ended().0, Some(0));
}

/// The parent of the server whose configuration lies there: the shell's only child.
fn pid_that_listens(place: &Path) -> rustix::process::Pid {
    let config = place.join("canyon.toml").display().to_string();
    let mut found = None;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        let line = std::fs::read_to_string(path.join("cmdline")).unwrap_or_default();
        let environment = std::fs::read_to_string(path.join("environ")).unwrap_or_default();
        let is_canyon = line.starts_with(CANYON) && line.contains(&config);
        if is_canyon && !environment.contains("CANYON_GENERATION=") {
            found = entry.file_name().to_str().and_then(|pid| pid.parse().ok());
        }
    }
    rustix::process::Pid::from_raw(found.expect("there is no server")).unwrap()
}

/// Runs a server that cannot start; what it says.
fn refusal(top: &str, address: &str, options: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    configure(&directory, top);
    let mut file = String::new();
    let (mut command, knock) = activate(address, options, &serve(&directory, &mut file));
    let knock = knock.begin();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    knock.join().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{text}");
    text
}

#[test]
fn a_socket_that_fits_no_address_is_refused_with_both() {
    if !can_activate() {
        return;
    }
    let address = format!("127.0.0.1:{}", free_port());
    // The second cannot be bound while the socket is there, which is not what is wrong.
    for other in ["127.0.0.1:0".to_owned(), address.replace("127.0.0.1", "0.0.0.0")] {
        let text = refusal(&format!("listen = ['{other}']"), &address, &["--fdname=web"]);
        let expected =
            format!("systemd gives the socket \"web\" for {address}, and this server listens on {other}");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn without_listen_the_sockets_given_are_all_there_is_and_their_names_count() {
    if !can_activate() {
        return;
    }
    let address = format!("127.0.0.1:{}", free_port());
    let directory = tempfile::tempdir().unwrap();
    configure(&directory, "");
    let mut file = String::new();
    let (command, knock) = activate(&address, &["--fdname=web"], &serve(&directory, &mut file));
    let knock = knock.begin();
    let program = Program::run(directory, command);
    assert_eq!(program.address, address);
    knock.join().unwrap();
    let mut client = program.subscriber("lobby");
    assert!(program.reload().0);
    client.say(r#"{"event":"pusher:ping","data":{}}"#);
    client.hear("pusher:pong");

    let address = format!("127.0.0.1:{}", free_port());
    let text = refusal("", &address, &["--fdname=tls"]);
    assert!(text.contains(&format!("cannot listen on tls:{address}: there is no certificate")), "{text}");
}

#[test]
fn a_socket_that_does_not_listen_is_refused() {
    if !can_activate() {
        return;
    }
    let address = format!("127.0.0.1:{}", free_port());
    // A process for each connection, which it gets in place of the socket.
    let (mut command, knock) = activate(&address, &["--accept"], &[CANYON, "serve", "--app", "1:k:s"]);
    let knock = knock.begin();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    let mut errors = child.stderr.take().unwrap();
    let mut buffer = [0; 1024];
    until(|| {
        let count = errors.read(&mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        // It does not come at once.
        text.contains("Accept=no")
    });
    drop(knock.join().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        text.contains("it does not listen: a socket unit for Canyon has ListenStream= and Accept=no"),
        "{text}"
    );
}
