//! Every key, in memory: from its digest to what is known of it. Read without locks by every worker; what is not in
//! it does not exist.

use std::sync::Mutex;

use papaya::HashMap;

use super::known::KnownKey;
use crate::keys::secret::Digest;
use crate::lock::locked;
use crate::usage::noted::Noted;

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
    use super::*;

    #[test]
    fn a_key_takes_152_bytes() {
        assert_eq!(size_of::<(Digest, Kept)>(), 152);
    }
}
