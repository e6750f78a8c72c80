//! Every key, in memory: from its digest to what is known of it. Read without locks by every worker; what is not in
//! it does not exist.
//!
//! Most keys lie [settled]; what changed since lies in a map beside them, and is settled too when it has become much.

mod settled;

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use papaya::HashMap;

use self::settled::{Settled, Unsettled};
use super::known::KnownKey;
use crate::keys::secret::Digest;
use crate::lock::locked;
use crate::usage::noted::Noted;
use crate::usage::tally::{KeyBits, Places};

/// So many changes are let be; beyond that, an eighth of the keys.
const FEW: usize = 1_000;

/// A key as it lies in the index.
#[derive(Debug)]
pub struct Kept {
    /// What is known of it.
    pub key: KnownKey,
    /// The place in which its use is noted.
    pub place: Mutex<Noted>,
}

impl Kept {
    fn new(key: KnownKey) -> Kept {
        Kept { key, place: Mutex::default() }
    }

    /// Comes in place of what was known. A key that was known to be revoked stays so: nothing takes a revoke back but a
    /// database that was put back to a time before it.
    fn succeed(&mut self, known: Option<&Kept>) {
        let Some(known) = known else { return };
        self.key.stay_revoked(&known.key);
        // Who comes with a note meanwhile finds that the place was left, and notes it elsewhere.
        self.place = Mutex::new(locked(&known.place).leave());
    }
}

/// Keys by their digests, for the index to have.
#[derive(Debug)]
pub struct Keys(Unsettled);

impl Keys {
    /// None yet; for so many there is room.
    pub fn with_room_for(keys: usize) -> Keys {
        Keys(Unsettled::with_room_for(keys))
    }

    /// One more.
    pub fn push(&mut self, digest: Digest, key: KnownKey) {
        self.0.push(digest, Kept::new(key));
    }
}

/// All keys of all teams.
#[derive(Debug, Default)]
pub struct Index {
    layers: ArcSwap<Layers>,
    /// One change at a time.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Layers {
    settled: Settled,
    /// What changed since they were settled; of those that are gone nothing.
    since: HashMap<Digest, Kept, FirstBytes>,
}

impl Index {
    /// Shows the key of that digest where it lies: a copy would cost more than the look-up. Whoever looks must not wait for
    /// anything: a change may wait for him.
    pub fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        self.layers.load().see(digest, look)
    }

    /// Keeps a key, in place of what was known of it.
    pub fn put(&self, digest: Digest, key: KnownKey) {
        let _turn = locked(&self.turn);
        let layers = self.layers.load_full();
        layers.put(digest, key);
        if layers.changes() > FEW.max(layers.len() / 8) {
            self.lay_out(layers.keys(), layers);
        }
    }

    /// Forgets a key.
    pub fn remove(&self, digest: &Digest) {
        let _turn = locked(&self.turn);
        self.layers.load().remove(digest);
    }

    /// From now on these are all keys.
    pub fn replace(&self, keys: Keys) {
        let _turn = locked(&self.turn);
        self.lay_out(keys, self.layers.load_full());
    }

    fn lay_out(&self, Keys(mut keys): Keys, before: Arc<Layers>) {
        for (digest, kept) in keys.iter_mut() {
            before.see(digest, |known| kept.succeed(known));
        }
        let (settled, rest) = Settled::of(keys);
        let since = HashMap::default();
        rest.into_iter().for_each(|(digest, kept)| _ = since.pin().insert(digest, kept));
        self.layers.store(Arc::new(Layers { settled, since }));
        // Whoever is the last to look at a million keys gives back their memory: that must not be a request, which looks for
        // a microsecond.
        while Arc::strong_count(&before) > 1 {
            std::hint::spin_loop();
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.layers.load().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Layers {
    fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        match self.settled.get(digest) {
            Some(kept) => look(Some(kept)),
            None => look(self.since.pin().get(digest)),
        }
    }

    fn put(&self, digest: Digest, key: KnownKey) {
        let mut kept = Kept::new(key);
        self.see(&digest, |known| kept.succeed(known));
        self.since.pin().insert(digest, kept);
        self.settled.outdate(&digest);
    }

    fn remove(&self, digest: &Digest) {
        self.since.pin().remove(digest);
        self.settled.outdate(digest);
    }

    fn len(&self) -> usize {
        self.settled.len() + self.since.len()
    }

    fn changes(&self) -> usize {
        self.settled.outdated() + self.since.len()
    }

    fn keys(&self) -> Keys {
        let mut keys = Keys::with_room_for(self.len());
        self.settled.iter().for_each(|(digest, kept)| keys.push(*digest, kept.key.clone()));
        self.since.pin().iter().for_each(|(digest, kept)| keys.push(*digest, kept.key.clone()));
        keys
    }
}

impl Places for Index {
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
        // In turn: between two changes every place is where it is looked for.
        let _turn = locked(&self.turn);
        self.see(digest, |kept| kept.into_iter().for_each(|kept| look(kept.key.packed_id(), &kept.place)));
    }
}

/// A digest is as good as random already, and nobody can choose one: its first eight bytes are the hash.
#[derive(Clone, Copy, Debug, Default)]
struct FirstBytes(u64);

impl std::hash::BuildHasher for FirstBytes {
    type Hasher = FirstBytes;

    fn build_hasher(&self) -> FirstBytes {
        FirstBytes(0)
    }
}

impl std::hash::Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering};

    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;
    use crate::clock::Moment;
    use crate::gate::asked::Caller;
    use crate::gate::known::{Packer, ReadKey};
    use crate::gate::shape::ShapeText;
    use crate::gate::verdict::Code;
    use crate::keys::addresses::Addresses;
    use crate::keys::catalog::Catalog;
    use crate::keys::domains::Domains;
    use crate::keys::expiration::Expiration;
    use crate::keys::key::KeyId;
    use crate::people::member::TeamId;
    use crate::usage::tally::{SHARDS, Tally};

    pub(super) fn digest(n: u64) -> Digest {
        Digest::from_bytes(&sha2::Sha256::digest(n.to_le_bytes())).expect("32 bytes")
    }

    pub(super) fn key() -> KnownKey {
        packed(false)
    }

    fn packed(is_revoked: bool) -> KnownKey {
        let at = Moment::from_unix(0).expect("in range");
        let shape = ShapeText {
            team_id: TeamId::mint(at).to_string(),
            team_name: "Northwind".to_owned(),
            project: None,
            kind: "secret".to_owned(),
            permissions: "shifts:read".to_owned(),
            fields: String::new(),
            is_published: false,
        };
        let read = ReadKey {
            id: KeyId::mint(at),
            name: "HR sync".to_owned(),
            shape,
            created_at: at,
            expiration: Expiration(None),
            is_revoked,
            domains: Domains::default(),
            addresses: Addresses::default(),
        };
        Packer::new(Catalog::built_in()).pack(read).expect("readable")
    }

    /// What an index is asked to do.
    #[derive(Clone, Debug)]
    enum Step {
        Put(u64, bool),
        Remove(u64),
        Replace(BTreeMap<u64, bool>),
        LayOut,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let some = proptest::collection::btree_map(0..12u64, any::<bool>(), 0..12);
        let step = prop_oneof![
            6 => (0..12u64, any::<bool>()).prop_map(|(n, revoked)| Step::Put(n, revoked)),
            3 => (0..12u64).prop_map(Step::Remove),
            1 => some.prop_map(Step::Replace),
            1 => Just(Step::LayOut),
        ];
        proptest::collection::vec(step, 0..40)
    }

    fn settle(index: &Index) {
        let _turn = locked(&index.turn);
        let layers = index.layers.load_full();
        index.lay_out(layers.keys(), layers);
    }

    fn keys(of: &BTreeMap<u64, bool>) -> Keys {
        let mut keys = Keys::with_room_for(of.len());
        of.iter().for_each(|(n, is_revoked)| keys.push(digest(*n), packed(*is_revoked)));
        keys
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_map_would_and_takes_no_revoke_back(steps in steps()) {
            let (index, mut plain) = (Index::default(), BTreeMap::<u64, bool>::new());
            for step in steps {
                match step {
                    Step::Put(n, is_revoked) => {
                        index.put(digest(n), packed(is_revoked));
                        *plain.entry(n).or_default() |= is_revoked;
                    }
                    Step::Remove(n) => {
                        index.remove(&digest(n));
                        plain.remove(&n);
                    }
                    Step::Replace(all) => {
                        index.replace(keys(&all));
                        let was_revoked = |n| plain.get(n).copied().unwrap_or_default();
                        plain = all.iter().map(|(n, is_revoked)| (*n, *is_revoked || was_revoked(n))).collect();
                    }
                    Step::LayOut => settle(&index),
                }
                let seen = |n| index.see(&digest(n), |kept| kept.map(|kept| kept.key.is_revoked()));
                prop_assert!((0..12).all(|n| seen(n) == plain.get(&n).copied()));
                prop_assert_eq!(index.len(), plain.len());
            }
        }
    }

    #[test]
    fn many_changes_are_settled() {
        let index = Index::default();
        (0..3_000).for_each(|n| index.put(digest(n), key()));
        (0..100).for_each(|n| index.remove(&digest(n)));
        assert_eq!(index.len(), 2_900);
        let layers = index.layers.load();
        assert!(layers.settled.len() >= 1_900, "{}", layers.settled.len());
        assert!((0..3_000).all(|n| index.see(&digest(n), |kept| kept.is_some()) == (n >= 100)));
    }

    #[test]
    fn no_use_is_lost_while_a_key_is_changed_and_its_use_is_taken() {
        let (index, tally, key) = (Arc::new(Index::default()), Tally::default(), key());
        let digest = Digest::from_bytes(&[7; 32]).expect("32 bytes");
        index.put(digest, key.clone());
        tally.look_in(index.clone());
        let by = Caller { at: Moment::from_unix(10).expect("in range"), address: None, client: Some("curl") };
        let note = || {
            index.see(&digest, |kept| {
                let Kept { key, place } = kept.expect("it is there");
                tally.note_in(place, (key.packed_id(), &digest), Code::Valid, by);
            });
        };
        let take = || -> u64 {
            let taken = (0..SHARDS).flat_map(|shard| tally.take(shard, 500));
            taken.flat_map(|(_, noted)| noted.counts).map(|count| count.uses).sum()
        };
        let is_over = AtomicBool::new(false);
        let taken = std::thread::scope(|scope| {
            let taking = scope.spawn(|| {
                let mut taken = 0;
                while !is_over.load(Ordering::Acquire) {
                    taken += take();
                }
                taken
            });
            let changing = scope.spawn(|| {
                for n in 0..20_000 {
                    index.put(digest, key.clone());
                    if n % 100 == 0 {
                        settle(&index);
                    }
                }
            });
            let noting = [0, 1].map(|_| scope.spawn(|| (0..20_000).for_each(|_| note())));
            changing.join().expect("no panic");
            noting.into_iter().for_each(|thread| thread.join().expect("no panic"));
            is_over.store(true, Ordering::Release);
            taking.join().expect("no panic")
        });
        note();
        assert_eq!(taken + take() + take(), 40_001);
    }
}
