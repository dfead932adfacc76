//! Somebody writes over the control page and other people's rings while everybody works.
//!
//! `SCRIBBLE_SECONDS` makes the random part longer; `SCRIBBLE_SEED` repeats one.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use canyon::queue::{Consumer, Producer, ProducerOptions, Push};

use crate::place::{Place, Process, arguments, check_journal, drain, of, push, until};

/// The words of the control page: where, how wide.
const CONTROL: &[(&str, u64, usize)] = &[
    ("ticket", 128, 8),
    ("sleeping", 256, 4),
    ("doorbell", 384, 4),
    ("generation", 512, 4),
    ("seen_ms", 640, 8),
    ("started_ms", 648, 8),
];

/// Those that send publishers away, or keep new ones out, until they are put right.
const SENDS_AWAY: &[(&str, u64, usize)] = &[("format", 0, 8), ("moved", 260, 4)];

/// The words of a ring's head.
const RING: &[(&str, u64, usize)] = &[
    ("format", 0, 8),
    ("capacity", 8, 8),
    ("creator_pid", 16, 8),
    ("created_ms", 24, 8),
    ("head", 128, 8),
    ("spill_released", 136, 8),
    ("behind spill_released", 144, 8),
    ("tail", 256, 8),
    ("spill_reserved", 264, 8),
    ("closed", 272, 4),
    ("behind closed", 280, 8),
];

const RING_DATA: u64 = 4096;
/// Of the victims' rings; the honest ones' are larger.
const VICTIM_RING: u64 = 65536;

/// The first word of another version's files.
const OTHER_VERSION: u64 = 0x434e_594e_0000_0002;

/// What a word may be made, given what it is: nonsense, and what almost makes sense.
fn nasty(now: u64) -> [u64; 14] {
    [
        0,
        1,
        2,
        7,
        u64::MAX,
        u64::MAX - 7,
        1 << 63,
        1 << 40,
        now.wrapping_add(8),
        now.wrapping_sub(8),
        now.wrapping_add(1),
        now.wrapping_add(VICTIM_RING),
        now ^ 1 << 17,
        OTHER_VERSION,
    ]
}

fn open(place: &Place, name: &str) -> Option<File> {
    File::options().read(true).write(true).open(place.path().join(name)).ok()
}

fn get(file: &File, at: u64, width: usize) -> u64 {
    let mut bytes = [0; 8];
    let _ = file.read_at(&mut bytes[..width], at);
    u64::from_le_bytes(bytes)
}

fn put(file: &File, at: u64, width: usize, value: u64) {
    let _ = file.write_at(&value.to_le_bytes()[..width], at);
}

fn victim(place: &Place) -> (Producer, String) {
    let options = ProducerOptions { ring_bytes: VICTIM_RING as usize, ..ProducerOptions::new(place.path()) };
    let before = place.names("ring.");
    let victim = Producer::attach(options).unwrap();
    let ring = place.names("ring.").into_iter().find(|name| !before.contains(name)).unwrap();
    (victim, ring)
}

/// Everything that is in the queue, waiting a little for it: whatever somebody wrote, it is there.
fn drain_soon(consumer: &mut Consumer) -> Vec<Vec<u8>> {
    consumer.wait(Duration::from_millis(1));
    drain(consumer)
}

#[test]
fn no_word_of_the_control_page_keeps_a_message_back() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producers = [place.producer(), place.producer()];
    let control = open(&place, "control").unwrap();
    for (word, at, width) in CONTROL {
        for value in nasty(get(&control, *at, *width)) {
            put(&control, *at, *width, value);
            for producer in &mut producers {
                assert_eq!(push(producer, b"x"), Push::Published, "{word} = {value:x}");
            }
            assert_eq!(drain_soon(&mut consumer).len(), 2, "{word} = {value:x}");
            let mut late = place.producer();
            let _ = push(&mut late, b"late");
            drop(late);
            assert_eq!(drain_soon(&mut consumer), [b"late"], "{word} = {value:x}");
        }
    }
    until("signs of life are right again", || {
        consumer.wait(Duration::from_millis(10));
        let status = producers[0].status();
        matches!(status.server, canyon::queue::Server::Alive { .. })
    });
}

#[test]
fn words_that_send_publishers_away_are_put_right_by_the_server_within_its_round() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut producer = place.producer();
    let control = open(&place, "control").unwrap();
    for (word, at, width) in SENDS_AWAY {
        let right = get(&control, *at, *width);
        for value in [u64::MAX, 7, OTHER_VERSION] {
            put(&control, *at, *width, value);
            assert_eq!(push(&mut producer, b"x"), Push::Published, "{word} = {value:x}");
            assert_eq!(drain(&mut consumer), [b"x"], "{word} = {value:x}");
        }
        until("it is right again", || {
            consumer.wait(Duration::from_millis(10));
            get(&control, *at, *width) == right
        });
        let mut late = place.producer();
        let _ = push(&mut late, b"late");
        assert_eq!(drain(&mut consumer), [b"late"], "after {word}");
    }
}

#[test]
fn without_a_server_publishers_put_right_what_would_keep_others_out() {
    let place = Place::new();
    let (mut producer, ring) = victim(&place);
    let _ = push(&mut producer, b"first");
    let (control, ring) = (open(&place, "control").unwrap(), open(&place, &ring).unwrap());
    let right = [get(&control, 0, 8), get(&ring, 0, 8), get(&ring, 8, 8)];
    put(&control, 0, 8, 1);
    put(&ring, 0, 8, 2);
    put(&ring, 8, 8, 3);
    until("a push has put them right", || {
        let _ = push(&mut producer, b"");
        [get(&control, 0, 8), get(&ring, 0, 8), get(&ring, 8, 8)] == right
    });
    assert_eq!(drain(&mut place.consumer())[0], b"first");
}

#[test]
fn no_word_of_a_ring_harms_another_ring_or_its_own_for_long() {
    let place = Place::new();
    let mut consumer = place.consumer();
    let mut honest = place.producer();
    for (word, at, width) in RING {
        let (mut victim, ring) = victim(&place);
        let file = open(&place, &ring).unwrap();
        for value in nasty(get(&file, *at, *width)) {
            let _ = victim.push(3, |writer| writer.put(b"hit"));
            put(&file, *at, *width, value);
            let _ = push(&mut honest, b"safe");
            let _ = victim.push(5, |writer| writer.put(b"again"));
            let got = drain_soon(&mut consumer);
            assert!(got.contains(&b"safe".to_vec()), "{word} = {value:x}");
        }
        until("the victim is heard again", || {
            let _ = victim.push(4, |writer| writer.put(b"back"));
            drain_soon(&mut consumer).contains(&b"back".to_vec())
        });
    }
}

#[test]
fn a_server_that_starts_on_rings_written_over_skips_what_makes_no_sense_and_hears_the_rest() {
    for (word, at, width) in RING {
        let place = Place::new();
        let (mut victim, ring) = victim(&place);
        let mut honest = place.producer();
        let file = open(&place, &ring).unwrap();
        for value in nasty(get(&file, *at, *width)) {
            let _ = victim.push(3, |writer| writer.put(b"hit"));
            let _ = push(&mut honest, b"safe");
            put(&file, *at, *width, value);
            let mut consumer = place.consumer();
            assert!(drain(&mut consumer).contains(&b"safe".to_vec()), "{word} = {value:x}");
        }
        let mut consumer = place.consumer();
        until("the victim is heard again", || {
            let _ = victim.push(4, |writer| writer.put(b"back"));
            drain_soon(&mut consumer).contains(&b"back".to_vec())
        });
    }
}

#[test]
fn a_ring_written_over_before_it_is_adopted_is_left_alone_or_works() {
    for (word, at, width) in RING {
        let place = Place::new();
        // A ring of another version is refused and left alone: whoever made it may come back for it.
        for value in nasty(0).into_iter().filter(|value| *value != OTHER_VERSION) {
            let (mut gone, ring) = victim(&place);
            let _ = push(&mut gone, b"left behind");
            drop(gone);
            put(&open(&place, &ring).unwrap(), *at, *width, value);
            let options =
                ProducerOptions { ring_bytes: VICTIM_RING as usize, ..ProducerOptions::new(place.path()) };
            let mut heir = Producer::attach(options).unwrap();
            let _ = heir.push(2, |writer| writer.put(b"ok"));
            let _ = heir.push(30_000, |writer| writer.put(&[1; 30_000]));
            let mut consumer = place.consumer();
            until("the heir is heard", || {
                let _ = heir.push(4, |writer| writer.put(b"next"));
                drain_soon(&mut consumer).contains(&b"next".to_vec())
            });
            drop(heir);
            until(&format!("nothing is left after {word} = {value:x}"), || {
                drain_soon(&mut consumer);
                place.left_behind().is_empty()
            });
            assert!(consumer.counts().delivered > 0, "{word} = {value:x}");
        }
    }
}

/// xorshift.
struct Random(u64);

impl Random {
    /// From the environment or the clock; said aloud, so that it can be had again.
    fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let seed =
            std::env::var("SCRIBBLE_SEED").map_or(now.as_nanos() as u64 | 1, |seed| seed.parse().unwrap());
        println!("SCRIBBLE_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[(self.next() % of.len() as u64) as usize]
    }

    fn value(&mut self, now: u64) -> u64 {
        match self.next() % 3 {
            0 => self.next(),
            1 => now ^ 1 << (self.next() % 64),
            _ => *self.pick(&nasty(now)),
        }
    }

    /// Writes over a word of the control page.
    fn hit_control(&mut self, place: &Place, words: &[(&str, u64, usize)]) {
        let Some(file) = open(place, "control") else { return };
        let (_, at, width) = *self.pick(words);
        let now = get(&file, at, width);
        put(&file, at, width, self.value(now));
    }

    /// Writes over something of a victim's: a word of its head, a record, a spill file.
    fn hit_victim(&mut self, place: &Place) {
        for name in place.names("ring.") {
            let Some(file) = open(place, &name) else { continue };
            if file.metadata().unwrap().len() != RING_DATA + VICTIM_RING {
                continue;
            }
            let (at, width) = match self.next() % 4 {
                0 => {
                    let (_, at, width) = *self.pick(RING);
                    (at, width)
                }
                // Where the next record is read, and the words behind it: length and kind, ticket, time, a reference.
                1 => (RING_DATA + get(&file, 128, 8) % VICTIM_RING / 8 * 8, 8),
                2 => (
                    RING_DATA + get(&file, 128, 8).wrapping_add(self.next() % 6 * 8) % VICTIM_RING / 8 * 8,
                    8,
                ),
                _ => (RING_DATA + self.next() % (VICTIM_RING - 8), 8),
            };
            let now = get(&file, at, width);
            put(&file, at, width, self.value(now));
        }
        for name in place.names("spill.") {
            let path = place.path().join(name);
            match self.next() % 50 {
                0 => drop(std::fs::remove_file(path)),
                1 => drop(File::options().write(true).open(path).map(|file| file.set_len(100))),
                _ => {}
            }
        }
    }
}

fn seconds() -> Duration {
    Duration::from_secs(std::env::var("SCRIBBLE_SECONDS").map_or(3, |seconds| seconds.parse().unwrap()))
}

/// What everybody did while somebody scribbled over the words of the control page and the victims' rings.
struct Scribbled {
    place: Place,
    /// What each honest publisher pushed.
    pushed: Vec<(u32, u64)>,
}

fn scribble(words: &[(&str, u64, usize)]) -> Scribbled {
    let mut random = Random::new();
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let spawn = |id: u32, mode: &str, rest: &[&dyn std::fmt::Display]| {
        let id = format!("id={id}");
        let mode = format!("mode={mode}");
        place.spawn_producer(&[arguments(&[&id, &mode]), arguments(rest)].concat())
    };
    let mut honest: Vec<Process> = (1..=2).map(|id| spawn(id, "honest", &[&"largest=2000"])).collect();
    let ring = format!("ring={VICTIM_RING}");
    let mut victims: Vec<Process> =
        (11..=12).map(|id| spawn(id, "victim", &[&ring, &"largest=30000"])).collect();
    for process in honest.iter_mut().chain(&mut victims) {
        assert_eq!(process.line(), "attached");
    }
    let until_then = Instant::now() + seconds();
    while Instant::now() < until_then {
        for _ in 0..20 {
            random.hit_victim(&place);
        }
        random.hit_control(&place, words);
        std::thread::sleep(Duration::from_millis(1));
    }
    victims.into_iter().for_each(|victim| drop(victim.finish()));
    let pushed =
        honest.into_iter().zip(1..).map(|(honest, id)| (id, honest.finish().parse().unwrap())).collect();
    // It ends by itself, and well; what it counted was all of it somebody's work.
    let counts = consumer.finish();
    for nothing in ["damaged: 0,", "lost_spills: 0,", "foreign_tickets: 0,", "lost_bytes: 0,"] {
        assert!(!counts.contains(nothing), "{counts}");
    }
    println!("{counts}");
    Scribbled { place, pushed }
}

#[test]
fn while_words_are_written_over_every_honest_message_arrives_in_order() {
    let Scribbled { place, pushed } = scribble(CONTROL);
    assert!(pushed.iter().all(|(_, count)| *count > 100), "{pushed:?}");
    check_journal(&of(&[1, 2], &place.journal_with_torn()), &pushed, 0);
}

/// Publishers are sent from ring to ring while the counter of tickets is written over as well: nothing but the order within
/// each ring can be kept then.
#[test]
fn while_publishers_are_sent_away_at_random_every_honest_message_arrives_once() {
    let Scribbled { place, pushed } = scribble(&[CONTROL, SENDS_AWAY].concat());
    let journal = of(&[1, 2], &place.journal_with_torn());
    let mut times: HashMap<(u32, u64), usize> = HashMap::new();
    for entry in &journal {
        *times.entry((entry.id, entry.seq)).or_default() += 1;
    }
    for (id, count) in pushed {
        assert!(count > 100, "only {count}");
        let wrong: Vec<_> = (0..count).filter(|seq| times.get(&(id, *seq)) != Some(&1)).take(10).collect();
        assert_eq!(wrong, Vec::<u64>::new(), "of producer {id}");
    }
}
