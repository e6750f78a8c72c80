//! `keyrack migrate`.

use keyrack::store::Store;

use crate::both_databases;
use crate::world::program::program;
use crate::world::rows::{run_on, texts_on};

both_databases!(
    async fn it_brings_a_database_up_to_date_and_says_so_each_time(place) {
        for _ in 0..2 {
            let ended = place.run(&["migrate"], "");
            assert_eq!((ended.code, ended.out.trim_end(), ended.err.as_str()), (Some(0), "The database is up to date.", ""));
        }
        let store = Store::join(&place.database).unwrap();
        let sql = "SELECT CAST(count(*) AS TEXT) AS value FROM audit_log";
        assert_eq!(store.read_here(|db| Ok(texts_on(db, sql)?)).unwrap(), ["0"]);
    }
);

both_databases!(
    async fn a_schema_that_is_newer_is_refused(place) {
        let store = Store::join(&place.database).unwrap();
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
        store.write_here(|db| Ok(run_on(db, newer)?)).unwrap();
        drop(store);
        for command in [&["migrate"][..], &["serve", "--bind", "127.0.0.1:0"]] {
            place.run(command, "").refuses("newer keyrack");
        }
    }
);

#[test]
fn eight_programs_that_start_at_once_on_postgres_all_succeed() {
    let place = crate::world::program::Place::on(crate::world::Engine::Postgres);
    let start = || program(place.folder.path()).args(["migrate", "--database-url", &place.url]).spawn().unwrap();
    let started: Vec<_> = (0..8).map(|_| start()).collect();
    for child in started {
        let ended = crate::world::program::finish(child, "");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    }
    let store = Store::join(&place.database).unwrap();
    let sql = "SELECT version AS value FROM __diesel_schema_migrations ORDER BY version";
    let versions = store.read_here(|db| Ok(texts_on(db, sql)?)).unwrap();
    let mut once = versions.clone();
    once.dedup();
    assert!(versions.len() >= 3 && versions == once, "{versions:?}");
}
