//! The whole way from the hub's observer to the requests, on a paused clock: times are exact.

use super::*;
use crate::bell::Bell;
use crate::config::{LifeKind, Settings};
use crate::hub::life::{LifeEvents, Polled, host_channel};
use client::{Failure, Target};
use parking_lot::Mutex;
use payload::Payload;
use serde_json::Value;
use std::collections::VecDeque;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What an endpoint does with a request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Good,
    Bad,
    Never,
    After(Duration),
}

/// One request that was made.
#[derive(Debug, Clone)]
struct Try {
    millis: u128,
    host: String,
    payload: Payload,
}

impl Try {
    /// What the events say, a word each.
    fn events(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.payload.body).unwrap();
        let describe = |event: &Value| {
            format!("{} {}", event["name"].as_str().unwrap(), event["channel"].as_str().unwrap())
        };
        body["events"].as_array().unwrap().iter().map(describe).collect()
    }
}

/// Endpoints in the place of HTTP. A host has its answers; one without any more is good.
#[derive(Debug)]
struct Endpoints {
    start: Instant,
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    tries: Mutex<Vec<Try>>,
}

impl Post for Endpoints {
    async fn post(&self, target: &Target, payload: &Payload) -> Result<(), Failure> {
        let host = target.webhook.url.uri().host().unwrap().to_owned();
        let answer = self.answers.lock().get_mut(&host).and_then(VecDeque::pop_front);
        let millis = self.start.elapsed().as_millis();
        self.tries.lock().push(Try { millis, host, payload: payload.clone() });
        match answer.unwrap_or(Answer::Good) {
            Answer::Good => Ok(()),
            Answer::Bad => Err(Failure::Status(500)),
            Answer::Never => std::future::pending().await,
            Answer::After(time) => {
                sleep(time).await;
                Ok(())
            }
        }
    }
}

struct House {
    observer: Observer,
    stop: DispatcherStop,
    running: JoinHandle<io::Result<()>>,
    endpoints: Arc<Endpoints>,
    metrics: Arc<Metrics>,
    life: LifeEvents,
}

fn config(webhooks: &str) -> Config {
    let toml = format!(
        "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nwebhooks = [{webhooks}]\n\
         [[app]]\nid = '2'\nkey = 'l'\nsecret = 's'\n"
    );
    Settings::from_toml(&toml, &"test").unwrap().settle().unwrap()
}

fn house<const N: usize>(webhooks: &str, answers: [(&str, &[Answer]); N]) -> House {
    let (host, life) = host_channel(Bell::new().unwrap());
    let metrics = Arc::<Metrics>::default();
    let (observer, dispatcher) = Dispatcher::new(&config(webhooks), Some(host), &metrics).unwrap();
    let answers = answers.map(|(host, answers)| (host.to_owned(), answers.iter().copied().collect()));
    let endpoints = Arc::new(Endpoints {
        start: Instant::now(),
        answers: Mutex::new(answers.into()),
        tries: Mutex::default(),
    });
    let stop = dispatcher.stopper();
    let running = tokio::spawn(dispatcher.dispatch(Arc::clone(&endpoints)));
    House { observer, stop, running, endpoints, metrics, life }
}

impl House {
    fn tell(&self, kind: LifeKind, channel: &str) {
        assert!(self.observer.tell(LifeEvent::at(kind, "1", channel, 0)));
    }

    fn tries(&self) -> Vec<Try> {
        self.endpoints.tries.lock().clone()
    }

    /// Milliseconds and events of the requests so far.
    fn requests(&self) -> Vec<(u128, Vec<String>)> {
        self.tries().iter().map(|one| (one.millis, one.events())).collect()
    }

    /// What the host has been told by now.
    fn polled(&self) -> Vec<String> {
        let poll = || match self.life.poll(Duration::ZERO) {
            Polled::Event(event) => Some(format!("{} {}", event.kind.name(), event.channel)),
            _ => None,
        };
        std::iter::from_fn(poll).collect()
    }

    /// Stops, and gives back how long that took.
    async fn end(self) -> Duration {
        let start = Instant::now();
        self.stop.stop();
        self.running.await.unwrap().unwrap();
        start.elapsed()
    }
}

const HOOK: &str = "{ url = 'http://a/hook' }";

/// Lets everybody do what there is to do now.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

use LifeKind::{CacheMiss, ChannelOccupied, ChannelVacated};

#[test]
fn without_host_and_webhooks_there_is_nothing_and_without_host_only_what_webhooks_need() {
    let metrics = Arc::default();
    assert!(Dispatcher::new(&config(""), None, &metrics).is_none());
    let (observer, _) = Dispatcher::new(
        &config("{ url = 'http://a', events = ['channel_vacated'] }, { url = 'http://b', events = ['cache_miss'] }"),
        None,
        &metrics,
    )
    .unwrap();
    let wanted: Vec<&str> =
        LifeKind::ALL.into_iter().filter(|&kind| observer.wants(0, kind)).map(LifeKind::name).collect();
    assert_eq!(wanted, ["channel_occupied", "channel_vacated", "cache_miss"]);
    assert!(!LifeKind::ALL.into_iter().any(|kind| observer.wants(1, kind)), "the other app has no webhook");
}

#[tokio::test(start_paused = true)]
async fn departures_are_told_late_and_not_at_all_if_they_are_taken_back() {
    let house = house(HOOK, []);
    for channel in ["stays", "leaves"] {
        house.tell(ChannelOccupied, channel);
        house.tell(ChannelVacated, channel);
    }
    sleep(seconds(1)).await;
    house.tell(ChannelOccupied, "stays");
    sleep(Duration::from_millis(1_999)).await;
    assert_eq!(house.polled(), ["channel_occupied stays", "channel_occupied leaves"]);
    sleep(seconds(10)).await;
    assert_eq!(house.polled(), ["channel_vacated leaves"]);
    let occupied = ["channel_occupied stays", "channel_occupied leaves"].map(str::to_owned).to_vec();
    let vacated = vec!["channel_vacated leaves".to_owned()];
    assert_eq!(house.requests(), [(50, occupied), (3_050, vacated)]);
}

#[tokio::test(start_paused = true)]
async fn events_of_one_moment_share_a_request() {
    let house = house(HOOK, []);
    house.tell(CacheMiss, "a");
    sleep(Duration::from_millis(49)).await;
    house.tell(CacheMiss, "b");
    sleep(Duration::from_millis(10)).await;
    house.tell(CacheMiss, "c");
    sleep(seconds(1)).await;
    for number in 0..101 {
        house.tell(CacheMiss, &number.to_string());
    }
    sleep(seconds(1)).await;
    let requests = house.requests();
    let sizes: Vec<(u128, usize)> = requests.iter().map(|(millis, events)| (*millis, events.len())).collect();
    // A hundred events go at once; the one behind them has its own window.
    assert_eq!(sizes, [(50, 2), (109, 1), (1_059, 100), (1_109, 1)]);
    assert_eq!(requests[0].1, ["cache_miss a", "cache_miss b"]);
    assert_eq!(requests[3].1, ["cache_miss 100"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_is_repeated_byte_for_byte_until_it_is_received() {
    let house = house(HOOK, [("a", &[Answer::Bad, Answer::Bad])]);
    house.tell(CacheMiss, "first");
    sleep(Duration::from_millis(500)).await;
    house.tell(CacheMiss, "second");
    sleep(seconds(10)).await;
    let tries = house.tries();
    assert_eq!(tries.iter().map(|one| one.millis).collect::<Vec<_>>(), [50, 1_050, 3_050, 3_050]);
    assert!(tries[..3].iter().all(|one| one.payload == tries[0].payload));
    assert_eq!(tries[2].events(), ["cache_miss first"]);
    assert_eq!(tries[3].events(), ["cache_miss second"], "only then comes the next");
    let metrics = &house.metrics;
    let counted = [&metrics.webhook_requests, &metrics.webhook_failures, &metrics.webhook_retries];
    assert_eq!(counted.map(crate::metrics::Counter::get), [4, 2, 2]);
    assert_eq!(metrics.webhook_events_dropped.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn pauses_double_to_a_minute_and_after_five_minutes_it_is_given_up() {
    let house = house(HOOK, [("a", &[Answer::Bad; 11])]);
    house.tell(CacheMiss, "lost");
    house.tell(CacheMiss, "lost too");
    sleep(seconds(200)).await;
    house.tell(CacheMiss, "kept");
    sleep(seconds(99)).await;
    assert_eq!(house.metrics.webhook_events_dropped.get(), 0);
    sleep(seconds(60)).await;
    let requests = house.requests();
    let pauses: Vec<u128> = requests.iter().map(|(millis, _)| (millis - 50) / 1000).collect();
    assert_eq!(pauses, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 300, 300]);
    assert_eq!(requests[11].1, ["cache_miss kept"]);
    assert_eq!(house.metrics.webhook_events_dropped.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waited_five_minutes_behind_a_failing_request_is_given_up_too() {
    let house = house(HOOK, [("a", &[Answer::Bad; 11])]);
    for number in 0..250 {
        house.tell(CacheMiss, &number.to_string());
    }
    sleep(seconds(200)).await;
    house.tell(CacheMiss, "late");
    sleep(seconds(200)).await;
    let requests = house.requests();
    assert!(requests[..11].iter().all(|(_, events)| events.len() == 100 && events[0] == "cache_miss 0"));
    assert_eq!(requests[11].1, ["cache_miss late"]);
    assert_eq!(requests.len(), 12);
    assert_eq!(house.metrics.webhook_events_dropped.get(), 250);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_is_tried_again_after_ten_seconds() {
    let house = house(HOOK, [("a", &[Answer::Never, Answer::After(seconds(9))])]);
    house.tell(CacheMiss, "a");
    sleep(seconds(60)).await;
    let requests: Vec<u128> = house.tries().iter().map(|one| one.millis).collect();
    assert_eq!(requests, [50, 11_050]);
    assert_eq!(house.metrics.webhook_failures.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_endpoint_delays_neither_another_nor_the_host() {
    let house = house("{ url = 'http://dead' }, { url = 'http://a' }", [("dead", &[Answer::Never; 100])]);
    for channel in ["a", "b", "c"] {
        house.tell(CacheMiss, channel);
        settle().await;
        assert_eq!(house.polled(), [format!("cache_miss {channel}")]);
        sleep(seconds(1)).await;
    }
    let of = |host: &str| house.tries().iter().filter(|one| one.host == host).count();
    assert_eq!((of("dead"), of("a")), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_is_full_loses_the_oldest_and_says_how_many() {
    let house = house(HOOK, [("a", &[Answer::After(seconds(5))])]);
    house.tell(CacheMiss, "first");
    sleep(seconds(1)).await;
    for number in 0..10_003 {
        house.tell(CacheMiss, &number.to_string());
    }
    sleep(seconds(60)).await;
    let requests = house.requests();
    assert_eq!(requests.len(), 101);
    assert_eq!(requests[1].1[0], "cache_miss 3");
    assert_eq!(requests[100].1[99], "cache_miss 10002");
    assert_eq!(house.metrics.webhook_events_dropped.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_webhook_gets_what_it_asked_for_of_its_own_app() {
    let webhooks = "{ url = 'http://occupied', events = ['channel_occupied'] }, \
                    { url = 'http://private', channel_prefix = 'private-' }";
    let house = house(webhooks, []);
    house.tell(ChannelOccupied, "private-a");
    house.tell(CacheMiss, "private-a");
    house.tell(ChannelOccupied, "lobby");
    assert!(house.observer.tell(LifeEvent::at(ChannelOccupied, "2", "private-of-the-other-app", 0)));
    sleep(seconds(1)).await;
    let mut requests: Vec<(String, Vec<String>)> =
        house.tries().iter().map(|one| (one.host.clone(), one.events())).collect();
    requests.sort();
    assert_eq!(requests[0].1, ["channel_occupied private-a", "channel_occupied lobby"]);
    assert_eq!(requests[1].1, ["channel_occupied private-a", "cache_miss private-a"]);
    assert_eq!(requests.len(), 2);
    assert_eq!(house.polled().len(), 4, "the host hears of every app");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_tells_at_once_what_it_has_kept_back() {
    let house = house(HOOK, []);
    let endpoints = Arc::clone(&house.endpoints);
    house.tell(ChannelVacated, "a");
    settle().await;
    house.tell(CacheMiss, "b");
    assert_eq!(house.end().await, Duration::ZERO);
    let events: Vec<String> = endpoints.tries.lock().iter().flat_map(Try::events).collect();
    assert_eq!(events, ["cache_miss b", "channel_vacated a"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_tries_a_failing_endpoint_once_more() {
    let house = house(HOOK, [("a", &[Answer::Bad; 6])]);
    let endpoints = Arc::clone(&house.endpoints);
    let metrics = Arc::clone(&house.metrics);
    house.tell(CacheMiss, "a");
    sleep(seconds(20)).await;
    house.tell(CacheMiss, "b");
    settle().await;
    assert_eq!(house.end().await, Duration::ZERO);
    let tries = endpoints.tries.lock().len();
    assert_eq!(tries, 7, "five in twenty seconds, and one for each request at the end");
    assert_eq!(metrics.webhook_events_dropped.get(), 1, "the second was good");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_two_seconds_for_an_endpoint_at_most() {
    let house = house(
        "{ url = 'http://dead' }, { url = 'http://slow' }",
        [("dead", &[Answer::Never; 100]), ("slow", &[Answer::After(Duration::from_millis(1_500))])],
    );
    let metrics = Arc::clone(&house.metrics);
    house.tell(CacheMiss, "a");
    sleep(seconds(1)).await;
    for number in 0..300 {
        house.tell(CacheMiss, &number.to_string());
    }
    settle().await;
    assert_eq!(house.end().await, LAST_CHANCE);
    assert_eq!(metrics.webhook_events_dropped.get(), 301, "what the dead one had coming");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_poll_loses_events_and_holds_nobody_up() {
    let house = house(HOOK, []);
    for number in 0..5_000 {
        house.tell(CacheMiss, &number.to_string());
    }
    sleep(seconds(1)).await;
    assert_eq!(house.polled().len(), 4_096);
    assert_eq!(house.metrics.life_events_dropped.get(), 5_000 - 4_096);
    assert_eq!(house.requests().iter().map(|(_, events)| events.len()).sum::<usize>(), 5_000);
}

/// Stands in for a bug: a delivery that panics must not go unnoticed.
#[derive(Debug)]
struct Broken;

impl Post for Broken {
    async fn post(&self, _: &Target, _: &Payload) -> Result<(), Failure> {
        panic!("on purpose")
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_panics_ends_the_dispatcher_with_an_error() {
    let (observer, dispatcher) = Dispatcher::new(&config(HOOK), None, &Arc::default()).unwrap();
    assert!(observer.tell(LifeEvent::at(CacheMiss, "1", "a", 0)));
    assert!(dispatcher.dispatch(Arc::new(Broken)).await.unwrap_err().to_string().contains("panic"));
}
