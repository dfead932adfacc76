//! A dispatcher that stands still, and tells another process what it has yet to tell.

use super::{Dispatcher, Endpoint};
use crate::config::LifeKind;
use crate::handover::halt::{Halt, Order, Report};
use crate::handover::state::{LifeRecord, LifeState, Message, Totals};
use crate::handover::wire::Wire;
use crate::hub::life::LifeEvent;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long requests that are on their way get to be answered. One that is not is made again by the other process: its
/// receiver may get it twice, as with every request that fails.
const REQUEST_TIME: Duration = Duration::from_secs(1);

/// Events in one message.
const BATCH: usize = 1000;

impl Dispatcher {
    /// Stands still until told otherwise; whether to go on. Life-cycle events that happen meanwhile wait.
    pub(super) async fn stand_still(&mut self, halt: &Halt) -> bool {
        let endpoints: Vec<Arc<Endpoint>> = self.endpoints.values().flatten().cloned().collect();
        endpoints.iter().for_each(|endpoint| endpoint.hold(true));
        let until = Instant::now() + REQUEST_TIME;
        while endpoints.iter().any(|endpoint| endpoint.is_requesting()) && Instant::now() < until {
            sleep(Duration::from_millis(5)).await;
        }
        // No `await` from here on: no delivery takes a step.
        halt.report(Report::Still);
        loop {
            match halt.wait() {
                Some(Order::Tell(mut wire)) => {
                    let told = self.tell_all(&mut wire);
                    halt.report(Report::Told(wire, told.map(|()| Totals::default())));
                }
                Some(Order::Leave) => return false,
                Some(Order::Resume) | None => {
                    endpoints.iter().for_each(|endpoint| endpoint.hold(false));
                    return true;
                }
            }
        }
    }

    fn tell_all(&mut self, wire: &mut Wire) -> io::Result<()> {
        while let Some(event) = self.observed.take() {
            self.hear(event);
        }
        let now = Instant::now();
        let departures = self.held.states(now).map(|(event, left)| LifeState::Departure {
            left_ms: millis(left),
            event: LifeRecord {
                kind: event.kind,
                app: event.app.clone(),
                channel: event.channel.clone(),
                user_id: event.user_id.clone(),
                time_ms: event.time_ms,
            },
        });
        let mut states: Vec<LifeState> = departures.collect();
        for (app, endpoints) in &self.endpoints {
            for endpoint in endpoints {
                states.extend(endpoint.states(now).into_iter().map(|(json, age)| LifeState::Waiting {
                    app: app.clone(),
                    webhook: endpoint.name(),
                    json: json.to_string(),
                    age_ms: millis(age),
                }));
            }
        }
        while !states.is_empty() {
            let rest = states.split_off(states.len().min(BATCH));
            wire.send(&Message::Life(std::mem::replace(&mut states, rest)), &[])?;
        }
        Ok(())
    }

    /// Takes over what another server has yet to tell; how many events nobody here wants to know of.
    pub(crate) fn inherit(&mut self, states: Vec<LifeState>) -> usize {
        let now = Instant::now();
        let mut unwanted = 0;
        for state in states {
            match state {
                LifeState::Departure { left_ms, event } => {
                    if !matches!(event.kind, LifeKind::ChannelVacated | LifeKind::MemberRemoved) {
                        unwanted += 1;
                        continue;
                    }
                    let LifeRecord { kind, app, channel, user_id, time_ms } = event;
                    let event = LifeEvent { user_id, ..LifeEvent::at(kind, &app, &channel, time_ms) };
                    self.held.restore(event, now + Duration::from_millis(left_ms));
                }
                LifeState::Waiting { app, webhook, json, age_ms } => {
                    let mut endpoints = self.endpoints.get(&app).into_iter().flatten();
                    match endpoints.find(|endpoint| endpoint.name() == webhook) {
                        Some(endpoint) => endpoint.restore(json.into(), Duration::from_millis(age_ms)),
                        None => unwanted += 1,
                    }
                }
            }
        }
        unwanted
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
