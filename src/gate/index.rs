//! Every key, in memory: from its digest to what is known of it. Read without locks by every worker; what is not in
//! it does not exist.

use std::sync::Mutex;

use papaya::HashMap;

use super::known::KnownKey;
use crate::keys::secret::Digest;
use crate::lock::locked;
use crate::usage::noted::Noted;
use crate::usage::tally::{KeyBits, Places};

/// A key as it lies in the index. With its digest it takes 152 bytes: eight more, and the allocator takes 192 for it.
#[derive(Debug)]
pub struct Kept {
    /// What is known of it.
    pub key: KnownKey,
    /// The place in which its use is noted.
    pub place: Mutex<Noted>,
}

/// All keys of all teams.
#[derive(Debug, Default)]
pub struct Index {
    keys: HashMap<Digest, Kept, FirstBytes>,
}

impl Index {
    /// Shows the key of that digest where it lies: a copy would cost more than the look-up.
    pub fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        look(self.keys.pin().get(digest))
    }

    /// Keeps a key, in place of what was known of it. One that was known to be revoked stays so: nothing takes a revoke
    /// back but a database that was put back to a time before it.
    pub fn put(&self, digest: Digest, key: KnownKey) {
        let keys = self.keys.pin();
        match keys.get(&digest) {
            None => _ = keys.insert(digest, Kept { key, place: Mutex::default() }),
            Some(known) => {
                let key = if known.key.is_revoked() { key.revoked() } else { key };
                // Who would note something in the old place meanwhile waits, and then finds that it was left.
                let mut place = locked(&known.place);
                let noted = place.leave();
                keys.insert(digest, Kept { key, place: Mutex::new(noted) });
            }
        }
    }

    /// Makes room for so many keys, so that none is copied while they come.
    pub fn make_room(&self, keys: usize) {
        self.keys.pin().reserve(keys.saturating_sub(self.len()));
    }

    /// Forgets a key.
    pub fn remove(&self, digest: &Digest) {
        self.keys.pin().remove(digest);
    }

    /// Forgets the keys that are not among these.
    pub fn retain(&self, is_there: impl Fn(&Digest) -> bool) {
        self.keys.pin().retain(|digest, _| is_there(digest));
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Places for Index {
    fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn a_key_takes_152_bytes() {
        assert_eq!(size_of::<(Digest, Kept)>(), 152);
    }

    fn key() -> KnownKey {
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
            is_revoked: false,
            domains: Domains::default(),
            addresses: Addresses::default(),
        };
        Packer::new(Catalog::built_in()).pack(read).expect("readable")
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
            let taken = (0..SHARDS).filter_map(|shard| tally.take(shard, 500)).flatten();
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
            let changing = scope.spawn(|| (0..20_000).for_each(|_| index.put(digest, key.clone())));
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
