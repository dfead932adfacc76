//! The parent as process 1 of a PID namespace, as in a container.

use crate::program::{Program, children, configure, only_child, until};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::process::{Command, Output};

/// What it takes to be root in a namespace: nothing, or a user namespace, where the host lets one be made.
#[allow(clippy::print_stderr, reason = "whoever runs the tests should know")]
fn unshare() -> Option<Vec<&'static str>> {
    let isolate = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let ways = [isolate.to_vec(), [&["--map-root-user"][..], &isolate].concat()];
    let found = ways.into_iter().find(|way| {
        Command::new("unshare").args(way).arg("true").output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!("skipped: no PID namespace can be made here");
    }
    found
}

/// Runs a command in the namespaces of a process.
fn inside(process: Pid, is_mapped: bool, script: &str) -> Output {
    let mut command = Command::new("nsenter");
    command.args(["--target", &process.as_raw_nonzero().to_string(), "--pid", "--mount"]);
    if is_mapped {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.args(["sh", "-c", script]).output().unwrap()
}

fn is_zombie(process: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()))
        .is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn it_serves_reloads_restarts_reaps_and_ends_as_anywhere_else() {
    let Some(way) = unshare() else { return };
    let directory = tempfile::tempdir().unwrap();
    configure(&directory, "listen = ['127.0.0.1:0']\nstart_hold = 0");
    let is_mapped = way.contains(&"--map-root-user");
    let mut command = Command::new("unshare");
    command.args(way).arg(env!("CARGO_BIN_EXE_canyon"));
    command.arg("serve").arg("--config").arg(directory.path().join("canyon.toml"));
    let program = Program::run(directory, command);
    let parent = only_child(program.pid());
    let status = std::fs::read_to_string(format!("/proc/{}/status", parent.as_raw_nonzero())).unwrap();
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap();
    assert_eq!(ids.split_whitespace().nth(1), Some("1"), "{ids}");

    let first = only_child(parent);
    let mut client = program.subscriber("lobby");
    assert!(program.reload().0);
    client.say(r#"{"event":"pusher:ping","data":{}}"#);
    client.hear("pusher:pong");
    until(|| !children(parent).contains(&first));
    let second = only_child(parent);
    kill_process(parent, Signal::USR2).unwrap();
    until(|| children(parent).iter().any(|child| *child != second) && children(parent).len() == 1);

    // What others leave behind is process 1's to wait for.
    let left = inside(parent, is_mapped, "sleep 2 & echo left");
    assert_eq!(left.stdout, b"left\n", "{left:?}");
    until(|| children(parent).len() == 2);
    until(|| children(parent).len() == 1);
    assert!(!children(parent).into_iter().any(is_zombie));

    let former = only_child(parent);
    kill_process(former, Signal::KILL).unwrap();
    until(|| test_kill_process(former).is_err());
    until(|| program.log().contains("the server was killed by signal 9; a new one starts"));
    // It may not have got as far as to heed signals.
    only_child(parent);
    kill_process(parent, Signal::TERM).unwrap();
    assert_eq!(program.ended().0, Some(0));
}
