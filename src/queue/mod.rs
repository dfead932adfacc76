//! The queue: a way for any number of processes to hand messages to one, through shared memory, without ever waiting.
//!
//! It knows bytes only. Producers are PHP processes, the consumer is the server's drain thread; either side may start, stop
//! or die at any instruction, in any order, and nobody else notices.
//!
//! # How it works
//!
//! Each producer has a ring of its own in the queue directory, held by a file lock that the kernel drops when the process
//! dies. A push
//!
//! 1. makes sure that there is room ([`Push::Full`] otherwise, at once),
//! 2. draws a ticket from the counter that all producers share,
//! 3. copies the record behind the ring's tail,
//! 4. stores the new tail,
//! 5. rings the doorbell if the consumer said that it sleeps.
//!
//! Step 4 is what publishes. A producer killed before it has published nothing, and leaves nothing that anybody would have
//! to repair: what it wrote lies beyond the tail, its ticket is a number that nobody waits for. There is no such thing as a
//! claimed but unfinished record. The consumer
//!
//! 1. reads the ticket counter: the *limit*,
//! 2. then reads the list of rings, if the generation says that it changed,
//! 3. then reads the tails,
//! 4. delivers, merged by ticket, the records below the limit that it found there; after each one it stores the ring's head.
//!
//! A consumer killed after a delivery and before the head is stored delivers that one record again when it is restarted.
//! Nothing else is ever delivered twice, and nothing is lost.
//!
//! # Why the order is causal
//!
//! Claim: if A's push returned before B's push began (in whatever processes, and however B learned of it), then A is
//! delivered before B.
//!
//! * A's ticket a is smaller than B's ticket b: both come from one counter, and a was drawn before b.
//! * Suppose a pass delivers B. Then b is below its limit, so B's draw comes before the read of the limit in the order of
//!   that counter. A's tail store precedes B's draw, so it precedes the read of the limit, which precedes the read of the
//!   tails: the pass sees A (or an earlier one delivered it).
//! * The same holds for A's ring itself, if it is new: it got its name, and the generation changed, before A's push began, so
//!   the list read after the limit has it.
//! * So A and B stand in the same merge, and a < b puts A first. What stands before A in A's ring has even smaller tickets.
//!
//! The limit is what makes this right without waiting for anything. Without it a pass could read A's tail, then A and B both
//! push, then read B's tail, and deliver B without A. Pushes that overlap in time may be delivered in either order.
//!
//! The one exception: while a removed directory is being replaced (see below), two producers can be in two directories with a
//! counter each, for a second at most.
//!
//! # The orderings, and why each suffices
//!
//! * *Tail*: stored with `SeqCst` exchange, read with `SeqCst`. Release and acquire would be enough for the bytes before it;
//!   the stronger order is for the doorbell.
//! * *Head*: stored with `Release` after the record was copied out, read with `Acquire` before its bytes are overwritten.
//! * *Ticket*: drawn with `AcqRel`, read with `Acquire`. The draw releases everything before it, among it the tail stores that
//!   its process knows of; the draws after it are part of the same release sequence, so reading any later value acquires it.
//! * *Sleeping*: the classic pair of two stores and two loads. The producer stores its tail, then loads `sleeping`; the consumer
//!   stores `sleeping`, fences, then loads the tails. All four are `SeqCst`, so at least one sees the other's store: either the
//!   producer rings or the consumer stays awake. It reads the doorbell's value before it stores `sleeping`, so a ring in
//!   between makes its futex wait return at once.
//! * *Napping* is not guarded so: a producer that misses it loses nothing, because a nap ends by itself.
//! * *Generation*: changed with `SeqCst` after the ring has its name, read with `Acquire` before the directory is listed.
//! * *Moved*: set with `SeqCst` before the consumer lists the old directory for the last time; a push that reads zero goes into
//!   a ring that had its name before.
//! * *Heartbeat, spill counters, identity*: `Relaxed` or better; decisions that matter do not rest on them.
//!
//! # Who lives
//!
//! Locks say who lives, never process ids: containers have the same ids, and ids come again. A ring whose lock is free is
//! drained as it is and removed by the consumer, or adopted by the next producer, which goes on at its tail. Whoever takes the
//! lock compares the file with its name after that, and files are removed only under their lock, so nobody writes into a ring
//! that has lost its name. A producer that leaves in an orderly way removes its ring if it is empty. So no more rings exist
//! than publishers lived at once, with or without a server.
//!
//! # Down, slow, full
//!
//! A push needs nobody: without a consumer its record waits in the ring. What a consumer finds that is older than its
//! `max_age` is skipped and counted, but only if it stood there for so long *while nobody drained*: before the consumer was
//! opened, or while its process was paused (SIGSTOP, a frozen container), which it notices by the time between two of its
//! own looks at the clock. A consumer at work that does not keep up delivers late, in order, whatever the age: first the
//! rings fill, then publishers are told.
//!
//! A push without room returns [`Push::Full`] at once and raises a counter in its ring. The counter belongs to the ring, so
//! it outlives its producer, and beside it stands how much of it was counted, so a consumer that comes later goes on there.
//!
//! # Whom to trust
//!
//! Nobody. Whatever the consumer reads it copies first and checks then, once: lengths against the tail, kinds, positions
//! against the ring, spill files against their records. What cannot be a record is counted and skipped, to the ring's tail; the
//! other rings do not notice. A ticket that the counter never issued (somebody wrote over it) is delivered as it comes, and
//! counted. A tail that cannot be is waited out: its producer puts it right with the next push, and if it is our position that
//! was wrong, two tails in a row tell.
//!
//! A file cut short while it is mapped (a SIGBUS) costs nobody's life: see `fault.rs`. Its ring is given up, told once, and
//! its producer makes another one; a control page that is lost is replaced, and the new one's tickets go on above the old.
//!
//! Words that never change, or that only one side writes, are put right once a second by whoever owns them: the consumer
//! restores heads, `moved`, the heartbeat and the page's format, a producer its ring's identity.
//!
//! Files with permissions wider than configured, or of other people, or with a second name, and everything that is no file,
//! are refused in words that say so and what to do, each once. Junk is looked at in portions between passes, see `sweep.rs`;
//! only while a directory is that full can a new ring be found a pass late, and its messages come after ones they caused.
//!
//! The directory can vanish (systemd-logind removes a user's files from /dev/shm at logout). The consumer looks once a second,
//! makes a new one, tells the producers through the old control page, and drains the old rings to their end.

mod access;
mod atomics;
mod clock;
mod consumer;
mod control;
mod directory;
mod domain;
mod doorbell;
mod error;
mod fault;
mod file;
mod fork;
pub mod hooks;
mod layout;
mod lock;
mod producer;
mod reader;
mod ring;
mod segment;
mod spill;
mod sweep;
mod wait;
mod writer;

pub use access::{Access, Unknown};
pub use consumer::{Consumer, ConsumerOptions, Counts, Drained, Record};
pub use control::Server;
pub use error::Error;
pub use layout::{PROTOCOL_VERSION, RING_BYTES};
pub use producer::{Producer, ProducerOptions, Status};
pub use wait::{Waker, Woken};
pub use writer::{Push, Writer};

/// The largest payload a queue takes.
pub const MAX_PAYLOAD: usize = 8 * 1024 * 1024;
