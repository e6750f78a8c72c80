//! Where passwords are hashed: off the threads that answer requests, one a core at a time (each takes
//! 19 MiB), with a short queue before them.

use std::sync::Arc;

use prometheus::IntCounter;
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::refusal::Refusal;

/// How many may wait for a core before the next is told to come back later.
const QUEUE: usize = 32;

/// The cores that may hash, and the short queue before them.
#[derive(Clone)]
pub struct Hashing {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
    runs: IntCounter,
}

impl Hashing {
    /// One hash a core at a time, counted in `runs`.
    pub fn on(cores: usize, runs: IntCounter) -> Hashing {
        Hashing { cores: Arc::new(Semaphore::new(cores)), places: Arc::new(Semaphore::new(cores + QUEUE)), runs }
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
