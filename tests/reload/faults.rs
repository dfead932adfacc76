//! One side of a hand-over dies or hangs at each of its steps.

use crate::support::{Served, expect_delivery};

/// The reload is refused, and it is as if it had not been tried.
async fn nothing_happens(fault: &str, why: &str) {
    let served = Served::with(fault);
    let mut clients = served.clients(10).await;
    let generation = served.generation();
    for round in 0..2 {
        let (is_done, text) = served.reload();
        assert!(!is_done && text.contains(why), "{fault}: {text}");
        expect_delivery(&served, &mut clients, &format!("{round}")).await;
    }
    assert_eq!(served.generation(), generation, "{fault}");
}

/// The successor serves, and no client notices.
async fn the_successor_serves(fault: &str) {
    let served = Served::with(fault);
    let mut clients = served.clients(10).await;
    let generation = served.generation();
    let (is_done, text) = served.reload();
    assert!(is_done, "{fault}: {text}");
    expect_delivery(&served, &mut clients, "after").await;
    assert_ne!(served.generation(), generation, "{fault}");
}

/// A server starts anew; it is a crash, and all clients know.
async fn a_new_one_starts(fault: &str) {
    let served = Served::with(fault);
    let mut clients = served.clients(10).await;
    let (is_done, text) = served.reload();
    assert!(!is_done, "{fault}: {text}");
    for client in &mut clients {
        assert!(client.is_cut().await, "{fault}");
    }
    // Whoever connects before the old one has let go of the listening socket may be cut once more.
    served.generation();
    expect_delivery(&served, &mut served.clients(10).await, "after").await;
}

#[tokio::test]
async fn a_successor_that_is_killed_before_it_is_ready_changes_nothing() {
    for step in ["started", "prepared", "told", "restored"] {
        nothing_happens(&format!("kill new {step}"), "the successor ended before it was ready").await;
    }
}

#[tokio::test]
async fn a_successor_that_hangs_changes_nothing() {
    nothing_happens("hang new told", "the successor was not ready in time").await;
}

#[tokio::test]
async fn the_successor_of_one_that_dies_after_it_told_everything_serves() {
    for step in ["told", "committed"] {
        the_successor_serves(&format!("kill old {step}")).await;
    }
}

#[tokio::test]
async fn an_old_server_that_dies_before_it_told_everything_has_crashed() {
    for step in ["prepared", "halted"] {
        a_new_one_starts(&format!("kill old {step}")).await;
    }
}

#[tokio::test]
async fn a_successor_that_dies_after_the_point_of_no_return_has_crashed() {
    a_new_one_starts("kill new committed").await;
}
