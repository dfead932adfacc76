//! Screens, as text.

use super::*;
use crate::top::figures::{History, Sort};
use crate::top::state::{Action, Subject};
use crate::top::trouble::Trouble;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use serde_json::json;
use std::time::Duration;

const SECONDS: u64 = 70;

/// Figures of second `n`, in the order of [`FIELDS`].
fn row(n: u64) -> serde_json::Value {
    let is_last = n == SECONDS;
    json!([
        n * 1000,
        1000 + n * 10,
        30_000,
        1204,
        812,
        n * 20,
        12,
        n % 7,
        120_000,
        14_200_000,
        u64::from(n == 40),
        0,
        0,
        n % 5,
        if is_last { json!(null) } else { json!(3) },
        20_480,
        900,
        [0.52, n as f64 / 100.0]
    ])
}

const FIELDS: [&str; 18] = [
    "time_ms",
    "connections",
    "subscriptions",
    "channels",
    "users",
    "events_from_queue",
    "events_from_http",
    "events_from_clients",
    "deliveries",
    "delivered_bytes",
    "dropped",
    "refused",
    "slow_clients_closed",
    "queue_events",
    "queue_age_ms",
    "inbox_bytes",
    "turn_us_p99",
    "worker_load",
];

fn channel(name: &str, kind: &str, figures: [u64; 4]) -> serde_json::Value {
    let [subscriptions, events, deliveries, bytes] = figures;
    json!({"name": name, "kind": kind, "subscriptions": subscriptions, "members": null, "events": events,
        "deliveries": deliveries, "bytes": bytes})
}

fn state() -> (State, Instant) {
    let subject = Subject { address: "http://127.0.0.1:8080".into(), app: "my-app".into() };
    let mut state = State::new(subject, Duration::from_secs(1), Sort::Events, String::new());
    let now = Instant::now();
    let rows: Vec<_> = (1..=SECONDS).map(row).collect();
    let history: History = serde_json::from_value(json!({"fields": FIELDS, "samples": rows})).unwrap();
    let samples: Vec<_> = history.samples().collect();
    state.past.add(samples.clone());
    let mut top: Top = serde_json::from_value(json!({
        "version": "0.1.0",
        "uptime_ms": 11_532_000,
        "channels": [
            channel("orders", "public", [5000, 20, 100_000, 12_000_000]),
            channel("private-a-name-of-many-words-that-is-longer-than-there-is-room", "private", [3, 8, 24, 2880]),
            channel("evil\u{1b}[2J\u{202e}", "public", [1, 7, 7, 70]),
            channel("注文チャンネルの名前はとても長いのです", "cache", [12, 2, 24, 999]),
        ],
        "clients": [{"socket_id": "812.9917", "user_id": "17", "unsent_bytes": 4_100_000, "stalled_ms": 8200,
            "subscriptions": 3}],
        "refusals": [
            {"time_ms": 8000, "what": "connection", "code": 4001, "why": "There is no app with the key wrong",
             "channel": null, "socket_id": null, "count": 1},
            {"time_ms": 68_500, "what": "subscription", "code": 4009, "count": 3, "socket_id": "1.2",
             "why": "The signature does not hold: it is made with another secret than the one of this app",
             "channel": "private-x"},
        ],
        "watching_ms": 5000,
    }))
    .unwrap();
    top.sample = samples.last().cloned();
    state.answered(Ok(top), now);
    (state, now)
}

fn drawn(state: &State, now: Instant, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            draw(frame, state, now);
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line += symbol;
            x += symbol.width().max(1) as u16;
        }
        assert!(line.width() <= buffer.area.width.into(), "{line}");
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn screen(state: &State, now: Instant, size: (u16, u16)) -> String {
    text(&drawn(state, now, size))
}

#[test]
fn everything_stands_on_80_columns_and_24_lines() {
    let (state, now) = state();
    assert_eq!(
        format!("\n{}", screen(&state, now, (80, 24))),
        r#"
 canyon top   my-app at http://127.0.0.1:8080                  0.1.0, up 3h 12m
Connections        1,700 ▄▄▄▅▅▅▅▅▆▆▆▆▆▇  Events, queue    1,400/s ▁▁▁▂▂▃▃▄▄▅▅▆▆▇
Subscriptions     30,000 ▇▇▇▇▇▇▇▇▇▇▇▇▇▇  Events, HTTP        12/s ▇▇▇▇▇▇▇▇▇▇▇▇▇▇
Channels           1,204 ▇▇▇▇▇▇▇▇▇▇▇▇▇▇  Events, client       0/s ▇▇▅▇▇▇▄▇▇▅▇▇▇
Users                812 ▇▇▇▇▇▇▇▇▇▇▇▇▇▇  Queue depth            0 ▇▇▇▇▇▇▇▇▇▇▇▇▇
Deliveries     120,000/s ▇▇▇▇▇▇▇▇▇▇▇▇▇▇  Queue age              - ▇▇▇▇▇▇▇▇▇▇▇▇▇
Sent          13.5 MiB/s ▇▇▇▇▇▇▇▇▇▇▇▇▇▇  Dropped/2m             1        ▇
Hung up/2m             0                 Refused/2m             0
Workers        52 %  ▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃   70 %  ▁▁▁▁▁▂▂▂▃▃▃▄▄▄▄

 1 Channels   2 Slow clients (1)   3 Refusals (2)
Channel                       Kind         Subscr. ▼Events/s  Deliv./s    Sent/s
orders                        public         5,000        20   100,000  11.4 MiB
private-a-name-of-many-words… private            3         8        24  2.81 KiB
evil\u{1b}[2J\u{202e}         public             1         7         7      70 B
注文チャンネルの名前はとても… cache             12         2        24     999 B







 q quit   ? help   / filter   s sort   Tab pane   p pause
"#
    );
}

#[test]
fn what_matters_stands_on_60_columns_and_15_lines() {
    let (state, now) = state();
    assert_eq!(
        format!("\n{}", screen(&state, now, (60, 15))),
        r#"
 canyon top   my-app at http://127.0.0.1:… 0.1.0, up 3h 12m
Connections        1,700 ▆▆▆▇  Events, queue    1,400/s ▄▅▆▇
Subscriptions     30,000 ▇▇▇▇  Events, HTTP        12/s ▇▇▇▇
Deliveries     120,000/s ▇▇▇▇  Queue depth            0 ▇▇▇
Sent          13.5 MiB/s ▇▇▇▇  Queue age              - ▇▇▇
Dropped/2m             1 ▇     Refused/2m             0
Workers        52 % ▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃   70 % ▁▁▁▁▁▂▂▂▃▃▃▄▄▄▄
 1 Channels   2 Slow clients (1)   3 Refusals (2)
Channel                          Subscr. ▼Events/s  Deliv./s
orders                             5,000        20   100,000
private-a-name-of-many-words-…         3         8        24
evil\u{1b}[2J\u{202e}                  1         7         7
注文チャンネルの名前はとても…         12         2        24

 q quit   ? help   / filter   s sort   Tab pane   p pause
"#
    );
}

#[test]
fn a_large_screen_has_all_panes_at_once() {
    let (state, now) = state();
    let screen = screen(&state, now, (160, 50));
    for text in
        ["1 Channels", "2 Slow clients (1)", "3 Refusals (2)", "812.9917", "1m 2s ago", "Members", "Inboxes"]
    {
        assert!(screen.contains(text), "{text} in\n{screen}");
    }
}

#[test]
fn no_size_is_too_odd() {
    let (mut state, now) = state();
    for is_helping in [false, true] {
        state.shows_help = is_helping;
        for width in [1, 39, 40, 59, 81, 113, 114, 120, 300] {
            for height in [1, 9, 10, 19, 20, 23, 24, 36, 40, 60] {
                screen(&state, now, (width, height));
            }
        }
    }
    assert!(screen(&state, now, (39, 20)).contains("needs 40 columns"));
}

#[test]
fn refusals_are_told_in_words_newest_first() {
    let (mut state, now) = state();
    state.act(Action::Pane(Pane::Refusals));
    let screen = screen(&state, now, (80, 24));
    let lines: Vec<&str> = screen.lines().skip(11).take(4).collect();
    assert_eq!(
        lines,
        [
            "1.5 s ago   3 × subscription of 1.2 on private-x (4009): The signature does not",
            "            hold: it is made with another secret than the one of this app",
            "1m 2s ago   connection (4001): There is no app with the key wrong",
            "",
        ]
    );
}

#[test]
fn a_server_that_is_gone_leaves_its_last_figures_dimmed() {
    let (mut state, now) = state();
    state.answered(
        Err(Trouble::passing("There is no answer from http://127.0.0.1:8080", "Is it running?")),
        now,
    );
    for has_colours in [true, false] {
        state.has_colours = has_colours;
        let buffer = drawn(&state, now + Duration::from_secs(12), (80, 24));
        let screen = text(&buffer);
        assert!(
            screen
                .contains("There is no answer from http://127.0.0.1:8080. Is it running? Asking again each")
        );
        assert!(screen.contains("second. These figures are 12 s old."), "{screen}");
        assert!(screen.contains("1,700") && screen.contains("orders"), "{screen}");
        let figure = &buffer[(20, 4)];
        assert_eq!(figure.fg == Color::DarkGray, has_colours);
        assert_eq!(figure.modifier.contains(Modifier::DIM), !has_colours);
    }
}

#[test]
fn without_colours_there_are_none() {
    let (mut state, now) = state();
    state.answered(Err(Trouble::passing("Gone", "Wait.")), now);
    state.has_colours = false;
    state.shows_help = true;
    let buffer = drawn(&state, now, (80, 24));
    assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn empty_panes_say_why_they_are() {
    let (mut state, now) = state();
    let say = |state: &State| screen(state, now, (80, 24));
    state.filter = "unheard-of".into();
    assert!(
        say(&state).contains(r#"No channel that had an event in the last second has "unheard-of" in its"#)
    );
    state.answered(Ok(Top { watching_ms: Some(0.0), ..Top::default() }), now);
    state.filter.clear();
    assert!(say(&state).contains("The server begins to count what happens on each channel"));
    state.answered(Ok(Top { watching_ms: Some(5000.0), ..Top::default() }), now);
    assert!(say(&state).contains("No channel had an event in the last second."));
    state.act(Action::NextPane);
    assert!(say(&state).contains("Every client reads what it is sent."));
    state.act(Action::NextPane);
    assert!(say(&state).contains("Nobody has been refused anything."));
}

#[test]
fn scrolling_ends_where_the_rows_do() {
    let (mut state, now) = state();
    state.act(Action::Bottom);
    let mut terminal = Terminal::new(TestBackend::new(60, 15)).unwrap();
    let mut scrolled = [9; 3];
    terminal.draw(|frame| scrolled = draw(frame, &state, now)).unwrap();
    assert_eq!(scrolled, [0, 0, 0], "all four channels are there");
    let short = (60, 12);
    assert!(screen(&state, now, short).contains("注文"), "the last one");
    state.act(Action::Top);
    assert!(!screen(&state, now, short).contains("注文"));
}

#[test]
fn many_workers_are_a_bar_each() {
    let (mut state, now) = state();
    let (top, _) = state.top.as_mut().unwrap();
    let loads: Vec<Option<f64>> = (0..64).map(|worker| Some(f64::from(worker) / 64.0)).collect();
    top.sample.as_mut().unwrap().worker_load = Some(loads);
    assert!(screen(&state, now, (80, 24)).contains("Workers       64: 49 % on average, 98 % at most"));
}
