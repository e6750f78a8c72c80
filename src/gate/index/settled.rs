//! Keys laid out so that a digest says where each must lie, with the help of a small table: one look into far memory finds
//! it, and can be begun early, where a map that can grow takes three, each waiting for the one before. Of a million keys
//! none is near at hand, and such a look takes longer than all else that is done for a verdict.
//!
//! It is hashing by displacement (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and compress", 2009): the first
//! eight bytes of a digest say in which bucket a key is; for each bucket a pilot is sought that sends all of its keys, by the
//! next eight bytes of their digests, to slots that are free. What is laid out stays so: a key that changes is marked, and
//! lies elsewhere from then on.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Kept;
use crate::gate::known::KnownKey;
use crate::keys::secret::Digest;

/// Keys of a bucket, on average: the pilots of a million keys take a third of a megabyte, which is nearer than the keys.
const BUCKET: usize = 3;
/// Of so many slots so many have a key. With fewer gaps more buckets find no pilot.
const FILLED: (usize, usize) = (87, 100);

/// A key where it lies. Aligned, it is in three lines of the cache and never in a fourth.
#[derive(Debug)]
#[repr(C, align(32))]
struct Slot {
    digest: Digest,
    kept: Kept,
    /// Whether it is known better elsewhere, or there is none: so a gap is no other type, and to see what a slot has takes no
    /// look before.
    is_outdated: AtomicBool,
}

impl Slot {
    fn of(digest: Digest, key: KnownKey) -> Slot {
        Slot { digest, kept: Kept::new(key), is_outdated: AtomicBool::new(false) }
    }

    /// None, made of some key: what that shares lives as long as the layout.
    fn gap(like: &KnownKey) -> Slot {
        Slot { digest: Digest::NOBODYS, kept: Kept::new(like.clone()), is_outdated: AtomicBool::new(true) }
    }

    fn is_current(&self) -> bool {
        !self.is_outdated.load(Ordering::Acquire)
    }
}

/// Keys that are yet to be laid out, in the memory in which they will be.
#[derive(Debug)]
pub struct Keys(Vec<Slot>);

impl Keys {
    /// None yet; for so many there is room.
    pub fn with_room_for(keys: usize) -> Keys {
        Keys(Vec::with_capacity(slots_for(keys)))
    }

    /// One more.
    pub fn push(&mut self, digest: Digest, key: KnownKey) {
        self.0.push(Slot::of(digest, key));
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Digest, &mut Kept)> {
        self.0.iter_mut().map(|slot| (&slot.digest, &mut slot.kept))
    }
}

/// Keys, laid out.
#[derive(Debug, Default)]
pub struct Settled {
    /// One for each bucket.
    pilots: Vec<u8>,
    slots: Vec<Slot>,
    keys: usize,
    outdated: AtomicUsize,
}

impl Settled {
    /// Lays them out; those of buckets for which there is no pilot, of a million some thirty, are handed back.
    pub fn of(Keys(mut slots): Keys) -> (Settled, Vec<(Digest, Kept)>) {
        let keys = slots.len();
        let Some(like) = slots.first().map(|slot| slot.kept.key.clone()) else {
            return (Settled::default(), Vec::new());
        };
        let Plan { pilots, mut targets } = plan(&mut slots);
        slots.resize_with(targets.len(), || Slot::gap(&like));
        let homeless = slots[..keys].iter_mut().zip(&targets).filter(|(_, target)| **target == NOWHERE);
        let homeless = homeless.map(|(slot, _)| std::mem::replace(slot, Slot::gap(&like)));
        let homeless: Vec<_> = homeless.map(|slot| (slot.digest, slot.kept)).collect();
        for at in 0..slots.len() {
            // Each exchange puts one where it belongs.
            while targets[at] != NOWHERE && targets[at] as usize != at {
                let target = targets[at] as usize;
                slots.swap(at, target);
                targets.swap(at, target);
            }
        }
        let keys = keys - homeless.len();
        (Settled { pilots, slots, keys, outdated: AtomicUsize::new(0) }, homeless)
    }

    /// Where the key of that digest lies, if it does.
    fn slot_for(&self, digest: &Digest) -> Option<&Slot> {
        let (first, second) = heads(digest);
        let pilot = self.pilots.get(part_of(first, self.pilots.len()))?;
        self.slots.get(part_of(displaced(second, *pilot), self.slots.len()))
    }

    fn find(&self, digest: &Digest) -> Option<&Slot> {
        self.slot_for(digest).filter(|slot| slot.digest == *digest)
    }

    /// Has the pilot brought near that says where the key of that digest lies.
    pub fn fetch_pilot(&self, digest: &Digest) {
        if let Some(pilot) = self.pilots.get(part_of(heads(digest).0, self.pilots.len())) {
            prefetch(pilot);
        }
    }

    /// Has the memory in which the key of that digest lies brought near, while something else is done.
    pub fn fetch(&self, digest: &Digest) {
        if let Some(Slot { digest, kept, is_outdated }) = self.slot_for(digest) {
            prefetch(digest);
            prefetch(&kept.key);
            prefetch(&kept.place);
            prefetch(is_outdated);
        }
    }

    /// The key of that digest, unless it is outdated.
    pub fn get(&self, digest: &Digest) -> Option<&Kept> {
        self.find(digest).filter(|slot| slot.is_current()).map(|slot| &slot.kept)
    }

    /// From now on the key of that digest is known better elsewhere, or not at all.
    pub fn outdate(&self, digest: &Digest) {
        if let Some(slot) = self.find(digest)
            && !slot.is_outdated.swap(true, Ordering::AcqRel)
        {
            self.outdated.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All that are not outdated.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &Kept)> {
        self.slots.iter().filter(|slot| slot.is_current()).map(|slot| (&slot.digest, &slot.kept))
    }

    /// How many are not outdated.
    pub fn len(&self) -> usize {
        self.keys - self.outdated()
    }

    /// How many are.
    pub fn outdated(&self) -> usize {
        self.outdated.load(Ordering::Relaxed)
    }
}

fn slots_for(keys: usize) -> usize {
    (keys * FILLED.1).div_ceil(FILLED.0)
}

/// How keys will lie.
struct Plan {
    pilots: Vec<u8>,
    /// Of each slot, into which its key belongs, or [`NOWHERE`]: four bytes each, since this is forgotten memory that a
    /// process may keep.
    targets: Vec<u32>,
}

/// No slot has this number: so many would take 640 GB.
const NOWHERE: u32 = u32::MAX;

/// Sorts keys into buckets and seeks their pilots.
fn plan(keys: &mut [Slot]) -> Plan {
    let heads_of = |slot: &Slot| heads(&slot.digest);
    keys.sort_unstable_by_key(heads_of);
    let count = keys.len().div_ceil(BUCKET);
    let bucket_of = |slot: &Slot| part_of(heads_of(slot).0, count);
    let mut buckets: Vec<Range<u32>> = Vec::with_capacity(count);
    for bucket in keys.chunk_by(|a, b| bucket_of(a) == bucket_of(b)) {
        let from = buckets.last().map_or(0, |before| before.end);
        buckets.push(from..from + bucket.len() as u32);
    }
    // The largest first, while most slots are free.
    buckets.sort_unstable_by_key(|bucket| Reverse(bucket.len()));
    let (mut pilots, mut targets) = (vec![0; count], vec![NOWHERE; slots_for(keys.len())]);
    let mut free = vec![true; targets.len()];
    for bucket in buckets {
        let bucket = bucket.start as usize..bucket.end as usize;
        let seconds: Vec<u64> = keys[bucket.clone()].iter().map(|slot| heads_of(slot).1).collect();
        if let Some((pilot, found)) = pilot_for(&seconds, &mut free) {
            pilots[bucket_of(&keys[bucket.start])] = pilot;
            targets[bucket].copy_from_slice(&found);
        }
    }
    Plan { pilots, targets }
}

/// A pilot that sends the keys of a bucket to slots that are free, and these, which no longer are.
fn pilot_for(seconds: &[u64], free: &mut [bool]) -> Option<(u8, Vec<u32>)> {
    (0..=u8::MAX).find_map(|pilot| {
        let slots = seconds.iter().map(|second| part_of(displaced(*second, pilot), free.len()));
        let found: Vec<usize> = slots.take_while(|slot| free[*slot]).collect();
        let is_twice = |(at, slot): (usize, &usize)| found[..at].contains(slot);
        if found.len() < seconds.len() || found.iter().enumerate().any(is_twice) {
            return None;
        }
        found.iter().for_each(|slot| free[*slot] = false);
        Some((pilot, found.into_iter().map(|slot| slot as u32).collect()))
    })
}

/// The first eight bytes and the next. A digest is as good as random, and nobody can choose one: so is each of these.
fn heads(digest: &Digest) -> (u64, u64) {
    let ([first, second, ..], _) = digest.as_bytes().as_chunks() else { unreachable!("a digest has 32 bytes") };
    (u64::from_be_bytes(*first), u64::from_be_bytes(*second))
}

fn displaced(second: u64, pilot: u8) -> u64 {
    // Multiplied with the bits of the golden ratio, each bit counts for the upper ones, which `part_of` goes by.
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    (second ^ u64::from(pilot).wrapping_mul(MIX)).wrapping_mul(MIX)
}

#[cfg(target_arch = "x86_64")]
fn prefetch<T>(what: &T) {
    safe_arch::prefetch_t0(what);
}

/// Elsewhere it is waited for when it is looked at.
#[cfg(not(target_arch = "x86_64"))]
fn prefetch<T>(_: &T) {}

/// Which of so many equal parts a number falls into.
fn part_of(number: u64, parts: usize) -> usize {
    ((u128::from(number) * parts as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::super::tests::{digest, key};
    use super::*;

    fn settled(count: u64) -> (Settled, Vec<(Digest, Kept)>) {
        let (mut keys, known) = (Keys::with_room_for(0), key());
        (0..count).for_each(|n| keys.push(digest(n), known.clone()));
        Settled::of(keys)
    }

    #[test]
    fn a_key_takes_less_than_185_bytes() {
        assert_eq!(size_of::<Slot>(), 160);
        assert!(slots_for(1_000_000) * size_of::<Slot>() < 185_000_000);
    }

    #[test]
    fn of_any_number_each_is_found_and_nothing_else() {
        for keys in (0..40).chain([1_000, 100_000]) {
            let (settled, homeless) = settled(keys);
            assert!(homeless.len() as u64 <= keys.min(90) / 5 + keys / 10_000, "{} of {keys}", homeless.len());
            assert_eq!(settled.len() + homeless.len(), keys as usize);
            assert_eq!(settled.iter().count(), settled.len());
            let found = (0..keys).filter(|n| settled.get(&digest(*n)).is_some()).count();
            assert_eq!(found, settled.len());
            assert!((keys..2 * keys + 100).all(|n| settled.get(&digest(n)).is_none()));
        }
    }

    #[test]
    fn keys_that_no_pilot_parts_are_handed_back() {
        let mut keys = Keys::with_room_for(3);
        let alike = |last: u8| Digest::from_bytes(&[[7; 31].as_slice(), &[last]].concat()).expect("32 bytes");
        (0..3).for_each(|last| keys.push(alike(last), key()));
        let (settled, homeless) = Settled::of(keys);
        assert_eq!((settled.len(), homeless.len()), (0, 3));
        assert!(settled.get(&alike(0)).is_none());
    }

    #[test]
    fn what_is_outdated_is_neither_found_nor_counted() {
        let (settled, _) = settled(10);
        settled.outdate(&digest(3));
        settled.outdate(&digest(3));
        settled.outdate(&digest(11));
        assert!(settled.get(&digest(3)).is_none() && settled.get(&digest(4)).is_some());
        assert_eq!((settled.len(), settled.iter().count(), settled.outdated()), (9, 9, 1));
    }
}
