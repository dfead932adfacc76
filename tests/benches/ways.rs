//! The same event handed over in other ways, all in one run: to Redis over a persistent connection of phpredis, as a Unix
//! datagram, and as a signed request to the HTTP API over a connection that is kept alive. Somebody reads at every end.

use crate::Result;
use crate::options::Options;
use crate::php::Php;
use crate::redis::Redis;
use crate::report::{Report, Row};
use crate::server::{Server, setting};
use crate::statistics::Samples;
use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;

const CHANNEL: &str = "orders";

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let modules = setting("REDIS_MODULES")?;
    let php = ["igbinary.so", "redis.so"]
        .iter()
        .fold(Php::latest()?, |php, module| php.with_extension(&Path::new(&modules).join(module)));
    let server = Server::start(options)?;
    let redis = Redis::start(CHANNEL)?;
    let datagrams = server.directory().join("datagrams");
    receive(&datagrams)?;
    let count = options.pick("20000", "1000");
    let (port, socket) = (redis.address.port().to_string(), datagrams.to_string_lossy().into_owned());
    let mut all: BTreeMap<String, Samples> = BTreeMap::new();
    for _ in 0..options.repeats() {
        for (name, samples) in php.run("ways.php", &[count, &port, &socket], server.environment())? {
            all.entry(name).or_default().add(samples);
        }
    }
    let mut take = |name: &str| all.remove(name).ok_or(format!("ways.php did not measure {name}"));
    let overhead = take("clock")?.quantile(0.5);
    let publish = take("publish")?;
    let price = publish.quantile(0.5);
    let mut report = Report::new("ways", format!("ways to hand over an event, PHP {}", php.version));
    report.add(Row::times("Canyon's publish()", &publish));
    for (name, way) in [
        ("Unix datagram", "datagram"),
        ("Redis PUBLISH, phpredis", "redis"),
        ("signed HTTP, kept alive", "http"),
    ] {
        report.add(Row::times(name, &take(way)?.less(overhead)).beside("publish()", price));
    }
    report.note(
        "About 300 bytes, one after the other. publish(): means of batches of 100; the others one by one,",
    );
    report.note("without the time of reading the clock. HTTP goes to Canyon's own API.");
    Ok(vec![report])
}

/// Reads datagrams for as long as the process lives.
fn receive(path: &Path) -> Result<()> {
    let socket = UnixDatagram::bind(path)?;
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while socket.recv(&mut buffer).is_ok() {}
    });
    Ok(())
}
