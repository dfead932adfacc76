//! What waits for all clients together has an end.

use crate::raw::{Frame, RawClient};
use crate::support::{Client, House, patiently, request_at};
use canyon::metrics::Limit;
use serde_json::json;
use std::time::Duration;

/// Nobody is hung up on for anything but what waits for all.
const CEILING: &str = "send_timeout = 3600\nmax_outbox_bytes = 2000000\nmetrics = '127.0.0.1:0'";

async fn publish(house: &House, channel: &str, bytes: usize) {
    let data = "x".repeat(bytes);
    let (status, message) = house.publish(&json!({"name": "big", "data": data, "channel": channel})).await;
    assert_eq!(status, 200, "{message}");
}

fn lazy(house: &House, channel: &str) -> RawClient {
    let mut client = RawClient::connect_locally(house);
    client.subscribe(channel, None);
    client
}

fn closed(house: &House) -> u64 {
    house.server.metrics().limits.of(Limit::MaxOutboxBytes).get()
}

/// What the workers say that waits.
async fn waiting(house: &House) -> f64 {
    let Some(canyon::config::ListenAddress::Tcp(address)) = house.server.metrics_address() else {
        panic!("no metrics")
    };
    let (_, page) =
        request_at(*address, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let samples = page.lines().filter(|line| line.starts_with("canyon_outbox_bytes{"));
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    patiently(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Reads to the end; the events before the close frame, and its code.
async fn hear_out(mut client: RawClient) -> (usize, u16) {
    let reading = tokio::task::spawn_blocking(move || {
        let mut events = 0;
        loop {
            match client.frame() {
                Some(Frame::Event(_)) => events += 1,
                Some(Frame::Ping | Frame::Pong) => {}
                Some(Frame::Close(code)) => return (events, code),
                None => panic!("the end without a reason"),
            }
        }
    });
    patiently(reading).await.unwrap()
}

async fn hear(client: &mut Client, bytes: usize) {
    assert_eq!(client.event("big").await["data"].as_str().unwrap().len(), bytes);
}

#[tokio::test]
async fn the_slowest_go_first_and_nobody_else_notices() {
    let house = House::with(CEILING, "");
    let mut healthy = house.client().await;
    healthy.subscribe("lobby", None).await;
    let slow: Vec<RawClient> = (0..3).map(|number| lazy(&house, &format!("slow-{number}"))).collect();
    let mut slower = lazy(&house, "slower");
    for number in 0..3 {
        publish(&house, &format!("slow-{number}"), 500_000).await;
    }
    // Each has room for some 200 kB in its socket: what waits is below the limit, by far for each.
    until(async || waiting(&house).await > 800_000.0).await;
    assert_eq!(closed(&house), 0);
    for _ in 0..4 {
        publish(&house, "slower", 400_000).await;
        publish(&house, "lobby", 400_000).await;
        hear(&mut healthy, 400_000).await;
    }
    until(async || closed(&house) > 0 && waiting(&house).await < 2_000_000.0).await;
    assert_eq!(closed(&house), 1);
    assert_eq!(house.server.metrics().slow_clients_closed.get(), 0);
    // Of what was on its way it gets the rest.
    let Some(Frame::Event(_)) = slower.frame() else { panic!("no event") };
    assert_eq!(hear_out(slower).await, (0, 4100));
    for mut client in slow {
        let event = tokio::task::spawn_blocking(move || client.frame());
        assert!(matches!(patiently(event).await.unwrap(), Some(Frame::Event(_))), "everything that waited");
    }
    publish(&house, "lobby", 7).await;
    hear(&mut healthy, 7).await;
}

#[tokio::test]
async fn an_event_that_waits_for_many_is_there_once() {
    let house = House::with(CEILING, "");
    let clients: Vec<RawClient> = (0..40).map(|_| lazy(&house, "lobby")).collect();
    publish(&house, "lobby", 500_000).await;
    // Half of it is with the kernel. The rest, 10 MB, would be too much by far; it is one frame on each of two workers.
    until(async || waiting(&house).await > 500_000.0).await;
    let waiting = waiting(&house).await;
    assert!(waiting < 1_100_000.0, "{waiting} bytes");
    assert_eq!(closed(&house), 0);
    drop(clients);
}

#[tokio::test]
async fn without_a_limit_everybody_is_waited_for() {
    let house = House::with(&CEILING.replace("2000000", "0"), "");
    let _clients: Vec<RawClient> = (0..4).map(|number| lazy(&house, &format!("slow-{number}"))).collect();
    for number in 0..4 {
        publish(&house, &format!("slow-{number}"), 1_000_000).await;
    }
    until(async || waiting(&house).await > 3_000_000.0).await;
    assert_eq!((closed(&house), house.server.connections()), (0, 4));
}
