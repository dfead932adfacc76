//! Who is signed in, with which connections, and who wants to know of it.
//!
//! A user is online while at least one connection is signed in as them. All users of an app stand under one lock: people
//! sign in once per page, and watchlists cross any partition.

use super::{App, Hub, Letter, Subscriber};
use crate::protocol::{Close, EncodedFrame, SocketId, User, frame};
use crate::spare::Spare;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Connections of one user, or interested in one. There may be as many as the server has: everybody may watch the same
/// user, and leaving must not cost a look at all the others.
type Connections = HashMap<SocketId, Subscriber, RandomState>;

/// Users of one app.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// Signed-in connections by user id.
    pub(super) online: HashMap<Arc<str>, Connections, RandomState>,
    /// Connections by the id of the user they watch.
    pub(super) watchers: HashMap<Arc<str>, Connections, RandomState>,
}

impl Hub {
    /// Signs a connection in. Its watchlist is answered by what is so now, and by what changes from here on.
    pub(crate) fn sign_in(&self, app: &App, subscriber: Subscriber, user: &User) {
        let mut users = self.apps[app.index].users.lock();
        let connections = users.online.entry(Arc::clone(&user.id)).or_default();
        connections.insert(subscriber.socket_id, subscriber);
        if connections.len() == 1 {
            self.tell_watchers(&users, &user.id, &frame::watchlist_events(&[&user.id], &[]));
        }
        if !app.config.watchlist || user.watchlist.is_empty() {
            return;
        }
        for watched in &user.watchlist {
            let watchers = users.watchers.entry(Arc::clone(watched)).or_default();
            watchers.insert(subscriber.socket_id, subscriber);
        }
        let (online, offline): (Vec<&str>, Vec<&str>) =
            user.watchlist.iter().map(|id| &**id).partition(|id| users.online.contains_key(*id));
        self.send_to(subscriber, frame::watchlist_events(&online, &offline));
    }

    /// Signs a departing connection out.
    pub(crate) fn sign_out(&self, app: &App, subscriber: Subscriber, user: &User) {
        let mut users = self.apps[app.index].users.lock();
        for watched in &user.watchlist {
            take_out(&mut users.watchers, watched, subscriber);
        }
        if take_out(&mut users.online, &user.id, subscriber) {
            self.tell_watchers(&users, &user.id, &frame::watchlist_events(&[], &[&user.id]));
        }
    }

    /// How many connections are signed in as the user.
    pub(crate) fn connections_of(&self, app: &App, user_id: &str) -> usize {
        self.apps[app.index].users.lock().online.get(user_id).map_or(0, Connections::len)
    }

    /// How many users are signed in.
    pub(crate) fn signed_in(&self, app: &App) -> usize {
        self.apps[app.index].users.lock().online.len()
    }

    /// Closes every connection that is signed in as the user. Presence ids do not count.
    pub(crate) fn terminate(&self, app: &App, user_id: &str) {
        let users = self.apps[app.index].users.lock();
        for connection in users.online.get(user_id).into_iter().flat_map(Connections::values) {
            let (slot, socket_id) = (connection.slot, connection.socket_id);
            self.inboxes[connection.worker].send(Letter::Close { slot, socket_id, close: Close::TERMINATED });
        }
    }

    fn tell_watchers(&self, users: &Users, user_id: &str, frame: &EncodedFrame) {
        for watcher in users.watchers.get(user_id).into_iter().flat_map(Connections::values) {
            self.send_to(*watcher, frame.clone());
        }
    }

    fn send_to(&self, connection: Subscriber, frame: EncodedFrame) {
        let (slot, socket_id) = (connection.slot, connection.socket_id);
        self.inboxes[connection.worker].send(Letter::Send { slot, socket_id, frame });
    }
}

/// Takes a connection out of those of an id; whether it was the last.
fn take_out(
    connections: &mut HashMap<Arc<str>, Connections, RandomState>,
    id: &Arc<str>,
    leaving: Subscriber,
) -> bool {
    let Some(of_id) = connections.get_mut(id) else { return false };
    of_id.remove(&leaving.socket_id);
    let is_empty = of_id.is_empty();
    if is_empty {
        connections.remove(id);
        connections.give_back();
    } else {
        of_id.give_back();
    }
    is_empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AppConfig, Secret, Settings};
    use crate::hub::Inbox;

    #[test]
    fn users_that_are_gone_leave_nothing_behind() {
        let mut config = AppConfig::new("1".into(), "k".into(), Secret::new("s".into()));
        config.watchlist = true;
        let settings = Settings { apps: vec![config], ..Settings::default() };
        let (inboxes, _mailboxes) = Inbox::for_workers(1);
        let hub = Hub::new(&settings.settle().unwrap(), inboxes, None, Arc::default());
        let app = hub.app_by_id("1").unwrap();
        let connection = |number: u64| Subscriber {
            worker: 0,
            slot: 7,
            socket_id: SocketId::from_random(number),
            serial: 0,
        };
        // Everybody watches user 1, and each a user of their own.
        let user = |number: u64| {
            let text = format!(r#"{{"id":"{number}","watchlist":["1","friend of {number}"]}}"#);
            User::from_user_data(&text).unwrap()
        };
        (0..10_000).for_each(|number| hub.sign_in(app, connection(number), &user(number)));
        assert_eq!(hub.apps[0].users.lock().watchers["1"].len(), 10_000);
        (0..10_000).for_each(|number| hub.sign_out(app, connection(number), &user(number)));
        let Users { online, watchers } = &*hub.apps[0].users.lock();
        assert_eq!((online.len(), watchers.len()), (0, 0));
        assert!(online.capacity() <= 16 && watchers.capacity() <= 16);
    }
}
