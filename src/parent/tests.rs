//! What a parent makes of a reload, with processes that are no servers.

use super::reload::Stage;
use super::*;
use crate::handover::wire::Wire;
use std::fs::File;
use std::io::Read;
use std::os::unix::net::UnixStream;
use tokio::sync::oneshot;

/// A word as it comes out of a generation.
fn bytes(word: &Word) -> Vec<u8> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    Wire::patient(ours).send(word, &[]).unwrap();
    let mut bytes = Vec::new();
    theirs.read_to_end(&mut bytes).unwrap();
    bytes
}

fn serving() -> Word {
    let (queues, version) = (Vec::new(), "9".to_owned());
    Word::Serving { queues, version, drain_seconds: 0, has_pulse: false }
}

fn shell(script: &str) -> Start {
    Start { command: ["sh", "-c", script].map(OsString::from).to_vec(), directory: None }
}

/// A parent in the middle of a reload, and who hears what comes of it.
fn reloading(
    present: &Start,
    successor: &Start,
    start: Start,
) -> (Keeper, UnboundedReceiver<Happening>, oneshot::Receiver<Answer>) {
    let (happenings, receiver) = unbounded_channel();
    let (asker, answer) = oneshot::channel();
    let successor = Generation::start(successor, &happenings).unwrap();
    let mut reload = Reload::new(successor, shell("exit 3"), Some(asker));
    reload.stage = Stage::Giving;
    let present = Generation::start(present, &happenings).unwrap();
    let mut keeper = Keeper::new(start, Vec::new(), Notifier::from_environment(), happenings);
    (keeper.present, keeper.reload) = (Some(present), Some(reload));
    (keeper, receiver, answer)
}

#[tokio::test]
async fn the_last_words_of_a_generation_count_however_late_they_are_heard() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("given");
    let given = Word::Given { clients: 5, requests: 0, left_behind: 0, drained: 0, pause_us: 1500 };
    std::io::Write::write_all(&mut File::create(&path).unwrap(), &bytes(&given)).unwrap();
    // The process ends at once; its words come from one that it has started, as if its thread had been late.
    let dying = shell(&format!("exec 3<&0; (sleep 0.3; cat '{}' >&3) & exit 0", path.display()));
    let (mut keeper, happenings, answer) = reloading(&dying, &shell("exec sleep 60"), shell("exit 3"));
    let reload = keeper.reload.as_mut().unwrap();
    reload.serves = Some(serving());
    let (successor, sender) = (reload.successor.pid, keeper.happenings.clone());
    std::thread::sleep(Duration::from_millis(100));
    sender.send(Happening::Ended).unwrap();
    let answer = tokio::select! {
        answer = answer => answer.unwrap(),
        code = keeper.run(happenings) => panic!("the parent ended with {code}"),
    };
    assert!(matches!(answer, Answer::Reloaded { clients: 5, .. }), "{answer}");
    rustix::process::kill_process(successor, Signal::KILL).unwrap();
}

/// Found when the parent was slow to notice: nobody was left, and nobody was started.
#[tokio::test]
async fn a_server_is_started_anew_if_both_die_in_a_reload_the_successor_first() {
    let directory = tempfile::tempdir().unwrap();
    let started = directory.path().join("started");
    let start = shell(&format!("touch '{}'", started.display()));
    let (mut keeper, happenings, answer) = reloading(&shell("exec sleep 60"), &shell("exit 1"), start);
    let (present, sender) = (keeper.present.as_ref().unwrap().pid, keeper.happenings.clone());
    let story = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        sender.send(Happening::Ended).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        rustix::process::kill_process(present, Signal::KILL).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        sender.send(Happening::Ended).unwrap();
        let answer = answer.await.unwrap();
        assert!(matches!(answer, Answer::Refused { .. }), "{answer}");
        while !started.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = story => {}
        code = keeper.run(happenings) => panic!("the parent ended with {code}"),
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nobody was started"),
    }
}
