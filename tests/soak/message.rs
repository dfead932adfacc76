//! What the publishers write, read with suspicion: see `php/Message.php`.

use md5::{Digest, Md5};

/// Who published a message, which of its messages this is, and what was published before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: u32,
    pub(crate) seq: u64,
    pub(crate) length: u32,
    pub(crate) after: After,
}

/// The first `count` publishes of publisher `id` had returned before a publish began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct After {
    pub(crate) id: u32,
    pub(crate) count: u64,
}

impl Message {
    /// Reads a message; `None` if a single byte is not what it was.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (digest, rest) = text.split_at_checked(32)?;
        if hex::encode(Md5::digest(rest)) != digest {
            return None;
        }
        let mut fields = rest.strip_prefix('|')?.splitn(6, '|');
        let mut number = || fields.next()?.parse::<u64>().ok();
        let message = Self {
            id: u32::try_from(number()?).ok()?,
            seq: number()?,
            after: After { id: u32::try_from(number()?).ok()?, count: number()? },
            length: u32::try_from(number()?).ok()?,
        };
        (message.length as usize == text.len()).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PHP writes it.
    fn text(head: &str, body: &str) -> String {
        let digits = |length: usize| length.to_string().len();
        let bare = 32 + head.len() + body.len() + 1;
        let length = (1..9).map(|width| bare + width).find(|length| bare + digits(*length) == *length);
        let rest = format!("{head}{}|{body}", length.unwrap());
        format!("{}{rest}", hex::encode(Md5::digest(&rest)))
    }

    #[test]
    fn a_message_comes_back() {
        let text = text("|12|345|6|78|", "bo|dy");
        let after = After { id: 6, count: 78 };
        let length = u32::try_from(text.len()).unwrap();
        assert_eq!(Message::read(&text), Some(Message { id: 12, seq: 345, length, after }));
    }

    #[test]
    fn every_single_changed_byte_shows() {
        let text = text("|12|345|6|78|", &"body".repeat(20));
        for index in 0..text.len() {
            let mut torn = text.clone().into_bytes();
            torn[index] ^= 1;
            assert_eq!(Message::read(std::str::from_utf8(&torn).unwrap()), None, "byte {index}");
        }
    }

    #[test]
    fn what_was_cut_off_or_put_together_from_two_shows() {
        let (one, two) = (text("|12|345|0|0|", &"a".repeat(90)), text("|12|346|0|0|", &"b".repeat(90)));
        assert_eq!(one.len(), two.len());
        for cut in 0..one.len() {
            assert_eq!(Message::read(&one[..cut]), None);
            if cut > 0 {
                assert_eq!(Message::read(&format!("{}{}", &one[..cut], &two[cut..])), None, "at {cut}");
            }
        }
        assert_eq!(Message::read(&format!("{one}a")), None);
    }
}
