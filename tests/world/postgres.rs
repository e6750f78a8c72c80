//! Databases of their own on the throw-away Postgres that `tests/run` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

/// A database that is dropped with the value.
pub struct Database {
    pub url: String,
    name: String,
}

/// `postgres://USER@HOST:PORT`, of a server on which databases may be made and dropped.
fn server() -> String {
    std::env::var("KEYRACK_TEST_POSTGRES")
        .expect("KEYRACK_TEST_POSTGRES is not set: run the tests by `tests/run`, which starts a Postgres for them")
}

fn administer(sql: &str) {
    let mut db = PgConnection::establish(&format!("{}/postgres", server())).expect("the tests' Postgres answers");
    db.batch_execute(sql).unwrap();
}

/// Takes a database away from those who use it, as an outage does.
pub fn forget(url: &str) {
    let (_, name) = url.rsplit_once('/').expect("a URL with a name");
    administer(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"));
    administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
}

impl Database {
    pub fn create() -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keyrack_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {name}"));
        Database { url: format!("{}/{name}", server()), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
