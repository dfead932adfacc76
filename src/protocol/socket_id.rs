//! The id under which a connection signs its subscriptions and is left out of its own events.

use std::fmt;
use std::str::FromStr;

/// Two random numbers, written `123.456`.
///
/// Every server library checks the form `\A\d+\.\d+\z` before it signs or excludes an id, and a subscription's
/// signature is bound to it: an id is drawn from the system's random source and never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId {
    high: u64,
    low: u64,
}

impl SocketId {
    /// Makes an id of 63 random bits, split in two numbers as the hosted service does.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self { high: bits >> 32, low: bits & 0xffff_ffff }
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.high, self.low)
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not `digits.digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotASocketId;

impl fmt::Display for NotASocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a socket id has the form 123.456")
    }
}

impl std::error::Error for NotASocketId {}

impl FromStr for SocketId {
    type Err = NotASocketId;

    /// Reads an id in canonical form.
    ///
    /// An id of the right form that this server cannot have given out (leading zeros, numbers over 64 bits) is read
    /// as one that matches no connection, because publishing with the id of a departed client is not an error.
    fn from_str(text: &str) -> Result<Self, NotASocketId> {
        let (high, low) = text.split_once('.').ok_or(NotASocketId)?;
        let number = |digits: &str| {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(NotASocketId);
            }
            let canonical = digits == "0" || !digits.starts_with('0');
            Ok(if canonical { digits.parse().unwrap_or(u64::MAX) } else { u64::MAX })
        };
        Ok(Self { high: number(high)?, low: number(low)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = SocketId::from_random(0x1234_5678_9abc_def0);
        assert_eq!(id.to_string(), "305419896.2596069104");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn only_digits_dot_digits_is_an_id() {
        for text in ["", ".", "1", "1.", ".1", "1.2.3", "1.x", "-1.2", "1.2\n", "+1.2", "１.２"] {
            assert_eq!(text.parse::<SocketId>(), Err(NotASocketId), "{text:?}");
        }
    }

    #[test]
    fn an_id_of_another_server_matches_nobody() {
        let ours = SocketId::from_random(1 << 32 | 2);
        for text in ["01.2", "1.02", "99999999999999999999999.1"] {
            assert_ne!(text.parse::<SocketId>(), Ok(ours), "{text}");
            assert!(text.parse::<SocketId>().is_ok(), "{text}");
        }
    }
}
