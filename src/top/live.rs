//! The screen that is drawn anew while time passes, answers come and keys are pressed.

use super::arguments::Options;
use super::client::Server;
use super::figures::{History, Sort, Top};
use super::keys;
use super::state::{Outcome, State};
use super::trouble::Trouble;
use super::{parsed, view};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use rustix::process::{Signal, kill_current_process_group};
use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::MissedTickBehavior;

/// How often the screen is drawn if nothing else happens: it shows how old things are.
const FRAME: Duration = Duration::from_secs(1);

/// Channels that are asked for at least, and at most.
const FEWEST: u16 = 20;
const MOST: u16 = 100;

/// What the server was asked.
enum Answer {
    Top(Box<Result<Top, Trouble>>),
    History(Result<History, Trouble>),
}

type Asking<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// Shows the figures until somebody quits or the process is told to end.
///
/// # Errors
/// If there is no terminal that can be drawn on and read from.
pub(super) async fn show(server: &Server, options: &Options, mut state: State) -> io::Result<()> {
    // They stand before the terminal is changed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut screen = Screen::open()?;
    let mut events = events();
    let mut looks = tokio::time::interval(options.interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asking: Option<Asking<'_>> = None;
    let mut is_wanted = false;
    loop {
        if asking.is_none() && std::mem::take(&mut is_wanted) {
            let limit = match options.limit {
                Some(limit) => limit,
                None => screen.0.size()?.height.clamp(FEWEST, MOST),
            };
            asking = Some(Box::pin(look(server, limit, state.sort, state.filter.clone())));
        }
        let mut scrolled = state.scrolled;
        screen.0.draw(|frame| scrolled = view::draw(frame, &state, Instant::now()))?;
        state.scrolled = scrolled;
        tokio::select! {
            event = events.recv() => {
                let event = event.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
                // Drawing finds out by itself how large the terminal is now.
                let Event::Key(key) = event else { continue };
                match keys::action(key, state.is_editing()).map(|action| state.act(action)) {
                    Some(Outcome::Ended) => return Ok(()),
                    Some(Outcome::Asked) => is_wanted = true,
                    Some(Outcome::Suspended) => screen.suspend()?,
                    Some(Outcome::Shown) | None => {}
                }
            }
            answer = answered(&mut asking) => {
                asking = take(&mut state, answer)
                    .map(|seconds| -> Asking<'_> { Box::pin(look_back(server, seconds)) });
                super::fault::at("answered");
            }
            _ = looks.tick() => is_wanted |= !state.is_paused,
            _ = frames.tick() => {}
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => return Ok(()),
        }
    }
}

async fn look(server: &Server, limit: u16, sort: Sort, filter: String) -> Answer {
    Answer::Top(Box::new(server.top(limit, sort, &filter).await.and_then(|answer| parsed(server, answer))))
}

async fn look_back(server: &Server, seconds: u64) -> Answer {
    Answer::History(server.history(seconds).await.and_then(|answer| parsed(server, answer)))
}

async fn answered(asking: &mut Option<Asking<'_>>) -> Answer {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

/// Puts an answer into the state; how many seconds of the past are missing, if any are.
fn take(state: &mut State, answer: Answer) -> Option<u64> {
    match answer {
        Answer::Top(answer) => {
            let sample = answer.as_ref().as_ref().ok().and_then(|top| top.sample.as_ref());
            let missing = sample.and_then(|sample| state.past.missing(sample));
            state.answered(*answer, Instant::now());
            missing
        }
        Answer::History(answer) => {
            // Charts can do without; whether the server answers, the next look tells.
            state.past.add(answer.ok().into_iter().flat_map(History::samples));
            None
        }
    }
}

/// What happens at the terminal, read by a thread that ends with the process.
fn events() -> UnboundedReceiver<io::Result<Event>> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let is_over = event.is_err();
            if sender.send(event).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

/// The terminal while it is ours; dropped, it is as it was.
struct Screen(DefaultTerminal);

impl Screen {
    fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    /// Gives the terminal back to the shell, until it continues this process.
    fn suspend(&mut self) -> io::Result<()> {
        ratatui::try_restore()?;
        kill_current_process_group(Signal::TSTP)?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        self.0.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // ratatui's hook has done so before the panic's message, which it would take away now.
        if !std::thread::panicking() {
            // The terminal may be gone.
            let _ = ratatui::try_restore();
        }
    }
}
