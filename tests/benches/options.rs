//! What the command line says: which scenarios, how much of everything, and which server.

use crate::{Result, SCENARIOS};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;

/// Measures Canyon, or any server that speaks the Pusher protocol, beside floors of the same run.
#[derive(Debug, Parser)]
#[command(name = "tests/bench", bin_name = "tests/bench", after_help = after_help())]
pub(crate) struct Options {
    /// Less of everything: shows that it works, and that nothing is lost; the figures are rough.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Worker threads of the Canyon that is started; by default as many as Canyon chooses.
    #[arg(long, value_name = "N", conflicts_with = "url")]
    pub(crate) workers: Option<NonZeroUsize>,

    /// A server that runs already, on this machine: ws://127.0.0.1:6001. Without it, `canyon serve` is started.
    #[arg(long, value_name = "URL", requires_all = ["app", "key", "secret"])]
    pub(crate) url: Option<Address>,

    /// Id of an app of that server that allows client events and has no limits.
    #[arg(long, value_name = "ID", requires = "url")]
    pub(crate) app: Option<String>,

    /// Key of that app.
    #[arg(long, value_name = "KEY", requires = "url")]
    pub(crate) key: Option<String>,

    /// Secret of that app.
    #[arg(long, value_name = "SECRET", requires = "url")]
    pub(crate) secret: Option<String>,

    /// Process of that server, its children included: for the rows of processor time and memory.
    #[arg(long, value_name = "PID", requires = "url", value_parser = process)]
    pub(crate) pid: Option<u32>,

    /// Scenarios to run; all of them if none is named.
    #[arg(value_name = "SCENARIO", value_parser = names())]
    pub(crate) scenarios: Vec<String>,
}

impl Options {
    /// `full`, or `quick` where all that counts is whether it works.
    pub(crate) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How often a short measurement is repeated; its median is shown.
    pub(crate) fn repeats(&self) -> usize {
        self.pick(3, 1)
    }
}

/// Where a server listens: an address of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address(pub(crate) SocketAddr);

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(url: &str) -> std::result::Result<Self, String> {
        let rest = url
            .strip_prefix("ws://")
            .or_else(|| url.strip_prefix("http://"))
            .ok_or("it must begin with ws://; TLS is not measured")?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('/') {
            return Err("a path is not supported: give scheme, host and port".to_owned());
        }
        let addresses: Vec<SocketAddr> = authority
            .to_socket_addrs()
            .map_err(|error| format!("{authority} is no HOST:PORT: {error}"))?
            .collect();
        let wanted = |address: &&SocketAddr| address.is_ipv4() || addresses.len() == 1;
        match addresses.iter().find(wanted) {
            Some(address) if address.ip().is_loopback() => Ok(Self(*address)),
            Some(address) => Err(format!(
                "{} is not a loopback address: load is only put on a server of this machine, so run this beside it",
                address.ip()
            )),
            None => Err(format!("{authority} has no address")),
        }
    }
}

fn process(text: &str) -> Result<u32> {
    let pid = text.parse()?;
    std::fs::metadata(format!("/proc/{pid}")).map_err(|_| format!("no process {pid} runs"))?;
    Ok(pid)
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SCENARIOS.iter().map(|scenario| scenario.name))
}

fn after_help() -> String {
    let mut text = "Scenarios:".to_owned();
    for scenario in SCENARIOS {
        text += &format!("\n  {:<14} {}", scenario.name, scenario.what);
        if scenario.needs_canyon {
            text += " (Canyon only)";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_of_this_machine_are_put_under_load() {
        let read = |url: &str| url.parse::<Address>().map(|address| address.0.to_string());
        assert_eq!(read("ws://127.0.0.1:6001"), Ok("127.0.0.1:6001".to_owned()));
        assert_eq!(read("ws://127.1.2.3:80/"), Ok("127.1.2.3:80".to_owned()));
        assert_eq!(read("ws://[::1]:6001"), Ok("[::1]:6001".to_owned()));
        for (url, why) in [
            ("ws://192.0.2.1:80", "192.0.2.1 is not a loopback address"),
            ("ws://0.0.0.0:80", "0.0.0.0 is not a loopback address"),
            ("wss://127.0.0.1:443", "TLS is not measured"),
            ("127.0.0.1:80", "must begin with ws://"),
            ("ws://127.0.0.1", "no HOST:PORT"),
            ("ws://127.0.0.1:80/ws", "path is not supported"),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
    }

    #[test]
    fn another_server_needs_its_credentials() {
        let parse = |arguments: &[&str]| {
            Options::try_parse_from([&["bench"], arguments].concat()).map_err(|error| error.to_string())
        };
        let url = ["--url", "ws://127.0.0.1:1"];
        let app = ["--app", "1", "--key", "2", "--secret", "3"];
        assert!(parse(&[&url[..], &app[..]].concat()).is_ok());
        assert!(parse(&url).unwrap_err().contains("--secret"));
        assert!(parse(&app).unwrap_err().contains("--url"));
        assert!(parse(&["--workers", "0"]).is_err());
        assert!(parse(&["nothing"]).unwrap_err().contains("fanout"));
    }
}
