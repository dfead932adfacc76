//! Protocol contract, section 7: one member per user.

use crate::support::{House, inner};
use serde_json::json;

const ROOM: &str = "presence-room.7";

#[tokio::test]
async fn the_list_holds_everybody_and_the_joiner() {
    let house = House::open();
    let mut ada = house.client().await;
    let list = ada.subscribe(ROOM, Some(r#"{"user_id":31,"user_info":{"name":"Ada","tags":{}}}"#)).await;
    assert_eq!(
        list,
        json!({"presence": {"ids": ["31"], "hash": {"31": {"name": "Ada", "tags": {}}}, "count": 1}})
    );
    let mut bob = house.client().await;
    let list = bob.subscribe(ROOM, Some(r#"{"user_id":"32"}"#)).await;
    assert_eq!(list["presence"]["ids"], json!(["31", "32"]));
    assert_eq!(list["presence"]["hash"]["32"], json!(null));
    assert!(list["presence"]["hash"].as_object().unwrap().contains_key("32"), "every id is in hash");
    assert_eq!(list["presence"]["count"], 2);
    let added = ada.event("pusher_internal:member_added").await;
    assert_eq!(added["channel"], ROOM);
    assert_eq!(inner(&added), json!({"user_id": "32", "user_info": null}));
    bob.expect_nothing().await;
}

#[tokio::test]
async fn leaving_is_told_by_unsubscription_and_by_departure() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe(ROOM, Some(r#"{"user_id":"ada"}"#)).await;
    for leaves_politely in [true, false] {
        let mut bob = house.client().await;
        bob.subscribe(ROOM, Some(r#"{"user_id":"bob"}"#)).await;
        ada.event("pusher_internal:member_added").await;
        if leaves_politely {
            bob.unsubscribe(ROOM).await;
        } else {
            drop(bob);
        }
        let removed = ada.event("pusher_internal:member_removed").await;
        assert_eq!(inner(&removed), json!({"user_id": "bob"}));
    }
}

#[tokio::test]
async fn a_user_with_several_connections_is_one_member() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe(ROOM, Some(r#"{"user_id":"ada"}"#)).await;
    let mut first = house.client().await;
    first.subscribe(ROOM, Some(r#"{"user_id":7,"user_info":{"tab":1}}"#)).await;
    ada.event("pusher_internal:member_added").await;
    let mut second = house.client().await;
    let list = second.subscribe(ROOM, Some(r#"{"user_id":"7","user_info":{"tab":2}}"#)).await;
    assert_eq!(list["presence"]["count"], 2);
    assert_eq!(list["presence"]["hash"]["7"], json!({"tab": 1}), "the first user_info stays");
    first.unsubscribe(ROOM).await;
    first.expect_nothing().await;
    ada.expect_nothing().await;
    second.unsubscribe(ROOM).await;
    assert_eq!(inner(&ada.event("pusher_internal:member_removed").await), json!({"user_id": "7"}));
}

#[tokio::test]
async fn unusable_channel_data_is_refused() {
    let house = House::open();
    let mut client = house.client().await;
    for data in [None, Some(""), Some("{}"), Some(r#"{"user_id":1,"user_info":"Ada"}"#)] {
        client.ask_for(ROOM, data).await;
        client.error().await;
        assert_eq!(client.event("pusher:subscription_error").await["channel"], ROOM);
    }
    client.expect_nothing().await;
    client.subscribe(ROOM, Some(r#"{"user_id":1}"#)).await;
}
