//! What this instance knows, and how it learns: all keys at the start, then what changed.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use super::index::{Index, Keys, View};
use super::known::{KnownKey, Packer, ReadKey};
use super::lease::Lease;
use super::planted::{Planted, clock_rate, is_planted};
use super::store;
use super::store::changes::{Lost, Since, since};
use crate::clock::Uptime;
use crate::fault::Fault;
use crate::huge_pages;
use crate::keys::catalog::Catalog;
use crate::keys::secret::Digest;
use crate::lock::locked;
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
        self.lease.holds(lease_clock)
    }

    /// The index, if it may be judged by. In this order: a view from before the lease was granted may be of a time before
    /// what others take as known here.
    pub fn view(&self) -> Option<View> {
        self.may_be_judged_by().then(|| self.index.view())
    }

    /// How far it is, to oneself.
    pub fn learned(&self) -> MutexGuard<'_, Learned> {
        locked(&self.learned)
    }

    /// Has everything read anew before the lease is renewed.
    pub fn forget_how_far(&self) {
        self.learned().applied = None;
    }

    /// Reads every key, as of one moment. What was there before and is no more is forgotten.
    pub fn load(&self, db: &mut Db) -> Result<(), Fault> {
        let mut packer = Packer::new(self.catalog.clone());
        let (keys, applied) = if is_planted(Planted::StaleFill) {
            (read_keys(db, &mut packer)?, head_seq(db)?)
        } else {
            in_snapshot(db, |db| {
                let seq = head_seq(db)?;
                Ok::<_, Fault>((read_keys(db, &mut packer)?, seq))
            })?
        };
        self.index.replace(keys);
        *self.learned() = Learned { applied: Some(applied), packer };
        Ok(())
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
        let mut ids = BTreeSet::new();
        for (kind, id) in changes {
            match Change::from_parts(kind, id) {
                Some(Change::Key(id)) => _ = ids.insert(id.to_owned()),
                Some(Change::Project(id)) => ids.extend(store::ids_of_project(db, id)?),
                Some(Change::Team(id)) => ids.extend(store::ids_of_team(db, id)?),
                Some(Change::Buried(digest)) => self.index.remove(&buried(digest)?),
                None => return Err(Fault::broken("a change of a kind that is not known here")),
            }
        }
        // What was removed is one thing that changed, what comes now another.
        self.index.settle();
        store::of_ids(db, &Vec::from_iter(ids), |keys| {
            keys.into_iter().for_each(|(digest, key)| self.put(packer, digest, key));
            self.index.settle();
        })
    }

    fn put(&self, packer: &mut Packer, digest: Digest, key: Option<ReadKey>) {
        match key.and_then(|key| packed(packer, key)) {
            Some(known) => self.index.put(digest, known),
            None => self.index.remove(&digest),
        }
    }
}

fn read_keys(db: &mut Db, packer: &mut Packer) -> Result<Keys, Fault> {
    let count = store::count(db)?;
    huge_pages::allow_for(count);
    let mut keys = Keys::with_room_for(count);
    store::each(db, |read| {
        let known = read.into_iter().filter_map(|(digest, key)| Some((digest, packed(packer, key?)?)));
        known.for_each(|(digest, key)| keys.push(digest, key));
    })?;
    Ok(keys)
}

/// A key that can be read. One that cannot opens nothing, whatever was known of it, and keeps no other from opening.
fn packed(packer: &mut Packer, key: ReadKey) -> Option<KnownKey> {
    let id = key.id.clone();
    let known = packer.pack(key);
    if known.is_none() {
        store::tell_unreadable(id.as_str());
    }
    known
}

impl Places for Knowledge {
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
        self.index.visit(digest, look);
    }
}

fn buried(digest: &str) -> Result<Digest, Fault> {
    let bytes = data_encoding::HEXLOWER.decode(digest.as_bytes()).ok();
    bytes.and_then(|bytes| Digest::from_bytes(&bytes)).ok_or_else(|| Fault::broken("a buried digest cannot be read"))
}
