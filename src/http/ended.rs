//! How conversations in HTTP end before their time, and which limit was the reason.

use super::Refusal;
use crate::address::Address;
use crate::hub::{App, Hub};
use crate::limits::{Who, is_exhaustion};
use crate::metrics::Limit;
use crate::worker::Worker;
use hyper::StatusCode;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::IpAddr;

/// Tells of the end of a connection that has not spoken HTTP yet, if it ended early. `ip` is its other end.
pub(super) fn tell(worker: &Worker, ip: Option<IpAddr>, ended: io::Result<()>) {
    let Err(error) = ended else { return };
    let limit = match error.kind() {
        // The system's own time-outs are about the network.
        ErrorKind::TimedOut if error.raw_os_error().is_none() => Some(Limit::HandshakeTimeout),
        _ => is_exhaustion(&error).then_some(Limit::OpenFiles),
    };
    note(worker, ip, limit, &error);
}

/// The same of one that has; `has_begun` is whether the head of a request came. Those that had are kept between two
/// requests, but not for ever: such an end is none before its time.
pub(super) fn tell_of_talk(worker: &Worker, ip: Option<IpAddr>, ended: hyper::Result<()>, has_begun: bool) {
    let Err(error) = ended else { return };
    let limit = match error {
        _ if error.is_parse_too_large() => Some(Limit::HeaderBytes),
        _ => (error.is_timeout() && !has_begun).then_some(Limit::HandshakeTimeout),
    };
    note(worker, ip, limit, &error);
}

fn note(worker: &Worker, ip: Option<IpAddr>, limit: Option<Limit>, error: &dyn Display) {
    tracing::debug!(%error, "a connection ended early");
    let Some(limit) = limit else { return };
    // Of a proxy only the proxy is known: what it forwards has not come.
    let address = Address::of_client(ip, &[], &worker.settings.trusted_proxies);
    let who = Who { address, ..Who::default() };
    let what = match limit {
        Limit::OpenFiles => "an accepted connection could not be registered",
        Limit::HeaderBytes => "refused a request: its head is too large",
        _ => "hung up on somebody who did not say in time what it came for",
    };
    worker.hub.limits.met(limit, who, format_args!("{what} ({error})"));
}

/// Counts a request whose body is too large.
pub(super) fn note_refusal(hub: &Hub, app: &App, refusal: &Refusal) {
    if refusal.status == StatusCode::PAYLOAD_TOO_LARGE {
        let who = Who { app: Some(&app.config.id), ..Who::default() };
        hub.limits.met(Limit::BodyBytes, who, "refused a request: its body is too large");
    }
}
