//! Where passwords are hashed: off the threads that answer requests, one a core at a time (each takes
//! 19 MiB), with a short queue before them. Strangers queue apart from the rest, so that no crowd of them keeps out a
//! browser that is known.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use prometheus::IntCounter;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::fault::Fault;
use crate::refusal::Refusal;

/// How many may wait for a core, or for their turn, before the next one has to come back later.
const QUEUE: usize = 32;
/// More than attempts are ever under way: two accounts seldom share a turn.
const TURNS: usize = 256;

/// Which queue a password waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// For people who are signed in, browsers that are known, and the first run.
    Known,
    /// For all others.
    Strangers,
}

/// The cores that may hash, and the short queues before them.
#[derive(Clone)]
pub struct Hashing {
    cores: Arc<Semaphore>,
    runs: IntCounter,
    known: Waiting,
    strangers: Waiting,
    by: RandomState,
}

/// One queue: for the cores, and for the turns of single accounts or browsers.
#[derive(Clone)]
struct Waiting {
    places: Arc<Semaphore>,
    turns: Arc<[Slot]>,
}

/// Who has the turn, and who may wait for it.
struct Slot {
    lock: Arc<Mutex<()>>,
    places: Arc<Semaphore>,
}

/// While it is held, no other attempt for the same account or browser is under way.
pub struct Turn {
    _lock: OwnedMutexGuard<()>,
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    fn before(cores: usize) -> Waiting {
        let slot = || Slot { lock: Arc::default(), places: Arc::new(Semaphore::new(1 + QUEUE)) };
        Waiting { places: Arc::new(Semaphore::new(cores + QUEUE)), turns: (0..TURNS).map(|_| slot()).collect() }
    }
}

impl Hashing {
    /// One hash a core at a time, counted in `runs`.
    pub fn on(cores: usize, runs: IntCounter) -> Hashing {
        Hashing {
            cores: Arc::new(Semaphore::new(cores)),
            runs,
            known: Waiting::before(cores),
            strangers: Waiting::before(cores),
            by: RandomState::new(),
        }
    }

    fn waiting(&self, queue: Queue) -> &Waiting {
        match queue {
            Queue::Known => &self.known,
            Queue::Strangers => &self.strangers,
        }
    }

    /// Waits until no other attempt under `subject` is under way; refused when too many wait. A burst of guesses on one
    /// account then costs one hash: after the first has failed, the others are refused.
    pub async fn turn(&self, queue: Queue, subject: impl Hash) -> Result<Turn, Fault> {
        let slot = usize::try_from(self.by.hash_one(subject) % TURNS as u64).unwrap_or(0);
        let slot = &self.waiting(queue).turns[slot];
        let place = place_in(&slot.places)?;
        Ok(Turn { _lock: slot.lock.clone().lock_owned().await, _place: place })
    }

    /// Runs `work`, which hashes, off the threads that answer requests; refused when too many wait.
    pub async fn run<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = place_in(&self.waiting(queue).places)?;
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

fn place_in(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    places.clone().try_acquire_owned().map_err(|_| Refusal::TooManyTries(1))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use actix_web::rt::spawn;
    use tokio::task::yield_now;

    use super::*;

    fn hashing() -> Hashing {
        Hashing::on(1, IntCounter::new("runs", "Runs.").expect("a counter"))
    }

    fn is_refused<T>(answer: &Result<T, Fault>) -> bool {
        matches!(answer, Err(Fault::Refused(Refusal::TooManyTries(1))))
    }

    #[actix_web::test]
    async fn a_crowd_of_strangers_fills_its_own_queue_alone() {
        let hashing = hashing();
        let run = |queue, work: Box<dyn FnOnce() + Send>| {
            let hashing = hashing.clone();
            spawn(async move { hashing.run(queue, work).await })
        };
        // The first one has the core until it is released, and the others wait for it.
        let (release, released) = mpsc::channel::<()>();
        let mut crowd = vec![run(Queue::Strangers, Box::new(move || released.recv().unwrap_or_default()))];
        crowd.extend((0..QUEUE).map(|_| run(Queue::Strangers, Box::new(|| ()))));
        while hashing.strangers.places.available_permits() > 0 {
            yield_now().await;
        }
        assert!(is_refused(&hashing.run(Queue::Strangers, || ()).await));
        let known = run(Queue::Known, Box::new(|| ()));
        while hashing.known.places.available_permits() > QUEUE {
            yield_now().await;
        }
        drop(release);
        assert!(known.await.expect("no panic").is_ok());
        for one in crowd {
            assert!(one.await.expect("no panic").is_ok());
        }
        assert_eq!(hashing.runs.get(), 2 + QUEUE as u64);
    }

    #[actix_web::test]
    async fn a_crowd_of_attempts_on_one_account_does_not_wait_for_long() {
        let hashing = hashing();
        let first = hashing.turn(Queue::Strangers, "olga").await.expect("a turn");
        let turn = || {
            let hashing = hashing.clone();
            spawn(async move { hashing.turn(Queue::Strangers, "olga").await.map(drop) })
        };
        let crowd: Vec<_> = (0..QUEUE).map(|_| turn()).collect();
        while hashing.strangers.turns.iter().all(|slot| slot.places.available_permits() > 0) {
            yield_now().await;
        }
        assert!(is_refused(&hashing.turn(Queue::Strangers, "olga").await));
        assert!(hashing.turn(Queue::Known, "olga").await.is_ok());
        drop(first);
        for one in crowd {
            assert!(one.await.expect("no panic").is_ok());
        }
    }
}
