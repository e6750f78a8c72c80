//! The database: one pool for reading, one for writing, both off the threads that answer requests.
//!
//! What a transaction does is the rooms' business. Every write goes through [`Store::write`], which
//! is one transaction; a [`Refusal`](crate::refusal::Refusal) or an error inside takes it back whole.

mod ballast;
pub mod changes;
mod dialect;
pub mod schema;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use tokio::sync::{Semaphore, oneshot};

pub use changes::{Change, Seq, note, wait_for_others};
pub use dialect::{
    Backend, DatabaseUrl, Db, Hold, acknowledge_if_last, columns_of, has_heard, hold_team, in_snapshot,
    in_write_transaction, keeping_rows, listen, take_the_time_it_needs,
};

use crate::fault::Fault;
use ballast::Ballast;
use dialect::{Claim, Opener};

/// How long a request waits for a connection before it is told that we cannot serve.
const POOL_WAIT: Duration = Duration::from_secs(3);

/// Who sees to it that a change is known everywhere.
pub trait Spread: Send + Sync {
    /// Begins to spread the change of that number, which was just kept; called on the thread that kept it. The answer
    /// comes, or is dropped, when every instance knows it or has lost its lease.
    fn spread(&self, seq: Seq) -> oneshot::Receiver<()>;

    /// How long is waited for it: then every lease is over that did not know of the change.
    fn patience(&self) -> Duration;
}

/// A change that is under way to all instances.
struct Spreading {
    done: oneshot::Receiver<()>,
    patience: Duration,
}

/// Set by the gate while it serves.
type Spreader = Arc<RwLock<Option<Arc<dyn Spread>>>>;

/// How many of the gate's questions the database is asked at once, while there is no index to judge by.
const GATE_READERS: u32 = 4;

/// The pools of one database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    reads: Pool<Opener>,
    writes: Pool<Opener>,
    /// The queue of writers, first come first served, which the pool's own is not.
    writers: Arc<Semaphore>,
    gate_reads: Pool<Opener>,
    gate_readers: Arc<Semaphore>,
    spreader: Spreader,
    opener: Opener,
    /// What is given up on a full disk, where there is a disk of ours.
    ballast: Option<Arc<Ballast>>,
    /// Held while this process owns a SQLite file. Last, since it is let go of when all connections are closed.
    _claim: Arc<Option<Claim>>,
}

impl Store {
    /// Opens a database for serving: alone on a SQLite file, with its tables brought up to date.
    /// The error is one line for the person who starts the program.
    pub fn serve(url: &DatabaseUrl) -> Result<Store, String> {
        url.make_file()?;
        let claim = Arc::new(url.claim()?);
        let Some(path) = url.ballast_path() else { return Store::open(url, claim) };
        let ballast = Ballast::at(path)?;
        // Even to open a database takes some room on its disk.
        let store = ballast.give_up_to_open(|| Store::open(url, claim.clone()))?;
        Ok(Store { ballast: Some(Arc::new(ballast)), ..store })
    }

    /// Opens a database beside a running server.
    pub fn join(url: &DatabaseUrl) -> Result<Store, String> {
        url.make_file()?;
        url.refuse_other_name()?;
        Store::open(url, Arc::new(None))
    }

    fn open(url: &DatabaseUrl, claim: Arc<Option<Claim>>) -> Result<Store, String> {
        let opener = Opener { url: url.clone(), claimed: (*claim).as_ref().map(|claim| claim.inode) };
        let mut first = opener.connect().map_err(|e| format!("cannot open the database {url:?}: {e}"))?;
        dialect::migrate(&mut first).map_err(|e| format!("cannot bring the database {url:?} up to date: {e}"))?;
        let (readers, writers) = url.pool_sizes();
        Ok(Store {
            reads: pool(&opener, readers),
            writes: pool(&opener, writers),
            writers: Arc::new(Semaphore::new(writers as usize)),
            gate_reads: pool(&opener, GATE_READERS),
            gate_readers: Arc::new(Semaphore::new(GATE_READERS as usize)),
            spreader: Spreader::default(),
            opener,
            ballast: None,
            _claim: claim,
        })
    }

    /// Reads.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let pool = self.reads.clone();
        off_thread(move || work(&mut *connection(&pool)?)).await
    }

    /// Writes: one transaction, kept whole or not at all.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.in_turn(move |store| store.keep_unless_full(work)).await
    }

    /// As [`write`](Store::write); tells also what it cost of a processor, the commit included. Waiting costs none.
    pub async fn write_at_a_cost<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<(T, Duration), Fault> {
        let keep = move |store: &Store| {
            let before = processor_time();
            let (done, spreading) = store.keep_unless_full(work)?;
            Ok(((done, processor_time().saturating_sub(before)), spreading))
        };
        self.in_turn(keep).await
    }

    /// Writes what must not wait, also on a full disk, where room is given up for it.
    pub async fn write_at_any_cost<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.in_turn(move |store| store.keep_at_any_cost(work)).await
    }

    /// Writes what only cleans up. If that fails, the log says so, the request goes on, and another one cleans up.
    pub async fn clean_up(
        &self,
        undone: &'static str,
        work: impl FnOnce(&mut Db) -> Result<(), Fault> + Send + 'static,
    ) {
        if let Err(fault) = self.write(work).await {
            tracing::warn!(target: "keyrack", cause = %fault.to_string().escape_debug(), "{undone}");
        }
    }

    /// Keeps something when it is its turn, and waits until it is known everywhere.
    async fn in_turn<T: Send + 'static>(
        &self,
        keep: impl FnOnce(&Store) -> Result<(T, Option<Spreading>), Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = self.clone();
        let turn = tokio::time::timeout(POOL_WAIT, self.writers.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Fault::unavailable("too many writers wait"))?.map_err(Fault::unavailable)?;
        let held = move || {
            let _turn = turn; // goes with the work, also when the person who asked hangs up
            keep(&store)
        };
        let (done, spreading) = off_thread(held).await?;
        if let Some(Spreading { done, patience }) = spreading {
            // However it ends: known, or waited for long enough.
            let _ = tokio::time::timeout(patience, done).await;
        }
        Ok(done)
    }

    /// As [`write`](Store::write), on this thread: for commands and tests.
    pub fn write_here<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Fault>) -> Result<T, Fault> {
        let (done, spreading) = self.keep(work)?;
        if let Some(Spreading { done: mut spread, patience }) = spreading {
            let kept = Instant::now();
            while spread.try_recv() == Err(oneshot::error::TryRecvError::Empty) && kept.elapsed() < patience {
                std::thread::sleep(Duration::from_millis(1)); // no request waits on this thread
            }
        }
        Ok(done)
    }

    fn keep_unless_full<T>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Fault>,
    ) -> Result<(T, Option<Spreading>), Fault> {
        self.ballast.iter().try_for_each(|ballast| ballast.require_whole())?;
        self.keep(work)
    }

    fn keep_at_any_cost<T>(
        &self,
        mut work: impl FnMut(&mut Db) -> Result<T, Fault>,
    ) -> Result<(T, Option<Spreading>), Fault> {
        let Some(ballast) = &self.ballast else { return self.keep(work) };
        let kept = ballast.give_up_for(|| self.keep(&mut work))?;
        if !ballast.is_whole() {
            let emptied = ballast.give_up_for(|| Ok(dialect::empty_journal(&mut *connection(&self.writes)?)?));
            if let Err(fault) = emptied {
                tracing::warn!(target: "keyrack", cause = %fault.to_string().escape_debug(), "the journal goes on growing");
            }
        }
        Ok(kept)
    }

    /// Commits, and begins to spread what was noted.
    fn keep<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Fault>) -> Result<(T, Option<Spreading>), Fault> {
        let done = dialect::in_write_transaction(&mut *connection(&self.writes)?, work)?;
        let spreader = self.spreader.read().unwrap_or_else(PoisonError::into_inner).clone();
        let spreading = changes::take().zip(spreader);
        let spreading =
            spreading.map(|(seq, spreader)| Spreading { done: spreader.spread(seq), patience: spreader.patience() });
        Ok((done, spreading))
    }

    /// From now on changes are spread by this one.
    pub fn spread_by(&self, spreader: Option<Arc<dyn Spread>>) {
        *self.spreader.write().unwrap_or_else(PoisonError::into_inner) = spreader;
    }

    /// Whether other processes may change what is here.
    pub fn is_shared(&self) -> bool {
        self.opener.url.is_shared()
    }

    /// Reads for the gate, which must not wait for the pages: by connections of its own, a few at once, and no longer
    /// than three seconds even if the database says nothing at all.
    pub async fn read_for_gate<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (pool, askers) = (self.gate_reads.clone(), self.gate_readers.clone());
        let asked = async move {
            let turn = askers.acquire_owned().await.map_err(Fault::unavailable)?;
            off_thread(move || {
                let _turn = turn; // also when nobody waits for it any more: what hangs is not added to
                work(&mut *connection(&pool)?)
            })
            .await
        };
        tokio::time::timeout(POOL_WAIT, asked).await.map_err(|_| Fault::unavailable("the database does not answer"))?
    }

    /// Each pool's connections: its name, how many are idle, how many in use.
    pub fn connections(&self) -> [(&'static str, u32, u32); 3] {
        [("reads", &self.reads), ("writes", &self.writes), ("gate", &self.gate_reads)].map(|(name, pool)| {
            let state = pool.state();
            (name, state.idle_connections, state.connections.saturating_sub(state.idle_connections))
        })
    }

    /// A connection beside the pools, which no crowd can keep from its owner.
    pub fn own_connection(&self) -> Result<Db, Fault> {
        self.opener.connect().map_err(Fault::unavailable)
    }

    /// As [`read`](Store::read), on this thread: for commands and tests.
    pub fn read_here<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Fault>) -> Result<T, Fault> {
        work(&mut *connection(&self.reads)?)
    }
}

fn pool(opener: &Opener, size: u32) -> Pool<Opener> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .connection_timeout(POOL_WAIT)
        .test_on_check_out(true)
        .build_unchecked(opener.clone())
}

fn connection(pool: &Pool<Opener>) -> Result<PooledConnection<Opener>, Fault> {
    pool.get().map_err(Fault::unavailable)
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    actix_web::web::block(work).await.map_err(Fault::unavailable)?
}

/// A database that fails makes us unable to serve; the cause is logged, the person told to come back.
impl From<diesel::result::Error> for Fault {
    fn from(cause: diesel::result::Error) -> Fault {
        Fault::unavailable(cause)
    }
}

/// Of this thread.
fn processor_time() -> Duration {
    let told = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(told.tv_sec).unwrap_or(0), u32::try_from(told.tv_nsec).unwrap_or(0))
}
