//! Messages that tell who made them and whether they arrived whole.

#![allow(dead_code, reason = "one program makes them, the other checks them")]

use std::ops::RangeInclusive;

const HEAD: usize = 24;

/// The message `seq` of producer `id`: its length varies, and every byte follows from the two numbers.
pub(crate) fn make(id: u32, seq: u64, lengths: &RangeInclusive<usize>) -> Vec<u8> {
    let mut random = seed(id, seq);
    let spread = lengths.end() - lengths.start() + 1;
    let len = (lengths.start() + usize::try_from(next(&mut random)).unwrap_or(0) % spread).max(HEAD);
    let mut bytes = vec![0; len];
    bytes[..4].copy_from_slice(&id.to_le_bytes());
    bytes[4..8].copy_from_slice(&u32::try_from(len).unwrap_or(0).to_le_bytes());
    bytes[8..16].copy_from_slice(&seq.to_le_bytes());
    bytes[16..24].copy_from_slice(&random.to_le_bytes());
    for chunk in bytes[HEAD..].chunks_mut(8) {
        let word = next(&mut random).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    bytes
}

/// Who made a message, and its number; `None` if a single byte is not what it was.
pub(crate) fn check(bytes: &[u8]) -> Option<(u32, u64)> {
    let id = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let len = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let seq = u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
    let mut random = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
    let mut expected = seed(id, seq);
    next(&mut expected);
    let whole = len as usize == bytes.len()
        && random == expected
        && bytes[HEAD..].chunks(8).all(|chunk| next(&mut random).to_le_bytes()[..chunk.len()] == *chunk);
    whole.then_some((id, seq))
}

fn seed(id: u32, seq: u64) -> u64 {
    (u64::from(id) << 40 ^ seq).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// xorshift: quick, and different for every message.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}
