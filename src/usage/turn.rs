//! Which of the tally is written next. A flush may end anywhere; the one after it goes on there, so that every key's turn
//! comes however many are in use.

use super::key_use::KeyUse;
use super::tally::{KeyBits, SHARDS, Taken, Tally};

/// A shard, and what of it is due: what was noted before the shard's turn began. What is noted later waits for the next
/// time.
#[derive(Debug, Default)]
pub struct Turn {
    shard: usize,
    listed: usize,
    rest: Vec<(KeyBits, KeyUse)>,
}

impl Turn {
    /// Goes on to the next shard.
    pub fn begin_next(&mut self, tally: &Tally) {
        self.shard = (self.shard + 1) % SHARDS;
        let held = tally.hand_over(self.shard);
        self.listed = held.listed;
        self.rest.extend(held.rest);
    }

    /// What is due of at most so many keys; none if nothing is.
    pub fn take(&mut self, tally: &Tally, most: usize) -> Option<Taken> {
        if self.listed == 0 && self.rest.is_empty() {
            return None;
        }
        let listed = most.min(self.listed);
        self.listed -= listed;
        let mut taken = tally.take_listed(self.shard, listed);
        let rest = self.rest.split_off(self.rest.len().saturating_sub(most - listed));
        add(&mut taken, rest);
        Some(taken)
    }

    /// Of how many keys something is due that has left the tally.
    pub fn handed_over(&self) -> usize {
        self.rest.len()
    }
}

/// Adds what was noted earlier.
pub(super) fn add(taken: &mut Taken, earlier: impl IntoIterator<Item = (KeyBits, KeyUse)>) {
    for (key, earlier) in earlier {
        taken.entry(key).or_default().put_back(earlier);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::clock::Moment;
    use crate::gate::asked::Caller;
    use crate::gate::verdict::Code;
    use crate::keys::secret::Digest;
    use crate::usage::noted::Noted;
    use crate::usage::tally::Places;

    fn some_use() -> Caller<'static> {
        Caller { at: Moment::from_unix(1).expect("in range"), address: None, client: Some("curl") }
    }

    /// Some keys' places, all in the first shard.
    struct PlacesOf(Vec<Mutex<Noted>>);

    impl Places for PlacesOf {
        fn visit(&self, digest: &Digest, look: &mut dyn FnMut(KeyBits, &Mutex<Noted>)) {
            let n = digest.as_bytes()[0];
            look(key(n, 0), &self.0[usize::from(n)]);
        }
    }

    /// So many keys with places, all in the first shard, and how one of them is noted.
    fn noted_places(count: u8) -> (Arc<Tally>, impl Fn(u8)) {
        let (tally, places) =
            (Arc::new(Tally::default()), Arc::new(PlacesOf((0..count).map(|_| Mutex::default()).collect())));
        tally.look_in(places.clone());
        let noting = tally.clone();
        let note = move |n: u8| {
            let digest = Digest::from_bytes(&[n; 32]).expect("32 bytes");
            noting.note_in(&places.0[usize::from(n)], (key(n, 0), &digest), Code::Valid, some_use());
        };
        (tally, note)
    }

    /// One turn of a flush that may write so many keys.
    fn flushed(turn: &mut Turn, tally: &Tally, mut keys: usize) -> Vec<KeyBits> {
        let mut taken = Vec::new();
        for begun in 0..=SHARDS {
            if begun > 0 {
                turn.begin_next(tally);
            }
            while let Some(some) = turn.take(tally, keys.min(3)) {
                keys -= some.len();
                taken.extend(some.into_keys());
                if keys == 0 {
                    return taken;
                }
            }
        }
        taken
    }

    fn key(n: u8, shard: u8) -> KeyBits {
        let mut key = [n; 16];
        key[15] = shard;
        key
    }

    #[test]
    fn every_key_has_its_turn_however_often_others_are_used() {
        let (tally, mut turn) = (Tally::default(), Turn::default());
        let keys: Vec<KeyBits> = (0..10).flat_map(|n| [3, 4, 200].map(|shard| key(n, shard))).collect();
        let mut seen = std::collections::BTreeSet::new();
        // Three times as many are used between two flushes as one can write.
        for _ in 0..4 {
            keys.iter().for_each(|key| tally.note(*key, Code::Valid, some_use()));
            seen.extend(flushed(&mut turn, &tally, 10));
        }
        assert_eq!(seen.len(), keys.len());
    }

    #[test]
    fn a_turn_ends_though_its_keys_are_noted_anew() {
        let (tally, note) = noted_places(9);
        let mut turn = Turn::default();
        (0..9).for_each(&note);
        tally.note(key(9, 0), Code::Valid, some_use());
        turn.shard = SHARDS - 1;
        turn.begin_next(&tally);
        let mut taken = Vec::new();
        while let Some(some) = turn.take(&tally, 2) {
            taken.extend(some.into_keys());
            assert!(taken.len() <= 10, "it does not end");
            (0..9).for_each(&note);
            tally.note(key(9, 0), Code::Valid, some_use());
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..10).map(|n| key(n, 0)).collect::<Vec<_>>());
        assert_eq!(tally.keys(), 10);
    }
}
