//! One process owns the database: what it changes is in its index before it is answered, and its lease has no end.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{PAUSE, Watching};
use crate::fault::Fault;
use crate::gate::learn::Knowledge;
use crate::gate::store::changes::prune;
use crate::lock::locked;
use crate::store::changes::head_seq;
use crate::store::{Db, Seq, Spread, Store};

/// So many changes are kept: the next start reads everything anyway.
const REMEMBERED: Seq = 1_000;

pub(super) struct Alone {
    /// A connection of its own, for those who apply changes one after the other. Closed before the store lets go of the
    /// file.
    reader: Mutex<Option<Db>>,
    store: Store,
    knowledge: Arc<Knowledge>,
    judges: bool,
    is_stopped: AtomicBool,
    /// Changes before this one are forgotten.
    pruned: AtomicI64,
}

impl Alone {
    pub(super) fn new(store: Store, knowledge: Arc<Knowledge>, judges: bool) -> Alone {
        let (is_stopped, pruned) = (AtomicBool::new(false), AtomicI64::new(0));
        Alone { store, knowledge, judges, is_stopped, reader: Mutex::new(None), pruned }
    }

    /// Reads everything, and what changed meanwhile; from then on changes are applied by those who make them.
    fn load(&self) -> Result<(), Fault> {
        let mut reader = self.store.own_connection()?;
        self.knowledge.load(&mut reader)?;
        let mut kept = locked(&self.reader);
        let mut learned = self.knowledge.learned();
        self.knowledge.catch_up(&mut reader, &mut learned)?;
        *kept = Some(reader);
        if !self.is_stopped.load(Ordering::Acquire) {
            self.knowledge.lease.hold();
        }
        Ok(())
    }

    /// Forgets old changes, many at a time.
    fn prune(&self) -> Result<(), Fault> {
        let last = self.knowledge.learned().applied;
        let last = last.map_or_else(|| self.store.read_here(|db| Ok(head_seq(db)?)), Ok)?;
        let before = last - REMEMBERED;
        if before - self.pruned.load(Ordering::Relaxed) >= REMEMBERED {
            self.store.write_here(|db| prune(db, before))?;
            self.pruned.store(before, Ordering::Relaxed);
        }
        Ok(())
    }

    fn apply(&self) -> Result<(), Fault> {
        let mut kept = locked(&self.reader);
        // Before everything is read the database is asked, which knows. However this ends, by a panic too: unless the index
        // knows what was kept, it is not judged by until everything was read anew.
        let Some(mut reader) = kept.take() else { return Ok(()) };
        let unsure = Unsure(&self.knowledge);
        self.knowledge.catch_up(&mut reader, &mut self.knowledge.learned())?;
        std::mem::forget(unsure);
        *kept = Some(reader);
        Ok(())
    }

    fn must_load(&self) -> bool {
        self.judges && locked(&self.reader).is_none()
    }
}

/// Drops the lease, unless it is forgotten.
struct Unsure<'a>(&'a Knowledge);

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        self.0.lease.drop_it();
    }
}

impl Watching for Alone {
    fn run(&self) {
        while !self.is_stopped.load(Ordering::Acquire) {
            if self.must_load() {
                if let Err(fault) = self.load() {
                    tracing::error!(target: "keyrack", cause = %fault.to_string().escape_debug(), "cannot read the keys");
                    std::thread::park_timeout(PAUSE);
                }
                continue;
            }
            if let Err(fault) = self.prune() {
                tracing::warn!(target: "keyrack", cause = %fault.to_string().escape_debug(), "old changes are kept on");
            }
            std::thread::park();
        }
        // It may have been stopped in the moment in which it held the lease.
        self.knowledge.lease.drop_it();
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.knowledge.lease.drop_it();
    }

    fn distrust(&self) {
        self.knowledge.lease.drop_it();
        *locked(&self.reader) = None;
    }
}

impl Spread for Alone {
    fn spread(&self, _: Seq) -> oneshot::Receiver<()> {
        if let Err(fault) = self.apply() {
            tracing::error!(target: "keyrack", cause = %fault.to_string().escape_debug(), "cannot apply a change");
        }
        oneshot::channel().1 // whose sender is gone: it is done
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}
