//! Which clients do not keep up, told to whoever asks.

use super::{State, Worker};
use crate::connection::Connection;
use crate::hub::SlowClient;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

impl Worker {
    pub(super) fn answer_surveys(&self, state: &State) {
        for survey in self.mailbox.take_surveys() {
            let clients = state.slow_clients(survey.app, survey.most);
            // Whoever asked may have stopped waiting.
            let _ = survey.answer.send(clients);
        }
    }
}

impl State {
    /// The clients of an app whose socket is full, most unsent bytes first.
    fn slow_clients(&self, app: usize, most: usize) -> Vec<SlowClient> {
        let now = Instant::now();
        // Whoever is stalled is watched.
        let mut slow: Vec<SlowClient> = self
            .watched
            .iter()
            .filter_map(|entry| {
                self.connections.get(entry.slot).filter(|it| it.session.socket_id == entry.socket_id)
            })
            .filter(|connection| connection.session.app.index == app && connection.closing.is_none())
            .filter_map(|connection| Some((connection, connection.stalled?)))
            .map(|(connection, stalled)| describe(connection, stalled, now))
            .collect();
        slow.sort_by_key(|client| Reverse((client.unsent_bytes, client.stalled)));
        slow.truncate(most);
        slow
    }
}

fn describe(connection: &Connection, stalled: Instant, now: Instant) -> SlowClient {
    let session = &connection.session;
    SlowClient {
        socket_id: session.socket_id,
        user_id: session.user().map(|user| Arc::clone(&user.id)),
        unsent_bytes: connection.outbox.len(),
        stalled: now.saturating_duration_since(stalled),
        subscriptions: session.subscriptions.len(),
    }
}
