//! From the queue to the clients.

use crate::support::{House, ID};
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use serde_json::json;

pub(crate) fn push(
    producer: &mut Producer,
    app: &str,
    channels: &[&str],
    name: &str,
    data: &str,
    except: Option<&str>,
) {
    let draft = Draft {
        app: app.as_bytes(),
        channels: channels.iter().map(|channel| channel.as_bytes()),
        name: name.as_bytes(),
        data: data.as_bytes(),
        except: except.map(str::as_bytes),
    };
    let event = draft.encode().unwrap();
    let pushed = producer.push(event.len(), |writer| event.write(|part| writer.put(part)));
    assert_eq!(pushed.unwrap(), Push::Published);
}

#[tokio::test]
async fn a_pushed_event_reaches_every_channel_it_names() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("a", None).await;
    client.subscribe("b", None).await;
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, ID, &["a", "b", "c"], "x", "{\"n\":1}", None);
    for channel in ["a", "b"] {
        assert_eq!(client.next().await, json!({"event": "x", "channel": channel, "data": "{\"n\":1}"}));
    }
}

#[tokio::test]
async fn the_sender_can_be_left_out() {
    let house = House::open();
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    ada.subscribe("lobby", None).await;
    bob.subscribe("lobby", None).await;
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, ID, &["lobby"], "x", "1", Some(&ada.socket_id));
    bob.event("x").await;
    ada.expect_nothing().await;
}

#[tokio::test]
async fn foreign_and_broken_records_are_counted_and_hold_nobody_up() {
    let house = House::with("", "max_event_bytes = 100");
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, "nobody", &["lobby"], "x", "1", None);
    push(&mut producer, ID, &["bad name"], "x", "1", None);
    push(&mut producer, ID, &["lobby"], "x", &"y".repeat(101), None);
    push(&mut producer, ID, &["lobby"], "x", "1", Some("no id"));
    assert_eq!(producer.push(3, |writer| writer.put(b"???")).unwrap(), Push::Published);
    push(&mut producer, ID, &["lobby"], "good", "1", None);
    client.event("good").await;
    assert_eq!(house.server.metrics().records_refused.get(), 5);
}

#[tokio::test]
async fn order_is_kept_over_thousands_of_events() {
    const EVENTS: usize = 20_000;
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let queue = house.queue.clone();
    let publishing = std::thread::spawn(move || {
        let mut producer = Producer::attach(ProducerOptions::new(queue)).unwrap();
        for number in 0..EVENTS {
            let data = number.to_string();
            loop {
                let draft = Draft {
                    app: ID.as_bytes(),
                    channels: ["lobby".as_bytes()].into_iter(),
                    name: b"n",
                    data: data.as_bytes(),
                    except: None,
                };
                let event = draft.encode().unwrap();
                match producer.push(event.len(), |writer| event.write(|part| writer.put(part))).unwrap() {
                    Push::Published => break,
                    Push::Full => std::thread::yield_now(),
                }
            }
        }
    });
    for number in 0..EVENTS {
        assert_eq!(client.next().await["data"], number.to_string());
    }
    publishing.join().unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_queue_is_refused() {
    let house = House::open();
    let toml = format!(
        "listen = ['127.0.0.1:0']\nqueue = '{}'\n[[app]]\nid = '{ID}'\nkey = 'k'\nsecret = 's'\n",
        house.queue.display()
    );
    let error = canyon::server::Server::start(&crate::support::settle(&toml)).unwrap_err().to_string();
    assert!(error.contains(&*house.queue.to_string_lossy()), "{error}");
}
