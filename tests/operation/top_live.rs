//! The screen of `canyon top`, in a terminal that tmux plays.

use crate::program::{Program, until};
use crate::top::top;
use crate::traffic::{Traffic, refused};
use rustix::process::Signal;
use std::process::Command;
use tempfile::TempDir;

/// A shell in a terminal of its own, that runs one program and then shows what it has left behind.
struct Terminal {
    directory: TempDir,
}

impl Terminal {
    /// Runs `program` on 80 columns and 24 lines.
    fn run(program: &Command) -> Self {
        let terminal = Self { directory: tempfile::tempdir().unwrap() };
        let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', r"'\''"));
        let environment: Vec<String> = program
            .get_envs()
            .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, quoted(value?))))
            .collect();
        let words: Vec<String> =
            std::iter::once(program.get_program()).chain(program.get_args()).map(quoted).collect();
        // What stood on the screen before comes back after it; and the terminal echoes and waits for lines again.
        let script = format!(
            "echo before; env {} {}; echo \"ended with $?\"; stty -a | grep -ow -e '-*icanon' -e '-*echo'; sleep 600",
            environment.join(" "),
            words.join(" ")
        );
        terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", &script]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .env_clear()
            .envs([("PATH", std::env::var_os("PATH").unwrap()), ("LANG", "C.UTF-8".into())])
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.directory.path().join("tmux"))
            .args(arguments)
            .output()
            .expect("tmux is needed: tests/setup/install installs it");
        assert!(output.status.success(), "tmux {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until all of this is on the screen; the screen.
    fn shows(&self, texts: &[&str]) -> String {
        let mut screen = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(|| {
                screen = self.screen();
                texts.iter().all(|text| screen.contains(text))
            });
        }));
        assert!(seen.is_ok(), "{texts:?} are not on\n{screen}");
        screen
    }

    /// Waits for the end, and for a terminal as it was.
    fn shows_that_it_ended_with(&self, code: i32) {
        let screen = self.shows(&["before", &format!("ended with {code}"), "icanon", "echo"]);
        assert!(!screen.contains("-icanon") && !screen.contains("-echo"), "{screen}");
        assert_eq!(self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(), "0 1");
    }

    /// The process that runs in it, by its command line.
    fn child(&self) -> i32 {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        let children = format!("/proc/{0}/task/{0}/children", shell.trim());
        let mut child = None;
        until(|| {
            child = std::fs::read_to_string(&children).unwrap().split_whitespace().next().map(str::to_owned);
            child.is_some()
        });
        child.unwrap().parse().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn looking_at(address: &str) -> Command {
    top(&["--url", address, "--app", "1:app-key:app-secret"])
}

/// The number behind the name of a figure, and its unit.
fn figure<'a>(screen: &'a str, name: &str) -> &'a str {
    let behind = screen.split_once(name).unwrap_or_else(|| panic!("no {name} on\n{screen}")).1;
    behind.split_whitespace().next().unwrap()
}

fn line_of(screen: &str, text: &str) -> usize {
    screen.lines().position(|line| line.starts_with(text)).unwrap_or_else(|| panic!("no {text} on\n{screen}"))
}

#[test]
fn the_screen_shows_the_traffic_and_obeys_keys_at_every_size() {
    let program = Program::serve("workers = 2", &[]);
    let _guest = refused(&program);
    let _traffic = Traffic::begin(&program);
    let terminal = Terminal::run(&looking_at(&format!("http://{}", program.address)));

    let screen = terminal.shows(&["\norders ", "\nlobby ", "▼Events/s"]);
    assert!(screen.starts_with(" canyon top   1 at http://127.0.0.1:"), "{screen}");
    assert_eq!((figure(&screen, "Connections"), figure(&screen, "Subscriptions")), ("6", "6"));
    assert!(figure(&screen, "Deliveries").ends_with("/s") && figure(&screen, "Workers") != "-", "{screen}");
    assert!(screen.contains("3 Refusals (1)"), "{screen}");
    assert!(line_of(&screen, "orders") < line_of(&screen, "lobby"));

    // Six are on the lobby then, and fewer events.
    let _crowd: Vec<_> = (0..3).map(|_| program.subscriber("lobby")).collect();
    terminal.keys(&["u"]);
    until(|| {
        let screen = terminal.screen();
        screen.contains("▼Subscr.") && line_of(&screen, "lobby") < line_of(&screen, "orders")
    });
    terminal.keys(&["s"]);
    terminal.shows(&["▼Events/s"]);

    terminal.keys(&["/", "O", "R", "D"]);
    let screen = terminal.shows(&["Filter ORD", "with \"ORD\""]);
    assert!(!screen.contains("\nlobby"), "{screen}");
    terminal.keys(&["Enter"]);
    terminal.shows(&["q quit", "with \"ORD\"", "\norders "]);
    terminal.keys(&["c"]);
    terminal.shows(&["\nlobby "]);

    terminal.keys(&["?"]);
    terminal.shows(&["Keys", "sort by events, deliveries, subscribers", "Charts show the last"]);
    terminal.keys(&["Escape"]);
    until(|| !terminal.screen().contains("Charts show"));

    terminal.keys(&["3"]);
    terminal.shows(&["subscription of ", " on private-a"]);
    terminal.keys(&["Tab", "p"]);
    terminal.shows(&["PAUSED", "p go on", "▼Events/s"]);
    terminal.keys(&["p"]);
    until(|| !terminal.screen().contains("PAUSED"));

    terminal.resize(60, 15);
    let screen = terminal.shows(&["Deliv./s\norders ", "Deliveries", "q quit"]);
    assert!(screen.lines().count() <= 15 && !screen.contains("Kind"), "{screen}");
    terminal.resize(160, 50);
    terminal.shows(&[
        "1 Channels",
        "2 Slow clients",
        "3 Refusals (1)",
        "Every client reads",
        "Members",
        "Hung up",
    ]);

    terminal.keys(&["q"]);
    terminal.shows_that_it_ended_with(0);
}

#[test]
fn a_server_that_is_gone_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let listen = format!("unix:{}", directory.path().join("http.sock").display());
    let program = Program::serve("", &["--listen", &listen]);
    let terminal = Terminal::run(&looking_at(&listen));
    terminal.shows(&["Connections", "q quit"]);
    program.signal(Signal::TERM);
    let (_, ended) = program.ended();
    // In one line again, whatever the width.
    let told = || terminal.screen().replace('\n', " ");
    until(|| told().contains("There is no answer from unix:") && told().contains("These figures are"));
    terminal.shows(&["Connections"]);
    let _program = Program::serve_in(ended.directory, "", &["--listen", &listen]);
    until(|| !told().contains("There is no answer"));
    terminal.shows(&["Connections", "q quit"]);
    terminal.keys(&["C-c"]);
    terminal.shows_that_it_ended_with(0);
}

#[test]
fn who_is_not_let_in_sees_why_on_the_screen() {
    let program = Program::serve("", &[]);
    let url = format!("http://{}", program.address);
    let terminal = Terminal::run(&top(&["--url", &url, "--app", "1:app-key:wrong"]));
    terminal.shows(&["does not take the credentials of the app \"1\"", "q quit"]);
    terminal.keys(&["Escape"]);
    terminal.shows_that_it_ended_with(0);
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let program = Program::serve("", &[]);
    for signal in [Signal::TERM, Signal::INT] {
        let terminal = Terminal::run(&looking_at(&format!("http://{}", program.address)));
        terminal.shows(&["Connections"]);
        let child = rustix::process::Pid::from_raw(terminal.child()).unwrap();
        rustix::process::kill_process(child, signal).unwrap();
        terminal.shows_that_it_ended_with(0);
    }
}

#[test]
#[cfg(feature = "test-hooks")]
fn a_panic_leaves_the_terminal_as_it_was_and_its_message_on_it() {
    let program = Program::serve("", &[]);
    let mut command = looking_at(&format!("http://{}", program.address));
    command.env("CANYON_TOP_FAULT", "answered").env("RUST_BACKTRACE", "0");
    let terminal = Terminal::run(&command);
    terminal.shows(&["the fault answered"]);
    terminal.shows_that_it_ended_with(101);
}
