//! Limits of a client address, which a proxy on this host tells.

use crate::support::{Client, House, KEY, patiently};
use canyon::metrics::Limit;
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request};

const TOO_MANY: &str = "Too many connections from your address";
const TOO_FAST: &str = "Too many new connections from your address";

/// A handshake with headers of a name that says where it comes from.
fn handshake(house: &House, forwarded_for: &[&str]) -> Request<()> {
    let url = format!("ws://127.0.0.1:{}/app/{KEY}?protocol=7", house.port);
    let mut request = url.into_client_request().unwrap();
    for value in forwarded_for {
        let name = HeaderName::from_static("x-forwarded-for");
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

/// A client that is let in, or the reason why not; it comes with 4100, twice.
async fn enter(mut client: Client) -> Result<Client, String> {
    let first = client.next().await;
    if first["event"] == "pusher:connection_established" {
        return Ok(client);
    }
    assert_eq!((&first["event"], &first["data"]["code"]), (&json!("pusher:error"), &json!(4100)));
    let (code, reason) = client.closed().await;
    assert_eq!((code, Value::from(reason.clone())), (4100, first["data"]["message"].clone()));
    Err(reason)
}

async fn come(house: &House, forwarded_for: &[&str]) -> Result<Client, String> {
    let stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    enter(Client::over(stream, handshake(house, forwarded_for)).await).await
}

async fn refused(house: &House, forwarded_for: &[&str]) -> String {
    come(house, forwarded_for).await.err().unwrap_or_else(|| panic!("{forwarded_for:?} was let in"))
}

/// Comes back until there is room: a client that left has left when the server has noticed.
async fn come_back(house: &House, forwarded_for: &[&str]) -> Client {
    patiently(async {
        loop {
            if let Ok(client) = come(house, forwarded_for).await {
                return client;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
}

fn met(house: &House, limit: Limit) -> u64 {
    house.server.metrics().limits.of(limit).get()
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_others_have_theirs() {
    let house = House::with("max_connections_per_address = 2", "");
    let one = come(&house, &["203.0.113.1"]).await.unwrap();
    // What a client says of itself stands before what the proxy says, and counts for nothing.
    let _two = come(&house, &["198.51.100.7, 203.0.113.1"]).await.unwrap();
    for forged in ["203.0.113.1", "198.51.100.8, 203.0.113.1", "nonsense, 203.0.113.1, 127.0.0.1"] {
        assert_eq!(refused(&house, &[forged]).await, TOO_MANY);
    }
    assert_eq!(refused(&house, &["198.51.100.9", "203.0.113.1"]).await, TOO_MANY, "in headers of its own");
    let _other = come(&house, &["203.0.113.2"]).await.unwrap();
    let _v6 = come(&house, &["2001:db8::1"]).await.unwrap();
    let _neighbour = come(&house, &["2001:db8::2"]).await.unwrap();
    assert_eq!(refused(&house, &["2001:db8::ffff:3"]).await, TOO_MANY, "a network of 64 bits is one");
    assert_eq!(met(&house, Limit::MaxConnectionsPerAddress), 5);
    assert_eq!(house.server.metrics().connections_refused.get(), 5);
    drop(one);
    come_back(&house, &["203.0.113.1"]).await;
}

#[tokio::test]
async fn whoever_comes_without_an_address_is_not_counted() {
    let house = House::with("max_connections_per_address = 1", "");
    let mut clients = Vec::new();
    for forwarded_for in [&[][..], &["127.0.0.1"], &["nonsense"], &["203.0.113.1, nonsense"]] {
        for _ in 0..3 {
            clients.push(come(&house, forwarded_for).await.unwrap());
        }
    }
    for _ in 0..3 {
        let stream = UnixStream::connect(house.socket()).await.unwrap();
        clients.push(enter(Client::over(stream, handshake(&house, &[])).await).await.unwrap());
    }
    assert_eq!(house.server.connections(), clients.len());
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed() {
    let house = House::with("max_connections_per_address = 1\ntrusted_proxies = ['unix']", "");
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(come(&house, &["203.0.113.1"]).await.unwrap());
    }
    let socket = async || {
        let stream = UnixStream::connect(house.socket()).await.unwrap();
        enter(Client::over(stream, handshake(&house, &["203.0.113.1"])).await).await
    };
    clients.push(socket().await.unwrap());
    assert_eq!(socket().await.err().as_deref(), Some(TOO_MANY));
}

#[tokio::test]
async fn a_proxy_that_says_https_is_believed_if_it_is_trusted() {
    for (trusted, is_let_in) in [("loopback", true), ("private", false)] {
        let house = House::with(&format!("trusted_proxies = ['{trusted}']"), "requires_tls = true");
        let mut request = handshake(&house, &[]);
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
        let first = Client::over(stream, request).await.next().await;
        assert_eq!(first["event"] == "pusher:connection_established", is_let_in, "{first}");
    }
}

/// Such a handshake does not come in one piece, and is hyper's.
#[tokio::test]
async fn a_handshake_with_large_cookies_counts_as_any_other() {
    let house = House::with("max_connections_per_address = 1", "");
    let knock = async || {
        let mut request = handshake(&house, &["203.0.113.1", "127.0.0.1"]);
        request.headers_mut().insert("cookie", HeaderValue::from_str(&"x".repeat(6000)).unwrap());
        let stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
        enter(Client::over(stream, request).await).await
    };
    let _first = knock().await.unwrap();
    assert_eq!(knock().await.err().as_deref(), Some(TOO_MANY));
}

#[tokio::test]
async fn an_address_makes_so_many_connections_in_a_second() {
    let house = House::with("connects_per_second_per_address = 1", "");
    let mut came = 0;
    let reason = loop {
        match come(&house, &["203.0.113.1"]).await {
            Ok(_) => came += 1,
            Err(reason) => break reason,
        }
        assert!(came < 1000, "nobody is refused");
    };
    assert_eq!(reason, TOO_FAST);
    assert!(came >= 10, "{came} were let in at once");
    assert_eq!(met(&house, Limit::ConnectsPerSecondPerAddress), 1);
    come(&house, &["203.0.113.2"]).await.unwrap();
    come_back(&house, &["203.0.113.1"]).await;
}

#[tokio::test]
async fn the_next_server_counts_whom_it_takes_over() {
    let settings = "max_connections_per_address = 2";
    let mut house = House::with(settings, "");
    let one = come(&house, &["203.0.113.1"]).await.unwrap();
    let mut two = come(&house, &["2001:db8::1"]).await.unwrap();
    let _three = come(&house, &["203.0.113.1"]).await.unwrap();
    refused(&house, &["203.0.113.1"]).await;
    for _ in 0..2 {
        assert_eq!(house.reload(settings, "").unwrap().clients, 3);
    }
    refused(&house, &["203.0.113.1"]).await;
    assert_eq!(met(&house, Limit::MaxConnectionsPerAddress), 2, "what was counted is handed over");
    let _four = come(&house, &["2001:db8::2"]).await.unwrap();
    refused(&house, &["2001:db8::2"]).await;
    drop(one);
    come_back(&house, &["203.0.113.1"]).await;
    // A limit that is lower now ends nobody who is there.
    house.reload("max_connections_per_address = 1", "").unwrap();
    two.expect_nothing().await;
    refused(&house, &["2001:db8::2"]).await;
}
