//! How long a revoke takes until it is answered, with one instance and with three that share a Postgres, each of which has
//! to know of it first; and whether every other one refuses the key from then on.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use keyrack::store::DatabaseUrl;

use crate::fill;
use crate::server::Server;

/// Revokes of one measurement.
const REVOKES: usize = 300;

pub fn measure() {
    let server = std::env::var("KEYRACK_TEST_POSTGRES").expect("run by tests/with-postgres");
    println!(
        "\n| instances | revoke, median ms | 9 of 10 | longest | bare commit, median ms | good afterwards elsewhere |"
    );
    println!("|---|---|---|---|---|---|");
    for count in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let url = database(&server, count);
        fill::fill(&DatabaseUrl::Postgres(url.clone()), folder.path(), REVOKES as u64 * 10 / 8 + 10);
        let instances: Vec<Server> = (0..count).map(|_| Server::shared(&url)).collect();
        row(&instances, &url, &folder.path().join("good"));
    }
}

fn database(server: &str, count: usize) -> String {
    let name = format!("keyrack_bench_revoke_{count}");
    let mut db = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    db.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
    db.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    format!("{server}/{name}")
}

fn row(instances: &[Server], url: &str, keys: &Path) {
    let mut beside = PgConnection::establish(url).unwrap();
    beside.batch_execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)").unwrap();
    beside.batch_execute("INSERT INTO bare VALUES (1, 0)").unwrap();
    let (mut revokes, mut commits, mut wrong) = (Vec::new(), Vec::new(), 0);
    for (n, key) in std::fs::read_to_string(keys).unwrap().lines().take(REVOKES).enumerate() {
        let begun = Instant::now();
        assert_eq!(instances[n % instances.len()].ask("DELETE", "/v1/keys/self", key), 204);
        revokes.push(begun.elapsed());
        wrong += instances.iter().filter(|other| other.ask("GET", "/v1/keys/self", key) != 401).count();
        let begun = Instant::now();
        beside.batch_execute("UPDATE bare SET n = n + 1").unwrap();
        commits.push(begun.elapsed());
    }
    revokes.sort();
    commits.sort();
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    println!(
        "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {wrong} of {} |",
        instances.len(),
        ms(revokes[revokes.len() / 2]),
        ms(revokes[revokes.len() * 9 / 10]),
        ms(revokes[revokes.len() - 1]),
        ms(commits[commits.len() / 2]),
        revokes.len() * instances.len(),
    );
}
