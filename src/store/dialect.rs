//! Everything that differs between SQLite and Postgres: how a connection is opened and set up, how a
//! write transaction begins, how migrations are kept from running twice. Nothing else asks which
//! engine it is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel_migrations::{EmbeddedMigrations, HarnessWithOutput, MigrationHarness, embed_migrations};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Waits for another process's write on SQLite, and for a row's lock on Postgres.
const LOCK_TIMEOUT_MS: u32 = 3_000;
/// The longest one statement may take on Postgres.
const STATEMENT_TIMEOUT_MS: u32 = 5_000;
/// How long a connection to Postgres may take to open.
const CONNECT_TIMEOUT_S: u32 = 3;
/// Names the advisory lock under which Postgres migrates.
const MIGRATION_LOCK: i64 = 0x6b65_7972_6163_6b00; // "keyrack\0"

/// A connection to either engine.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// A file of this machine.
    Sqlite(diesel::SqliteConnection),
    /// A server.
    Postgres(diesel::PgConnection),
}

/// The backend of [`Db`], for boxed queries.
pub type Backend = <Db as Connection>::Backend;

/// Where the data is. The scheme chooses the engine.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`
    Sqlite(PathBuf),
    /// `postgres://…`, which may hold a password: never printed.
    Postgres(String),
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            DatabaseUrl::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl DatabaseUrl {
    /// Reads a URL; an unknown scheme is refused.
    pub fn parse(text: &str) -> Result<DatabaseUrl, String> {
        match text.split_once("://") {
            Some(("sqlite", "")) => Err("--database-url sqlite:// lacks the path of a file".to_owned()),
            Some(("sqlite", path)) => Ok(DatabaseUrl::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(DatabaseUrl::Postgres(text.to_owned())),
            Some((scheme, _)) => {
                Err(format!("--database-url: unknown scheme {scheme}://, known are sqlite:// and postgres://"))
            }
            None => Err("--database-url is neither sqlite://PATH nor postgres://USER:PASSWORD@HOST/NAME".to_owned()),
        }
    }

    /// How many connections may read at once, and how many write. SQLite has one writer at a time:
    /// a queue for one connection is fairer than its busy handler.
    pub(super) fn pool_sizes(&self) -> (u32, u32) {
        match self {
            DatabaseUrl::Sqlite(_) => (4, 1),
            DatabaseUrl::Postgres(_) => (6, 6),
        }
    }

    /// Whether there is nothing at that place yet.
    pub fn is_missing(&self) -> bool {
        matches!(self, DatabaseUrl::Sqlite(path) if !path.exists())
    }

    /// Makes the folder and the file of a SQLite database if they are missing, for this user's eyes only:
    /// it holds password hashes and the cookie key. SQLite gives the files beside it the same mode.
    pub(super) fn make_file(&self) -> Result<(), String> {
        let DatabaseUrl::Sqlite(path) = self else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|e| format!("cannot make the folder {}: {e}", folder.display()))?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        file.map(|_| ()).map_err(|e| format!("cannot write {}: {e}", path.display()))
    }

    /// Claims a SQLite file for this process, for as long as the answer is held: only one may serve it, by
    /// whatever path it comes.
    pub(super) fn claim(&self) -> Result<Option<File>, String> {
        let DatabaseUrl::Sqlite(path) = self else { return Ok(None) };
        let real = path.canonicalize().map_err(|e| format!("cannot find {}: {e}", path.display()))?;
        let mut beside = real.into_os_string();
        beside.push(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
        let lock = lock.map_err(|e| format!("cannot write beside {}: {e}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(_) => Err(format!("{} is being served by another keyrack: stop that one first", path.display())),
        }
    }
}

/// Opens connections for a pool.
#[derive(Debug)]
pub(super) struct Opener(pub(super) DatabaseUrl);

impl ManageConnection for Opener {
    type Connection = Db;
    type Error = OpenError;

    fn connect(&self) -> Result<Db, OpenError> {
        match &self.0 {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).map(Db::Sqlite),
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
pub(super) enum OpenError {
    Connect(ConnectionError),
    SetUp(diesel::result::Error),
    /// A setting did not take: the named pragma reads back otherwise.
    Pragma(&'static str),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            OpenError::Connect(e) => e.to_string(),
            OpenError::SetUp(e) => e.to_string(),
            OpenError::Pragma(name) => format!("PRAGMA {name} did not take"),
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
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
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
    let url = format!("{url}{join}connect_timeout={CONNECT_TIMEOUT_S}&application_name=keyrack");
    let mut db = PgConnection::establish(&url).map_err(OpenError::Connect)?;
    db.batch_execute(&format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
         SET idle_in_transaction_session_timeout = {STATEMENT_TIMEOUT_MS}; SET client_min_messages = warning"
    ))
    .map_err(OpenError::SetUp)?;
    Ok(db)
}

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

/// Runs `work` in one transaction that may write, and keeps what it did only if it succeeded.
///
/// On SQLite the lock is taken at the start: a transaction that reads first and writes later is
/// thrown out when another wrote in between.
pub(super) fn in_write_transaction<T, E>(db: &mut Db, work: impl FnOnce(&mut Db) -> Result<T, E>) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
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

/// Brings the tables up to date. Of several instances that start at once, one does it and the others
/// wait; a schema that is newer than this program is refused.
pub(super) fn migrate(db: &mut Db) -> Result<(), String> {
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
            // Waiting for another instance's migrations may take longer than a statement may.
            db.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").map_err(|e| e.to_string())?;
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

/// The columns of a table with their types, as the engine tells them: for the test of the schema.
pub fn columns_of(db: &mut Db, table: &str) -> QueryResult<Vec<(String, String, bool)>> {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Bool)]
        nullable: bool,
    }
    let columns: Vec<Column> = match db {
        Db::Sqlite(db) => diesel::sql_query(
            "SELECT name, lower(type) AS kind, \"notnull\" = 0 AS nullable FROM pragma_table_xinfo(?) ORDER BY cid",
        )
        .bind::<Text, _>(table)
        .load(db)?,
        Db::Postgres(db) => diesel::sql_query(
            "SELECT column_name::text AS name, data_type::text AS kind, is_nullable = 'YES' AS nullable \
             FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
        )
        .bind::<Text, _>(table)
        .load(db)?,
    };
    Ok(columns.into_iter().map(|c| (c.name, c.kind, c.nullable)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_engine() {
        assert_eq!(DatabaseUrl::parse("sqlite://data/k.db"), Ok(DatabaseUrl::Sqlite(PathBuf::from("data/k.db"))));
        assert_eq!(DatabaseUrl::parse("sqlite:///var/k.db"), Ok(DatabaseUrl::Sqlite(PathBuf::from("/var/k.db"))));
        assert!(matches!(DatabaseUrl::parse("postgres://h/d"), Ok(DatabaseUrl::Postgres(_))));
        for unknown in ["mysql://h/d", "sqlite://", "data/k.db", ""] {
            assert!(DatabaseUrl::parse(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_not_printed() {
        let url = DatabaseUrl::parse("postgres://me:hush@h/d").expect("a good URL");
        assert!(!format!("{url:?}").contains("hush"));
    }
}
