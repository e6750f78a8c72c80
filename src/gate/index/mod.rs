//! Every key, in memory: from its digest to what is known of it. Read without locks by every worker; what is not in
//! it does not exist.
//!
//! Most keys lie [settled]; what changed since lies in a map beside them, and is settled too when it has become much.

mod layers;
mod settled;

use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, Guard};

use self::layers::Layers;
pub use self::settled::Keys;
use super::known::KnownKey;
use crate::keys::secret::Digest;
use crate::lock::locked;
use crate::usage::noted::Noted;
use crate::usage::tally::{KeyBits, Places};

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

/// All keys of all teams.
#[derive(Debug, Default)]
pub struct Index {
    /// Nobody keeps what this holds for longer than a request takes: when it is laid out anew, that is waited for a while.
    layers: ArcSwap<Layers>,
    /// One change at a time.
    turn: Mutex<()>,
}

/// The index as it is at one moment, and what changes in it until it is laid out anew. Not to be kept while something is
/// waited for.
pub struct View(Guard<Arc<Layers>>);

impl View {
    /// Shows the key of that digest where it lies: a copy would cost more than the look-up. Whoever looks changes nothing
    /// here and waits for nobody who does.
    pub fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        self.0.see(digest, look)
    }

    /// Has what leads to the key of that digest brought near: memory is far, and a request has other things to do meanwhile.
    pub fn fetch_way(&self, digest: &Digest) {
        self.0.fetch_way(digest);
    }

    /// Has the key of that digest brought near; a while after what leads to it.
    pub fn fetch(&self, digest: &Digest) {
        self.0.fetch(digest);
    }
}

impl Index {
    /// As it is known now.
    pub fn view(&self) -> View {
        View(self.layers.load())
    }

    /// As [`View::see`], for one look.
    pub fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        self.view().see(digest, look)
    }

    /// Keeps a key, in place of what was known of it.
    pub fn put(&self, digest: Digest, key: KnownKey) {
        let _turn = locked(&self.turn);
        self.layers.load().put(digest, key);
    }

    /// Forgets a key.
    pub fn remove(&self, digest: &Digest) {
        let _turn = locked(&self.turn);
        self.layers.load().remove(digest);
    }

    /// Lays everything out anew if much has changed. For when some changes are in, not for each: it takes half a second for
    /// a million keys.
    pub fn settle(&self) {
        self.settle_beyond(Layers::changes_let_be);
    }

    fn settle_beyond(&self, let_be: impl Fn(&Layers) -> usize) {
        let turn = locked(&self.turn);
        let layers = self.layers.load_full();
        if layers.changes() > let_be(&layers) {
            let after = layers.succeeded_by(layers.keys());
            self.layers.store(Arc::new(after));
            drop(turn);
            give_back(layers);
        }
    }

    /// From now on these are all keys.
    pub fn replace(&self, keys: Keys) {
        let turn = locked(&self.turn);
        let before = self.layers.load_full();
        self.layers.store(Arc::new(before.succeeded_by(keys)));
        drop(turn);
        give_back(before);
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

/// Whoever is the last to look at a million keys gives back their memory. That should not be a request: they look for a
/// few microseconds, unless they are kept from going on.
fn give_back(before: Arc<Layers>) {
    for _ in 0..100_000 {
        if Arc::strong_count(&before) == 1 {
            break;
        }
        std::hint::spin_loop();
    }
}

impl Places for Index {
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
        // In turn: between two changes every place is where it is looked for.
        let _turn = locked(&self.turn);
        self.see(digest, |kept| kept.into_iter().for_each(|kept| look(kept.key.packed_id(), &kept.place)));
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
        index.settle_beyond(|_| 0);
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
    fn many_changes_are_settled_and_few_are_let_be() {
        let index = Index::default();
        let changes = || index.layers.load().changes();
        (0..2_000).for_each(|n| index.put(digest(n), key()));
        index.settle();
        assert!(changes() < 100, "{}", changes());
        (0..900).for_each(|n| index.put(digest(n), key()));
        index.settle();
        assert!(changes() >= 900, "{}", changes());
        (900..1_100).for_each(|n| index.remove(&digest(n)));
        (0..900).for_each(|n| index.remove(&digest(n)));
        index.settle();
        assert_eq!((index.len(), changes() < 100), (900, true));
        assert!((0..2_000).all(|n| index.see(&digest(n), |kept| kept.is_some()) == (n >= 1_100)));
    }

    #[test]
    fn keys_that_cannot_be_laid_out_are_known_all_the_same() {
        let alike = |last: u8| Digest::from_bytes(&[[7; 31].as_slice(), &[last]].concat()).expect("32 bytes");
        let (index, mut keys) = (Index::default(), Keys::with_room_for(3));
        (0..3).for_each(|last| keys.push(alike(last), key()));
        index.replace(keys);
        assert!((0..3).all(|last| index.see(&alike(last), |kept| kept.is_some())));
        assert_eq!(index.len(), 3);
    }

    #[test]
    fn who_looks_while_keys_are_changed_never_misses_one_and_never_sees_a_revoke_taken_back() {
        let (index, is_over) = (Index::default(), AtomicBool::new(false));
        (0..8).for_each(|n| index.put(digest(n), key()));
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut revoked = [false; 8];
                while !is_over.load(Ordering::Acquire) {
                    for n in 0..8 {
                        let is_revoked = index.see(&digest(n), |kept| kept.map(|kept| kept.key.is_revoked()));
                        let is_revoked = is_revoked.expect("it is there at any time");
                        let was_revoked = std::mem::replace(&mut revoked[n as usize], is_revoked);
                        assert!(is_revoked || !was_revoked);
                    }
                }
            });
            for round in 0..20_000 {
                index.put(digest(round % 8), packed(round > 10_000));
                if round % 2 == 0 {
                    settle(&index);
                }
            }
            is_over.store(true, Ordering::Release);
            looking.join().expect("no panic");
        });
    }

    fn keys_of(digest: Digest, key: &KnownKey) -> Keys {
        let mut keys = Keys::with_room_for(1);
        keys.push(digest, key.clone());
        keys
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
            let take = |shard| {
                let held = tally.hand_over(shard);
                tally.take_listed(shard, held.listed).into_iter().chain(held.rest)
            };
            (0..SHARDS).flat_map(take).flat_map(|(_, noted)| noted.counts).map(|count| count.uses).sum()
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
                    match n % 100 {
                        0 => settle(&index),
                        50 => index.replace(keys_of(digest, &key)),
                        _ => {}
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
