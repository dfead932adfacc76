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
//! 1. reads the ticket counter: the *limit* (of every directory, if there are two: see below),
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
//! counter each, for a second at most. A producer that goes from the old one to the new one keeps its order even then: all
//! limits are read before any tail, the newest directory's first, and the older directories are drained first. So if its
//! push into the new one is below that one's limit, its earlier push into the old one is seen.
//!
//! # The orderings, and why each suffices
//!
//! `make loom` explores the scenarios of `tests/model`, named in parentheses here: this very code, over modelled memory and a
//! modelled kernel, in every schedule up to some preemptions. `mutations` there weakens the orderings one by one, and sees
//! the scenarios fail.
//!
//! * *Tail*: stored with `SeqCst` exchange, read with `SeqCst`. Release and acquire would be enough for the bytes before it
//!   (`one_publisher`); the stronger order is for the doorbell (`no_wake_up_is_lost`).
//! * *Head*: stored with `Release` after the record was copied out, read with `Acquire` before its bytes are overwritten
//!   (`overwriting_what_was_read`, `full`).
//! * *Ticket*: drawn with `AcqRel`, read with `Acquire`. The draw releases everything before it, among it the tail stores that
//!   its process knows of; the draws after it are part of the same release sequence, so reading any later value acquires it
//!   (`causal_chain`, `causal_chain_through_a_new_ring`; both fail without the limit).
//! * *Sleeping*: the classic pair of two stores and two loads. The producer stores its tail, then loads `sleeping`; the consumer
//!   stores `sleeping`, fences, then loads the tails. All four are `SeqCst`, so at least one sees the other's store: either the
//!   producer rings or the consumer stays awake (`no_wake_up_is_lost`, `no_wake_up_of_two_is_lost`,
//!   `a_new_publisher_wakes_a_sleeping_server`). On the consumer's side the `SeqCst` store or the fence would do alone; there
//!   are both because that costs nothing beside a sleep. On the producer's side each is needed. The exchange that claims the
//!   ring needs no order at all.
//! * *Doorbell*: read before `sleeping` is stored, so a ring in between makes the futex wait return at once. Rung with at least
//!   `Release`: whoever finds it rung must also see why, a [`Waker`]'s call (`a_waker_is_never_missed`).
//! * *Napping* is not guarded so: a producer that misses it loses nothing, because a nap ends by itself (`a_nap_needs_no_bell`,
//!   `filling_wakes_a_napping_server`).
//! * *Generation*: changed after the ring has its name, read before the directory is listed. No order of its own carries
//!   this: the ticket does for a causal chain, the handshake above for a sleeper, and the kernel's lock on the directory for
//!   what the list shows. It is `SeqCst` and `Acquire` to be read by the same rules as its neighbours.
//! * *Moved*: set before the consumer lists the old directory for the last time. A producer that misses it is in a ring that
//!   had its name before, because it compared the path after naming the ring (`a_publisher_attaches_to_a_renamed_directory`);
//!   one that is at work there is still drained (`a_publisher_is_at_work`).
//! * *Closed*: a hint which rings to try the lock of; the lock itself orders what its last owner wrote (`a_publisher_leaves`,
//!   `two_adopters_race`, `adopting_races_with_reaping`).
//! * *Heartbeat, spill counters, identity*: `Relaxed` or better; decisions that matter do not rest on them.
//!
//! That a process may die at any instruction is checked likewise, before every access to shared memory and every system call
//! of a publisher, of an adopter and of a server (`a_publisher_dies_at_any_step` and its neighbours).
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
//! restores heads, `moved`, the heartbeat, the page's format and the rings' identities; a producer its own where no consumer
//! is at work. A living consumer also sees when a ring loses its name, and calls the roll; and it does so whenever it has
//! looked for new rings, for one that lost its name before (`a_ring_loses_its_name`). So a push after a silence has nothing
//! to ask the kernel for but the wake.
//!
//! Files with permissions wider than configured, or of other people, or with a second name, and everything that is no file,
//! are refused in words that say so and what to do, each once. Junk is looked at in portions between passes, see `sweep.rs`;
//! only while a directory is that full can a new ring be found a pass late, and its messages come after ones they caused.
//!
//! The directory can vanish (systemd-logind removes a user's files from /dev/shm at logout). The consumer looks once a second,
//! makes a new one, tells the producers through the old control page, and drains the old rings to their end.

mod access;
mod atomics;
mod backlog;
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
mod traffic;
mod wait;
mod writer;

pub use access::{Access, Unknown};
pub use backlog::Backlog;
pub use consumer::{Consumer, ConsumerOptions, Counts, Drained, Record};
pub use control::Server;
pub use error::Error;
pub use layout::{PROTOCOL_VERSION, RING_BYTES};
pub use producer::{Producer, ProducerOptions, Status};
pub use wait::{NAP, Waker, Woken};
pub use writer::{Push, Writer};

/// The largest payload a queue takes.
pub const MAX_PAYLOAD: usize = 8 * 1024 * 1024;
