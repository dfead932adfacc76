//! The command line: `canyon serve`, `canyon publish`, `canyon check`.

use canyon::check::{EVENT_BYTES, Limit, Limits};
use canyon::config::{AppConfig, Config, ListenAddress, Settings};
use canyon::protocol::channel::MAX_NAME_LENGTH;
use canyon::publisher::Publisher;
use canyon::queue::{self, Access, MAX_PAYLOAD, ProducerOptions};
use canyon::server::Server;
use canyon::tls::Tls;
use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

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
    Serve(ServerArgs),
    /// Publish one event through a queue, as the PHP extension does.
    Publish(PublishArgs),
    /// Check the configuration and print what would be in effect, secrets redacted.
    Check(ServerArgs),
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
    let default = match &cli.command {
        Command::Serve(ServerArgs { payloads: true, .. }) => "info,view=trace",
        Command::Serve(ServerArgs { debug: true, .. }) => "info,view=debug",
        _ => "info",
    };
    let filter = EnvFilter::try_from_env("CANYON_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let done = match cli.command {
        Command::Serve(args) => serve(args),
        Command::Publish(args) => publish(&args),
        Command::Check(args) => check(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "canyon: {error}");
            ExitCode::from(2)
        }
    }
}

impl ServerArgs {
    fn settle(self) -> Result<Config, canyon::Error> {
        let file = self.config.as_deref().map(Settings::from_file).transpose()?.unwrap_or_default();
        let environment = Settings::from_environment(|name| std::env::var(name).ok())?;
        let flags = Settings {
            listen: (!self.listen.is_empty()).then_some(self.listen),
            queue: self.queue,
            apps: self.apps,
            ..Settings::default()
        };
        Ok(flags.over(environment.over(file)).settle()?)
    }
}

fn serve(args: ServerArgs) -> Result<(), Box<dyn Error>> {
    let config = args.settle()?;
    // The handlers stand before the server does: a signal that comes early is not lost.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signal = runtime.block_on(async { termination() })?;
    let server = Server::start(&config)?;
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", addresses.join(", "))?;
    out.flush()?;
    for app in &config.apps {
        let queue = app.queue.as_deref().unwrap_or_else(|| "none".as_ref());
        tracing::info!(app = %app.id, key = %app.key, queue = %queue.display(), "serving");
    }
    let ended = runtime.block_on(async {
        tokio::select! {
            name = signal => Ok(name),
            why = server.failure() => Err(why),
        }
    });
    if let Ok(name) = ended {
        tracing::info!("{name}: closing clients and stopping");
    }
    server.stop(Duration::ZERO);
    ended.map(drop).map_err(Into::into)
}

/// Installs the handlers at once; the future waits for one of the signals and names it.
fn termination() -> std::io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
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
        tracing::warn!("no server drains {}: the event waits there for one", args.queue.display());
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
