//! What an event carries so that its receiver can tell when it was published, and which one it is.
//!
//! The stamp has a fixed form, so that a receiver finds it in a frame without parsing JSON:
//! `~<nanoseconds of CLOCK_MONOTONIC, 20 digits>~<sequence number, 10 digits>~`. The first two digits of the sequence
//! number say which of several publishers it was.

use rustix::time::{ClockId, clock_gettime};

const MARK: u8 = b'~';
const TIME_DIGITS: usize = 20;
const SEQUENCE_DIGITS: usize = 10;

/// Bytes of a frame in which its stamp stands.
const HEAD: usize = 1024;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) nanoseconds: u64,
    pub(crate) sequence: u64,
}

/// The clock of `hrtime(true)` in PHP.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Events that one publisher can number.
const NUMBERS: u64 = 100_000_000;

impl Stamp {
    pub(crate) fn now(sequence: u64) -> Self {
        Self { nanoseconds: now(), sequence }
    }

    /// The event `number` of one of several publishers.
    pub(crate) fn by(publisher: usize, number: u64) -> Self {
        Self::now(publisher as u64 * NUMBERS + number)
    }

    pub(crate) fn publisher(self) -> usize {
        (self.sequence / NUMBERS) as usize
    }

    pub(crate) fn number(self) -> u64 {
        self.sequence % NUMBERS
    }

    /// The `data` of an event with this stamp, `len` bytes long.
    pub(crate) fn data(self, len: usize) -> String {
        let Self { nanoseconds, sequence } = self;
        let mut data = format!(r#"{{"stamp":"~{nanoseconds:020}~{sequence:010}~","pad":""#);
        let pad = len.saturating_sub(data.len() + 2);
        data.extend(std::iter::repeat_n('x', pad));
        data.push_str("\"}");
        data
    }

    /// The stamp in a frame, if there is one.
    pub(crate) fn find(frame: &[u8]) -> Option<Self> {
        let frame = &frame[..frame.len().min(HEAD)];
        let start = frame.iter().position(|&byte| byte == MARK)? + 1;
        let (time, rest) = frame.get(start..)?.split_at_checked(TIME_DIGITS)?;
        let (sequence, end) = rest.strip_prefix(&[MARK])?.split_at_checked(SEQUENCE_DIGITS)?;
        end.starts_with(&[MARK]).then_some(())?;
        Some(Self { nanoseconds: number(time)?, sequence: number(sequence)? })
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        digit.is_ascii_digit().then(|| number.wrapping_mul(10) + u64::from(digit - b'0'))
    })
}
