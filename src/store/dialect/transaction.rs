//! How transactions begin and end, what they hold, and how other instances hear that one of them changed something.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::Db;
use crate::store::changes::{self, Seq};

/// Lets the statements of this transaction take as long as they need: there are changes that must not fail for being
/// large. (SQLite bounds none.)
pub fn take_the_time_it_needs(db: &mut Db) -> QueryResult<()> {
    match db {
        Db::Sqlite(_) => Ok(()),
        Db::Postgres(db) => db.batch_execute("SET LOCAL statement_timeout = 0"),
    }
}

/// How a transaction holds a team: what changes single keys beside others, what changes all of them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Beside others that hold it so.
    Shared,
    /// Alone: whatever held it has ended, and is seen by the statements that follow.
    Alone,
}

/// Holds a team until the transaction ends. (SQLite has one writer in any case.)
pub fn hold_team(db: &mut Db, team: &str, hold: Hold) -> QueryResult<()> {
    let Db::Postgres(db) = db else { return Ok(()) };
    let lock = match hold {
        Hold::Shared => "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))",
        Hold::Alone => "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
    };
    diesel::sql_query(lock).bind::<Text, _>(team).execute(db).map(|_| ())
}

/// The end of a query by which the rows that it finds cannot be deleted until the transaction ends, though they may be
/// changed. (SQLite has one writer in any case.)
pub fn keeping_rows(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "",
        Db::Postgres(_) => " FOR KEY SHARE",
    }
}

/// The channel on which Postgres tells that something changed.
const CHANGES: &str = "keyrack_changes";

/// Tells other instances, once the transaction is kept, that something changed: a hint, on which nothing rests.
pub(in crate::store) fn notify(db: &mut Db) -> QueryResult<()> {
    let Db::Postgres(db) = db else { return Ok(()) };
    db.batch_execute(&format!("NOTIFY {CHANGES}"))
}

/// Has this connection hear of changes.
pub fn listen(db: &mut Db) -> QueryResult<()> {
    let Db::Postgres(db) = db else { return Ok(()) };
    db.batch_execute(&format!("LISTEN {CHANGES}"))
}

/// Whether this connection has heard of a change since it was asked last. Asks nobody, and waits for nothing.
pub fn has_heard(db: &mut Db) -> QueryResult<bool> {
    let Db::Postgres(db) = db else { return Ok(false) };
    db.notifications_iter().try_fold(false, |_, heard| heard.map(|_| true))
}

/// Acknowledges for an instance that it knows all changes up to `seq`, if that is the last one: answers whether it is.
/// One statement, so that an instance that stands still in the middle of it holds nothing that a change waits for.
pub fn acknowledge_if_last(db: &mut Db, instance: &str, seq: Seq) -> QueryResult<bool> {
    let Db::Postgres(db) = db else { return Ok(true) };
    // A change that is being kept is waited for: under its lock the head is another one, and nothing is granted.
    let granted = diesel::sql_query(
        "WITH last AS (SELECT seq FROM head FOR SHARE) \
         INSERT INTO instances (id, acked) SELECT $1, seq FROM last WHERE seq = $2 \
         ON CONFLICT (id) DO UPDATE SET acked = excluded.acked",
    );
    Ok(granted.bind::<Text, _>(instance).bind::<BigInt, _>(seq).execute(db)? == 1)
}

/// Moves what is written in SQLite's journal into the database, as far as nobody reads the journal: the next transaction
/// writes over it and needs no further room for it. Nothing waits for readers, and the journal's file keeps its room,
/// which whatever filled the disk might take otherwise.
pub(in crate::store) fn empty_journal(db: &mut Db) -> QueryResult<()> {
    let Db::Sqlite(db) = db else { return Ok(()) };
    db.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")
}

/// Reads as of one moment, however many statements it takes.
pub fn in_snapshot<T, E>(db: &mut Db, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
    match db {
        Db::Sqlite(db) => AnsiTransactionManager::begin_transaction_sql(db, "BEGIN")?,
        Db::Postgres(db) => {
            AnsiTransactionManager::begin_transaction_sql(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        }
    }
    let read = work(db);
    // It changed nothing: how it ends does not matter, and a connection that cannot end it is broken.
    let _ = match db {
        Db::Sqlite(db) => AnsiTransactionManager::rollback_transaction(db),
        Db::Postgres(db) => AnsiTransactionManager::rollback_transaction(db),
    };
    read
}

/// Runs `work` in one transaction that may write, and keeps what it did only if it succeeded.
///
/// On SQLite the lock is taken at the start: a transaction that reads first and writes later is
/// thrown out when another wrote in between.
pub fn in_write_transaction<T, E>(db: &mut Db, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
    changes::begin();
    match db {
        Db::Sqlite(db) => AnsiTransactionManager::begin_transaction_sql(db, "BEGIN IMMEDIATE")?,
        Db::Postgres(db) => AnsiTransactionManager::begin_transaction(db)?,
    }
    match work(db) {
        Ok(done) => {
            match db {
                Db::Sqlite(db) => AnsiTransactionManager::commit_transaction(db)?,
                Db::Postgres(db) => AnsiTransactionManager::commit_transaction(db)?,
            }
            Ok(done)
        }
        Err(refused) => {
            // The first error is the one to tell; a connection that cannot roll back is broken and thrown away.
            let _ = match db {
                Db::Sqlite(db) => AnsiTransactionManager::rollback_transaction(db),
                Db::Postgres(db) => AnsiTransactionManager::rollback_transaction(db),
            };
            Err(refused)
        }
    }
}
