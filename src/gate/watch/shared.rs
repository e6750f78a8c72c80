//! Several instances share the database. Each acknowledges the changes that its index knows, and with that gets a
//! lease of three seconds; whoever changes something waits until all have acknowledged it, or until every lease that
//! was given before is over. No wall clock takes part, and nothing rests on a notification's arrival.

use std::cmp::Ordering;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{PAUSE, Watching};
use crate::clock::Uptime;
use crate::fault::Fault;
use crate::gate::learn::{Knowledge, lease_clock};
use crate::gate::lease::LEASE;
use crate::gate::planted::{Planted, is_planted};
use crate::gate::store::changes::{Lost, prune, since};
use crate::gate::store::instances;
use crate::lock::locked;
use crate::store::changes::head_seq;
use crate::store::{Db, Seq, Spread, Store, acknowledge_if_last, has_heard, listen};

/// How often a lease is renewed where nothing changes.
const RENEWAL: Duration = Duration::from_millis(600);
/// How often the connection is looked at for a notification: a look takes a microsecond and asks nobody.
const LOOK: Duration = Duration::from_millis(2);
/// How often the others are looked at while a change waits for them.
const LOOK_AT_OTHERS: Duration = Duration::from_millis(1);
/// Renewals between two prunings of what changed.
const PRUNING: u32 = 100;
/// Changes that are kept beyond what every instance knows.
const REMEMBERED: Seq = 1_000;

pub(super) struct Shared {
    store: Store,
    knowledge: Arc<Knowledge>,
    judges: bool,
    /// What this instance is called in the database: another name at each start.
    id: String,
    is_stopped: AtomicBool,
    waiting: Mutex<Vec<Waiting>>,
}

/// A change that was kept here and is not known everywhere yet.
struct Waiting {
    seq: Seq,
    kept: Uptime,
    done: oneshot::Sender<()>,
}

impl Shared {
    pub(super) fn new(store: Store, knowledge: Arc<Knowledge>, judges: bool, id: String) -> Shared {
        let (is_stopped, waiting) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        Shared { store, knowledge, judges, id, is_stopped, waiting }
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Acquire)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        locked(&self.waiting)
    }

    /// Goes on until it is stopped or the connection is lost.
    fn serve(&self, db: &mut Db) -> Result<(), Fault> {
        listen(db)?;
        // Behind a connection that was lost may be another database (a failover), which has forgotten what this instance
        // knows and counts on from there: what is known is read anew.
        self.knowledge.forget_how_far();
        let (mut renewed, mut renewals) = (None::<Uptime>, 0_u32);
        while !self.is_stopped() {
            let now = lease_clock();
            let is_due = renewed.is_none_or(|at| now.since_boot() - at.since_boot() >= RENEWAL);
            let newest = self.waiting().iter().map(|waiting| waiting.seq).max();
            let is_behind = self.judges && newest > self.knowledge.learned().applied;
            if has_heard(db)? || is_due || is_behind {
                self.learn(db)?;
                (renewed, renewals) = (Some(now), renewals + 1);
                if renewals.is_multiple_of(PRUNING)
                    && let Err(fault) = self.prune(db)
                {
                    tracing::warn!(target: "keyrack", cause = %fault.to_string().escape_debug(), "old changes are kept on");
                }
            }
            let pause = if self.release(db)? { LOOK_AT_OTHERS } else { LOOK };
            std::thread::park_timeout(pause);
        }
        self.knowledge.lease.drop_it();
        instances::leave(db, &self.id)
    }

    /// Learns what changed and renews the lease; reads everything where that does not do.
    fn learn(&self, db: &mut Db) -> Result<(), Fault> {
        if !self.judges {
            return Ok(());
        }
        if self.knowledge.learned().applied.is_none() {
            self.knowledge.load(db)?;
        }
        match self.renew(db) {
            Ok(()) => Ok(()),
            Err(Lost::Fault(fault)) => Err(fault),
            Err(lost) => {
                self.knowledge.lease.drop_it();
                let why = match lost {
                    Lost::WentBack => {
                        "the database knows less than this instance: was it put back? What was revoked here stays so"
                    }
                    _ => "changes are missing",
                };
                tracing::error!(target: "keyrack", "{why}; reading all keys anew");
                self.knowledge.load(db)
            }
        }
    }

    fn renew(&self, db: &mut Db) -> Result<(), Lost> {
        let mut learned = self.knowledge.learned();
        if is_planted(Planted::AckBeforeApply) {
            let head = head_seq(db)?;
            instances::acknowledge_unseen(db, &self.id, head)?;
        }
        let asked = loop {
            self.knowledge.catch_up(db, &mut learned)?;
            let applied = learned.applied.unwrap_or_default();
            // Before it is sent: what is granted may be counted on from here.
            let asked = lease_clock();
            if self.acknowledge(db, applied)? {
                break asked;
            }
            self.compare(db, applied)?;
        };
        let asked = if is_planted(Planted::LeaseFromAnswer) { lease_clock() } else { asked };
        match is_planted(Planted::NoDriftMargin) {
            true => self.knowledge.lease.renew_for(asked, LEASE),
            false => self.knowledge.lease.renew(asked),
        }
        Ok(())
    }

    fn acknowledge(&self, db: &mut Db, applied: Seq) -> Result<bool, Lost> {
        if is_planted(Planted::GrantUnseen) {
            instances::acknowledge_unseen(db, &self.id, applied)?;
            return Ok(true);
        }
        Ok(acknowledge_if_last(db, &self.id, applied)?)
    }

    /// What was applied is not the last change: mostly because there is a new one, which is remembered.
    fn compare(&self, db: &mut Db, applied: Seq) -> Result<(), Lost> {
        let head = head_seq(db)?;
        match head.cmp(&applied) {
            Ordering::Less => Err(Lost::WentBack),
            Ordering::Greater if since(db, applied)?.is_none() => Err(Lost::Pruned),
            Ordering::Greater | Ordering::Equal => Ok(()),
        }
    }

    /// Lets go of the changes that all instances know, and of those that have waited for as long as any lease that was
    /// given before them can last. Answers whether some wait on.
    fn release(&self, db: &mut Db) -> Result<bool, Fault> {
        // Before the others are looked at: a change that comes meanwhile is looked after next time.
        let Some(newest) = self.waiting().iter().map(|waiting| waiting.seq).max() else { return Ok(false) };
        let known = instances::known_to_all(db)?.unwrap_or(newest);
        let now = lease_clock();
        let is_over = |waiting: &Waiting| now.since_boot() - waiting.kept.since_boot() >= LEASE;
        let overdue = self.waiting().iter().filter(|waiting| is_over(waiting)).map(|waiting| waiting.seq).max();
        if let Some(seq) = overdue {
            let fenced = instances::fence(db, seq)?;
            tracing::warn!(target: "keyrack", fenced, "instances that do not answer are waited for no more");
        }
        let is_known = |seq| seq <= known.min(newest) || overdue.is_some_and(|overdue| seq <= overdue);
        let mut waiting = self.waiting();
        for over in waiting.extract_if(.., |waiting| is_known(waiting.seq)) {
            let _ = over.done.send(()); // whoever asked may have hung up
        }
        Ok(!waiting.is_empty())
    }

    fn prune(&self, db: &mut Db) -> Result<(), Fault> {
        let known = match instances::known_to_all(db)? {
            Some(known) => known,
            None => head_seq(db)?, // nobody judges by an index
        };
        prune(db, known - REMEMBERED)
    }
}

impl Watching for Shared {
    fn run(&self) {
        while !self.is_stopped() {
            let served = self.store.own_connection().and_then(|mut db| self.serve(&mut db));
            if let Err(fault) = served {
                tracing::error!(target: "keyrack", cause = %fault.to_string().escape_debug(), "the watch lost its database");
                std::thread::park_timeout(PAUSE);
            }
        }
    }

    fn stop(&self) {
        self.knowledge.lease.drop_it();
        self.is_stopped.store(true, Release);
    }

    fn distrust(&self) {
        self.knowledge.lease.drop_it(); // a new connection has everything read anew
    }
}

impl Spread for Shared {
    fn spread(&self, seq: Seq) -> oneshot::Receiver<()> {
        let (done, spreading) = oneshot::channel();
        if !is_planted(Planted::NoWait) {
            self.waiting().push(Waiting { seq, kept: lease_clock(), done });
        }
        spreading
    }

    fn patience(&self) -> Duration {
        LEASE
    }
}
