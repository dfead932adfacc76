//! The command line: `canyon serve`, `canyon publish`, `canyon reload`, `canyon check`, `canyon top`.

use canyon::check::{EVENT_BYTES, Limit, Limits};
use canyon::config::{AppConfig, Config, ListenAddress, LogFormat, LogLevel, Settings};
use canyon::log::{self, View};
use canyon::parent::{self, Alone, Answer, Parent, Question};
use canyon::protocol::channel::MAX_NAME_LENGTH;
use canyon::publisher::Publisher;
use canyon::queue::{self, Access, MAX_PAYLOAD, ProducerOptions};
use canyon::server::{Provision, Server};
use canyon::tls::Tls;
use canyon::top::{self, TopArgs};
use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Real-time broadcasting for Laravel on one server.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C.
    Serve(ServeArgs),
    /// Publish one event through a queue, as the PHP extension does.
    Publish(PublishArgs),
    /// Replace the running server by a new one, with a new configuration; clients notice nothing.
    Reload(ReloadArgs),
    /// Check the configuration and print what would be in effect, secrets redacted.
    Check(ServerArgs),
    /// Show what a running server does: rates, queue, losses, busiest channels, slowest clients.
    Top(TopArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Serve in this process, without a parent that starts it anew and lets it reload.
    #[arg(long)]
    no_parent: bool,
}

/// The server is found by its queue. (SIGUSR2 to its process does the same, and tells its log what came of it.)
#[derive(Debug, Args)]
struct ReloadArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// What to run from now on, in place of the command that the server was started with.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Settings are taken from flags, then the environment (`CANYON_*`), then the file, then the defaults.
#[derive(Debug, Args)]
struct ServerArgs {
    /// TOML file with the settings.
    #[arg(long, value_name = "FILE", env = "CANYON_CONFIG")]
    config: Option<PathBuf>,
    /// Where to accept connections: IP:PORT, tls:IP:PORT or unix:/path. May be given several times.
    #[arg(long, value_name = "ADDR")]
    listen: Vec<ListenAddress>,
    /// An app to serve. Shows the secret in `ps`: for development only. May be given several times.
    #[arg(long = "app", value_name = "ID:KEY:SECRET")]
    apps: Vec<AppConfig>,
    /// Queue directory of the apps that do not name their own.
    #[arg(long, value_name = "DIR")]
    queue: Option<PathBuf>,
    /// Print each connect, subscribe, event and refusal in a line.
    #[arg(long)]
    debug: bool,
    /// With --debug: the data of events too.
    #[arg(long, requires = "debug")]
    payloads: bool,
    /// How the log is written: text or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// How much is written into the log: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

#[derive(Debug, Args)]
struct PublishArgs {
    /// The queue directory of the server.
    #[arg(long, value_name = "DIR", env = "CANYON_QUEUE")]
    queue: PathBuf,
    /// Id of the app.
    #[arg(long, value_name = "ID", env = "CANYON_APP_ID")]
    app: String,
    /// Channel to publish on. May be given several times.
    #[arg(long = "channel", value_name = "NAME", required = true)]
    channels: Vec<String>,
    /// Name of the event.
    #[arg(long, value_name = "NAME")]
    event: String,
    /// Its data, as clients get it: usually JSON. A dash takes it from standard input.
    #[arg(long, value_name = "JSON")]
    data: String,
    /// Socket id of the client that does not get it.
    #[arg(long, value_name = "SOCKET_ID")]
    except: Option<String>,
    /// Group that shares the queue directory.
    #[arg(
        long,
        value_name = "GROUP",
        env = "CANYON_QUEUE_GROUP",
        default_value = "",
        hide_default_value = true
    )]
    queue_group: String,
    /// User, besides this one and root, whose queue directory is trusted.
    #[arg(long, value_name = "USER", default_value = "", hide_default_value = true)]
    queue_owner: String,
    /// Longest data to publish, if the server's limit is another.
    #[arg(long, value_name = "BYTES", default_value_t = EVENT_BYTES)]
    max_event_bytes: usize,
    /// Longest name of a channel, if the server's limit is another.
    #[arg(long, value_name = "BYTES", default_value_t = MAX_NAME_LENGTH)]
    max_channel_length: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(args) if args.no_parent || parent::is_generation() => serve(args.server),
        Command::Serve(args) => {
            let kept = log_of_parent(args.server)
                .and_then(|()| generations())
                .and_then(|command| Ok(parent::keep(command)?));
            return kept.map_or_else(|error| fail(&error), ExitCode::from);
        }
        Command::Reload(args) => reload(args),
        Command::Publish(args) => publish(&args),
        Command::Check(args) => check(args),
        Command::Top(args) => top::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    // In a log of JSON, this too is a line of it.
    if !log::tells(error) {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(std::io::stderr(), "canyon: {error}");
    }
    ExitCode::from(2)
}

impl ServerArgs {
    fn settle(self) -> Result<Config, canyon::Error> {
        let file = self.config.as_deref().map(Settings::from_file).transpose()?.unwrap_or_default();
        let environment = Settings::from_environment(|name| std::env::var(name).ok())?;
        let flags = Settings {
            listen: (!self.listen.is_empty()).then_some(self.listen),
            queue: self.queue,
            apps: self.apps,
            log_format: self.log_format,
            log_level: self.log_level,
            ..Settings::default()
        };
        Ok(flags.over(environment.over(file)).settle()?)
    }
}

/// The parent's lines stand among those of the generations. A configuration that will not do is theirs to complain of.
fn log_of_parent(args: ServerArgs) -> Result<(), Box<dyn Error>> {
    match args.settle() {
        Ok(config) => Ok(log::begin(&config, View::AsConfigured)?),
        Err(_) => Ok(log::begin_as_environment_says()?),
    }
}

/// What starts a generation: this very command, or the one that became this process and said so.
fn generations() -> Result<Vec<OsString>, Box<dyn Error>> {
    match std::env::var("CANYON_COMMAND") {
        Ok(command) => {
            let command: Vec<String> =
                serde_json::from_str(&command).map_err(|error| format!("CANYON_COMMAND: {error}"))?;
            Ok(command.into_iter().map(OsString::from).collect())
        }
        Err(_) => Ok(std::env::args_os().collect()),
    }
}

fn serve(args: ServerArgs) -> Result<(), Box<dyn Error>> {
    let mut parent = Parent::find()?;
    let served = serve_under(args, parent.as_mut());
    if let (Err(why), Some(parent)) = (&served, &mut parent) {
        parent.failed(why);
    }
    served
}

fn serve_under(args: ServerArgs, mut parent: Option<&mut Parent>) -> Result<(), Box<dyn Error>> {
    let view = match &args {
        ServerArgs { payloads: true, .. } => View::Payloads,
        ServerArgs { debug: true, .. } => View::Events,
        _ => View::AsConfigured,
    };
    let config = args.settle()?;
    log::begin(&config, view)?;
    // The handlers stand before the server does: a signal that comes early is not lost.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let alone = Alone::from_environment();
    let provision = match &mut parent {
        Some(parent) => parent.begin()?,
        None => Provision::from_environment()?,
    };
    let is_first = provision.former.is_none();
    let mut server = Server::begin_with(&config, false, provision)?;
    match &mut parent {
        Some(parent) => parent.serving(&config, &server)?,
        None => alone.serving(&server)?,
    }
    if is_first {
        announce(&server, &config);
    } else {
        tracing::info!("took over from the former server");
    }
    loop {
        let ended = runtime.block_on(async {
            tokio::select! {
                name = signals.next() => Ended::Told(name),
                why = server.failure() => Ended::Failed(why),
                channel = succession(&mut parent) => Ended::Replaced(channel),
            }
        });
        match (ended, &mut parent) {
            (Ended::Replaced(channel), Some(parent)) => {
                let given = server.give(channel);
                parent.gave(&given)?;
                if given.is_ok() {
                    return Ok(());
                }
            }
            (Ended::Replaced(_), None) => {}
            (Ended::Told(name), _) => {
                tracing::info!("{name}: closing clients and stopping");
                // Ctrl-C has somebody waiting.
                let over = if name == SIGINT { 0 } else { config.drain_seconds };
                let over = Duration::from_secs(over.into());
                alone.stopping(over);
                runtime.block_on(wind_up(server, over, &mut signals));
                return Ok(());
            }
            (Ended::Failed(why), _) => {
                server.stop(Duration::ZERO);
                return Err(why.into());
            }
        }
    }
}

/// Why a server does not just serve any more.
enum Ended {
    Told(&'static str),
    Failed(String),
    Replaced(UnixStream),
}

async fn succession(parent: &mut Option<&mut Parent>) -> UnixStream {
    match parent {
        Some(parent) => parent.succession().await,
        None => std::future::pending().await,
    }
}

fn announce(server: &Server, config: &Config) {
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    let mut out = std::io::stdout();
    // Whoever started the first generation may have stopped to read.
    let _ = writeln!(out, "listening on {}", addresses.join(", ")).and_then(|()| out.flush());
    if let Some(address) = server.metrics_address() {
        tracing::info!(%address, "metrics");
    }
    for app in &config.apps {
        let queue = app.queue.as_deref().unwrap_or_else(|| "none".as_ref());
        tracing::info!(app = %app.id, key = %app.key, queue = %queue.display(), "serving");
    }
}

fn reload(args: ReloadArgs) -> Result<(), Box<dyn Error>> {
    let config = args.server.settle()?;
    let command = (!args.command.is_empty()).then_some(args.command);
    let question = Question { command, directory: None };
    let queues: Vec<&Path> = config.apps.iter().filter_map(|app| app.queue.as_deref()).collect();
    for queue in &queues {
        match parent::ask(queue, &question)? {
            Some(answer @ (Answer::Reloaded { .. } | Answer::Replaced { .. })) => {
                writeln!(std::io::stdout(), "{answer}")?;
                return Ok(());
            }
            Some(refused) => return Err(refused.to_string().into()),
            None => {}
        }
    }
    let queues: Vec<String> = queues.iter().map(|queue| queue.display().to_string()).collect();
    Err(format!(
        "no server that can be reloaded drains {}. Is it running, and without --no-parent? If it has other queues than \
         this configuration, send SIGUSR2 to its process instead",
        queues.join(" or ")
    )
    .into())
}

/// Closes the clients over this time, and stops. A signal that comes meanwhile ends it at once.
async fn wind_up(mut server: Server, over: Duration, signals: &mut Signals) {
    let (mut is_urged, hurry) = (false, server.hurry());
    if !over.is_zero() {
        server.drain(over);
        let emptied = async {
            while server.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(over, emptied) => {}
            _ = server.failure() => {}
            name = signals.next() => {
                tracing::info!("{name}: closing all clients now");
                hurry.up();
                is_urged = true;
            }
        }
    }
    // On a thread that the end of the program does not wait for.
    let (done, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        server.stop(Duration::ZERO);
        let _ = done.send(());
    });
    let urged = async {
        if !is_urged {
            let name = signals.next().await;
            tracing::info!("{name}: ending at once");
            hurry.up();
        }
        tokio::time::sleep(LAST_MOMENT).await;
    };
    tokio::select! {
        _ = stopped => {}
        () = urged => {}
    }
}

const SIGINT: &str = "SIGINT";

/// What clients get to hear of the end when it is to come at once: their close frames.
const LAST_MOMENT: Duration = Duration::from_millis(300);

/// The signals that end the program, caught from the beginning.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Inside a runtime.
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one, and names it.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => SIGINT,
        }
    }
}

fn publish(args: &PublishArgs) -> Result<(), Box<dyn Error>> {
    let access = Access::named(&args.queue_owner, &args.queue_group).map_err(|unknown| {
        format!("--{} {unknown}", if unknown.is_group { "queue-group" } else { "queue-owner" })
    })?;
    let limits = Limits {
        event_bytes: Limit { most: args.max_event_bytes, setting: "--max-event-bytes" },
        channel_length: Limit { most: args.max_channel_length, setting: "--max-channel-length" },
    };
    let mut data = args.data.clone().into_bytes();
    if args.data == "-" {
        data.clear();
        // One byte more than any queue takes is enough to be refused.
        std::io::stdin().lock().take(MAX_PAYLOAD as u64 + 1).read_to_end(&mut data)?;
    }
    let options = ProducerOptions { access, ..ProducerOptions::new(&args.queue) };
    let mut publisher = Publisher::attach(options, args.app.as_bytes(), limits)?;
    let channels = args.channels.iter().map(|name| name.as_bytes());
    let except = args.except.as_deref().map(str::as_bytes);
    publisher.publish(channels, args.event.as_bytes(), &data, except)?;
    if publisher.status().server == queue::Server::Absent {
        let queue = args.queue.display();
        writeln!(std::io::stderr(), "canyon: no server drains {queue}: the event waits there for one")?;
    }
    Ok(())
}

fn check(args: ServerArgs) -> Result<(), Box<dyn Error>> {
    let config = args.settle()?;
    if !config.tls.is_empty() {
        Tls::load(&config.tls)?;
    }
    write!(std::io::stdout(), "{}", toml::to_string(&config)?)?;
    Ok(())
}
