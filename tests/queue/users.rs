//! Publishers that run as another user than the server.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use canyon::queue::{Access, Consumer, ConsumerOptions};

use crate::payload;
use crate::place::{Place, drain, until};

/// Nobody in particular, on every system.
const NOBODY: u32 = 65_534;

/// Runs a publisher as nobody; `None` if we may not.
fn publish_as_nobody(place: &Place, arguments: &[&str]) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        println!("not run: only root can become another user");
        return None;
    }
    // The build directory may be closed to others.
    let program: PathBuf = place.beside("canyon-test-producer");
    std::fs::copy(env!("CARGO_BIN_EXE_canyon-test-producer"), &program).unwrap();
    std::fs::set_permissions(place.beside(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    command.arg(format!("queue={}", place.path().display())).args(arguments).uid(NOBODY).gid(NOBODY);
    Some(command.current_dir("/").output().unwrap())
}

#[test]
fn a_publisher_that_may_not_use_the_directory_is_told_whose_it_is() {
    let place = Place::new();
    let _consumer = place.consumer();
    let Some(output) = publish_as_nobody(&place, &["id=1"]) else { return };
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("Denied") && error.contains("root (0)") && error.contains("65534"), "{error}");
}

#[test]
fn a_publisher_of_the_configured_group_shares_the_directory_with_the_server() {
    let place = Place::new();
    let access = Access { owner: None, group: Some(NOBODY) };
    let options = ConsumerOptions { access, ..ConsumerOptions::new(place.path()) };
    if !rustix::process::geteuid().is_root() {
        println!("not run: only root can give a directory to another group");
        return;
    }
    let mut consumer = Consumer::open(options).unwrap();
    let group = format!("group={NOBODY}");
    let output =
        publish_as_nobody(&place, &["id=7", "count=3", "least=100", "largest=300000", &group]).unwrap();
    assert!(output.status.success(), "{output:?}");
    let got: Vec<_> = drain(&mut consumer).iter().map(|message| payload::check(message)).collect();
    assert_eq!(got, [Some((7, 0)), Some((7, 1)), Some((7, 2))]);
    until("the ring is removed by another user than made it", || {
        consumer.wait(std::time::Duration::from_millis(10));
        place.left_behind().is_empty()
    });
}
