//! `channel_data` and `user_data`, the texts that an application signs about its users.

#![no_main]

use canyon::protocol::channel::MAX_USER_ID_LENGTH;
use canyon::protocol::presence::removed;
use canyon::protocol::user::MAX_WATCHED;
use canyon::protocol::{ErrorReply, Member, User, frame};
use canyon_fuzz::{refused, sent, value};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

fuzz_target!(|text: &str| {
    member(text);
    user(text);
});

fn member(text: &str) {
    let member = match Member::from_channel_data(text) {
        Ok(member) => member,
        Err(why) => {
            assert_eq!(refused(&ErrorReply::invalid_presence_data("presence-a", &why)).len(), 2);
            return;
        }
    };
    assert!((1..=MAX_USER_ID_LENGTH).contains(&member.user_id.chars().count()));
    let again = Member::from_channel_data(&member.added()).expect("what we send is what we read");
    assert_eq!((&again.user_id, &again.user_info), (&member.user_id, &member.user_info));
    let gone = value(&removed(&member.user_id)).expect("an id is a string");
    assert_eq!(gone["user_id"], *member.user_id);

    let other = Member { user_id: format!("{}'", member.user_id).into(), user_info: "null".into() };
    let succeeded = sent(&frame::roster("presence-a", [&other.listed(), &member.listed()].into_iter()));
    let data = succeeded.expect("the list is a string")["data"].as_str().unwrap().to_owned();
    let Some(roster) = value(&data) else { return };
    let presence = &roster["presence"];
    assert_eq!(presence["count"], 2);
    for id in presence["ids"].as_array().unwrap() {
        assert!(presence["hash"].get(id.as_str().unwrap()).is_some(), "every id is in hash");
    }
    if let Some(info) = value(&member.user_info) {
        assert_eq!(presence["hash"][&*member.user_id], info);
        assert!(info.is_null() || info.is_object());
    }
}

fn user(text: &str) {
    let user = match User::from_user_data(text) {
        Ok(user) => user,
        Err(why) => {
            assert_eq!(refused(&ErrorReply::invalid_user_data(&why)).len(), 1);
            return;
        }
    };
    assert!((1..=MAX_USER_ID_LENGTH).contains(&user.id.chars().count()));
    assert!(user.watchlist.len() <= MAX_WATCHED);
    assert_eq!(user.watchlist.iter().collect::<HashSet<_>>().len(), user.watchlist.len(), "each once");
    let _ = value(&user.info);
    let success = sent(&frame::signin_success(text)).expect("user_data is sent as a string");
    assert_eq!(success["data"]["user_data"], text);
    let watched: Vec<&str> = user.watchlist.iter().map(|id| &**id).collect();
    assert!(sent(&frame::watchlist_events(&watched, &[&user.id])).is_some());
}
