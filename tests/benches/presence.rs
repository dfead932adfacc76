//! Many members join one presence channel at the same time, and each has to know all of them.
//!
//! Every client keeps a set of the members it knows: those of its list, and those it was told of since.
//!
//! What the protocol needs at least, given the lists that were sent: each joiner's list, and for each joiner one
//! `member_added` of everybody who is not in its list. A `member_added` of somebody whom the client knew already is more
//! than that. Those lists themselves could be larger than they must: the least that any server could send is one list with
//! everybody in it for each, as an entry of a list is smaller than a `member_added`; it takes a server that waits until
//! all have asked. Both are shown.

use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::report::{Report, Row, Unit};
use crate::stamp::Stamp;
use crate::statistics::median;
use crate::swarm::{Receiver, Swarm};
use crate::target::Target;
use crate::{Result, process};
use std::time::{Duration, Instant};

const CHANNEL: &str = "presence-lobby";

/// No join of all takes this long; what is known by then is shown.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clients may be late by this much with something that is not needed.
const AFTERMATH: Duration = Duration::from_millis(200);

/// Largest frame of the floor.
const FLOOR_FRAME: usize = 32 << 10;

/// What one run found.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    /// Until everybody knew everybody.
    seconds: f64,
    /// Processor seconds of the server.
    processor: Option<f64>,
    bytes: f64,
    needed: f64,
    /// One list of everybody for each.
    least: f64,
    knowing: usize,
    gone: usize,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for (members, repeats) in
        [(500, options.repeats()), (2_000, options.pick(2, 0)), (10_000, options.pick(1, 0))]
    {
        if repeats == 0 {
            continue;
        }
        let wanted = members;
        let members = wanted.min(process::most_connections());
        let mut report =
            Report::new("presence", format!("{members} clients join one presence channel at once"));
        if members < wanted {
            report.note(format!("{wanted} were wanted; the limit of open files allows {members}."));
        }
        measure(options, members, repeats, &mut report)?;
        reports.push(report);
    }
    Ok(reports)
}

fn measure(options: &Options, members: usize, repeats: usize, report: &mut Report) -> Result<()> {
    let (mut outcomes, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        let outcome = join(options, members)?;
        let frames = (outcome.needed / members as f64 / FLOOR_FRAME as f64).ceil().max(1.0);
        let len = (outcome.needed / members as f64 / frames) as usize;
        let plan = Plan {
            clients: members,
            len,
            batch: frames as usize,
            pause: Duration::ZERO,
            channels: 1,
            rounds: 1,
            is_woken: false,
        };
        floors.push(Floor::start(plan)?.run()?);
        outcomes.push(outcome);
    }
    let of = |what: fn(&Outcome) -> f64| median(outcomes.iter().map(what).collect());
    let knowing = outcomes.iter().map(|outcome| outcome.knowing).min().unwrap_or(0);
    let gone: usize = outcomes.iter().map(|outcome| outcome.gone).sum();
    report.add(
        Row::new("know all, in the worst of the runs", Unit::Count, knowing as f64)
            .beside("joined", members as f64),
    );
    report.add(Row::new("hung up on", Unit::Count, gone as f64));
    const FLOOR: &str = "send() of what is needed";
    let seconds = median(floors.iter().map(|outcome| outcome.seconds).collect());
    report.add(
        Row::new("all know all after", Unit::Nanoseconds, of(|outcome| outcome.seconds) * 1e9)
            .beside(FLOOR, seconds * 1e9),
    );
    if outcomes.iter().all(|outcome| outcome.processor.is_some()) {
        let sender = median(floors.iter().map(|outcome| outcome.sender.unwrap_or(f64::NAN)).collect());
        let row = Row::new(
            "processor",
            Unit::Nanoseconds,
            of(|outcome| outcome.processor.unwrap_or(f64::NAN)) * 1e9,
        );
        report.add(row.beside(FLOOR, sender * 1e9));
    }
    let bytes = of(|outcome| outcome.bytes);
    report.add(
        Row::new("bytes to the clients", Unit::Bytes, bytes)
            .beside("needed after these lists", of(|outcome| outcome.needed)),
    );
    report.add(
        Row::new("  the same", Unit::Bytes, bytes)
            .beside("one list of all for each", of(|outcome| outcome.least)),
    );
    if knowing < members {
        report.note(format!("Stopped after {} seconds, before all knew all.", PATIENCE.as_secs()));
    }
    Ok(())
}

fn join(options: &Options, members: usize) -> Result<Outcome> {
    let target = Target::open(options)?;
    let mut swarm = Swarm::new(target.address, target.app.clone())?;
    swarm.add(members, 256, |_| Vec::new(), &mut |_, _| {})?;
    std::thread::sleep(Duration::from_millis(300));
    let mut acquaintance = Acquaintance::new(members);
    let (started, meter) = (Instant::now(), target.meter()?);
    for member in 0..members {
        swarm.subscribe_more(member, vec![CHANNEL.to_owned()])?;
        // Who is answered before the last has asked reads as well.
        if member % 64 == 0 {
            swarm.turn(Duration::ZERO, &mut acquaintance)?;
        }
    }
    while acquaintance.knowing < members && started.elapsed() < PATIENCE {
        swarm.turn(Duration::from_millis(20), &mut acquaintance)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let processor = meter.map(|meter| meter.used()).transpose()?;
    let rest = Instant::now();
    while rest.elapsed() < AFTERMATH {
        swarm.turn(Duration::from_millis(20), &mut acquaintance)?;
    }
    let Acquaintance { bytes, superfluous, largest, knowing, gone, .. } = acquaintance;
    Ok(Outcome {
        seconds,
        processor,
        bytes: bytes as f64,
        needed: (bytes - superfluous) as f64,
        least: (largest * members) as f64,
        knowing,
        gone,
    })
}

/// Who knows whom.
#[derive(Debug)]
struct Acquaintance {
    members: usize,
    /// A bit for each pair.
    known: Vec<u64>,
    /// How many each client knows.
    counts: Vec<usize>,
    /// Clients who know all.
    knowing: usize,
    bytes: usize,
    /// Bytes that told somebody of a member it knew.
    superfluous: usize,
    /// The largest list.
    largest: usize,
    gone: usize,
}

impl Acquaintance {
    fn new(members: usize) -> Self {
        let words = members * members.div_ceil(64);
        Self {
            members,
            known: vec![0; words],
            counts: vec![0; members],
            knowing: 0,
            bytes: 0,
            superfluous: 0,
            largest: 0,
            gone: 0,
        }
    }

    /// Whether it is news to the client.
    fn meet(&mut self, client: usize, member: usize) -> bool {
        if member >= self.members {
            return false;
        }
        let word = &mut self.known[client * self.members.div_ceil(64) + member / 64];
        let bit = 1 << (member % 64);
        if *word & bit != 0 {
            return false;
        }
        *word |= bit;
        self.counts[client] += 1;
        self.knowing += usize::from(self.counts[client] == self.members);
        true
    }
}

impl Receiver for Acquaintance {
    fn event(&mut self, _: usize, _: Stamp) {}

    fn notice(&mut self, client: usize, text: &[u8]) {
        let bytes = text.len() + header(text.len());
        self.bytes += bytes;
        let start = &text[..text.len().min(160)];
        if find(start, b"member_added").is_some() {
            let member = find(text, b"user_id").and_then(|at| numbers(&text[at..]).next());
            if !member.is_some_and(|member| self.meet(client, member)) {
                self.superfluous += bytes;
            }
        } else if find(start, b"subscription_succeeded").is_some() {
            self.largest = self.largest.max(bytes);
            // The name of the channel may hold no "ids", and no number.
            let Some(ids) = find(text, b"ids").map(|at| &text[at..]) else { return };
            let end = ids.iter().position(|&byte| byte == b']').unwrap_or(ids.len());
            for member in numbers(&ids[..end]) {
                self.meet(client, member);
            }
        } else {
            self.superfluous += bytes;
        }
    }

    fn gone(&mut self, _: usize, _: Option<u16>) -> Result<()> {
        self.gone += 1;
        Ok(())
    }
}

/// The numbers in a text, whatever stands between them.
fn numbers(text: &[u8]) -> impl Iterator<Item = usize> {
    text.split(|byte| !byte.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

/// Bytes of the header of a frame.
fn header(payload: usize) -> usize {
    match payload {
        ..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = br#"{"event":"pusher_internal:subscription_succeeded","channel":"presence-lobby","data":"{\"presence\":{\"count\":2,\"ids\":[\"0\",\"2\"],\"hash\":{\"0\":null,\"2\":null}}}"}"#;
    const ADDED: &[u8] = br#"{"event":"pusher_internal:member_added","channel":"presence-lobby","data":"{\"user_id\":\"1\",\"user_info\":{\"name\":\"Member 1\"}}"}"#;

    #[test]
    fn a_client_knows_its_list_and_whoever_it_is_told_of() {
        let mut acquaintance = Acquaintance::new(3);
        acquaintance.notice(0, LIST);
        assert_eq!((acquaintance.counts[0], acquaintance.knowing), (2, 0));
        acquaintance.notice(0, ADDED);
        assert_eq!((acquaintance.counts[0], acquaintance.knowing), (3, 1));
        assert_eq!(acquaintance.bytes, LIST.len() + ADDED.len() + 8);
        assert_eq!(acquaintance.superfluous, 0);
    }

    #[test]
    fn telling_somebody_of_a_member_it_knows_is_not_needed() {
        let mut acquaintance = Acquaintance::new(3);
        acquaintance.notice(1, ADDED);
        acquaintance.notice(1, ADDED);
        acquaintance.notice(1, br#"{"event":"something:else"}"#);
        assert_eq!(acquaintance.counts[1], 1);
        assert_eq!(acquaintance.superfluous, ADDED.len() + 4 + 26 + 2);
    }
}
