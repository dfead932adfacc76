//! The ids of a worker's connections, from random bytes that are drawn many at a time.

use crate::protocol::SocketId;
use std::io;

/// Ids drawn from the system's random source in one call.
const DRAWN: usize = 64;

#[derive(Debug, Default)]
pub(super) struct SocketIds {
    unused: Vec<[u8; size_of::<u64>()]>,
}

impl SocketIds {
    pub(super) fn draw(&mut self) -> io::Result<SocketId> {
        if self.unused.is_empty() {
            let mut drawn = [[0; size_of::<u64>()]; DRAWN];
            getrandom::fill(drawn.as_flattened_mut()).map_err(io::Error::other)?;
            self.unused.extend(drawn);
        }
        let bytes = self.unused.pop().unwrap_or_default();
        Ok(SocketId::from_random(u64::from_ne_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_id_is_drawn_twice() {
        let mut ids = SocketIds::default();
        let drawn: HashSet<SocketId> = (0..10 * DRAWN).map(|_| ids.draw().unwrap()).collect();
        assert_eq!(drawn.len(), 10 * DRAWN);
    }
}
