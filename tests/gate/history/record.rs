//! What clients asked and were answered.
//!
//! All times are of one monotonic clock, the clients' own. A change counts from the moment its answer was
//! received, so nothing that the judge calls a violation can be a matter of who was faster.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::question::Question;

/// A key as it was made, or as an edit made it. Its name tells all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// Each edit of a key has another.
    pub number: u32,
    /// Whether it is held to a network.
    pub is_bound: bool,
}

impl Edition {
    pub fn name(self) -> String {
        format!("Edition {}, {}", self.number, if self.is_bound { "bound" } else { "open" })
    }

    /// Reads a [`name`](Edition::name).
    pub fn of_name(name: &str) -> Option<Edition> {
        let (number, bounds) = name.strip_prefix("Edition ")?.split_once(", ")?;
        Some(Edition { number: number.parse().ok()?, is_bound: bounds == "bound" })
    }
}

/// What a client wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A key of edition 0, which is open.
    Create,
    /// That it becomes this one.
    Edit(Edition),
    Revoke,
    /// That every key of its team is revoked. Written down once for each key.
    RevokeAll,
    Delete,
    Verify(Question),
}

/// What it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The change was made, or the key is good.
    Yes,
    /// The key is not good, or not for this.
    Refused,
    /// 503: it cannot be decided, or not be changed, now.
    NotNow,
    /// No answer: whatever was asked may have happened, or not.
    Nothing,
    /// No answer that there should ever be.
    Odd(u16),
}

/// Why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Revoked,
    NotFound,
    AddressNotAllowed,
}

impl Word {
    pub fn parse(word: &str) -> Option<Word> {
        Some(match word {
            "REVOKED" => Word::Revoked,
            "NOT_FOUND" => Word::NotFound,
            "ADDRESS_NOT_ALLOWED" => Word::AddressNotAllowed,
            _ => return None,
        })
    }
}

/// What a verification was told beside whether the key is good, as far as the door tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tells {
    pub word: Option<Word>,
    pub edition: Option<Edition>,
}

/// One question and its answer.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // where it was asked is told by how it prints
pub struct Operation {
    pub key: usize,
    pub deed: Deed,
    /// Which instance was asked.
    pub at: usize,
    pub started: Duration,
    pub ended: Duration,
    pub told: Told,
    pub tells: Tells,
}

/// Everything that happened, as it comes in.
pub struct History {
    zero: Instant,
    operations: Mutex<Vec<Operation>>,
}

impl History {
    pub fn begin() -> History {
        History { zero: Instant::now(), operations: Mutex::default() }
    }

    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// Writes down a change that was answered just now, or is waited for no longer.
    pub fn note(&self, key: usize, deed: Deed, at: usize, started: Duration, told: Told) {
        self.write(Operation { key, deed, at, started, ended: self.now(), told, tells: Tells::default() });
    }

    /// Writes down what ended a moment ago, or a verification.
    pub fn write(&self, operation: Operation) {
        self.operations.lock().unwrap().push(operation);
    }

    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_edition_reads_back() {
        for number in [0, 7] {
            for is_bound in [false, true] {
                let edition = Edition { number, is_bound };
                assert_eq!(Edition::of_name(&edition.name()), Some(edition));
            }
        }
        assert_eq!(Edition::of_name("HR sync"), None);
    }
}
