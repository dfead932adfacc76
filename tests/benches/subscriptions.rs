//! What it costs to come and go where there are many channels: with a hundred times as many of them it must cost the same,
//! and what they took must come back.

use crate::options::Options;
use crate::process::Meter;
use crate::report::{Report, Row, Unit};
use crate::stamp::Stamp;
use crate::swarm::{Receiver, Swarm};
use crate::target::Target;
use crate::{Result, process};
use std::time::{Duration, Instant};

/// Channels that each client subscribes to, each of them its own.
const EACH: usize = 10;

/// Channels of the one client that has many.
const MANY: usize = 1_000;

/// Connections being opened at the same time.
const CONNECTING: usize = 256;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What coming and going cost the server, in nanoseconds of processor time for each subscription.
#[derive(Debug, Clone, Copy)]
struct Price {
    subscribe: f64,
    unsubscribe: f64,
    disconnect: f64,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let mut report = Report::new("subscriptions", "coming and going where there are many channels");
    let most = process::most_connections() * EACH;
    let mut few: Option<(Price, Price)> = None;
    for channels in options.pick([1_000, 10_000, 100_000], [1_000, 5_000, 10_000]) {
        if channels + MANY > most {
            report.note(format!("The limit of open files allows {most} channels, {EACH} on a connection."));
            break;
        }
        let prices = measure(options, channels, &mut report)?;
        let Some((each, many)) = prices else {
            report.note(
                "Without --pid nothing is known of processor time and memory, so there is little to say.",
            );
            break;
        };
        let (few_each, few_many) = *few.get_or_insert((each, many));
        add(&mut report, &format!("{channels} channels, {EACH} a client"), each, few_each);
        add(&mut report, &format!("one client's {MANY}, beside {channels}"), many, few_many);
    }
    report.note("Processor time of the server for each subscription, beside that with 1,000 channels.");
    report.note("Connections that are open already; disconnecting includes closing them.");
    Ok(vec![report])
}

fn add(report: &mut Report, name: &str, price: Price, few: Price) {
    for (what, price, few) in [
        ("subscribe", price.subscribe, few.subscribe),
        ("unsubscribe", price.unsubscribe, few.unsubscribe),
        ("disconnect", price.disconnect, few.disconnect),
    ] {
        report
            .add(Row::new(format!("{name}: {what}"), Unit::Nanoseconds, price).beside("1,000 channels", few));
    }
}

/// The prices where there are so many channels: of many clients with a few each, and of one more with many.
fn measure(options: &Options, channels: usize, report: &mut Report) -> Result<Option<(Price, Price)>> {
    let target = Target::open(options)?;
    let Some(pid) = target.pid else { return Ok(None) };
    let clients = channels / EACH;
    let mut crowd = Guests::connect(&target, clients)?;
    let connected = settled(pid)?;
    let mut seconds = 0.0;
    let subscribe = priced(&target, || {
        let started = Instant::now();
        crowd.subscribe(EACH, "each")?;
        seconds = started.elapsed().as_secs_f64();
        Ok(())
    })?;
    let subscribed = settled(pid)?;

    let mut one = Guests::connect(&target, 1)?;
    let many = Price {
        subscribe: priced(&target, || one.subscribe(MANY, "many"))? / MANY as f64,
        unsubscribe: priced(&target, || one.unsubscribe(MANY, "many"))? / MANY as f64,
        disconnect: {
            one.subscribe(MANY, "many")?;
            priced(&target, || one.leave())? / MANY as f64
        },
    };

    let unsubscribe = priced(&target, || crowd.unsubscribe(EACH, "each"))?;
    let unsubscribed = settled(pid)?;
    crowd.subscribe(EACH, "each")?;
    let disconnect = priced(&target, || crowd.leave())?;
    let left = settled(pid)?;
    let per_channel = |bytes: u64| bytes.saturating_sub(connected) as f64 / channels as f64;
    let name = format!("{channels} channels");
    report.add(Row::new(format!("{name}: subscriptions"), Unit::PerSecond, channels as f64 / seconds));
    report.add(Row::new(format!("{name}: memory of each"), Unit::Bytes, per_channel(subscribed)));
    for (what, bytes) in [("unsubscribed", unsubscribed), ("after all have left", left)] {
        let row = Row::new(format!("{name}: server, {what}"), Unit::Bytes, bytes as f64);
        report.add(row.beside("before the first channel", connected as f64));
    }
    let per = |used: f64| used / channels as f64;
    let each =
        Price { subscribe: per(subscribe), unsubscribe: per(unsubscribe), disconnect: per(disconnect) };
    Ok(Some((each, many)))
}

/// The memory of a server after it had time to give some back.
fn settled(pid: u32) -> Result<u64> {
    std::thread::sleep(Duration::from_millis(1500));
    process::resident_bytes(pid)
}

/// Nanoseconds of processor time that a server has used for something, till it rests again.
fn priced(target: &Target, something: impl FnOnce() -> Result<()>) -> Result<f64> {
    let meter = target.meter()?.ok_or("the server's process is not known")?;
    something()?;
    rest(&meter)
}

/// Waits until a server does nothing any more.
fn rest(meter: &Meter) -> Result<f64> {
    /// What a server may do in a fifth of a second and rest all the same: it looks around once a second.
    const LITTLE: f64 = 0.001;
    let patience = Instant::now() + PATIENCE;
    let mut used = meter.used()?;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let before = std::mem::replace(&mut used, meter.used()?);
        if used - before < LITTLE {
            return Ok(before * 1e9);
        }
        if Instant::now() > patience {
            return Err("the server does not come to rest".into());
        }
    }
}

/// Clients that come without a channel.
struct Guests {
    swarm: Option<Swarm>,
    pongs: Pongs,
    count: usize,
}

/// Counts the answers to pings.
#[derive(Debug, Default)]
struct Pongs(usize);

impl Receiver for Pongs {
    fn event(&mut self, _client: usize, _stamp: Stamp) {}

    fn notice(&mut self, _client: usize, text: &[u8]) {
        self.0 += usize::from(text.windows(11).any(|window| window == b"pusher:pong"));
    }
}

impl Guests {
    fn connect(target: &Target, count: usize) -> Result<Self> {
        let mut swarm = Swarm::new(target.address, target.app.clone())?;
        let mut pongs = Pongs::default();
        swarm.add(count, CONNECTING, |_| Vec::new(), &mut pongs)?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(Self { swarm: Some(swarm), pongs, count })
    }

    fn swarm(&mut self) -> Result<(&mut Swarm, &mut Pongs)> {
        Ok((self.swarm.as_mut().ok_or("the clients have left")?, &mut self.pongs))
    }

    /// Every client subscribes to `each` channels that nobody else has.
    fn subscribe(&mut self, each: usize, name: &str) -> Result<()> {
        let count = self.count;
        let (swarm, pongs) = self.swarm()?;
        for client in 0..count {
            let channels = (0..each).map(|number| channel(name, client, number)).collect();
            swarm.subscribe_more(client, channels)?;
            // Answers are read meanwhile, or the sockets fill up.
            if client % 64 == 0 {
                swarm.turn(Duration::ZERO, pongs)?;
            }
        }
        let patience = Instant::now() + PATIENCE;
        while swarm.ready() < count {
            if Instant::now() > patience {
                return Err(format!("only {} of {count} clients have their channels", swarm.ready()).into());
            }
            swarm.turn(Duration::from_millis(20), pongs)?;
        }
        Ok(())
    }

    /// Every client unsubscribes from them. The protocol has no answer to that, so each asks for a pong after it.
    fn unsubscribe(&mut self, each: usize, name: &str) -> Result<()> {
        let count = self.count;
        let (swarm, pongs) = self.swarm()?;
        pongs.0 = 0;
        for client in 0..count {
            for number in 0..each {
                let channel = channel(name, client, number);
                swarm.say(
                    client,
                    &format!(r#"{{"event":"pusher:unsubscribe","data":{{"channel":"{channel}"}}}}"#),
                )?;
            }
            swarm.say(client, r#"{"event":"pusher:ping","data":{}}"#)?;
        }
        let patience = Instant::now() + PATIENCE;
        while pongs.0 < count {
            if Instant::now() > patience {
                return Err(format!("only {} of {count} clients could unsubscribe", pongs.0).into());
            }
            swarm.turn(Duration::from_millis(20), pongs)?;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<()> {
        self.swarm = None;
        Ok(())
    }
}

fn channel(name: &str, client: usize, number: usize) -> String {
    format!("{name}-{client}-{number}")
}
