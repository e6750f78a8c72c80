//! The two layers of the index: keys that are laid out, and above them what changed since.

use papaya::HashMap;

use super::Kept;
use super::settled::{Keys, Settled};
use crate::gate::known::KnownKey;
use crate::keys::secret::Digest;

/// So many changes are let be; of many keys, an eighth.
const FEW: usize = 1_000;

/// What is known of all keys. Read by anyone, changed by one at a time.
#[derive(Debug, Default)]
pub struct Layers {
    settled: Settled,
    /// What changed since they were settled; of those that are gone nothing. And the few that could not be laid out.
    since: HashMap<Digest, Kept, FirstBytes>,
}

impl Layers {
    /// Shows the key of that digest where it lies.
    pub fn see<T>(&self, digest: &Digest, look: impl FnOnce(Option<&Kept>) -> T) -> T {
        match self.settled.get(digest) {
            Some(kept) => look(Some(kept)),
            None => look(self.since.pin().get(digest)),
        }
    }

    /// Has what leads to the key of that digest brought near.
    pub fn fetch_way(&self, digest: &Digest) {
        self.settled.fetch_pilot(digest);
    }

    /// Has the key of that digest brought near.
    pub fn fetch(&self, digest: &Digest) {
        self.settled.fetch(digest);
    }

    /// Keeps a key, in place of what was known of it.
    pub fn put(&self, digest: Digest, key: KnownKey) {
        let mut kept = Kept::new(key);
        self.see(&digest, |known| kept.succeed(known));
        // First the new, then the mark on the old: in between a key is known as it was, and never unknown.
        self.since.pin().insert(digest, kept);
        self.settled.outdate(&digest);
    }

    /// Forgets a key.
    pub fn remove(&self, digest: &Digest) {
        self.since.pin().remove(digest);
        self.settled.outdate(digest);
    }

    /// These keys, laid out, in place of what was known. Whoever looks at the old layers meanwhile sees what was true
    /// before; their places are left.
    pub fn succeeded_by(&self, mut keys: Keys) -> Layers {
        for (digest, kept) in keys.iter_mut() {
            self.see(digest, |known| kept.succeed(known));
        }
        let (settled, homeless) = Settled::of(keys);
        let since = HashMap::default();
        homeless.into_iter().for_each(|(digest, kept)| _ = since.pin().insert(digest, kept));
        Layers { settled, since }
    }

    /// All keys.
    pub fn keys(&self) -> Keys {
        let mut keys = Keys::with_room_for(self.len());
        self.settled.iter().for_each(|(digest, kept)| keys.push(*digest, kept.key.clone()));
        self.since.pin().iter().for_each(|(digest, kept)| keys.push(*digest, kept.key.clone()));
        keys
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.settled.len() + self.since.len()
    }

    /// How many keys changed since they were laid out.
    pub fn changes(&self) -> usize {
        self.settled.outdated().max(self.since.len())
    }

    /// How many may.
    pub fn changes_let_be(&self) -> usize {
        FEW.max(self.len() / 8)
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
