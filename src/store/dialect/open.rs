//! Opens connections, sets them up, and makes sure that the settings took.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::{Integer, Text};

use super::{DatabaseUrl, Db, Inode};

/// Waits for another process's write on SQLite, and for a row's lock on Postgres.
const LOCK_TIMEOUT_MS: u32 = 3_000;
/// The longest one statement may take on Postgres.
const STATEMENT_TIMEOUT_MS: u32 = 5_000;
/// How long one of our transactions may say nothing: an instance that stands still, or is cut off, in the middle of one
/// holds locks that every change waits for, and must lose them before those who wait give up.
const SILENCE_TIMEOUT_MS: u32 = 1_000;
/// How long a connection to Postgres may take to open.
const CONNECT_TIMEOUT_S: u32 = 3;

/// SQLite's journal keeps its room when it begins again from the start, up to this size: about what it reaches in
/// ordinary use. What a larger transaction took is given back to the disk.
const JOURNAL_BYTES: u32 = 4 << 20;

/// Opens connections for a pool.
#[derive(Clone, Debug)]
pub(in crate::store) struct Opener {
    /// The database.
    pub(in crate::store) url: DatabaseUrl,
    /// The file that this process has claimed: it opens no other.
    pub(in crate::store) claimed: Option<Inode>,
}

impl ManageConnection for Opener {
    type Connection = Db;
    type Error = OpenError;

    fn connect(&self) -> Result<Db, OpenError> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let db = open_sqlite(path)?;
                let is_claimed = self.claimed.is_none_or(|claimed| Inode::of(path).is_ok_and(|now| now == claimed));
                if is_claimed { Ok(Db::Sqlite(db)) } else { Err(OpenError::Replaced) }
            }
            DatabaseUrl::Postgres(url) => open_postgres(url).map(Db::Postgres),
        }
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), OpenError> {
        match db {
            Db::Sqlite(_) => Ok(()), // a file does not hang up
            Db::Postgres(pg) => pg.ping().map_err(OpenError::SetUp),
        }
    }

    fn has_broken(&self, db: &mut Db) -> bool {
        match db {
            Db::Sqlite(db) => db.is_broken(),
            Db::Postgres(db) => db.is_broken(),
        }
    }
}

/// Why a connection could not be opened.
#[derive(Debug)]
pub(in crate::store) enum OpenError {
    Connect(ConnectionError),
    SetUp(diesel::result::Error),
    /// A setting did not take: the named pragma reads back otherwise.
    Pragma(&'static str),
    /// The name leads to another file than the one that this process serves.
    Replaced,
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            OpenError::Connect(e) => e.to_string(),
            OpenError::SetUp(e) => e.to_string(),
            OpenError::Pragma(name) => format!("PRAGMA {name} did not take"),
            OpenError::Replaced => "the database file was replaced while it was served: restart keyrack".to_owned(),
        };
        f.write_str(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl std::error::Error for OpenError {}

/// With `synchronous=FULL` an answered commit survives a power cut; with NORMAL it does not.
fn open_sqlite(path: &Path) -> Result<SqliteConnection, OpenError> {
    let mut db = SqliteConnection::establish(&path.to_string_lossy()).map_err(OpenError::Connect)?;
    db.batch_execute(&format!(
        "PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = {JOURNAL_BYTES};"
    ))
    .map_err(OpenError::SetUp)?;
    let set = diesel::sql_query(
        "SELECT (SELECT journal_mode FROM pragma_journal_mode) AS journal_mode, \
                (SELECT synchronous FROM pragma_synchronous) AS synchronous, \
                (SELECT foreign_keys FROM pragma_foreign_keys) AS foreign_keys, \
                (SELECT trusted_schema FROM pragma_trusted_schema) AS trusted_schema",
    )
    .get_result::<Pragmas>(&mut db)
    .map_err(OpenError::SetUp)?;
    set.verify()?;
    Ok(db)
}

#[derive(QueryableByName)]
struct Pragmas {
    #[diesel(sql_type = Text)]
    journal_mode: String,
    #[diesel(sql_type = Integer)]
    synchronous: i32,
    #[diesel(sql_type = Integer)]
    foreign_keys: i32,
    #[diesel(sql_type = Integer)]
    trusted_schema: i32,
}

impl Pragmas {
    fn verify(&self) -> Result<(), OpenError> {
        const FULL: i32 = 2;
        let wanted = [
            ("journal_mode", self.journal_mode == "wal"),
            ("synchronous", self.synchronous == FULL),
            ("foreign_keys", self.foreign_keys == 1),
            ("trusted_schema", self.trusted_schema == 0),
        ];
        match wanted.into_iter().find(|(_, took)| !took) {
            Some((name, _)) => Err(OpenError::Pragma(name)),
            None => Ok(()),
        }
    }
}

fn open_postgres(url: &str) -> Result<PgConnection, OpenError> {
    let join = if url.contains('?') { '&' } else { '?' };
    // Only a primary will do: a standby may not know yet that a key was revoked. A peer that is gone without a word is
    // noticed within a few seconds.
    let url = format!(
        "{url}{join}connect_timeout={CONNECT_TIMEOUT_S}&application_name=keyrack&target_session_attrs=read-write\
         &tcp_user_timeout=3000&keepalives_idle=2&keepalives_interval=1&keepalives_count=3"
    );
    let mut db = PgConnection::establish(&url).map_err(OpenError::Connect)?;
    db.batch_execute(&format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
         SET idle_in_transaction_session_timeout = {SILENCE_TIMEOUT_MS}; SET client_min_messages = warning; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    ))
    .map_err(OpenError::SetUp)?;
    Ok(db)
}
