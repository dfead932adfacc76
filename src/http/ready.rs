//! `GET /ready`: whether clients should be sent here.

use super::{Answer, json};
use crate::health::Health;
use hyper::StatusCode;
use serde_json::json;

pub(super) fn answer(health: &Health) -> Answer {
    let reasons: Vec<&str> = health.problems().into_iter().map(|problem| problem.reason()).collect();
    let mut answer = json(json!({"ready": reasons.is_empty(), "reasons": reasons}).to_string());
    if !reasons.is_empty() {
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    answer
}
