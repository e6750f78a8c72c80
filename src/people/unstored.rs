//! Failed sign-ins that could not be stored, as on a full disk: counted in memory, so that guesses are slowed down there
//! too. Right passwords are still accepted, since whoever signs in may want to revoke.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::slow_down::{ACCOUNT_MEMORY_S, Counter, Failures, refuse_waiting};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::lock::locked;
use crate::refusal::Refusal;

/// More than can fail while they are remembered, at 50 hashes a second.
const MAX_COUNTERS: usize = 100_000;

/// This instance's counters of failures that could not be stored.
#[derive(Clone, Default)]
pub struct UnstoredFailures(Arc<Mutex<HashMap<String, Failures>>>);

impl UnstoredFailures {
    /// Refuses an attempt that has to wait, by whichever counter makes it wait longest.
    pub fn refuse_waiting(&self, counters: &[&Counter], now: Moment) -> Result<(), Refusal> {
        let known = locked(&self.0);
        let counted: Vec<_> = counters.iter().map(|counter| (*counter, known.get(&counter.subject).copied())).collect();
        refuse_waiting(&counted, now)
    }

    /// Passes on what came of storing a failure. If it could not be stored, it is counted here.
    pub fn or_count<T>(&self, stored: Result<T, Fault>, counters: &[&Counter], now: Moment) -> Result<T, Fault> {
        if let Err(Fault::Unavailable(_) | Fault::Broken(_)) = stored {
            self.count(counters, now);
        }
        stored
    }

    fn count(&self, counters: &[&Counter], now: Moment) {
        let mut known = locked(&self.0);
        if known.len() + counters.len() > MAX_COUNTERS {
            known.retain(|_, failures| now.seconds_since(failures.since).abs() < ACCOUNT_MEMORY_S);
        }
        for counter in counters {
            let before = known.get(&counter.subject).copied();
            if before.is_some() || known.len() < MAX_COUNTERS {
                known.insert(counter.subject.clone(), counter.after_failure(before, now));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds).expect("in range")
    }

    #[test]
    fn only_what_could_not_be_stored_is_counted() {
        let (unstored, olga) = (UnstoredFailures::default(), Counter::of_account("olga@northwind.example"));
        assert!(unstored.or_count(Ok(()), &[&olga], at(0)).is_ok());
        let waits = Err::<(), _>(Refusal::TooManyTries(1).into());
        assert!(matches!(unstored.or_count(waits, &[&olga], at(0)), Err(Fault::Refused(_))));
        assert_eq!(unstored.refuse_waiting(&[&olga], at(0)), Ok(()));
        let full = Err::<(), _>(Fault::unavailable("the disk is full"));
        assert!(matches!(unstored.or_count(full, &[&olga], at(0)), Err(Fault::Unavailable(_))));
        assert_eq!(unstored.refuse_waiting(&[&olga], at(0)), Err(Refusal::TooManyTries(1)));
        assert_eq!(unstored.refuse_waiting(&[&olga], at(1)), Ok(()));
    }

    #[test]
    fn a_flood_of_accounts_takes_a_limited_room() {
        let unstored = UnstoredFailures::default();
        let account = |n: usize| Counter::of_account(&format!("n{n}@northwind.example"));
        for n in 0..=MAX_COUNTERS {
            unstored.count(&[&account(n)], at(0));
        }
        assert_eq!(locked(&unstored.0).len(), MAX_COUNTERS);
        assert!(unstored.refuse_waiting(&[&account(0)], at(0)).is_err(), "the first ones stay");
        unstored.count(&[&account(MAX_COUNTERS)], at(ACCOUNT_MEMORY_S));
        assert_eq!(locked(&unstored.0).len(), 1, "until they no longer count");
    }
}
