//! Who publishes what, by channel. A publish is counted before it begins, so that of any moment it is known which events
//! nobody can have yet, and which must come to whoever is subscribed then.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::{Duration, Instant};

/// Nothing is on its way for so long after its source has ended.
const LINGERING: Duration = Duration::from_secs(60);

/// Who numbers events, on each channel from nought.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: u32,
    begun: Begun,
    end: OnceLock<(Instant, bool)>,
}

/// How many publishes have begun on each channel.
#[derive(Debug)]
enum Begun {
    Here(Vec<AtomicU64>),
    /// Of another process: 8 bytes for each channel, little-endian. What is not there is nought.
    File(File),
}

/// Every source there was, with what had begun on each channel.
pub(crate) type Floor = HashMap<u32, Vec<u64>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ledger {
    channels: usize,
    sources: RwLock<Vec<Arc<Source>>>,
}

impl Source {
    /// Counts a publish that begins; its number.
    pub(crate) fn begin(&self, channel: usize) -> u64 {
        match &self.begun {
            Begun::Here(begun) => begun[channel].fetch_add(1, Ordering::SeqCst),
            Begun::File(_) => unreachable!("another process counts"),
        }
    }

    /// Takes back the last publish that began: it certainly was none.
    pub(crate) fn take_back(&self, channel: usize) {
        if let Begun::Here(begun) = &self.begun {
            begun[channel].fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn begun(&self, channel: usize) -> u64 {
        match &self.begun {
            Begun::Here(begun) => begun[channel].load(Ordering::SeqCst),
            Begun::File(file) => {
                let mut bytes = [0; 8];
                let read = file.read_exact_at(&mut bytes, 8 * channel as u64);
                read.map_or(0, |()| u64::from_le_bytes(bytes))
            }
        }
    }

    /// Nothing will be published any more. If `is_certain`, all that has begun was published; otherwise none of it need
    /// have been.
    pub(crate) fn end(&self, is_certain: bool) {
        self.end.get_or_init(|| (Instant::now(), is_certain));
    }

    /// How many events of a channel must have come in the end, and how many may.
    pub(crate) fn wanted(&self, channel: usize) -> (u64, u64) {
        let begun = self.begun(channel);
        let is_certain = self.end.get().is_none_or(|(_, is_certain)| *is_certain);
        (if is_certain { begun } else { 0 }, begun)
    }

    fn is_long_over(&self) -> bool {
        self.end.get().is_some_and(|(since, _)| since.elapsed() > LINGERING)
    }
}

impl Ledger {
    pub(crate) fn new(channels: usize) -> Self {
        Self { channels, sources: RwLock::default() }
    }

    /// A source in this process.
    pub(crate) fn open(&self) -> Arc<Source> {
        let begun = (0..self.channels).map(|_| AtomicU64::new(0)).collect();
        self.add(Begun::Here(begun))
    }

    /// A source in another process, which counts in this file.
    pub(crate) fn open_file(&self, file: File) -> Arc<Source> {
        self.add(Begun::File(file))
    }

    #[allow(clippy::unwrap_used, reason = "nobody panics with it")]
    fn add(&self, begun: Begun) -> Arc<Source> {
        let mut sources = self.sources.write().unwrap();
        let id = u32::try_from(sources.len()).unwrap();
        sources.push(Arc::new(Source { id, begun, end: OnceLock::new() }));
        Arc::clone(&sources[id as usize])
    }

    /// All that there ever were.
    #[allow(clippy::unwrap_used, reason = "nobody panics with it")]
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.sources.read().unwrap().clone()
    }

    /// Those of which something may be on its way.
    pub(crate) fn live_sources(&self) -> Vec<Arc<Source>> {
        let mut sources = self.sources();
        sources.retain(|source| !source.is_long_over());
        sources
    }

    /// What has begun so far.
    pub(crate) fn floor(&self) -> Floor {
        let begun = |source: &Source| (0..self.channels).map(|channel| source.begun(channel)).collect();
        self.sources().iter().map(|source| (source.id, begun(source))).collect()
    }

    /// Events that have begun, on all channels.
    pub(crate) fn events(&self) -> u64 {
        self.floor().values().flatten().sum()
    }
}

/// The data of an event: its source, its number on each of its channels, and so many bytes at least.
pub(crate) fn data(source: u32, numbers: &[(usize, u64)], bytes: usize) -> String {
    let mut text = source.to_string();
    for (channel, number) in numbers {
        text.push_str(&format!(" {channel}:{number}"));
    }
    text.push(' ');
    text.extend(std::iter::repeat_n('x', bytes.saturating_sub(text.len())));
    text
}

/// Source and number of an event that came on a channel; `None` if it does not belong there.
pub(crate) fn read(data: &str, channel: usize) -> Option<(u32, u64)> {
    let mut words = data.split(' ');
    let source = words.next()?.parse().ok()?;
    let number = words.find_map(|word| {
        let (on, number) = word.split_once(':')?;
        (on.parse::<usize>().ok()? == channel).then_some(number)
    });
    Some((source, number?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_its_number_on_each_of_its_channels_and_on_no_other() {
        let data = data(7, &[(3, 12), (4, 0)], 40);
        assert_eq!((data.len(), &data[..12]), (40, "7 3:12 4:0 x"));
        assert_eq!([3, 4, 5].map(|channel| read(&data, channel)), [Some((7, 12)), Some((7, 0)), None]);
        assert_eq!(read("x 3:1", 3), None);
    }

    #[test]
    fn what_another_process_has_counted_is_read_from_its_file() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &[0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let ledger = Ledger::new(3);
        let source = ledger.open_file(file);
        assert_eq!([0, 1, 2].map(|channel| source.begun(channel)), [0, 261, 0]);
    }
}
