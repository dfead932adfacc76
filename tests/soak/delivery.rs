//! One delivery, as the recording consumer writes it down before it tells the queue that it has it.

use crate::message::{After, Message};

/// What was delivered: a message, or something torn.
pub(crate) type Delivery = Option<Message>;

/// Of a delivery in the record. Divides a page, and a write within one page is done wholly or not at all, whoever is killed.
pub(crate) const BYTES: usize = 32;

const WHOLE: u32 = 0x5748_4f4c;
const TORN: u32 = 0x544f_524e;

pub(crate) fn to_bytes(delivery: Delivery) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..4].copy_from_slice(&if delivery.is_some() { WHOLE } else { TORN }.to_le_bytes());
    if let Some(message) = delivery {
        bytes[4..8].copy_from_slice(&message.id.to_le_bytes());
        bytes[8..12].copy_from_slice(&message.length.to_le_bytes());
        bytes[12..16].copy_from_slice(&message.after.id.to_le_bytes());
        bytes[16..24].copy_from_slice(&message.seq.to_le_bytes());
        bytes[24..].copy_from_slice(&message.after.count.to_le_bytes());
    }
    bytes
}

/// `None` if these bytes are no entry at all.
pub(crate) fn from_bytes(bytes: &[u8; BYTES]) -> Option<Delivery> {
    let short = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 4)) << 32;
    match short(0) {
        WHOLE => Some(Some(Message {
            id: short(4),
            length: short(8),
            after: After { id: short(12), count: long(24) },
            seq: long(16),
        })),
        TORN => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_survive_the_way_through_the_record() {
        let after = After { id: u32::MAX - 1, count: u64::MAX - 2 };
        let message = Message { id: 7, seq: u64::MAX - 3, length: u32::MAX, after };
        for delivery in [Some(message), None] {
            assert_eq!(from_bytes(&to_bytes(delivery)), Some(delivery));
        }
        assert_eq!(from_bytes(&[0; BYTES]), None);
    }
}
