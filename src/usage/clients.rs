//! What clients call themselves: many keys are used by the same few, so a key's place holds a number, and the name stands
//! here once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

/// Names that are held at once. Beyond them all start anew, and a key whose client was forgotten is told without one until
/// its next use.
const MOST: usize = 10_000;
/// Of what a client calls itself, so many bytes are looked at.
const MOST_BYTES: usize = 240;

/// Stands for a client. A mistake costs no more than a wrong name, and a client can call itself anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientHash(u32);

/// The names.
#[derive(Debug, Default)]
pub struct Clients {
    names: RwLock<HashMap<ClientHash, Box<str>>>,
    /// Nobody can choose a name that stands for another's.
    secret: RandomState,
    /// How often they began anew: what was hashed before means nobody any more.
    round: AtomicU32,
}

impl Clients {
    /// What stands for a client; for none, something too.
    pub fn hash(&self, client: Option<&str>) -> ClientHash {
        client.map_or(ClientHash::default(), |client| {
            let hash = self.secret.hash_one((looked_at(client), self.round.load(Ordering::Relaxed)));
            ClientHash(hash as u32 | 1)
        })
    }

    /// Keeps a client's name.
    pub fn name(&self, hash: ClientHash, client: &str) {
        if self.names.read().unwrap_or_else(PoisonError::into_inner).contains_key(&hash) {
            return;
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST {
            names.clear();
            self.round.fetch_add(1, Ordering::Relaxed);
        }
        names.insert(hash, looked_at(client).into());
    }

    /// What a client calls itself, if it is known.
    pub fn of(&self, hash: ClientHash) -> Option<String> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).get(&hash).map(|name| name.to_string())
    }
}

fn looked_at(client: &str) -> &str {
    &client[..client.floor_char_boundary(MOST_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_called_what_it_calls_itself() {
        let clients = Clients::default();
        let (curl, none) = (clients.hash(Some("curl/8")), clients.hash(None));
        assert_eq!(clients.of(curl), None);
        clients.name(curl, "curl/8");
        assert_eq!(clients.of(curl).as_deref(), Some("curl/8"));
        assert_ne!(curl, clients.hash(Some("curl/9")));
        assert_ne!(clients.hash(Some("")), none);
        assert_eq!(clients.of(none), None);
    }

    #[test]
    fn a_long_name_is_cut_between_two_characters() {
        let (clients, long) = (Clients::default(), "é".repeat(500));
        let hash = clients.hash(Some(&long));
        clients.name(hash, &long);
        assert_eq!(clients.of(hash), Some("é".repeat(120)));
        assert_eq!(clients.hash(Some(&"é".repeat(120))), hash);
    }

    #[test]
    fn however_many_come_few_are_held_and_the_last_is_known() {
        let clients = Clients::default();
        for n in 0..2 * MOST + 5 {
            let name = format!("client {n}");
            clients.name(clients.hash(Some(&name)), &name);
        }
        assert!(clients.names.read().expect("no panic").len() <= MOST);
        // It is known from the next time that it comes, where it came just when all began anew.
        let last = clients.hash(Some("client 20004"));
        clients.name(last, "client 20004");
        assert_eq!(clients.of(last).as_deref(), Some("client 20004"));
    }
}
