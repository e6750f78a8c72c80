//! What this instance knows, and how it learns: all keys at the start, then what changed.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::index::Index;
use super::known::{Packer, ReadKey};
use super::lease::Lease;
use super::planted::{Planted, clock_rate, is_planted};
use super::store::changes::{Lost, Since, since};
use super::store::{self, Which};
use crate::clock::Uptime;
use crate::fault::Fault;
use crate::huge_pages;
use crate::keys::catalog::Catalog;
use crate::keys::secret::Digest;
use crate::store::changes::head_seq;
use crate::store::{Change, Db, Seq, in_snapshot};
use crate::usage::noted::Noted;
use crate::usage::tally::{KeyBits, Places};

/// The index, until when it may be judged by, and up to which change it is true.
#[derive(Debug)]
pub struct Knowledge {
    /// All keys.
    pub index: Index,
    /// Until when they may be judged by.
    pub lease: Lease,
    learned: Mutex<Learned>,
    catalog: Catalog,
}

/// How far the learning is. Held by one thread at a time: what one reads is in the index before another reads.
#[derive(Debug)]
pub struct Learned {
    /// The last change that is in the index; none: it was never read whole.
    pub applied: Option<Seq>,
    packer: Packer,
}

/// The time by which this instance counts its lease.
pub fn lease_clock() -> Uptime {
    Uptime::now().at_rate(clock_rate())
}

impl Knowledge {
    /// Of nothing.
    pub fn new(catalog: Catalog) -> Knowledge {
        let learned = Mutex::new(Learned { applied: None, packer: Packer::new(catalog.clone()) });
        Knowledge { index: Index::default(), lease: Lease::default(), learned, catalog }
    }

    /// Whether the index may be judged by at this moment.
    pub fn may_be_judged_by(&self) -> bool {
        self.lease.holds(lease_clock())
    }

    /// How far it is, to oneself.
    pub fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has everything read anew before the lease is renewed.
    pub fn forget_how_far(&self) {
        self.learned().applied = None;
    }

    /// Reads every key, as of one moment. What was there before and is no more is forgotten.
    pub fn load(&self, db: &mut Db) -> Result<(), Fault> {
        let was_empty = self.index.is_empty();
        let mut packer = Packer::new(self.catalog.clone());
        let mut there: HashSet<Digest> = HashSet::new();
        let applied = if is_planted(Planted::StaleFill) {
            self.read_keys(db, &mut packer, &mut |_| ())?;
            head_seq(db)?
        } else {
            in_snapshot(db, |db| {
                let seq = head_seq(db)?;
                self.read_keys(db, &mut packer, &mut |digest| {
                    if !was_empty {
                        there.insert(digest);
                    }
                })?;
                Ok::<Seq, Fault>(seq)
            })?
        };
        if !was_empty {
            self.index.retain(|digest| there.contains(digest));
        }
        *self.learned() = Learned { applied: Some(applied), packer };
        Ok(())
    }

    fn read_keys(&self, db: &mut Db, packer: &mut Packer, seen: &mut impl FnMut(Digest)) -> Result<(), Fault> {
        let keys = store::count(db)?;
        huge_pages::allow_for(keys);
        self.index.make_room(keys);
        store::each(db, Which::All, |keys| {
            for (digest, key) in keys {
                self.put(packer, digest, key);
                seen(digest);
            }
            Ok(())
        })
    }

    /// Learns what changed since.
    pub fn catch_up(&self, db: &mut Db, learned: &mut Learned) -> Result<(), Lost> {
        while let Some(applied) = learned.applied
            && let Some(Since { last, changes }) = since(db, applied)?
        {
            self.apply(db, &mut learned.packer, &changes)?;
            learned.applied = Some(last);
        }
        Ok(())
    }

    fn apply(&self, db: &mut Db, packer: &mut Packer, changes: &[(String, String)]) -> Result<(), Fault> {
        let (mut ids, mut projects, mut teams) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (kind, id) in changes {
            match Change::from_parts(kind, id) {
                Some(Change::Key(id)) => _ = ids.insert(id.to_owned()),
                Some(Change::Project(id)) => _ = projects.insert(id.to_owned()),
                Some(Change::Team(id)) => _ = teams.insert(id.to_owned()),
                Some(Change::Buried(digest)) => self.index.remove(&buried(digest)?),
                None => return Err(Fault::broken("a change of a kind that is not known here")),
            }
        }
        let mut put = |keys: Vec<(Digest, ReadKey)>| {
            keys.into_iter().for_each(|(digest, key)| self.put(packer, digest, key));
            Ok(())
        };
        put(store::of_ids(db, &Vec::from_iter(ids))?)?;
        for (team, project) in store::teams_of(db, &Vec::from_iter(projects))? {
            store::each(db, Which::OfProject(&team, &project), &mut put)?;
        }
        teams.iter().try_for_each(|team| store::each(db, Which::OfTeam(team), &mut put))
    }

    /// A key that cannot be read opens nothing, and keeps no other from opening.
    fn put(&self, packer: &mut Packer, digest: Digest, key: ReadKey) {
        let id = key.id.clone();
        match packer.pack(key) {
            Some(known) => self.index.put(digest, known),
            None => {
                tracing::error!(target: "keyrack", key = %id, "the database holds a key that cannot be read: it is refused");
                self.index.remove(&digest);
            }
        }
    }
}

impl Places for Knowledge {
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
        self.index.see(digest, |kept| kept.into_iter().for_each(|kept| look(kept.key.packed_id(), &kept.place)));
    }
}

fn buried(digest: &str) -> Result<Digest, Fault> {
    let bytes = data_encoding::HEXLOWER.decode(digest.as_bytes()).ok();
    bytes.and_then(|bytes| Digest::from_bytes(&bytes)).ok_or_else(|| Fault::broken("a buried digest cannot be read"))
}
