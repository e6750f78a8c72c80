//! Uses, counted in memory: every request adds to it, and a flush takes what was added, some shards at a time.
//!
//! A key that lies in the index has a [place](Noted) beside it, so that a note touches no memory that the look-up did not
//! touch; here stands which of these places have something, and what did not fit into them. It knows nothing of where the
//! counts go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::gate::asked::Caller;
use crate::gate::verdict::Code;
use crate::keys::secret::Digest;
use crate::lock::locked;
use crate::usage::clients::Clients;
use crate::usage::key_use::KeyUse;
use crate::usage::noted::{Left, Moved, Note, Noted, TakenNote};
use crate::usage::outcome::is_use;
use crate::usage::used::{Count, LastUse, client_name, hour_of};

/// A key's id, as [`KeyId::packed`](crate::keys::key::KeyId::packed) tells it.
pub type KeyBits = [u8; 16];

/// How many shards there are.
pub const SHARDS: usize = 256;

/// What was noted of some keys.
pub type Taken = BTreeMap<KeyBits, KeyUse>;

/// What a shard holds.
#[derive(Debug)]
pub struct Held {
    /// Of how many keys the places have something.
    pub listed: usize,
    /// What has no place.
    pub rest: HashMap<KeyBits, KeyUse>,
}

/// Where the places of keys are.
pub trait Places: Send + Sync {
    /// Shows the place of a key, if it has one: never one that was left.
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>));
}

/// All that was noted since it was last taken.
#[derive(Default)]
pub struct Tally {
    shards: Shards,
    clients: Clients,
    places: OnceLock<Arc<dyn Places>>,
}

struct Shards([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    /// The keys whose places have something.
    listed: VecDeque<Digest>,
    /// What has no place.
    rest: HashMap<KeyBits, KeyUse>,
}

impl Default for Shards {
    fn default() -> Shards {
        Shards(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Tally {
    /// From now on these are the places.
    pub fn look_in(&self, places: Arc<dyn Places>) {
        // There is one index in a process; a second one's keys would be noted without a place.
        let _ = self.places.set(places);
    }

    /// Notes a request with a key in its place.
    pub fn note_in(&self, place: &Mutex<Noted>, (key, digest): (KeyBits, &Digest), outcome: Code, by: Caller<'_>) {
        let client = self.clients.hash(by.client);
        let noted = locked(place).note(Note { outcome, at: by.at, address: by.address, client });
        match noted {
            Ok(left) if left == Left::default() => {}
            Ok(left) => {
                if let (true, Some(name)) = (left.is_other_client, by.client) {
                    self.clients.name(client, name);
                }
                self.keep(key, digest, left);
            }
            Err(Moved) => self.note(key, outcome, by),
        }
    }

    fn keep(&self, key: KeyBits, digest: &Digest, left: Left) {
        let mut shard = self.shard_of(key);
        if left.is_first {
            shard.listed.push_back(*digest);
        }
        if left.count.is_some() || left.address.is_some() {
            let rest = shard.rest.entry(key).or_default();
            left.count.into_iter().for_each(|count| rest.add(count));
            left.address.into_iter().for_each(|(address, hour)| rest.come_from(address, hour));
        }
    }

    /// Notes a request with a key that has no place.
    pub fn note(&self, key: KeyBits, outcome: Code, by: Caller<'_>) {
        let mut shard = self.shard_of(key);
        let rest = shard.rest.entry(key).or_default();
        rest.add(Count { hour: hour_of(by.at), outcome, uses: 1 });
        if is_use(outcome) {
            rest.come_last(LastUse { at: by.at, address: by.address, client: by.client.and_then(client_name) });
        }
    }

    /// What one of the [`SHARDS`] holds at this moment. What has no place is then no longer here.
    pub fn hand_over(&self, shard: usize) -> Held {
        let mut shard = locked(&self.shards.0[shard]);
        Held { listed: shard.listed.len(), rest: std::mem::take(&mut shard.rest) }
    }

    /// What was noted in the places of so many keys, of those that have waited longest in one of the [`SHARDS`].
    pub fn take_listed(&self, shard: usize, keys: usize) -> Taken {
        let mut noted = Taken::new();
        let listed: Vec<Digest> = {
            let mut shard = locked(&self.shards.0[shard]);
            let first = keys.min(shard.listed.len());
            shard.listed.drain(..first).collect()
        };
        listed.iter().for_each(|digest| self.take_from_place(digest, &mut noted));
        noted
    }

    fn take_from_place(&self, digest: &Digest, noted: &mut Taken) {
        self.visit(digest, |key, place| {
            let taken = locked(place).take();
            self.add(taken, noted.entry(key).or_default());
        });
    }

    fn add(&self, taken: TakenNote, to: &mut KeyUse) {
        taken.count.into_iter().for_each(|count| to.add(count));
        taken.address.into_iter().for_each(|(address, hour)| to.come_from(address, hour));
        if let Some((last, client)) = taken.last {
            let client = self.clients.of(client).as_deref().and_then(client_name);
            to.is_last(LastUse { client, ..last });
        }
    }

    fn visit(&self, digest: &Digest, mut look: impl FnMut(KeyBits, &Mutex<Noted>)) {
        if let Some(places) = self.places.get() {
            places.visit(digest, &mut look);
        }
    }

    /// Takes back what could not be kept elsewhere, beside what came meanwhile.
    pub fn put_back(&self, taken: Taken) {
        for (key, before) in taken {
            self.shard_of(key).rest.entry(key).or_default().put_back(before);
        }
    }

    /// Of how many keys something is held that was not taken.
    pub fn keys(&self) -> usize {
        let of_shard = |shard: &Mutex<Shard>| {
            let (mut keys, listed): (Vec<KeyBits>, VecDeque<Digest>) = {
                let shard = locked(shard);
                (shard.rest.keys().copied().collect(), shard.listed.clone())
            };
            listed.iter().for_each(|digest| self.visit(digest, |key, _| keys.push(key)));
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        self.shards.0.iter().map(of_shard).sum()
    }

    /// Ids are random at their end.
    fn shard_of(&self, key: KeyBits) -> MutexGuard<'_, Shard> {
        locked(&self.shards.0[usize::from(key[15]) % SHARDS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::usage::turn::add;
    use std::net::{IpAddr, Ipv4Addr};

    const KEY: KeyBits = [7; 16];

    /// One key's place.
    #[derive(Default)]
    struct Place(Mutex<Noted>);

    impl Places for Place {
        fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
            if *digest == the_digest() {
                look(KEY, &self.0);
            }
        }
    }

    fn the_digest() -> Digest {
        Digest::from_bytes(&[9; 32]).expect("32 bytes")
    }

    fn tally() -> (Tally, Arc<Place>) {
        let (tally, place) = (Tally::default(), Arc::new(Place::default()));
        tally.look_in(place.clone());
        (tally, place)
    }

    fn at(unix: i64) -> Moment {
        Moment::from_unix(unix).expect("in range")
    }

    fn from(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(n))
    }

    fn by(second: i64, address: u32, client: &str) -> Caller<'_> {
        Caller { at: at(second), address: Some(from(address)), client: Some(client) }
    }

    fn note(tally: &Tally, place: &Place, outcome: Code, by: Caller<'_>) {
        tally.note_in(&place.0, (KEY, &the_digest()), outcome, by);
    }

    fn take(tally: &Tally) -> Vec<(KeyBits, KeyUse)> {
        let taken = (0..SHARDS).flat_map(|shard| {
            let held = tally.hand_over(shard);
            let mut taken = tally.take_listed(shard, held.listed);
            add(&mut taken, held.rest);
            taken
        });
        taken.collect()
    }

    fn uses(taken: &[(KeyBits, KeyUse)]) -> u64 {
        taken.iter().flat_map(|(_, seen)| &seen.counts).map(|count| count.uses).sum()
    }

    #[test]
    fn what_was_noted_in_a_place_and_without_one_is_taken_once() {
        let (tally, place) = tally();
        note(&tally, &place, Code::Valid, by(10, 1, "curl/8"));
        note(&tally, &place, Code::Valid, by(20, 2, "wget"));
        note(&tally, &place, Code::InsufficientPermissions, by(3_601, 1, "curl/8"));
        tally.note(KEY, Code::Valid, by(5, 3, "early"));
        tally.note([9; 16], Code::Valid, Caller { at: at(1), address: None, client: None });
        assert_eq!(tally.keys(), 2);
        let taken = take(&tally);
        let count = |hour, outcome, uses| Count { hour: at(hour), outcome, uses };
        assert_eq!(taken.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [KEY, [9; 16]]);
        let mut seen = taken[0].1.clone();
        seen.counts.sort_by_key(|count| count.hour);
        seen.addresses.sort();
        assert_eq!(seen.counts, [count(0, Code::Valid, 3), count(3_600, Code::InsufficientPermissions, 1)]);
        let last = LastUse { at: at(3_601), address: Some(from(1)), client: Some("curl/8".to_owned()) };
        assert_eq!(seen.last, Some(last));
        assert_eq!(seen.addresses, [(from(1), at(3_600)), (from(2), at(0)), (from(3), at(0))]);
        assert_eq!(tally.keys(), 0);
        assert!(take(&tally).is_empty());
    }

    #[test]
    fn an_address_is_told_once_an_hour() {
        let (tally, place) = tally();
        let addresses = |second, address| {
            note(&tally, &place, Code::Valid, by(second, address, "curl"));
            take(&tally).remove(0).1.addresses
        };
        assert_eq!(addresses(10, 1), [(from(1), at(0))]);
        assert_eq!(addresses(20, 1), []);
        assert_eq!(addresses(3_600, 1), [(from(1), at(3_600))]);
        assert_eq!(addresses(3_601, 2), [(from(2), at(3_600))]);
        assert_eq!(addresses(3_602, 1), [(from(1), at(3_600))]);
        assert_eq!(addresses(3_603, 1), []);
    }

    #[test]
    fn a_use_from_nobody_knows_where_is_the_last_and_the_address_before_it_is_told() {
        let (tally, place) = tally();
        note(&tally, &place, Code::Valid, by(10, 1, "curl"));
        note(&tally, &place, Code::Valid, Caller { at: at(20), address: None, client: None });
        let seen = take(&tally).remove(0).1;
        assert_eq!(
            (seen.addresses, seen.last.map(|last| (last.at, last.address))),
            (vec![(from(1), at(0))], Some((at(20), None)))
        );
        note(&tally, &place, Code::Valid, Caller { at: at(3_600), address: None, client: None });
        assert_eq!(take(&tally).remove(0).1.addresses, []);
    }

    #[test]
    fn a_refusal_of_a_key_that_has_ended_is_counted_and_is_no_use() {
        let (tally, place) = tally();
        note(&tally, &place, Code::Revoked, by(10, 1, "curl/8"));
        tally.note([9; 16], Code::Expired, by(10, 1, "curl/8"));
        for (_, seen) in take(&tally) {
            assert_eq!((seen.counts.len(), seen.last, seen.addresses.len()), (1, None, 0));
        }
    }

    #[test]
    fn a_place_that_was_left_takes_nothing_any_more() {
        let (tally, place) = tally();
        note(&tally, &place, Code::Valid, by(10, 1, "curl"));
        let moved = locked(&place.0).leave();
        note(&tally, &place, Code::Valid, by(20, 1, "curl"));
        *locked(&place.0) = moved;
        let (_, seen) = take(&tally).remove(0);
        assert_eq!(seen.counts, [Count { hour: at(0), outcome: Code::Valid, uses: 2 }]);
        assert_eq!(seen.last.map(|last| last.at), Some(at(20)));
    }

    #[test]
    fn what_is_put_back_adds_up_with_what_came_meanwhile_and_the_last_use_stays_the_last() {
        let (tally, place) = tally();
        note(&tally, &place, Code::Valid, by(10, 1, "early"));
        let early = take(&tally);
        note(&tally, &place, Code::Valid, by(20, 1, "late"));
        tally.put_back(early.into_iter().collect());
        let (_, seen) = take(&tally).remove(0);
        assert_eq!(seen.counts, [Count { hour: at(0), outcome: Code::Valid, uses: 2 }]);
        assert_eq!(seen.last.and_then(|last| last.client).as_deref(), Some("late"));
        assert_eq!(seen.addresses, [(from(1), at(0))]);
    }

    #[test]
    fn threads_that_note_at_once_lose_nothing_while_it_is_taken() {
        let ((tally, place), total) = (tally(), std::sync::atomic::AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let (tally, place) = (&tally, &place);
                scope.spawn(move || {
                    for n in 0..5_000u16 {
                        let outcome = if n % 7 == 0 { Code::Revoked } else { Code::Valid };
                        note(tally, place, outcome, by(i64::from(n), thread.into(), "curl"));
                        if n % 1_000 == 0 {
                            // As when the key is changed.
                            let mut place = locked(&place.0);
                            let moved = place.leave();
                            *place = moved;
                        }
                        tally.note([n.to_le_bytes()[0] % 50; 16], Code::Valid, by(i64::from(n), thread.into(), "curl"));
                    }
                });
            }
            for _ in 0..50 {
                total.fetch_add(uses(&take(&tally)), std::sync::atomic::Ordering::Relaxed);
            }
        });
        assert_eq!(total.into_inner() + uses(&take(&tally)), 40_000);
    }
}
