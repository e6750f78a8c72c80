//! The core: a presented secret and what is asked of it go in, a verdict comes out. On its way is no database, no pool
//! and no other thread, as long as the lease holds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::asked::{Asked, Caller};
use super::bearer::Presented;
use super::known::{KnownKey, Packer};
use super::learn::{Knowledge, lease_clock};
use super::planted::replica;
use super::refused::Challenges;
use super::store;
use super::throttle::Throttle;
use super::verdict::{Code, Flaw, Verdict};
use super::watch::Watch;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::id;
use crate::keys::catalog::Catalog;
use crate::keys::secret::{Digest, Malformed};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::usage::Usage;

/// This instance's gate.
pub struct Gate {
    knowledge: Arc<Knowledge>,
    watch: Mutex<Watch>,
    judges_by_index: bool,
    /// For keys that are read without being kept.
    packer: Mutex<Packer>,
    throttle: Throttle,
    catalog: Catalog,
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    challenges: Challenges,
    /// The last second in which something was logged.
    complained: AtomicI64,
    usage: Arc<Usage>,
}

/// How the gate stands, for those who watch it.
pub struct Standing {
    /// Keys in the index.
    pub keys: usize,
    /// Whether they are judged by.
    pub lease_holds: bool,
    /// Since the lease was renewed; nothing where it has no end.
    pub lease_age: Duration,
}

impl Gate {
    /// Begins to learn the keys; until it knows them all, and whenever its lease is over, the database is asked. Without
    /// an index it always is.
    pub fn open(
        store: &Store,
        catalog: &Catalog,
        clock: &Clock,
        (metrics, usage): (Arc<Metrics>, Arc<Usage>),
        judges_by_index: bool,
    ) -> Gate {
        let knowledge = Arc::new(Knowledge::new(catalog.clone()));
        let id = format!("instance_{}", id::mint(clock.now()));
        Gate {
            watch: Mutex::new(Watch::begin(store, knowledge.clone(), judges_by_index, id)),
            knowledge,
            judges_by_index,
            packer: Mutex::new(Packer::new(catalog.clone())),
            throttle: Throttle::default(),
            catalog: catalog.clone(),
            store: store.clone(),
            clock: clock.clone(),
            metrics,
            challenges: Challenges::of(catalog.product()),
            complained: AtomicI64::new(i64::MIN),
            usage,
        }
    }

    /// Judges what a request presents, and counts the verdict; of a known key also as a use of it.
    pub async fn judge(&self, presented: Presented<'_>, asked: &Asked<'_>, by: Caller<'_>) -> Result<Verdict, Fault> {
        let begun = Instant::now();
        let verdict = self.verdict_on(presented, asked, by).await?;
        self.metrics.count_verdict(verdict.code(), begun.elapsed());
        Ok(verdict)
    }

    async fn verdict_on(&self, presented: Presented<'_>, asked: &Asked<'_>, by: Caller<'_>) -> Result<Verdict, Fault> {
        let text = match presented {
            Presented::Nothing => return Ok(Verdict::Refused(Code::Missing, None)),
            Presented::Unreadable => return Ok(self.malformed(Flaw::Other, by)),
            Presented::Spaced => return Ok(self.malformed(Flaw::Blank, by)),
            Presented::Text(text) => text,
        };
        let digest = match Digest::of_presented(text, self.catalog.prefixes()) {
            Ok(digest) => digest,
            Err(why) => return Ok(self.malformed(flaw(why), by)),
        };
        let found = match self.knowledge.may_be_judged_by() {
            true => self.knowledge.index.get(&digest),
            false => self.ask(digest).await?,
        };
        // The time is asked after the look-up: a key that expired meanwhile is refused.
        let now = self.clock.now();
        let Some(key) = found else { return Ok(Verdict::Refused(Code::NotFound, None)) };
        let id = key.packed_id();
        let verdict = Verdict::on(key, asked, now);
        self.usage.tally.note(id, verdict.code(), now, by.address, by.client);
        Ok(verdict)
    }

    /// Where too many of the sort come from one client, it is not told what is wrong with each.
    fn malformed(&self, flaw: Flaw, by: Caller<'_>) -> Verdict {
        let is_too_many = by.address.is_some_and(|address| self.throttle.is_too_many(address, self.clock.now()));
        if is_too_many { Verdict::Refused(Code::RateLimited, None) } else { Verdict::Malformed(flaw) }
    }

    /// Asks the database, and keeps nothing of the answer. What was known to be revoked stays so, also if the database
    /// was put back to a time before.
    async fn ask(&self, digest: Digest) -> Result<Option<KnownKey>, Fault> {
        let store = replica().unwrap_or_else(|| self.store.clone());
        let (read, names) = store
            .read_for_gate(move |db| {
                let read = store::find(db, &digest)?;
                let project = read.as_ref().and_then(|key| key.shape.project.clone());
                Ok((read, store::project_names(db, Some(&Vec::from_iter(project)))?))
            })
            .await?;
        names.iter().for_each(|(id, name)| self.knowledge.index.name_project(id, name));
        let Some(read) = read else { return Ok(None) };
        let packed = self.packer.lock().unwrap_or_else(PoisonError::into_inner).pack(read);
        let key = packed.ok_or_else(|| Fault::broken("the database holds a key that cannot be read"))?;
        let was_revoked = self.knowledge.index.get(&digest).is_some_and(|known| known.is_revoked());
        Ok(Some(if was_revoked { key.revoked() } else { key }))
    }

    /// Whether it may be logged that a verdict could not be given: once a second, or strangers could fill the log.
    pub fn may_complain(&self) -> bool {
        let now = self.clock.now().unix();
        self.complained.swap(now, Ordering::Relaxed) != now
    }

    /// What a 401 asks for.
    pub fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    /// What is told of a good key, as JSON.
    pub fn json_of(&self, key: &KnownKey) -> String {
        let project = key.project().and_then(|id| self.knowledge.index.project(id));
        key.json(project.as_deref(), key.status(self.clock.now()))
    }

    /// Whether all keys are known, where they are judged by an index.
    pub fn is_ready(&self) -> bool {
        !self.judges_by_index || self.knowledge.may_be_judged_by()
    }

    /// How it stands at this moment.
    pub fn standing(&self) -> Standing {
        Standing {
            keys: self.knowledge.index.len(),
            lease_holds: self.knowledge.may_be_judged_by(),
            lease_age: self.knowledge.lease.age(lease_clock()),
        }
    }

    /// Judges no more by what it knows, and lets the others know.
    pub fn close(&self) {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).close();
    }
}

fn flaw(why: Malformed) -> Flaw {
    match why {
        Malformed::Prefix => Flaw::Prefix,
        Malformed::Length | Malformed::Alphabet | Malformed::Checksum => Flaw::Other,
    }
}
