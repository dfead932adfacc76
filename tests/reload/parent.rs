//! What the parent does besides.

use crate::support::{Served, canyon, expect_delivery, until};
use rustix::process::{Signal, kill_process, test_kill_process};
use std::process::Stdio;

#[tokio::test]
async fn reloads_tell_what_came_of_them_and_change_the_generation() {
    let served = Served::start();
    let mut clients = served.clients(20).await;
    let mut seen = vec![served.generation()];
    for round in 0..3 {
        let (is_done, text) = served.reload();
        assert!(
            is_done && text.starts_with("reloaded: 20 clients handed over, nothing was delivered for "),
            "{text}"
        );
        expect_delivery(&served, &mut clients, &format!("{round}")).await;
        seen.push(served.generation());
    }
    kill_process(served.parent(), Signal::USR2).unwrap();
    until("SIGUSR2 has reloaded", || !seen.contains(&served.generation()));
    expect_delivery(&served, &mut clients, "after the signal").await;
    assert_eq!(served.end(Signal::TERM).code(), Some(0));
}

#[tokio::test]
async fn a_configuration_that_cannot_be_served_is_refused_by_name_and_a_good_one_counts() {
    let served = Served::start();
    let mut clients = served.clients(3).await;
    let good = std::fs::read_to_string(served.config()).unwrap();
    // `canyon reload` reads the configuration itself; the signal does not.
    std::fs::write(served.config(), good.replace("[[app]]", "max_agee = 3\n[[app]]")).unwrap();
    let (is_done, text) = served.reload();
    assert!(!is_done && text.contains("max_agee"), "{text}");
    std::fs::write(served.config(), format!("{good}max_connections = 4\n")).unwrap();
    assert!(served.reload().0);
    clients.extend(served.clients(1).await);
    expect_delivery(&served, &mut clients, "to four").await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let also = format!("', '{}']", taken.local_addr().unwrap());
    std::fs::write(served.config(), good.replacen("']", &also, 1)).unwrap();
    let (is_done, text) = served.reload();
    assert!(!is_done && text.contains("another process listens there"), "{text}");
    expect_delivery(&served, &mut clients, "still to four").await;
}

#[tokio::test]
async fn a_generation_that_dies_is_started_again() {
    let served = Served::start();
    let former = served.generation();
    kill_process(former, Signal::KILL).unwrap();
    until("another one is there", || served.generations().iter().any(|pid| *pid != former));
    let mut clients = served.clients(2).await;
    expect_delivery(&served, &mut clients, "after").await;
    assert!(served.reload().0, "and it can be reloaded");
    expect_delivery(&served, &mut clients, "at last").await;
}

/// All generations hang in this test; that each is replaced is what is seen. One whose process is stopped altogether is in
/// the tests of operation.
#[test]
fn a_generation_with_a_worker_that_is_stuck_is_replaced() {
    let served = Served::prepared("hang worker ticks", |command| {
        // The least time that the parent waits.
        command.env("NOTIFY_SOCKET", "@nobody-is-there").env("WATCHDOG_USEC", "1000000");
    });
    let stuck = served.generation();
    until("it is replaced", || served.generations().iter().any(|generation| *generation != stuck));
    until("it is gone", || test_kill_process(stuck).is_err());
}

#[test]
fn the_end_of_the_parent_is_the_end_of_the_generation() {
    let served = Served::start();
    let generation = served.generation();
    kill_process(served.parent(), Signal::KILL).unwrap();
    served.wait();
    until("the generation has ended", || test_kill_process(generation).is_err());
}

#[test]
fn a_start_that_fails_ends_the_parent_with_the_same_code_and_other_ends_pass_on() {
    let served = Served::start();
    let second = canyon().arg("serve").arg("--config").arg(served.config()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.contains("another process listens there"), "{text}");
    assert_eq!(served.end(Signal::INT).code(), Some(0));
}

#[test]
fn whoever_cannot_be_reloaded_is_told_why() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let arguments = |command: &str| {
        [command.to_owned(), "--app=1:k:s".to_owned(), format!("--queue={}", queue.display())]
    };
    let output = canyon().args(arguments("reload")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no server that can be reloaded"));
    let mut alone = canyon();
    alone.args(arguments("serve")).args(["--no-parent", "--listen=127.0.0.1:0"]);
    let mut alone = alone.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(alone.stdout.take().unwrap()), &mut line)
        .unwrap();
    let output = canyon().args(arguments("reload")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--no-parent"));
    alone.kill().unwrap();
    alone.wait().unwrap();
}
