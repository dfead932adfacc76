//! Who is signed in, with which connections, and who wants to know of it.
//!
//! A user is online while at least one connection is signed in as them. All users of an app stand under one lock: people
//! sign in once per page, and watchlists cross any partition.

use super::{App, Hub, Letter, Subscriber};
use crate::protocol::{Close, EncodedFrame, User, frame};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Users of one app.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// Signed-in connections by user id.
    online: HashMap<Arc<str>, Vec<Subscriber>, RandomState>,
    /// Connections by the id of the user they watch.
    watchers: HashMap<Arc<str>, Vec<Subscriber>, RandomState>,
}

impl Hub {
    /// Signs a connection in. Its watchlist is answered by what is so now, and by what changes from here on.
    pub(crate) fn sign_in(&self, app: &App, subscriber: Subscriber, user: &User) {
        let mut users = self.apps[app.index].users.lock();
        let connections = users.online.entry(Arc::clone(&user.id)).or_default();
        connections.push(subscriber);
        if connections.len() == 1 {
            self.tell_watchers(&users, &user.id, &frame::watchlist_events(&[&user.id], &[]));
        }
        if !app.config.watchlist || user.watchlist.is_empty() {
            return;
        }
        for watched in &user.watchlist {
            users.watchers.entry(Arc::clone(watched)).or_default().push(subscriber);
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

    /// Closes every connection that is signed in as the user. Presence ids do not count.
    pub(crate) fn terminate(&self, app: &App, user_id: &str) {
        let users = self.apps[app.index].users.lock();
        for connection in users.online.get(user_id).into_iter().flatten() {
            let (slot, socket_id) = (connection.slot, connection.socket_id);
            self.inboxes[connection.worker].send(Letter::Close { slot, socket_id, close: Close::TERMINATED });
        }
    }

    fn tell_watchers(&self, users: &Users, user_id: &str, frame: &EncodedFrame) {
        for watcher in users.watchers.get(user_id).into_iter().flatten() {
            self.send_to(*watcher, frame.clone());
        }
    }

    fn send_to(&self, connection: Subscriber, frame: EncodedFrame) {
        let (slot, socket_id) = (connection.slot, connection.socket_id);
        self.inboxes[connection.worker].send(Letter::Send { slot, socket_id, frame });
    }
}

/// Takes a connection out of a list; whether the list is gone with it.
fn take_out(
    lists: &mut HashMap<Arc<str>, Vec<Subscriber>, RandomState>,
    id: &Arc<str>,
    connection: Subscriber,
) -> bool {
    let Some(list) = lists.get_mut(id) else { return false };
    list.retain(|other| other.socket_id != connection.socket_id);
    let is_empty = list.is_empty();
    if is_empty {
        lists.remove(id);
    }
    is_empty
}
