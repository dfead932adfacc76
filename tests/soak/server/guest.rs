//! A well-behaved client: it answers pings, reads what comes, and knows what must come next.

use crate::follower::Follower;
use crate::ledger::{self, Source};
use crate::random::Random;
use crate::socket::{Said, Socket};
use crate::world::{CHANNELS, FLOOD, Phase, World, is_guarded, is_presence, lock, name};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

/// How soon somebody who was cut comes back.
const RETRY: Duration = Duration::from_millis(50);

/// One regular in so many whispers, so often.
const WHISPERERS: usize = 10;
const WHISPER_EVERY: Duration = Duration::from_millis(700);

/// Regulars who are the same user: each is so many away from the other.
const USERS: usize = 3 * CHANNELS;

/// Of the regulars, those who follow the channel with the large events.
const FLOODED: usize = 100;

/// How long is waited in the end for what has not come yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether everything has come.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Guest {
    world: Arc<World>,
    user_id: String,
    channels: Vec<usize>,
    followers: BTreeMap<usize, Follower>,
    rosters: BTreeMap<usize, BTreeSet<String>>,
    /// Where it whispers, and its numbers of this connection.
    whispers: Option<(usize, Arc<Source>)>,
    is_whisperer: bool,
    signs_in: bool,
}

impl Guest {
    pub(crate) fn regular(world: &Arc<World>, number: usize) -> Self {
        let mut channels = vec![number % CHANNELS, (number * 7 + 3) % CHANNELS];
        channels.dedup();
        if number.is_multiple_of(FLOODED) {
            channels.push(FLOOD);
        }
        let mut guest = Self::new(world, format!("regular-{}", number % USERS), channels);
        guest.is_whisperer = number.is_multiple_of(WHISPERERS);
        guest
    }

    /// Who the regulars of a channel are.
    pub(crate) fn regulars_on(channel: usize, regulars: usize) -> BTreeSet<String> {
        let is_there = |number: &usize| [number % CHANNELS, (number * 7 + 3) % CHANNELS].contains(&channel);
        (0..regulars).filter(is_there).map(|number| format!("regular-{}", number % USERS)).collect()
    }

    fn new(world: &Arc<World>, user_id: String, channels: Vec<usize>) -> Self {
        Self {
            world: Arc::clone(world),
            user_id,
            channels,
            followers: BTreeMap::new(),
            rosters: BTreeMap::new(),
            whispers: None,
            is_whisperer: false,
            signs_in: false,
        }
    }

    /// Stays for the whole soak, and judges in the end whether everything has come.
    pub(crate) async fn stay(mut self) {
        while let Some((begun, socket)) = self.come().await {
            match self.visit(socket, None).await {
                Ok(socket) => return socket.close().await,
                Err(why) => self.note_cut(begun, &why),
            }
            sleep(RETRY).await;
        }
    }

    /// Connects, if need be again and again; when that began, and `None` once the soak is over.
    async fn come(&mut self) -> Option<(Instant, Socket)> {
        let mut attempts = 0;
        loop {
            let begun = Instant::now();
            match Socket::connect(&self.world, None).await {
                Ok(socket) => {
                    let tally = &self.world.tally;
                    tally.connections.fetch_add(1, Ordering::Relaxed);
                    tally.reconnections.fetch_add(u64::from(!self.followers.is_empty()), Ordering::Relaxed);
                    return Some((begun, socket));
                }
                Err(why) if !self.world.is_in_aftermath() => {
                    self.world.wrongs().refused.note(format_args!("{}: {why}", self.user_id));
                }
                Err(_) => {}
            }
            attempts += 1;
            if self.world.is_in(Phase::Leaving) || attempts > 1000 {
                return None;
            }
            sleep(RETRY).await;
        }
    }

    fn note_cut(&mut self, begun: Instant, why: &str) {
        if let Some((_, source)) = self.whispers.take() {
            source.end(false);
        }
        if !self.world.has_crashed_since(begun) {
            self.world.wrongs().disconnected.note(format_args!("{}: {why}", self.user_id));
            self.followers.clear();
        }
        self.rosters.clear();
    }

    /// Until `until`, or the end of the soak; or why it was cut.
    async fn visit(&mut self, mut socket: Socket, until: Option<Instant>) -> Result<Socket, String> {
        self.talk(&mut socket, until).await.map(|()| socket)
    }

    async fn talk(&mut self, socket: &mut Socket, until: Option<Instant>) -> Result<(), String> {
        if self.signs_in {
            socket.sign_in(&self.user_id).await?;
        }
        for channel in self.channels.clone() {
            socket.subscribe(name(channel), &self.user_id).await?;
        }
        let far = Instant::now() + Duration::from_secs(1 << 30);
        let (mut phase, mut next_whisper) = (self.world.phase.subscribe(), Instant::now() + WHISPER_EVERY);
        loop {
            let now = *phase.borrow_and_update();
            match (now, until) {
                (Phase::Running, _) => {}
                (Phase::Leaving, _) | (_, Some(_)) => return Ok(()),
                (Phase::Quiet, None) => {
                    if let Some((_, source)) = self.whispers.take() {
                        source.end(true);
                    }
                }
                (Phase::Settling, None) => self.settle(socket).await?,
            }
            let whispers = now == Phase::Running && self.is_whisperer;
            tokio::select! {
                text = socket.next() => self.hear(socket, text?).await?,
                () = sleep_until(next_whisper.into()), if whispers => {
                    next_whisper = Instant::now() + WHISPER_EVERY;
                    self.whisper(socket).await?;
                }
                () = sleep_until(until.unwrap_or(far).into()) => return Ok(()),
                _ = phase.changed() => {}
            }
        }
    }

    async fn hear(&mut self, socket: &mut Socket, text: Option<String>) -> Result<(), String> {
        let Some(text) = text else { return Ok(()) };
        let said: Said<'_> = serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))?;
        let channel = self.channels.iter().copied().find(|channel| name(*channel) == said.channel);
        match (&*said.event, channel) {
            ("numbered" | "client-numbered", Some(channel)) => self.count(channel, &said),
            ("pusher_internal:subscription_succeeded", Some(channel)) => self.join(channel, &said),
            ("pusher_internal:member_added" | "pusher_internal:member_removed", Some(channel)) => {
                self.meet(channel, &said);
            }
            ("pusher:ping", None) => {
                socket.say(&serde_json::json!({"event": "pusher:pong", "data": {}})).await?;
            }
            ("pusher:cache_miss", Some(_)) | ("pusher:signin_success", None) => {}
            ("pusher:error", _) => self.world.wrongs().refused.note(format_args!("{}: {text}", self.user_id)),
            _ => self.world.wrongs().strange.note(format_args!("{}: {text:.200}", self.user_id)),
        }
        Ok(())
    }

    fn count(&mut self, channel: usize, said: &Said<'_>) {
        self.world.tally.deliveries.fetch_add(1, Ordering::Relaxed);
        let data = said.data.as_str().and_then(|data| ledger::read(data, channel));
        match (data, self.followers.get_mut(&channel)) {
            (Some((source, number)), Some(follower)) => {
                if let Err(fault) = follower.event(source, number) {
                    self.world.note_fault(fault, &self.user_id);
                }
            }
            _ => self.world.wrongs().strange.note(format_args!("{}: {said:.200?}", self.user_id)),
        }
    }

    fn join(&mut self, channel: usize, said: &Said<'_>) {
        let ledger = &self.world.ledger;
        match self.followers.get_mut(&channel) {
            // Nothing but a crash has followers join again.
            Some(follower) => {
                self.world.last_crash().into_iter().for_each(|crash| follower.rejoin(ledger, crash))
            }
            None => drop(self.followers.insert(channel, Follower::join(channel, ledger))),
        }
        if is_presence(channel) {
            let inner = said.inner();
            let ids = inner["presence"]["ids"].as_array().cloned().unwrap_or_default();
            let roster = ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
            self.rosters.insert(channel, roster);
        }
    }

    fn meet(&mut self, channel: usize, said: &Said<'_>) {
        let inner = said.inner();
        let (user_id, roster) =
            (inner["user_id"].as_str().unwrap_or_default(), self.rosters.entry(channel).or_default());
        let is_news = match &*said.event {
            "pusher_internal:member_added" => roster.insert(user_id.to_owned()),
            _ => roster.remove(user_id),
        };
        if !is_news {
            let (who, event) = (&self.user_id, &said.event);
            self.world.wrongs().presence.note(format_args!("{who}: {event} of {user_id}, which is no news"));
        }
    }

    async fn whisper(&mut self, socket: &mut Socket) -> Result<(), String> {
        let is_there = |channel: &usize| is_guarded(*channel) && self.followers.contains_key(channel);
        if self.whispers.is_none()
            && let Some(channel) = self.channels.iter().copied().find(is_there)
        {
            self.whispers = Some((channel, self.world.ledger.open()));
        }
        let Some((channel, source)) = &self.whispers else { return Ok(()) };
        let number = source.begin(*channel);
        let (id, channel) = (source.id, *channel);
        // Everybody hears it but the guest itself.
        if let Some(fault) = self.followers.get_mut(&channel).and_then(|own| own.event(id, number).err()) {
            self.world.note_fault(fault, &self.user_id);
        }
        self.world.tally.whispers.fetch_add(1, Ordering::Relaxed);
        socket.whisper(channel, &ledger::data(id, &[(channel, number)], 60)).await
    }

    /// Waits until everything has come that was published, and judges.
    async fn settle(&mut self, socket: &mut Socket) -> Result<(), String> {
        let patience = Instant::now() + PATIENCE;
        let missing = |guest: &Self| -> u64 {
            guest.followers.values().map(|follower| follower.missing(&guest.world.ledger)).sum()
        };
        while missing(self) > 0 && Instant::now() < patience {
            let look = Instant::now() + LOOK;
            while let Ok(text) = tokio::time::timeout_at(look.into(), socket.next()).await {
                self.hear(socket, text?).await?;
            }
        }
        self.conclude();
        // What comes now is too much.
        let world = Arc::clone(&self.world);
        loop {
            tokio::select! {
                text = socket.next() => self.hear(socket, text?).await?,
                () = world.reach(Phase::Leaving) => return Ok(()),
            }
        }
    }

    fn conclude(&mut self) {
        for follower in self.followers.values_mut() {
            for fault in follower.conclude(&self.world.ledger) {
                self.world.note_fault(fault, &self.user_id);
            }
        }
        self.note_misses();
        let mut rosters = lock(&self.world.rosters);
        for (channel, roster) in &self.rosters {
            rosters.entry(*channel).or_default().push(roster.clone());
        }
        self.world.concluded.fetch_add(1, Ordering::Relaxed);
    }

    fn note_misses(&self) {
        let tally = &self.world.tally;
        tally.missed.fetch_add(self.followers.values().map(|one| one.missed).sum(), Ordering::Relaxed);
        tally.repeated.fetch_add(self.followers.values().map(|one| one.repeated).sum(), Ordering::Relaxed);
    }
}

/// Comes and goes: new guests, one after the other, each of whom leaves in one way or another.
pub(crate) async fn churn(world: Arc<World>, lane: u64) {
    let mut random = Random::new(world.seed, "churn", lane);
    for visit in 0.. {
        if !world.is_in(Phase::Running) {
            return;
        }
        let mut channels: BTreeSet<usize> = BTreeSet::new();
        for _ in 0..random.within(1..=4) {
            channels.insert(random.below(CHANNELS));
        }
        let user_id = format!("guest-{lane}-{visit}");
        let mut guest = Guest::new(&world, user_id, channels.into_iter().collect());
        guest.signs_in = random.percent(20);
        let until = Instant::now() + random.millis(50..=6_000);
        let Some((begun, socket)) = guest.come().await else { return };
        match guest.visit(socket, Some(until)).await {
            Ok(socket) => leave(&world, socket, &guest.channels, &mut random).await,
            Err(why) => guest.note_cut(begun, &why),
        }
    }
}

async fn leave(world: &World, mut socket: Socket, channels: &[usize], random: &mut Random) {
    match random.within(0..=3) {
        0 => socket.close().await,
        1 => {
            world.tally.resets.fetch_add(1, Ordering::Relaxed);
            socket.reset();
        }
        2 => {
            for channel in channels {
                // The server may crash meanwhile.
                let _ = socket.unsubscribe(*channel).await;
            }
        }
        _ => drop(socket),
    }
}
