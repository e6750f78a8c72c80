//! Brings the tables up to date.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::{EmbeddedMigrations, HarnessWithOutput, MigrationHarness, embed_migrations};

use super::Db;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Names the advisory lock under which Postgres migrates.
const MIGRATION_LOCK: i64 = 0x6b65_7972_6163_6b00; // "keyrack\0"

/// How long a migration may pause: a host that is frozen longer loses its lock to the instances that wait.
const PAUSE_MS: u32 = 60_000;

/// Brings the tables up to date. Of several instances that start at once, one does it and the others
/// wait; a schema that is newer than this program is refused.
pub(in crate::store) fn migrate(db: &mut Db) -> Result<(), String> {
    match db {
        Db::Sqlite(db) => {
            // A command may start beside a server, on a file that neither has seen before.
            AnsiTransactionManager::begin_transaction_sql(db, "BEGIN IMMEDIATE").map_err(|e| e.to_string())?;
            let done = run_migrations(db, SQLITE_MIGRATIONS);
            let ended = match done {
                Ok(()) => AnsiTransactionManager::commit_transaction(db),
                Err(_) => AnsiTransactionManager::rollback_transaction(db),
            };
            done.and(ended.map_err(|e| e.to_string()))
        }
        Db::Postgres(db) => {
            // Waiting for another instance's migrations may take longer than a statement may, and a busy machine may pause
            // between two statements of a migration for longer than a request's transaction may.
            db.batch_execute(&format!(
                "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = {PAUSE_MS}"
            ))
            .map_err(|e| e.to_string())?;
            let lock = diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(MIGRATION_LOCK);
            lock.execute(db).map_err(|e| e.to_string())?;
            run_migrations(db, POSTGRES_MIGRATIONS)
            // The lock ends with the connection, which is dropped by the caller.
        }
    }
}

fn run_migrations<C, DB>(db: &mut C, ours: EmbeddedMigrations) -> Result<(), String>
where
    C: MigrationHarness<DB> + Connection<Backend = DB> + 'static,
    DB: diesel::backend::Backend,
{
    let known = MigrationSource::<DB>::migrations(&ours).map_err(|e| e.to_string())?;
    let known: Vec<_> = known.iter().map(|migration| migration.name().version().as_owned()).collect();
    let applied = db.applied_migrations().map_err(|e| e.to_string())?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Err(format!(
            "the database was brought up to date by a newer keyrack (migration {newer}): start that one"
        ));
    }
    HarnessWithOutput::new(db, std::io::sink()).run_pending_migrations(ours).map(|_| ()).map_err(|e| e.to_string())
}
