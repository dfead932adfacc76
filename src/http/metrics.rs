//! `GET /metrics`: everything that is counted and measured, for Prometheus.

use super::{Answer, Refusal};
use crate::config::Secret;
use crate::hub::{App, Hub};
use crate::metrics::{self, Exposition};
use crate::protocol::signature;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};

/// Answers those who may know: everybody if there is no token.
pub(super) fn answer<B>(hub: &Hub, token: Option<&Secret>, request: &Request<B>) -> Result<Answer, Refusal> {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let given = given.map_or("", |(_, token)| token.trim());
    if token.is_some_and(|token| !signature::is_same(token.reveal(), given)) {
        return Err(Refusal::token_required());
    }
    let mut answer = Response::new(Full::new(Bytes::from(page(hub))));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
    Ok(answer)
}

fn page(hub: &Hub) -> String {
    let mut page = Exposition::default();
    page.gauge("canyon_build_info", "Always 1; the label is the version of the server.").labelled(
        "version",
        env!("CARGO_PKG_VERSION"),
        1,
    );
    levels(&mut page, hub);
    counts(&mut page, hub);
    queues(&mut page, hub);
    page.histogram(
        "canyon_publish_to_flush_seconds",
        "Time from the publishing of an event until a worker had given it to the sockets of its subscribers. Some \
         events are measured, twenty a second at most; time in the queue counts from 10 ms up.",
        &hub.metrics.publish_to_flush,
    );
    page.histogram(
        "canyon_turn_seconds",
        "Time that workers take for a turn: their inbox, their sockets. One wake-up in eight is measured.",
        &hub.metrics.turns,
    );
    metrics::expose_process(&mut page);
    page.into_text()
}

fn levels(page: &mut Exposition, hub: &Hub) {
    let mut per_app = |name, help, level: &dyn Fn(&App) -> u64| {
        let mut family = page.gauge(name, help);
        hub.apps().for_each(|app| family.labelled("app", &app.config.id, level(app)));
    };
    per_app("canyon_connections", "WebSocket connections.", &|app| app.connections() as u64);
    per_app("canyon_channels", "Channels with subscribers.", &|app| app.channels());
    per_app("canyon_subscriptions", "Subscriptions on all channels.", &|app| app.subscriptions());
    per_app("canyon_users", "Users who are signed in.", &|app| hub.signed_in(app) as u64);
    page.gauge("canyon_http_connections", "Connections that speak HTTP.")
        .value(hub.metrics.http_connections.get());
    page.gauge("canyon_ready", "1 if /ready says 200, else 0.")
        .value(u8::from(hub.health.problems().is_empty()));
    let mut inboxes =
        page.gauge("canyon_inbox_bytes", "Bytes that wait for a worker, which writes them to sockets.");
    for (worker, inbox) in hub.inboxes().iter().enumerate() {
        inboxes.labelled("worker", &worker.to_string(), inbox.waiting_bytes());
    }
    let mut outboxes = page.gauge(
        "canyon_outbox_bytes",
        "Bytes that wait for clients whose socket is full, once however many they wait for, as of the last second.",
    );
    for worker in 0..hub.inboxes().len() {
        outboxes.labelled("worker", &worker.to_string(), hub.ceiling.waiting(worker));
    }
}

fn counts(page: &mut Exposition, hub: &Hub) {
    let counts = &hub.metrics;
    let mut of = |name, help, label, samples: &[(&str, &metrics::Counter)]| {
        let mut family = page.counter(name, help);
        samples.iter().for_each(|(value, counter)| family.labelled(label, value, counter.get()));
    };
    of(
        "canyon_events_total",
        "Events published, by the way they came in.",
        "entrance",
        &[
            ("queue", &counts.events_from_queue),
            ("http", &counts.events_from_http),
            ("client", &counts.events_from_clients),
        ],
    );
    of(
        "canyon_events_dropped_total",
        "Events that were not delivered: older than max_age, without room in the queue, or not readable.",
        "reason",
        &[
            ("expired", &counts.events_expired),
            ("queue_full", &counts.events_refused_full),
            ("invalid", &counts.records_refused),
        ],
    );
    of(
        "canyon_clients_closed_total",
        "Clients hung up on: slow ones do not read, silent ones do not answer pings.",
        "reason",
        &[("slow", &counts.slow_clients_closed), ("silent", &counts.silent_clients_closed)],
    );
    let mut limits = page.counter(
        "canyon_limit_reached_total",
        "How often somebody was refused, closed or made to wait because of a limit.",
    );
    for limit in metrics::Limit::ALL {
        limits.labelled("limit", limit.name(), counts.limits.of(*limit).get());
    }
    let mut one = |name, help, counter: &metrics::Counter| page.counter(name, help).value(counter.get());
    one("canyon_connections_opened_total", "WebSocket connections let in.", &counts.connections_opened);
    one(
        "canyon_connections_refused_total",
        "WebSocket connections refused: unknown app, quota, origin.",
        &counts.connections_refused,
    );
    one(
        "canyon_refusals_total",
        "Refusals: of connections, and of what clients and the HTTP API were asked for.",
        &counts.refusals,
    );
    one("canyon_deliveries_total", "Frames of channels given to a client.", &counts.deliveries);
    one("canyon_delivered_bytes_total", "Bytes of these frames.", &counts.delivered_bytes);
    one(
        "canyon_life_events_dropped_total",
        "Life-cycle events that were lost on their way to webhooks and listeners.",
        &counts.life_events_dropped,
    );
    one(
        "canyon_webhook_requests_total",
        "Webhook requests, repeated ones included.",
        &counts.webhook_requests,
    );
    one(
        "canyon_webhook_failures_total",
        "Webhook requests not answered with 2xx in time.",
        &counts.webhook_failures,
    );
    one(
        "canyon_webhook_retries_total",
        "Webhook requests that repeat a failed one.",
        &counts.webhook_retries,
    );
    one(
        "canyon_webhook_events_dropped_total",
        "Events given up for one endpoint of a webhook.",
        &counts.webhook_events_dropped,
    );
}

fn queues(page: &mut Exposition, hub: &Hub) {
    let queues = hub.health.queues();
    let seen: Vec<_> = queues
        .iter()
        .map(|queue| (queue.path().display().to_string(), queue.is_usable(), queue.backlog()))
        .collect();
    let mut usable = page.gauge("canyon_queue_usable", "1 if events can come through the queue, else 0.");
    seen.iter().for_each(|(path, is_usable, _)| usable.labelled("queue", path, u8::from(*is_usable)));
    let waiting = || seen.iter().filter_map(|(path, _, backlog)| Some((path, (*backlog)?)));
    let mut events = page.gauge("canyon_queue_events", "Events that wait in the queue.");
    waiting().for_each(|(path, backlog)| events.labelled("queue", path, backlog.events));
    let mut bytes = page.gauge("canyon_queue_bytes", "Bytes that these events take.");
    waiting().for_each(|(path, backlog)| bytes.labelled("queue", path, backlog.bytes));
    let mut oldest = page.gauge("canyon_queue_oldest_seconds", "How long the oldest of them has waited.");
    waiting().for_each(|(path, backlog)| oldest.labelled("queue", path, backlog.oldest.as_secs_f64()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AppConfig, Settings};
    use crate::hub::Inbox;
    use std::sync::Arc;

    fn hub() -> (Hub, Vec<crate::hub::Mailbox>) {
        let app = AppConfig::new("1".into(), "key".into(), Secret::new("secret".into()));
        let settings = Settings { apps: vec![app], ..Settings::default() };
        let (inboxes, mailboxes) = Inbox::for_workers(2);
        (Hub::new(&settings.settle().unwrap(), inboxes, None, Arc::default()), mailboxes)
    }

    #[test]
    fn every_counter_has_its_place() {
        let (hub, _mailboxes) = hub();
        for (number, (_, counter)) in hub.metrics.all().into_iter().enumerate() {
            counter.add(7_000_000 + number as u64);
        }
        let page = page(&hub);
        for (number, (name, _)) in hub.metrics.all().into_iter().enumerate() {
            let value = format!(" {}\n", 7_000_000 + number);
            assert_eq!(page.matches(&value).count(), 1, "{name} in {page}");
        }
    }

    #[test]
    fn a_token_is_asked_for_and_no_other_will_do() {
        let (hub, _mailboxes) = hub();
        let token = Secret::new("right-token-right".into());
        let status = |header: Option<&str>| {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
            }
            answer(&hub, Some(&token), &request).map_or_else(|refusal| refusal.status.as_u16(), |_| 200)
        };
        for right in ["Bearer right-token-right", "bearer right-token-right"] {
            assert_eq!(status(Some(right)), 200, "{right}");
        }
        let wrong = [
            "Bearer",
            "Bearer ",
            "Bearer right-token-righ",
            "Bearer right-token-right2",
            "Basic right-token-right",
            "right-token-right",
            "",
        ];
        for wrong in wrong {
            assert_eq!(status(Some(wrong)), 401, "{wrong}");
        }
        assert_eq!(status(None), 401);
        assert!(answer(&hub, None, &Request::new(())).is_ok());
    }
}
