//! Uses, counted in memory: every request adds to it, and a flush takes what was added, some shards at a time.
//!
//! A note costs a look into one of many small maps, so that threads seldom meet, and what a request like the last one
//! changes stands together: with many keys in use it is memory that takes the time. Whatever happens to the database,
//! a key holds at most a few kilobytes here. It knows nothing of where the counts go.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Moment;
use crate::gate::verdict::Code;
use crate::usage::outcome::is_use;
use crate::usage::used::{Count, LastUse, client_name, hour_of};

/// A key's id, as [`KeyId::packed`](crate::keys::key::KeyId::packed) tells it.
pub type KeyBits = [u8; 16];

/// How many shards there are.
pub const SHARDS: usize = 256;
/// Addresses kept of a key until the next flush, beside the latest.
const MOST_ADDRESSES: usize = 32;
/// Hours and outcomes told apart until the next flush: more than two days of a database that cannot be reached.
const MOST_COUNTS: usize = 128;
/// Of what a client calls itself, so many bytes are looked at.
const MOST_CLIENT_BYTES: usize = 240;

/// What was noted of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// How many, by hour and outcome, each pair once.
    pub counts: Vec<Count>,
    /// The last while it worked.
    pub last: Option<LastUse>,
    /// From where it was used, each address once, with the last hour in which it was.
    pub addresses: Vec<(IpAddr, Moment)>,
}

/// What was noted of some keys.
pub type Taken = Vec<(KeyBits, KeyUse)>;

type Shard = HashMap<KeyBits, Noted, BuildHasherDefault<Tail>>;

/// All that was noted since it was last taken.
pub struct Tally {
    shards: [Mutex<Shard>; SHARDS],
}

/// What is held of a key: what the next request will most likely change, and behind a pointer the rest.
#[derive(Default)]
struct Noted {
    /// Requests of the hour and the outcome that came last.
    count: Option<Count>,
    last: Option<LastSeen>,
    more: Option<Box<More>>,
}

struct LastSeen {
    at: Moment,
    address: Option<IpAddr>,
    /// Of all that the client calls itself: what is equal here is not compared.
    client_hash: u64,
    client: Option<Box<str>>,
}

#[derive(Default)]
struct More {
    counts: Vec<Count>,
    addresses: Vec<(IpAddr, Moment)>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Tally {
    /// Notes that a request with a key ended so.
    pub fn note(&self, key: KeyBits, outcome: Code, at: Moment, address: Option<IpAddr>, client: Option<&str>) {
        let mut shard = held(&self.shards[shard_of(key)]);
        let noted = shard.entry(key).or_default();
        noted.count(Count { hour: hour_of(at), outcome, uses: 1 });
        if is_use(outcome) {
            noted.come_last(at, address, client);
        }
    }

    /// What was noted in one of the [`SHARDS`], which is then no longer here, in the order of the keys.
    pub fn take(&self, shard: usize) -> Taken {
        let mut taken = Taken::new();
        held(&self.shards[shard]).retain(|key, noted| {
            // A key that is in use keeps its place for the requests to come; one that was not since, gives it up.
            let was_used = noted.count.is_some();
            if was_used {
                taken.push((*key, noted.take()));
            }
            was_used
        });
        taken.sort_unstable_by_key(|(key, _)| *key);
        for last in taken.iter_mut().filter_map(|(_, seen)| seen.last.as_mut()) {
            last.client = last.client.as_deref().and_then(client_name);
        }
        taken
    }

    /// Takes back what could not be kept elsewhere, beside what came meanwhile.
    pub fn put_back(&self, taken: Taken) {
        for (key, before) in taken {
            held(&self.shards[shard_of(key)]).entry(key).or_default().put_back(before);
        }
    }

    /// Of how many keys something is held that was not taken.
    pub fn keys(&self) -> usize {
        self.shards.iter().map(|shard| held(shard).values().filter(|noted| noted.count.is_some()).count()).sum()
    }
}

fn shard_of(key: KeyBits) -> usize {
    usize::from(key[15]) % SHARDS
}

/// Counts are whole whenever the lock is free: a thread that panicked left none half done that matters.
fn held(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Noted {
    fn count(&mut self, more: Count) {
        match &mut self.count {
            Some(known) if known.hour == more.hour && known.outcome == more.outcome => known.uses += more.uses,
            latest => {
                if let Some(before) = latest.replace(more) {
                    let rest = &mut self.more.get_or_insert_default().counts;
                    add(rest, before);
                    // Each pair stands in one place.
                    if let Some(at) = rest.iter().position(|known| is_same(known, &more)) {
                        let known = rest.swap_remove(at);
                        *latest = Some(Count { uses: known.uses + more.uses, ..more });
                    }
                }
            }
        }
    }

    fn come_last(&mut self, at: Moment, address: Option<IpAddr>, client: Option<&str>) {
        let client = client.map(|client| &client[..client.floor_char_boundary(MOST_CLIENT_BYTES)]);
        let hash = hash(client.unwrap_or_default());
        let fresh = || LastSeen { at, address, client_hash: hash, client: client.map(Box::from) };
        match &mut self.last {
            Some(last) if last.at > at => {
                address.into_iter().for_each(|address| self.come_from(address, hour_of(at)));
            }
            Some(last) => {
                let before = last.address.filter(|before| Some(*before) != address || hour_of(last.at) != hour_of(at));
                let then = last.at;
                (last.at, last.address) = (at, address);
                if last.client_hash != hash {
                    (last.client_hash, last.client) = (hash, client.map(Box::from));
                }
                before.into_iter().for_each(|before| self.come_from(before, hour_of(then)));
            }
            none => *none = Some(fresh()),
        }
    }

    fn come_from(&mut self, address: IpAddr, hour: Moment) {
        let addresses = &mut self.more.get_or_insert_default().addresses;
        if let Some((_, seen)) = addresses.iter_mut().find(|(known, _)| *known == address) {
            *seen = hour.max(*seen);
        } else if addresses.len() < MOST_ADDRESSES {
            addresses.push((address, hour)); // else there are more than anybody is told of one by one
        }
    }

    fn take(&mut self) -> KeyUse {
        let More { mut counts, mut addresses } = self.more.take().map(|more| *more).unwrap_or_default();
        counts.extend(self.count.take());
        // The client stays, for the next request of the same one.
        let last = self.last.as_ref().filter(|last| last.at != Moment::EARLIEST);
        let last = last.map(|last| LastUse {
            at: last.at,
            address: last.address,
            client: last.client.as_deref().map(str::to_owned),
        });
        if let Some((address, hour)) = last.as_ref().and_then(|last| Some((last.address?, hour_of(last.at)))) {
            match addresses.iter_mut().find(|(known, _)| *known == address) {
                Some((_, seen)) => *seen = hour.max(*seen),
                None => addresses.push((address, hour)),
            }
        }
        if let Some(last) = &mut self.last {
            (last.at, last.address) = (Moment::EARLIEST, None);
        }
        KeyUse { counts, last, addresses }
    }

    fn put_back(&mut self, before: KeyUse) {
        before.counts.into_iter().for_each(|count| self.count(count));
        before.addresses.into_iter().for_each(|(address, hour)| self.come_from(address, hour));
        if let Some(LastUse { at, address, client }) = before.last
            && self.last.as_ref().is_none_or(|known| known.at < at)
        {
            if let Some((address, then)) = self.last.as_ref().and_then(|last| Some((last.address?, last.at))) {
                self.come_from(address, hour_of(then));
            }
            let client_hash = hash(client.as_deref().unwrap_or_default());
            self.last = Some(LastSeen { at, address, client_hash, client: client.map(Box::from) });
        }
    }
}

fn is_same(one: &Count, other: &Count) -> bool {
    one.hour == other.hour && one.outcome == other.outcome
}

/// Where there is no room for one more, the hour is told less exactly.
fn add(counts: &mut Vec<Count>, more: Count) {
    let is_full = counts.len() >= MOST_COUNTS;
    let fits = |known: &&mut Count| known.outcome == more.outcome && (known.hour == more.hour || is_full);
    match counts.iter_mut().rev().find(fits) {
        Some(known) => known.uses += more.uses,
        None => counts.push(more),
    }
}

/// Tells clients of one key apart; a mistake would cost no more than a name that is out of date.
fn hash(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut tail = [0; 8];
    tail[..rest.len()].copy_from_slice(rest);
    let mix = |hash: u64, word: [u8; 8]| (hash ^ u64::from_le_bytes(word)).wrapping_mul(SPREAD).rotate_left(29);
    words.iter().copied().chain([tail]).fold(text.len() as u64, mix)
}

/// 2⁶⁴ divided by the golden ratio: spreads numbers that lie close.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Ids are random at their end: it serves as it is. Nobody but us chooses them.
#[derive(Default)]
struct Tail(u64);

impl Hasher for Tail {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(tail) = bytes.last_chunk::<8>() {
            // The last bits chose the shard, and ids of one moment differ in nothing else: they are spread over all.
            let spread = u64::from_be_bytes(*tail).wrapping_mul(SPREAD);
            self.0 = spread ^ (spread >> 32);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const KEY: KeyBits = [7; 16];

    fn at(unix: i64) -> Moment {
        Moment::from_unix(unix).expect("in range")
    }

    fn from(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::from_bits(n)))
    }

    fn take(tally: &Tally) -> Taken {
        let mut taken: Taken = (0..SHARDS).flat_map(|shard| tally.take(shard)).collect();
        taken.sort_by_key(|(key, _)| *key);
        taken
    }

    fn uses(taken: &Taken) -> u64 {
        taken.iter().flat_map(|(_, seen)| &seen.counts).map(|count| count.uses).sum()
    }

    #[test]
    fn what_was_noted_is_taken_once() {
        let tally = Tally::default();
        tally.note(KEY, Code::Valid, at(10), from(1), Some("curl/8"));
        tally.note(KEY, Code::Valid, at(20), from(2), Some("wget"));
        tally.note(KEY, Code::InsufficientPermissions, at(3_601), from(1), None);
        tally.note([9; 16], Code::Valid, at(1), None, None);
        let taken = take(&tally);
        let count = |hour, outcome, uses| Count { hour: at(hour), outcome, uses };
        let seen = &taken[0].1;
        assert_eq!(taken.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [KEY, [9; 16]]);
        let counts = [count(0, Code::Valid, 2), count(3_600, Code::InsufficientPermissions, 1)];
        assert_eq!(seen.counts, counts);
        assert_eq!(seen.last, Some(LastUse { at: at(3_601), address: from(1), client: None }));
        let mut addresses = seen.addresses.clone();
        addresses.sort();
        assert_eq!(addresses, [(from(1).expect("one"), at(3_600)), (from(2).expect("one"), at(0))]);
        assert_eq!(tally.keys(), 0);
        assert!(take(&tally).is_empty());
    }

    #[test]
    fn a_key_that_is_in_use_keeps_its_place_and_one_that_is_not_gives_it_up() {
        let tally = Tally::default();
        let held = || held(&tally.shards[shard_of(KEY)]).len();
        tally.note(KEY, Code::Valid, at(10), from(1), Some("curl/8"));
        take(&tally);
        assert_eq!((tally.keys(), held()), (0, 1));
        tally.note(KEY, Code::Revoked, at(20), from(1), Some("curl/8"));
        let (_, seen) = take(&tally).remove(0);
        assert_eq!((seen.last, seen.addresses.len()), (None, 0), "what was taken is not taken again");
        take(&tally);
        assert_eq!(held(), 0);
    }

    #[test]
    fn a_refusal_of_a_key_that_has_ended_is_counted_and_is_no_use() {
        let tally = Tally::default();
        tally.note(KEY, Code::Revoked, at(10), from(1), Some("curl/8"));
        let (_, seen) = take(&tally).remove(0);
        assert_eq!((seen.counts.len(), seen.last, seen.addresses.len()), (1, None, 0));
    }

    #[test]
    fn what_is_put_back_adds_up_with_what_came_meanwhile_and_the_last_use_stays_the_last() {
        let tally = Tally::default();
        tally.note(KEY, Code::Valid, at(10), from(1), Some("early"));
        let early = take(&tally);
        tally.note(KEY, Code::Valid, at(20), from(1), Some("late"));
        tally.put_back(early);
        let (_, seen) = take(&tally).remove(0);
        assert_eq!(seen.counts, [Count { hour: at(0), outcome: Code::Valid, uses: 2 }]);
        assert_eq!(seen.last.and_then(|last| last.client).as_deref(), Some("late"));
        assert_eq!(seen.addresses, [(from(1).expect("one"), at(0))]);
    }

    #[test]
    fn a_key_s_memory_is_bounded_and_no_count_is_lost_by_it() {
        let tally = Tally::default();
        for hour in 0..1_000 {
            let outcome = Code::ALL[usize::try_from(hour).expect("small") % 13];
            tally.note(KEY, outcome, at(hour * 3_600), from(u32::try_from(hour).expect("small")), None);
            let taken = take(&tally);
            tally.put_back(taken);
        }
        let taken = take(&tally);
        assert_eq!(uses(&taken), 1_000);
        assert!(taken[0].1.counts.len() <= MOST_COUNTS + 1 && taken[0].1.addresses.len() <= MOST_ADDRESSES + 1);
        let mut pairs: Vec<_> = taken[0].1.counts.iter().map(|count| (count.hour, count.outcome)).collect();
        pairs.sort();
        pairs.dedup();
        assert_eq!(pairs.len(), taken[0].1.counts.len(), "each pair once");
    }

    #[test]
    fn threads_that_note_at_once_lose_nothing_while_it_is_taken() {
        let (tally, total) = (Tally::default(), std::sync::atomic::AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let tally = &tally;
                scope.spawn(move || {
                    for n in 0..5_000u16 {
                        let key = [n.to_le_bytes()[0] % 50; 16];
                        tally.note(key, Code::Valid, at(i64::from(n)), from(u32::from(thread)), Some("curl"));
                    }
                });
            }
            for _ in 0..50 {
                total.fetch_add(uses(&take(&tally)), std::sync::atomic::Ordering::Relaxed);
            }
        });
        assert_eq!(total.into_inner() + uses(&take(&tally)), 20_000);
    }
}
