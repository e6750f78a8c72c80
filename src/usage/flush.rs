//! From memory to the tables: every two seconds, when the server stops, and by hand in tests. What cannot be written
//! goes back and waits for the next time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::store;
use super::tally::{SHARDS, Taken, Tally};
use super::turn::Turn;
use crate::clock::{Clock, Uptime};
use crate::fault::Fault;
use crate::keys::key::KeyId;
use crate::store::Store;

/// From one flush to the next: what a crash may lose.
const EVERY: Duration = Duration::from_secs(2);
/// What one flush may take: half a percent of a core, in batches that are small enough not to miss it by much. Where more
/// keys are in use than can be written for that, the flushes that follow go on with the others: counting must not take the
/// time of those who ask.
const BUDGET: Budget = Budget { processor: Duration::from_millis(10), time: Duration::MAX, keys: 100 };
/// What the last one may take: who stops a program does not wait for long.
const LAST_BUDGET: Budget = Budget { processor: Duration::MAX, time: Duration::from_secs(5), keys: MOST_KEYS };
/// How much longer a batch may take that began before.
const GRACE: Duration = Duration::from_secs(3);
/// All that it takes.
const NO_LIMIT: Budget = Budget { processor: Duration::MAX, time: Duration::MAX, keys: MOST_KEYS };
/// Keys of one transaction, so that whoever else writes need not wait long.
const MOST_KEYS: usize = 250;
/// Flushes between two prunings.
const PRUNE_EVERY: u32 = 60;
/// Rows of each sort that one step of a pruning forgets, and steps of one pruning.
const FORGET: (i64, usize) = (500, 20);

/// The use of keys, as this instance counts it.
pub struct Usage {
    /// What was noted since the last flush.
    pub tally: Tally,
    store: Store,
    clock: Clock,
    /// One flush at a time: whoever asks for one after another began gets all that was noted before.
    turn: Mutex<Turn>,
}

/// What a flush may take.
#[derive(Clone, Copy)]
struct Budget {
    /// Of a core. Where another batch like the last one would go beyond it, the flush ends.
    processor: Duration,
    /// After a batch with which it is over, the flush ends.
    time: Duration,
    /// Keys of one batch.
    keys: usize,
}

impl Usage {
    /// Nothing noted yet.
    pub fn new(store: Store, clock: Clock) -> Usage {
        Usage { tally: Tally::default(), store, clock, turn: Mutex::default() }
    }

    /// Writes all that was noted. What could not be written is kept for the next time, and the error told.
    pub async fn flush(&self) -> Result<(), Fault> {
        self.flush_within(NO_LIMIT).await
    }

    /// Writes what the flush before left of its shard, then what each shard holds, until that is all or the budget is spent.
    async fn flush_within(&self, budget: Budget) -> Result<(), Fault> {
        let mut turn = self.turn.lock().await;
        let (begun, mut cost, mut batch) = (Uptime::now(), Duration::ZERO, Taken::new());
        for shard in 0..=SHARDS {
            if shard > 0 {
                turn.begin_next(&self.tally);
            }
            while let Some(taken) = turn.take(&self.tally, budget.keys - batch.len()) {
                merge(&mut batch, taken);
                if batch.len() >= budget.keys {
                    let latest = self.write(std::mem::take(&mut batch)).await?;
                    cost += latest;
                    let took = Uptime::now().since_boot() - begun.since_boot();
                    if cost + latest > budget.processor || took >= budget.time {
                        return Ok(());
                    }
                }
            }
        }
        if !batch.is_empty() {
            self.write(batch).await?;
        }
        Ok(())
    }

    /// Writes a batch; answers what that cost of a processor. What cannot be written goes back into the tally.
    async fn write(&self, batch: Taken) -> Result<Duration, Fault> {
        let noted: Vec<_> = batch.iter().map(|(key, seen)| (KeyId::of_packed(*key), seen.clone())).collect();
        let clock = self.clock.clone();
        match self.store.write_at_a_cost(move |db| store::add(db, &noted, clock.now())).await {
            Ok(((), cost)) => Ok(cost),
            Err(fault) => {
                self.tally.put_back(batch);
                Err(fault)
            }
        }
    }

    /// Writes what is left when the server has ended. There is no next time: what cannot be written is lost.
    pub async fn flush_for_the_last_time(&self) {
        // A batch that has begun is waited for a while longer: a database that does not answer must not keep a program from
        // ending.
        let flushed = tokio::time::timeout(LAST_BUDGET.time + GRACE, self.flush_within(LAST_BUDGET)).await;
        let keys = self.tally.keys() + self.turn.try_lock().map_or(0, |turn| turn.handed_over());
        match flushed {
            Ok(Err(fault)) => {
                tracing::error!(target: "keyrack", keys, "the last use of keys could not be written: {fault}");
            }
            Ok(Ok(())) if keys == 0 => {}
            _ => {
                tracing::warn!(target: "keyrack", keys, "the last use of some keys is lost: there was no time to write it")
            }
        }
    }

    /// Forgets counts and addresses that are too old to be asked for, a few at a time.
    pub async fn prune(&self) -> Result<(), Fault> {
        let (rows, steps) = FORGET;
        for _ in 0..steps {
            let now = self.clock.now();
            if !self.store.write(move |db| store::forget_old(db, now, rows)).await? {
                break;
            }
        }
        Ok(())
    }

    /// Flushes from time to time, for as long as it is run.
    pub async fn flush_from_time_to_time(self: Arc<Usage>) {
        let mut is_failing = false;
        for round in 1u32.. {
            tokio::time::sleep(EVERY).await;
            let mut done = self.flush_within(BUDGET).await;
            if done.is_ok() && round.is_multiple_of(PRUNE_EVERY) {
                done = self.prune().await;
            }
            match (&done, is_failing) {
                (Err(fault), false) => {
                    tracing::warn!(target: "keyrack", "the use of keys cannot be written, and is kept in memory: {fault}");
                }
                (Ok(()), true) => tracing::info!(target: "keyrack", "the use of keys is written again"),
                _ => {}
            }
            is_failing = done.is_err();
        }
    }
}

/// A key that was used while its shard was taken stands in two takings, and may stand in one statement but once. Of what is
/// equally late, the later taking counts.
fn merge(batch: &mut Taken, taken: Taken) {
    for (key, noted) in taken {
        let both = batch.entry(key).or_default();
        let before = std::mem::replace(both, noted);
        both.put_back(before);
    }
}
