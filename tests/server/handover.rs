//! A second server takes over, and no client notices.

use crate::raw::{Frame, RawClient};
use crate::support::{Client, House, ID, KEY, SECRET, inner, patiently, settle, signed_target};
use crate::webhook_receiver::Receiver;
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use canyon::server::Server;
use serde_json::{Value, json};
use std::os::unix::net::UnixStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn publisher(house: &House) -> Producer {
    Producer::attach(ProducerOptions::new(&house.queue)).unwrap()
}

fn push(producer: &mut Producer, channel: &str, data: &str) {
    let draft = Draft {
        app: ID.as_bytes(),
        channels: [channel.as_bytes()].into_iter(),
        name: b"news",
        data: data.as_bytes(),
        except: None,
    };
    let encoded = draft.encode().unwrap();
    while producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece))).unwrap()
        == Push::Full
    {
        std::thread::yield_now();
    }
}

async fn expect_news(client: &mut Client, data: &str) {
    assert_eq!(client.event("news").await["data"], data);
}

#[tokio::test]
async fn clients_stay_and_events_go_on() {
    let mut house = House::open();
    let mut clients = Vec::new();
    for _ in 0..600 {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        clients.push(client);
    }
    let mut producer = publisher(&house);
    for round in 0..3 {
        let given = house.reload("", "").unwrap();
        assert_eq!((given.clients, given.left_behind), (600, 0));
        push(&mut producer, "lobby", &format!("\"queue {round}\""));
        for client in &mut clients {
            expect_news(client, &format!("\"queue {round}\"")).await;
        }
        let event = json!({"name": "news", "channel": "lobby", "data": format!("http {round}")});
        assert_eq!(house.publish(&event).await.0, 200);
        for client in &mut clients {
            expect_news(client, &format!("http {round}")).await;
            client.expect_nothing().await;
        }
    }
    let mut late = house.client().await;
    late.subscribe("lobby", None).await;
    assert_eq!(inner(&json!({"data": house.get("/channels/lobby", &[]).await.1}))["occupied"], true);
}

/// A text frame of a client's, masked with zeros; without FIN it is a fragment.
fn frame(first_byte: u8, text: &str) -> Vec<u8> {
    let mut frame = vec![first_byte, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[test]
fn what_a_client_has_half_said_is_understood_by_the_next_server() {
    let mut house = House::open();
    let ping = r#"{"event":"pusher:ping","data":{}}"#;
    let (beginning, end) = ping.split_at(12);
    let mut whole_stream = frame(0x01, beginning);
    // A control frame may come between two fragments; it is answered once.
    whole_stream.extend(frame(0x89, "alive?"));
    whole_stream.extend(frame(0x80, end));
    let mut clients: Vec<(RawClient, usize)> =
        (0..whole_stream.len()).map(|cut| (RawClient::connect(&house), cut)).collect();
    for (client, cut) in &mut clients {
        client.send_bytes(&whole_stream[..*cut]);
    }
    for round in 1..=2 {
        assert_eq!(house.reload("", "").unwrap().clients, clients.len());
        for (client, cut) in &mut clients {
            // In between, one more byte, so that the second server has to pass on what it never read itself.
            let until = (*cut + round).min(whole_stream.len());
            client.send_bytes(&whole_stream[(*cut + round - 1).min(until)..until]);
        }
    }
    for (client, cut) in &mut clients {
        client.send_bytes(&whole_stream[(*cut + 2).min(whole_stream.len())..]);
        assert_eq!(client.frame(), Some(Frame::Pong), "cut after {cut} bytes");
        let Some(Frame::Event(pong)) = client.frame() else { panic!("cut after {cut} bytes: no answer") };
        assert_eq!(pong["event"], "pusher:pong");
    }
}

#[test]
fn a_client_that_reads_slowly_gets_every_byte_once() {
    let mut house = House::open();
    let mut slow: Vec<RawClient> = (0..20).map(|_| RawClient::connect_locally(&house)).collect();
    slow.iter_mut().for_each(|client| client.subscribe("private-a", None));
    let mut producer = publisher(&house);
    let text = "x".repeat(30_000);
    for number in 0..30 {
        push(&mut producer, "private-a", &format!("{number} {text}"));
        if number % 10 == 9 {
            // Some 300 kB went out since the last time, of which the kernel takes 200 for each.
            assert_eq!(house.reload("", "").unwrap().clients, slow.len());
        }
    }
    for client in &mut slow {
        for number in 0..30 {
            let Some(Frame::Event(event)) = client.frame() else { panic!("event {number} is missing") };
            assert_eq!(event["data"], format!("{number} {text}"));
        }
    }
}

#[tokio::test]
async fn presence_shows_no_leave_and_no_join() {
    let mut house = House::with("", "subscription_counts = true");
    let mut ada = house.client().await;
    let member = |id: &str| format!(r#"{{"user_id":"{id}","user_info":{{"name":"\"{id}\" ☃"}}}}"#);
    ada.subscribe("presence-a", Some(&member("ada"))).await;
    let mut also_ada = house.client().await;
    also_ada.subscribe("presence-a", Some(&member("ada"))).await;
    let mut bob = house.client().await;
    let roster = bob.subscribe("presence-a", Some(&member("bob"))).await;
    ada.event("pusher_internal:member_added").await;
    also_ada.event("pusher_internal:member_added").await;
    for _ in 0..2 {
        house.reload("", "subscription_counts = true").unwrap();
    }
    for client in [&mut ada, &mut also_ada, &mut bob] {
        client.expect_nothing().await;
    }
    let mut eve = house.client().await;
    let now = eve.subscribe("presence-a", Some(&member("eve"))).await;
    assert_eq!(now["presence"]["count"], 3);
    assert_eq!(now["presence"]["hash"]["ada"], roster["presence"]["hash"]["ada"]);
    for client in [&mut ada, &mut also_ada, &mut bob] {
        client.event("pusher_internal:member_added").await;
    }
    drop(ada);
    bob.expect_nothing().await;
    drop(also_ada);
    assert_eq!(inner(&bob.event("pusher_internal:member_removed").await), json!({"user_id": "ada"}));
    eve.event("pusher_internal:member_removed").await;
    bob.send(&json!({"event": "client-typing", "channel": "presence-a", "data": {}})).await;
    assert_eq!(eve.event("client-typing").await["user_id"], "bob");
}

#[tokio::test]
async fn users_stay_signed_in_and_watched() {
    let settings = "watchlist = true\nauthorization_timeout = 86400";
    let mut house = House::with("", settings);
    let mut ada = house.client().await;
    ada.sign_in(r#"{"id":"ada","watchlist":["bob"]}"#).await;
    ada.event("pusher:signin_success").await;
    ada.event("pusher_internal:watchlist_events").await;
    let mut bob = house.client().await;
    bob.sign_in(r#"{"id":"bob"}"#).await;
    bob.event("pusher:signin_success").await;
    ada.event("pusher_internal:watchlist_events").await;
    ada.subscribe("#server-to-user-ada", None).await;
    house.reload("", settings).unwrap();
    ada.expect_nothing().await;
    let hello = json!({"name": "hello", "data": "{}", "channel": "#server-to-user-ada"});
    assert_eq!(house.publish(&hello).await.0, 200);
    ada.event("hello").await;
    drop(bob);
    let gone = ada.event("pusher_internal:watchlist_events").await;
    assert_eq!(gone["data"]["events"][0]["name"], "offline", "{gone}");
    house.post(&format!("/apps/{ID}/users/ada/terminate_connections"), "").await;
    ada.event("pusher:error").await;
    assert_eq!(ada.closed().await.0, 4009);
}

#[tokio::test]
async fn cache_channels_remember() {
    let mut house = House::open();
    let event = json!({"name": "price", "data": "42", "channels": ["cache-a", "private-cache-b"]});
    assert_eq!(house.publish(&event).await.0, 200);
    house.reload("", "").unwrap();
    house.reload("", "").unwrap();
    let mut client = house.client().await;
    for channel in ["cache-a", "private-cache-b"] {
        client.subscribe(channel, None).await;
        assert_eq!(client.event("price").await["data"], "42");
    }
    let (_, cached) = house.get("/channels/cache-a", &[("info", "cache")]).await;
    let cached: Value = serde_json::from_str(&cached).unwrap();
    assert_eq!(cached["cache"]["data"], "42", "{cached}");
}

#[tokio::test]
async fn requests_in_every_stage_are_answered() {
    let mut house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let body = json!({"name": "news", "channel": "lobby", "data": "x".repeat(3000)}).to_string();
    let target = signed_target("POST", &format!("/apps/{ID}/events"), &body, (KEY, SECRET));
    let request =
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let cuts = [0, 1, 50, request.len() - body.len(), request.len() - body.len() + 1, request.len() - 1];
    let mut streams = Vec::new();
    for cut in cuts {
        for has_spoken in [false, true] {
            let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
            if has_spoken {
                stream.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
                assert_eq!(status(&mut stream).await, 200);
            }
            stream.write_all(&request.as_bytes()[..cut]).await.unwrap();
            streams.push((stream, cut));
        }
    }
    // Each has been read by the time another one is answered.
    assert_eq!(house.get("/channels", &[]).await.0, 200);
    for _ in 0..2 {
        let given = house.reload("", "").unwrap();
        assert_eq!((given.requests, given.left_behind), (streams.len(), 0));
    }
    for (stream, cut) in &mut streams {
        stream.write_all(&request.as_bytes()[*cut..]).await.unwrap();
        assert_eq!(status(stream).await, 200, "cut after {cut} bytes");
        client.event("news").await;
        // It is kept alive.
        stream.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(status(stream).await, 200);
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_handshake_that_came_in_part_is_finished() {
    let mut house = House::open();
    let handshake = format!(
        "GET /app/{KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    stream.write_all(&handshake.as_bytes()[..40]).await.unwrap();
    assert_eq!(house.get("/channels", &[]).await.0, 200);
    house.reload("", "").unwrap();
    stream.write_all(&handshake.as_bytes()[40..]).await.unwrap();
    assert_eq!(status(&mut stream).await, 101);
}

/// The status of the next answer, which is read as far as it came.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut answer = vec![0; 4096];
    let count = patiently(stream.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn departures_that_can_be_taken_back_and_webhooks_that_wait_are_the_next_servers() {
    // The first request fails, and is repeated a second later.
    let mut receiver = Receiver::open(&[500]).await;
    let settings = format!("webhooks = [{}]", receiver.webhook(""));
    let mut house = House::with("", &settings);
    let mut ada = house.client().await;
    ada.subscribe("lobby", None).await;
    let failed = receiver.hook().await.events();
    assert_eq!(failed, [json!({"name": "channel_occupied", "channel": "lobby"})]);
    ada.unsubscribe("lobby").await;
    ada.expect_nothing().await;
    ada.subscribe("elsewhere", None).await;
    house.reload("", &settings).unwrap();
    // Back within three seconds: neither is told.
    ada.subscribe("lobby", None).await;
    assert_eq!(receiver.event().await, json!({"name": "channel_occupied", "channel": "lobby"}));
    assert_eq!(receiver.event().await["channel"], "elsewhere");
    ada.unsubscribe("elsewhere").await;
    ada.expect_nothing().await;
    house.reload("", &settings).unwrap();
    assert_eq!(receiver.event().await, json!({"name": "channel_vacated", "channel": "elsewhere"}));
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn a_configuration_without_an_app_that_has_clients_is_refused() {
    let mut house = House::open();
    let mut client = house.client().await;
    client.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let config = settle(&format!(
        "listen = ['127.0.0.1:0']\nqueue = '{}'\n[[app]]\nid = 'new'\nkey = 'n'\nsecret = 's'\n",
        house.queue.display()
    ));
    let successor = std::thread::spawn(move || Server::take_over(&config, false, theirs).unwrap_err());
    let why = house.server.give(ours).unwrap_err();
    assert!(why.contains(ID), "{why}");
    successor.join().unwrap();
    client.expect_nothing().await;
    assert!(house.reload("", "").is_ok());
    client.expect_nothing().await;
}
