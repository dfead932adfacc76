//! The parent's look at the generation, once a second, and what it tells the supervisor of it.

use super::Keeper;
use super::generation::START_TIME;
use crate::systemd::State;
use rustix::process::Signal;

/// Looks from one status to the next, while nothing else happens than that clients come and go.
const STATUS_LOOKS: u32 = 10;

impl Keeper {
    pub(super) fn look(&mut self) {
        let watchdog = self.notifier.watchdog();
        let is_settled = !self.is_stopping && self.reload.is_none();
        if let Some(present) = &mut self.present {
            let silence = present.life.look();
            if is_settled && present.life.is_hopeless(watchdog) {
                let seconds = silence.as_secs();
                tracing::error!("the server has not answered for {seconds} s: it is killed");
                present.signal(Signal::KILL);
            }
        }
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(STATUS_LOOKS) && is_settled {
            self.notifier.tell(&[State::Status(&self.status())]);
        }
        if watchdog.is_some() && self.is_well() {
            self.notifier.tell(&[State::Alive]);
        }
    }

    /// Whether everything is as it should be, or on its way there within limits of its own.
    fn is_well(&self) -> bool {
        match &self.present {
            // Between two generations, or at the end.
            None => true,
            Some(_) if self.is_stopping || self.reload.is_some() => true,
            Some(present) if present.has_served => present.life.answers(),
            Some(present) => present.life.silence() < START_TIME,
        }
    }

    /// What `systemctl status` shows.
    pub(super) fn status(&self) -> String {
        let Some(present) = self.present.as_ref().filter(|present| present.has_served) else {
            return "Starting".to_owned();
        };
        let (life, generation) = (&present.life, self.generations);
        let does = if self.is_stopping { "Stopping" } else { "Serving" };
        let clients = life.connections.map(|count| format!(" {count} clients")).unwrap_or_default();
        let version = if life.version.is_empty() { "an older version" } else { &life.version };
        let status = format!("{does}{clients} (generation {generation}, {version})");
        match &self.refusal {
            Some(why) => format!("{status}. The last reload was refused: {why}"),
            None => status,
        }
    }
}
