//! Where passwords are hashed: off the threads that answer requests, one a core at a time (each takes
//! 19 MiB), with a short queue before them.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use prometheus::IntCounter;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

use crate::fault::Fault;
use crate::refusal::Refusal;

/// How many may wait for a core before the next is told to come back later.
const QUEUE: usize = 32;
/// More than attempts are ever under way: two accounts seldom share a turn.
const TURNS: usize = 256;

/// The cores that may hash, and the short queue before them.
#[derive(Clone)]
pub struct Hashing {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
    runs: IntCounter,
    turns: Arc<[Arc<Mutex<()>>]>,
    by: RandomState,
}

impl Hashing {
    /// One hash a core at a time, counted in `runs`.
    pub fn on(cores: usize, runs: IntCounter) -> Hashing {
        Hashing {
            cores: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores + QUEUE)),
            runs,
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
            by: RandomState::new(),
        }
    }

    /// Waits until no other attempt under `subject` is under way. A burst of guesses on one account then costs one
    /// hash: after the first has failed, the others are refused.
    pub async fn turn(&self, subject: impl Hash) -> OwnedMutexGuard<()> {
        let turn = usize::try_from(self.by.hash_one(subject) % TURNS as u64).unwrap_or(0);
        self.turns[turn].clone().lock_owned().await
    }

    /// Runs `work`, which hashes, off the threads that answer requests; refused when too many wait.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::TooManyTries(1))?;
        let core = self.cores.clone().acquire_owned().await.map_err(Fault::unavailable)?;
        // The places go with the work: a person who hangs up does not make room before it is done.
        self.runs.inc();
        let held = move || {
            let _held = (place, core);
            work()
        };
        actix_web::web::block(held).await.map_err(Fault::unavailable)
    }
}
