//! Clients that send as fast as they can.

use crate::raw::RawClient;
use crate::support::{House, patiently};
use serde_json::json;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;

const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Many control frames without payload, under a mask of zeros.
fn frames(first: u8) -> Vec<u8> {
    [first, 0x80, 0, 0, 0, 0].repeat(10_000)
}

/// Without the limits that would end it.
const UNLIMITED: &str = "max_frames_per_second = 0\nmax_bytes_per_second = 0";

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_hung_up_on() {
    let house = House::with(UNLIMITED, "max_event_bytes = 1024");
    let mut stream = RawClient::open_locally(&house);
    // Far more than the socket can hold in answers.
    let flood = move || (0..500).find_map(|_| stream.write_all(&frames(PING)).err());
    patiently(tokio::task::spawn_blocking(flood)).await.unwrap().expect("the server hangs up");
    assert_eq!(house.server.metrics().slow_clients_closed.get(), 1);
}

/// Sends until it is dropped.
struct Flood(TcpStream);

impl Flood {
    fn start(stream: TcpStream) -> Self {
        let mut writer = stream.try_clone().unwrap();
        thread::spawn(move || while writer.write_all(&frames(PONG)).is_ok() {});
        Self(stream)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

#[tokio::test]
async fn a_client_that_never_pauses_holds_nobody_up() {
    let house = House::with(UNLIMITED, "");
    // One for each worker.
    let _floods = [(); 2].map(|()| Flood::start(RawClient::open(&house)));
    for _ in 0..4 {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        let (status, _) = house.publish(&json!({"name": "hello", "data": "{}", "channel": "lobby"})).await;
        assert_eq!(status, 200);
        client.event("hello").await;
    }
}
