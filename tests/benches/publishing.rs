//! A thread that publishes what a [`Course`] says: at its pace, or as fast as the server takes it.

use crate::course::{Course, Way};
use crate::http::HttpDoor;
use crate::queue::QueueDoor;
use crate::target::Target;
use crate::whisper::WhisperDoor;
use crate::{Result, process};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Deliveries that do not come within this time are taken for lost: the publisher goes on without them.
const STALLED: Duration = Duration::from_millis(1500);

/// A way into a server.
pub(crate) trait Door: Send {
    /// Publishes a batch of every publisher, each beginning with its event `first`.
    fn publish(&mut self, course: &Course, first: u64) -> Result<()>;

    /// Something to know about this server.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Publishing {
    thread: JoinHandle<Result<Published>>,
    /// Deliveries that have arrived, told to the thread.
    arrived: Arc<AtomicU64>,
}

/// What a thread has published.
#[derive(Debug)]
pub(crate) struct Published {
    /// Events of each publisher on each channel.
    pub(crate) events: u64,
    /// Processor seconds of the thread.
    pub(crate) processor: f64,
    pub(crate) remark: Option<String>,
}

impl Publishing {
    pub(crate) fn start(target: &Target, course: Course) -> Result<Self> {
        let mut door: Box<dyn Door> = match course.way {
            Way::Queue => Box::new(QueueDoor::open(target)?),
            Way::Http { .. } => Box::new(HttpDoor::open(target, course.publishers())),
            Way::Whispers => Box::new(WhisperDoor::open(target, &course)?),
        };
        let arrived = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&arrived);
        let thread = std::thread::spawn(move || publish(door.as_mut(), &course, &seen));
        Ok(Self { thread, arrived })
    }

    /// Says how many deliveries have arrived so far, so that no more are on their way than should be.
    pub(crate) fn tell(&self, deliveries: u64) {
        self.arrived.store(deliveries, Ordering::Relaxed);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    pub(crate) fn join(self) -> Result<Published> {
        self.thread.join().map_err(|_| "the publishing thread panicked")?
    }
}

fn publish(door: &mut dyn Door, course: &Course, arrived: &AtomicU64) -> Result<Published> {
    let (start, mut due) = (Instant::now(), Instant::now());
    let batch = course.batch() as u64;
    let mut window = Window::new(course);
    let mut events = 0;
    // Every channel gets the same number of events.
    while start.elapsed() < course.time || events % course.channels as u64 != 0 {
        if course.is_saturated() {
            window.wait(events * course.publishers() as u64, arrived);
        } else {
            due += course.pause * batch as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        door.publish(course, events)?;
        events += batch;
    }
    Ok(Published {
        events: events / course.channels as u64,
        processor: process::thread_time().as_secs_f64(),
        remark: door.remark(),
    })
}

/// How far publishers may be ahead of the clients.
struct Window {
    events: u64,
    deliveries: u64,
    /// Events given up.
    lost: u64,
}

impl Window {
    fn new(course: &Course) -> Self {
        Self { events: course.window(), deliveries: course.deliveries() as u64, lost: 0 }
    }

    fn wait(&mut self, published: u64, arrived: &AtomicU64) {
        let mut progress = (Instant::now(), 0);
        loop {
            let events = arrived.load(Ordering::Relaxed) / self.deliveries;
            if published < events + self.lost + self.events {
                return;
            }
            if events != progress.1 {
                progress = (Instant::now(), events);
            } else if progress.0.elapsed() > STALLED {
                self.lost = published.saturating_sub(events);
                return;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}
