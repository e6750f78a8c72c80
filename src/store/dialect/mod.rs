//! Everything that differs between SQLite and Postgres: where the data is, how a connection is opened and set up, how a
//! transaction begins, how instances hear of each other, how migrations are kept from running twice. Nothing else asks
//! which engine it is.

mod claim;
mod migrate;
mod open;
mod transaction;

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

pub(super) use claim::{Claim, Inode};
pub(super) use migrate::migrate;
pub(super) use open::Opener;
pub use transaction::{
    Hold, acknowledge_if_last, has_heard, hold_team, in_snapshot, in_write_transaction, keeping_rows, listen,
    take_the_time_it_needs,
};
pub(super) use transaction::{empty_journal, notify};

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

    /// Whether other processes may change what is there while this one serves it.
    pub fn is_shared(&self) -> bool {
        matches!(self, DatabaseUrl::Postgres(_))
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
        // A file that is there is not opened: to close it would drop the locks that SQLite has on it in this process.
        match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(format!("cannot write {}: {e}", path.display())),
            _ => Ok(()),
        }
    }

    /// Where a file takes up room that is given up on a full disk: beside a database that is on a disk of ours.
    pub(super) fn ballast_path(&self) -> Option<PathBuf> {
        let DatabaseUrl::Sqlite(path) = self else { return None };
        // A symbolic link may be on another disk than the file that it leads to.
        Some(beside(&path.canonicalize().unwrap_or_else(|_| path.clone()), ".ballast"))
    }

    /// Claims a SQLite file for this process, for as long as the answer is held: only one may serve it, by
    /// whatever path it comes.
    pub(super) fn claim(&self) -> Result<Option<Claim>, String> {
        let DatabaseUrl::Sqlite(path) = self else { return Ok(None) };
        Claim::on(path).map(Some)
    }

    /// Refuses a SQLite file that another process serves under another name.
    pub(super) fn refuse_other_name(&self) -> Result<(), String> {
        let DatabaseUrl::Sqlite(path) = self else { return Ok(()) };
        claim::refuse_other_name(path)
    }
}

/// The path of a file beside another, by what is added to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
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
