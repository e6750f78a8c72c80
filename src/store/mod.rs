//! The database: one pool for reading, one for writing, both off the threads that answer requests.
//!
//! What a transaction does is the rooms' business. Every write goes through [`Store::write`], which
//! is one transaction; a [`Refusal`](crate::refusal::Refusal) or an error inside takes it back whole.

mod dialect;
pub mod schema;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use tokio::sync::Semaphore;

pub use dialect::{Backend, DatabaseUrl, Db, Hold, columns_of, hold_team, take_the_time_it_needs};

use crate::fault::Fault;
use dialect::Opener;

/// How long a request waits for a connection before it is told that we cannot serve.
const POOL_WAIT: Duration = Duration::from_secs(3);

/// The pools of one database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    reads: Pool<Opener>,
    writes: Pool<Opener>,
    /// The queue of writers, first come first served, which the pool's own is not.
    writers: Arc<Semaphore>,
    /// Held while this process owns a SQLite file.
    _claim: Arc<Option<File>>,
}

impl Store {
    /// Opens a database for serving: alone on a SQLite file, with its tables brought up to date.
    /// The error is one line for the person who starts the program.
    pub fn serve(url: &DatabaseUrl) -> Result<Store, String> {
        url.make_file()?;
        let claim = url.claim()?;
        Store::open(url, claim)
    }

    /// Opens a database beside a running server.
    pub fn join(url: &DatabaseUrl) -> Result<Store, String> {
        url.make_file()?;
        Store::open(url, None)
    }

    fn open(url: &DatabaseUrl, claim: Option<File>) -> Result<Store, String> {
        let mut first = Opener(url.clone()).connect().map_err(|e| format!("cannot open the database {url:?}: {e}"))?;
        dialect::migrate(&mut first).map_err(|e| format!("cannot bring the database {url:?} up to date: {e}"))?;
        let (readers, writers) = url.pool_sizes();
        Ok(Store {
            reads: pool(url, readers),
            writes: pool(url, writers),
            writers: Arc::new(Semaphore::new(writers as usize)),
            _claim: Arc::new(claim),
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
        let store = self.clone();
        let turn = tokio::time::timeout(POOL_WAIT, self.writers.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Fault::unavailable("too many writers wait"))?.map_err(Fault::unavailable)?;
        let held = move || {
            let _turn = turn; // goes with the work, also when the person who asked hangs up
            store.write_here(work)
        };
        off_thread(held).await
    }

    /// As [`write`](Store::write), on this thread: for commands.
    pub fn write_here<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Fault>) -> Result<T, Fault> {
        dialect::in_write_transaction(&mut *connection(&self.writes)?, work)
    }

    /// As [`read`](Store::read), on this thread: for commands and tests.
    pub fn read_here<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Fault>) -> Result<T, Fault> {
        work(&mut *connection(&self.reads)?)
    }
}

fn pool(url: &DatabaseUrl, size: u32) -> Pool<Opener> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(POOL_WAIT)
        .test_on_check_out(true)
        .build_unchecked(Opener(url.clone()))
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
