//! The core: a presented secret and what is asked of it go in, a verdict comes out. On its way is no database, no pool
//! and no other thread, as long as the lease holds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::asked::{Asked, Caller};
use super::bearer::Presented;
use super::index::{Kept, View};
use super::known::{KnownKey, Packer};
use super::learn::{Knowledge, lease_clock};
use super::planted::replica;
use super::refused::Refusals;
use super::store;
use super::throttle::Throttle;
use super::verdict::{Code, Flaw, Verdict};
use super::watch::Watch;
use crate::clock::{Clock, Moment};
use crate::fault::Fault;
use crate::id;
use crate::keys::catalog::Catalog;
use crate::keys::secret::{Digest, Malformed};
use crate::lock::locked;
use crate::metrics::{Begun, Metrics};
use crate::store::Store;
use crate::usage::Usage;

/// What a request presents, on its way to be judged.
pub struct Sought {
    /// Hashed, and the index if it may be judged by; or why there is no key to look up.
    hashed: Result<(Digest, Option<View>), NoKey>,
    begun: Begun,
}

/// Why there is no key to look up.
enum NoKey {
    Missing,
    Several,
    Malformed(Flaw),
}

impl Sought {
    /// Has the key brought near, for when it is judged. Nothing rests on it.
    pub fn fetch(&self) {
        if let Ok((digest, Some(index))) = &self.hashed {
            index.fetch(digest);
        }
    }
}

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
    refusals: Refusals,
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
        usage.tally.look_in(knowledge.clone());
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
            refusals: Refusals::of(catalog),
            complained: AtomicI64::new(i64::MIN),
            usage,
        }
    }

    /// Seeks what a request presents: some time before it is judged, so that what leads to the key comes near meanwhile,
    /// with nothing to wait for in between.
    pub fn seek(&self, presented: Presented<'_>) -> Sought {
        let begun = self.metrics.begin();
        let digest = match presented {
            Presented::Nothing => Err(NoKey::Missing),
            Presented::Several => Err(NoKey::Several),
            Presented::Unreadable => Err(NoKey::Malformed(Flaw::Other)),
            Presented::Spaced => Err(NoKey::Malformed(Flaw::Blank)),
            Presented::Text(text) => {
                Digest::of_presented(&text, self.catalog.prefixes()).map_err(|why| NoKey::Malformed(flaw(why)))
            }
        };
        let hashed = digest.map(|digest| (digest, self.knowledge.view()));
        if let Ok((digest, Some(index))) = &hashed {
            index.fetch_way(digest);
        }
        Sought { hashed, begun }
    }

    /// Judges what a request presents, hands the verdict and its moment to `tell`, and counts it; of a known key also as a
    /// use of it. At once, by the index alone; nothing for what can be a key while the index may not be judged by.
    pub fn judge_at_once<T>(
        &self,
        sought: Sought,
        asked: &Asked<'_>,
        by: Caller<'_>,
        tell: impl FnOnce(&Verdict<'_>, Moment) -> T,
    ) -> Option<T> {
        self.judge_by_index(sought, asked, by, tell).ok()
    }

    /// As [`judge_at_once`](Gate::judge_at_once); where that tells nothing, the database is asked.
    pub async fn judge<T>(
        &self,
        presented: Presented<'_>,
        asked: &Asked<'_>,
        by: Caller<'_>,
        tell: impl FnOnce(&Verdict<'_>, Moment) -> T,
    ) -> Result<T, Fault> {
        // Whoever comes here may have waited, for a body or a token: a key that expired meanwhile is refused.
        let by = Caller { at: self.clock.now(), ..by };
        let sought = self.seek(presented);
        let begun = sought.begun;
        let (digest, tell) = match self.judge_by_index(sought, asked, by, tell) {
            Ok(told) => return Ok(told),
            Err(undecided) => undecided,
        };
        let found = self.ask(digest).await?;
        // As above, after the answer.
        let by = Caller { at: self.clock.now(), ..by };
        let verdict = verdict_on(found.as_ref(), asked, by.at);
        if let Some(key) = &found {
            self.usage.tally.note(key.packed_id(), verdict.code(), by);
        }
        Ok(self.pass(&verdict, by.at, begun, tell))
    }

    /// What is told, or what is yet to be looked up and told where the index may not be judged by.
    fn judge_by_index<T, Tell: FnOnce(&Verdict<'_>, Moment) -> T>(
        &self,
        sought: Sought,
        asked: &Asked<'_>,
        by: Caller<'_>,
        tell: Tell,
    ) -> Result<T, (Digest, Tell)> {
        let Sought { hashed, begun } = sought;
        let (digest, index) = match hashed {
            Ok((digest, Some(index))) => (digest, index),
            Ok((digest, None)) => return Err((digest, tell)),
            Err(why) => {
                let verdict = match why {
                    NoKey::Missing => Verdict::Refused(Code::Missing, None),
                    NoKey::Several => Verdict::Refused(Code::MultipleKeys, None),
                    NoKey::Malformed(flaw) => self.malformed(flaw, by),
                };
                return Ok(self.pass(&verdict, by.at, begun, tell));
            }
        };
        let judge = |found: Option<&Kept>| {
            let verdict = verdict_on(found.map(|kept| &kept.key), asked, by.at);
            if let Some(Kept { key, place }) = found {
                self.usage.tally.note_in(place, (key.packed_id(), &digest), verdict.code(), by);
            }
            self.pass(&verdict, by.at, begun, tell)
        };
        Ok(index.see(&digest, judge))
    }

    fn pass<T>(
        &self,
        verdict: &Verdict<'_>,
        at: Moment,
        begun: Begun,
        tell: impl FnOnce(&Verdict<'_>, Moment) -> T,
    ) -> T {
        self.metrics.count_verdict(verdict.code(), begun);
        tell(verdict, at)
    }

    /// Where too many of the sort come from one client, it is not told what is wrong with each.
    fn malformed(&self, flaw: Flaw, by: Caller<'_>) -> Verdict<'static> {
        let is_too_many = by.address.is_some_and(|address| self.throttle.is_too_many(address, by.at));
        if is_too_many { Verdict::Refused(Code::RateLimited, None) } else { Verdict::Malformed(flaw) }
    }

    /// Asks the database, and keeps nothing of the answer. What was known to be revoked stays so, also if the database
    /// was put back to a time before.
    async fn ask(&self, digest: Digest) -> Result<Option<KnownKey>, Fault> {
        let store = replica().unwrap_or_else(|| self.store.clone());
        let Some(read) = store.read_for_gate(move |db| store::find(db, &digest)).await? else { return Ok(None) };
        let id = read.id.clone();
        let Some(mut key) = locked(&self.packer).pack(read) else {
            if self.may_complain() {
                store::tell_unreadable(id.as_str());
            }
            return Ok(None);
        };
        self.knowledge.index.see(&digest, |known| {
            if let Some(known) = known {
                key.stay_revoked(&known.key);
            }
        });
        Ok(Some(key))
    }

    /// Whether it may be logged that a verdict could not be given: once a second, or strangers could fill the log.
    pub fn may_complain(&self) -> bool {
        let now = self.clock.now().unix();
        self.complained.swap(now, Ordering::Relaxed) != now
    }

    /// What is told of those who are refused.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
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
        locked(&self.watch).close();
    }
}

fn verdict_on<'k>(found: Option<&'k KnownKey>, asked: &Asked<'_>, at: Moment) -> Verdict<'k> {
    found.map_or(Verdict::Refused(Code::NotFound, None), |key| Verdict::on(key, asked, at))
}

fn flaw(why: Malformed) -> Flaw {
    match why {
        Malformed::Prefix => Flaw::Prefix,
        Malformed::Length | Malformed::Alphabet | Malformed::Checksum => Flaw::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::bearer;
    use crate::keys::secret::KeySecret;
    use crate::store::DatabaseUrl;

    #[test]
    fn what_was_sought_before_the_lease_began_is_not_judged_by_the_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::serve(&DatabaseUrl::Sqlite(folder.path().join("keyrack.db"))).expect("it opens");
        let (clock, catalog) = (Clock::System, Catalog::built_in());
        let counted = (Arc::new(Metrics::new()), Arc::new(Usage::new(store.clone(), clock.clone())));
        let gate = Gate::open(&store, &catalog, &clock, counted, false);
        let key = KeySecret::mint_from_os(catalog.prefixes().next().expect("a prefix"));
        let judge = |sought| {
            let by = Caller { at: clock.now(), address: None, client: None };
            gate.judge_at_once(sought, &Asked::default(), by, |verdict, _| verdict.code())
        };
        let early = gate.seek(bearer::read_text(key.expose()));
        gate.knowledge.lease.hold();
        assert_eq!(judge(early), None);
        assert_eq!(judge(gate.seek(bearer::read_text(key.expose()))), Some(Code::NotFound));
        gate.knowledge.lease.drop_it();
        assert_eq!(judge(gate.seek(bearer::read_text(key.expose()))), None);
        assert_eq!(judge(gate.seek(Presented::Nothing)), Some(Code::Missing), "for that no key is looked up");
    }
}
