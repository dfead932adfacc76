//! What stands in for `atomics.rs`: Loom's atomics, each a step at which a process may die.
//!
//! Loom knows sequentially consistent fences but not accesses: it takes those for acquire and release, which loses the one
//! thing the queue wants of them, that a store comes before a later load. So a `SeqCst` store is a release store here, a
//! `SeqCst` load an acquire load, and a fence stands before a `SeqCst` load that follows a `SeqCst` store of the same
//! thread. Both must be `SeqCst` for that, as on the machine: weakening either one loses the fence. This is no stronger
//! than what processors do (the store is a full barrier on x86; on ARM, STLR and LDAR are not reordered).

use std::cell::Cell;
use std::fmt;

use loom::sync::atomic as theirs;

pub(crate) use std::sync::atomic::Ordering;

pub(crate) use crate::kernel::futex;
use crate::kernel::process::{is_alive, step};
use crate::kernel::world::note;
use crate::mutation::{Access, Mutation};

loom::thread_local! {
    /// This thread stored with `SeqCst` and has fenced nothing since.
    static STORED: Cell<bool> = Cell::new(false);
}

pub(crate) fn fence(ordering: Ordering) {
    if Mutation::drops_fence() {
        return;
    }
    theirs::fence(ordering);
    note(|| "fences".to_owned());
    STORED.with(|stored| stored.set(false));
}

fn before_load(ordering: Ordering) {
    if ordering == Ordering::SeqCst && STORED.with(Cell::get) {
        theirs::fence(Ordering::SeqCst);
        note(|| "orders its store before its load".to_owned());
        STORED.with(|stored| stored.set(false));
    }
}

fn after_store(ordering: Ordering) {
    if ordering == Ordering::SeqCst {
        STORED.with(|stored| stored.set(true));
    }
}

fn load_part(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::SeqCst | Ordering::AcqRel => Ordering::Acquire,
        Ordering::Release => Ordering::Relaxed,
        other => other,
    }
}

fn store_part(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::SeqCst | Ordering::AcqRel => Ordering::Release,
        Ordering::Acquire => Ordering::Relaxed,
        other => other,
    }
}

fn both_parts(ordering: Ordering) -> Ordering {
    if ordering == Ordering::SeqCst { Ordering::AcqRel } else { ordering }
}

macro_rules! atomic {
    ($name:ident, $int:ty, $max:expr) => {
        /// Boxed, so that it is as large in the layout as the real one, or at least fits its line.
        pub(crate) struct $name {
            theirs: Box<theirs::$name>,
            name: Cell<&'static str>,
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(<$int>::default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name.get())
            }
        }

        #[allow(dead_code, reason = "not every type needs every operation")]
        impl $name {
            pub(crate) fn new(value: $int) -> Self {
                Self { theirs: Box::new(theirs::$name::new(value)), name: Cell::new("") }
            }

            /// Says which word this is, for mutations.
            pub(crate) fn call(&self, name: &'static str) {
                self.name.set(name);
            }

            pub(crate) fn load(&self, ordering: Ordering) -> $int {
                step();
                if !is_alive() {
                    return <$int>::default();
                }
                let ordering = Mutation::apply(self.name.get(), Access::Load, ordering);
                before_load(ordering);
                let value = self.theirs.load(load_part(ordering));
                note(|| format!("reads {} = {value}", self.name.get()));
                if Mutation::has_no_limit(self.name.get()) { $max } else { value }
            }

            pub(crate) fn store(&self, value: $int, ordering: Ordering) {
                step();
                if is_alive() {
                    let ordering = Mutation::apply(self.name.get(), Access::Store, ordering);
                    if self.name.get() == "sleeping" {
                        // Written by both sides. Loom does not see that what a swap wrote stands before any later store
                        // of whom it swapped with, and lets others read the swap's after that store; a swap it sees.
                        self.theirs.swap(value, store_part(ordering));
                    } else {
                        self.theirs.store(value, store_part(ordering));
                    }
                    note(|| format!("sets {} = {value}", self.name.get()));
                    after_store(ordering);
                }
            }

            pub(crate) fn swap(&self, value: $int, ordering: Ordering) -> $int {
                self.change(ordering, |theirs, ordering| theirs.swap(value, ordering))
            }

            pub(crate) fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                step();
                before_load(success);
                let (success, failure) = (both_parts(success), load_part(failure));
                self.theirs.compare_exchange(current, new, success, failure)
            }

            fn change(
                &self,
                ordering: Ordering,
                operation: impl FnOnce(&theirs::$name, Ordering) -> $int,
            ) -> $int {
                step();
                if !is_alive() {
                    return <$int>::default();
                }
                let ordering = Mutation::apply(self.name.get(), Access::Change, ordering);
                before_load(ordering);
                let before = operation(&self.theirs, both_parts(ordering));
                note(|| format!("changes {}, which was {before}", self.name.get()));
                after_store(ordering);
                before
            }
        }
    };
}

atomic!(AtomicBool, bool, true);
atomic!(AtomicU32, u32, u32::MAX);
atomic!(AtomicU64, u64, u64::MAX);

impl AtomicU32 {
    pub(crate) fn fetch_add(&self, value: u32, ordering: Ordering) -> u32 {
        self.change(ordering, |theirs, ordering| theirs.fetch_add(value, ordering))
    }
}

impl AtomicU64 {
    pub(crate) fn fetch_add(&self, value: u64, ordering: Ordering) -> u64 {
        self.change(ordering, |theirs, ordering| theirs.fetch_add(value, ordering))
    }

    pub(crate) fn fetch_max(&self, value: u64, ordering: Ordering) -> u64 {
        self.change(ordering, |theirs, ordering| theirs.fetch_max(value, ordering))
    }
}
