//! What a parent makes of a reload, with processes that are no servers.

use super::*;
use std::fs::File;
use std::io::Read;
use tokio::sync::oneshot;

/// A word as it comes out of a generation.
fn bytes(word: &Word) -> Vec<u8> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    words::send(&mut crate::handover::wire::Wire::patient(ours), word, None).unwrap();
    let mut bytes = Vec::new();
    theirs.read_to_end(&mut bytes).unwrap();
    bytes
}

fn shell(script: &str) -> Start {
    Start { command: ["sh", "-c", script].map(OsString::from).to_vec(), directory: None }
}

#[tokio::test]
async fn the_last_words_of_a_generation_count_however_late_they_are_heard() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("given");
    let given = Word::Given { clients: 5, requests: 0, left_behind: 0, drained: 0, pause_us: 1500 };
    std::io::Write::write_all(&mut File::create(&path).unwrap(), &bytes(&given)).unwrap();
    // The process ends at once; its words come from one that it has started, as if its thread had been late.
    let dying = shell(&format!("exec 3<&0; (sleep 0.3; cat '{}' >&3) & exit 0", path.display()));
    let (sender, happenings) = unbounded_channel();
    let (asker, answer) = oneshot::channel();
    let successor = Generation::start(&shell("exec sleep 60"), &sender).unwrap();
    let successor_pid = successor.pid;
    let reload = Reload {
        successor,
        start: shell("exit 3"),
        asker: Some(asker),
        deadline: Instant::now() + GIVE_TIME,
        stage: Stage::Giving,
        given: None,
        serves: Some(Vec::new()),
    };
    let mut keeper = Keeper {
        start: dying.clone(),
        present: Some(Generation::start(&dying, &sender).unwrap()),
        reload: Some(reload),
        leaving: Vec::new(),
        restart: None,
        pace: Pace::default(),
        doors: door::Doors::default(),
        is_stopping: false,
        code: None,
        happenings: sender.clone(),
    };
    std::thread::sleep(Duration::from_millis(100));
    sender.send(Happening::Ended).unwrap();
    let answer = tokio::select! {
        answer = answer => answer.unwrap(),
        code = keeper.run(happenings) => panic!("the parent ended with {code}"),
    };
    assert!(matches!(answer, Answer::Reloaded { clients: 5, .. }), "{answer}");
    rustix::process::kill_process(successor_pid, Signal::KILL).unwrap();
}
