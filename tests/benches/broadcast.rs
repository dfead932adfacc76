//! What Laravel's `broadcast()` costs: with the canyon driver through the extension and over HTTP, and with the drivers
//! of Laravel that do nothing and write a line to the log, as floors; and with one that only encodes the payload.

use crate::Result;
use crate::options::Options;
use crate::php::Php;
use crate::report::{Report, Row};
use crate::server::Server;
use crate::statistics::Samples;
use std::collections::BTreeMap;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    // As a web server runs it.
    let php = Php::latest()?.with_option("opcache.enable_cli=1");
    let server = Server::start(options)?;
    let mut all: BTreeMap<String, Samples> = BTreeMap::new();
    // Short rounds, so that what slows the machine down for a moment slows all drivers down.
    let (rounds, count) = options.pick(("15", "200"), ("3", "100"));
    for _ in 0..options.repeats() {
        for (driver, samples) in php.run("broadcast.php", &[rounds, count], server.environment())? {
            all.entry(driver).or_default().add(samples);
        }
    }
    let mut take = |name: &str| all.remove(name).ok_or(format!("broadcast.php did not measure {name}"));
    let overhead = take("clock")?.quantile(0.5);
    let mut report = Report::new("broadcast", format!("broadcast() in Laravel, PHP {}", php.version));
    let null = take("null")?.less(overhead);
    for (name, driver) in [
        ("log driver", "log"),
        ("canyon driver, extension", "canyon"),
        ("canyon driver, HTTP to the same server", "canyon-http"),
    ] {
        let samples = take(driver)?.less(overhead);
        report.add(Row::times(name, &samples).beside("null driver", null.quantile(0.5)));
    }
    let encoding = take("encoding")?.less(overhead);
    report.add(
        Row::times("  a driver that only encodes the payload", &encoding)
            .beside("null driver", null.quantile(0.5)),
    );
    report.add(Row::times("  null driver", &null));
    report.note("One ShouldBroadcastNow event after the other, about 300 bytes of data, one public channel.");
    Ok(vec![report])
}
