//! `canyon top`: the figures of a running server in a terminal, as text or as JSON.
//!
//! It knows the HTTP API and nothing else of the server, which may be on another machine. [`arguments`] say where it is and
//! whose figures are wanted; [`client`] asks; [`figures`] and [`past`] are the answers; [`state`] is what is shown and
//! what [`keys`] make of it; [`view`] draws that and changes nothing; [`live`] holds the terminal.

mod address;
mod arguments;
mod client;
mod fault;
mod figures;
mod keys;
mod live;
mod past;
mod report;
mod state;
mod trouble;
mod view;
mod words;

pub use address::Address;
pub use arguments::TopArgs;
pub use figures::Sort;

use arguments::{Form, Options};
use client::Server;
use figures::{History, Top};
use serde::de::DeserializeOwned;
use serde_json::Value;
use state::{State, Subject};
use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};
use trouble::Trouble;

/// Channels that are asked for if nothing else is said.
const USUAL_ANSWER: u16 = 20;

/// The time after which the events of single channels have been counted for a whole second.
const FIRST_COUNT: Duration = Duration::from_millis(1100);

/// How often that is waited for.
const FIRST_COUNTS: usize = 3;

/// Runs `canyon top`.
///
/// # Errors
/// If it does not know which server and app are meant, if there is nothing to draw on, or if the server does not answer one
/// who looks once, or does not know the app: in words for people.
pub fn run(args: TopArgs) -> Result<(), Box<dyn Error>> {
    let options = args.settle(|name| std::env::var(name).ok())?;
    if options.form == Form::Live && !io::stdout().is_terminal() {
        return Err("standard output is not a terminal that can be drawn on: use --once or --json".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(shown(&options));
    // Names are looked up on threads that nobody need wait for.
    runtime.shutdown_background();
    done
}

async fn shown(options: &Options) -> Result<(), Box<dyn Error>> {
    let server = Server::new(options.address.clone(), options.app.clone())?;
    let subject = Subject { address: server.address().to_string(), app: server.app().to_owned() };
    let mut state = State::new(subject, options.interval, options.sort, options.filter.clone());
    match options.form {
        Form::Live => {
            state.has_colours = has_colours();
            Ok(live::show(&server, options, state).await?)
        }
        Form::Text => text(&server, options, state).await,
        Form::Json => Ok(print(&counted(&server, options).await?).or_else(unless_nobody_reads)?),
        Form::JsonLines => json_lines(&server, options).await,
    }
}

/// Whether the environment lets a terminal have colours: <https://no-color.org>.
fn has_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

async fn text(server: &Server, options: &Options, mut state: State) -> Result<(), Box<dyn Error>> {
    let top: Top = parsed(server, counted(server, options).await?)?;
    let seconds = top.sample.as_ref().and_then(|sample| state.past.missing(sample)).unwrap_or_default();
    let history: History = parsed(server, server.history(seconds).await?)?;
    state.past.add(history.samples());
    state.answered(Ok(top), Instant::now());
    let text = report::write(&state, io::stdout().is_terminal() && has_colours());
    io::stdout().write_all(text.as_bytes()).or_else(unless_nobody_reads)?;
    Ok(())
}

async fn look(server: &Server, options: &Options) -> Result<Value, Trouble> {
    server.top(options.limit.unwrap_or(USUAL_ANSWER), options.sort, &options.filter).await
}

/// The answer to somebody who looks once: the first one has no channels, as nobody has counted for them.
async fn counted(server: &Server, options: &Options) -> Result<Value, Trouble> {
    let mut answer = look(server, options).await?;
    for _ in 0..FIRST_COUNTS {
        if answer["watching_ms"].as_f64().is_none_or(|watching| watching >= 1000.0) {
            break;
        }
        tokio::time::sleep(FIRST_COUNT).await;
        answer = look(server, options).await?;
    }
    Ok(answer)
}

/// An object in a line, again and again. What may pass is told on standard error, once.
async fn json_lines(server: &Server, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut looks = tokio::time::interval(options.interval);
    let mut told = None;
    loop {
        looks.tick().await;
        match look(server, options).await {
            Ok(answer) => {
                told = None;
                if let Err(error) = print(&answer) {
                    return Ok(unless_nobody_reads(error)?);
                }
            }
            Err(trouble) if trouble.may_pass => {
                if told.as_ref() != Some(&trouble) {
                    writeln!(io::stderr(), "canyon: {trouble}")?;
                }
                told = Some(trouble);
            }
            Err(trouble) => return Err(trouble.into()),
        }
    }
}

fn print(answer: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}").and_then(|()| out.flush())
}

/// Who has seen enough closes the pipe.
fn unless_nobody_reads(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn parsed<T: DeserializeOwned>(server: &Server, answer: Value) -> Result<T, Trouble> {
    serde_json::from_value(answer).map_err(|error| {
        Trouble::lasting(
            format!("The answer of {} is not understood: {error}", server.address()),
            "Do the server and this program have the same version?",
        )
    })
}
