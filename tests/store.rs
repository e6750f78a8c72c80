//! The store: the tables as the code believes them to be, on both live engines; how they come to be; how
//! a connection is set up; that the audit log is only added to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use keyrack::store::{DatabaseUrl, Store, columns_of};

use crate::world::program::Place;
use crate::world::{Engine, World};
use crate::{both_databases, both_engines};

const SCHEMA: &str = include_str!("../src/store/schema.rs");

/// Table by table, name, type and nullability of each column, as schema.rs has them.
fn written() -> BTreeMap<String, Vec<(String, String, bool)>> {
    let mut tables = BTreeMap::new();
    for table in SCHEMA.split("diesel::table! {").skip(1) {
        let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
        let name = lines.next().unwrap().split(' ').next().unwrap().to_owned();
        let columns = lines.take_while(|line| *line != "}").map(|line| {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap_or_else(|| panic!("{line}"));
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            (column.to_owned(), inner.unwrap_or(kind).to_owned(), inner.is_some())
        });
        tables.insert(name, columns.collect());
    }
    tables
}

/// What each engine calls a type.
fn called(engine: Engine, kind: &str) -> &'static str {
    match (engine, kind) {
        (_, "Text") => "text",
        (Engine::Sqlite, "BigInt" | "Bool") => "integer",
        (Engine::Postgres, "BigInt") => "bigint",
        (Engine::Postgres, "Bool") => "boolean",
        (Engine::Sqlite, "Binary") => "blob",
        (Engine::Postgres, "Binary") => "bytea",
        other => panic!("tell tests/store.rs what {other:?} is called"),
    }
}

fn tables_of(world: &World) -> Vec<String> {
    world.texts(match world.engine {
        Engine::Sqlite => "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name",
        Engine::Postgres => "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public' AND left(tablename, 2) <> '__' ORDER BY tablename COLLATE \"C\"",
    })
}

both_engines!(
    async fn the_tables_are_as_the_code_believes(world) {
        let written = written();
        assert_eq!(tables_of(&world), written.keys().cloned().collect::<Vec<_>>());
        for (table, columns) in written {
            let expected: Vec<_> = columns
                .into_iter()
                .map(|(name, kind, nullable)| (name, called(world.engine, &kind).to_owned(), nullable))
                .collect();
            let live = world.store.read_here(|db| Ok(columns_of(db, &table)?)).unwrap();
            assert_eq!(live, expected, "{table} on {:?}", world.engine);
        }
    }
);

both_engines!(
    async fn the_audit_log_is_only_added_to(world) {
        world.sign_in("olga").await;
        let before = world.events();
        assert_eq!(before.len(), 1);
        let mut changes = vec!["UPDATE audit_log SET detail = 'x'", "DELETE FROM audit_log", "UPDATE audit_log SET at = at WHERE id IN (SELECT id FROM audit_log)"];
        if world.engine == Engine::Postgres {
            changes.push("TRUNCATE audit_log");
        }
        for change in changes {
            let refused = world.execute(change).expect_err(change);
            assert!(refused.contains("the audit log is only added to"), "{change}: {refused}");
        }
        assert_eq!(world.events(), before);
    }
);

both_engines!(
    async fn a_row_that_breaks_a_rule_is_refused_by_the_engine(world) {
        let person = world.person_with("olga@northwind.example");
        let blob = |bytes: usize| match world.engine {
            Engine::Sqlite => format!("x'{}'", "00".repeat(bytes)),
            Engine::Postgres => format!("'\\x{}'::bytea", "00".repeat(bytes)),
        };
        for (sql, is_fine) in [
            (format!("INSERT INTO sessions VALUES ({}, '{person}', '', 0, 0)", blob(31)), false),
            (format!("INSERT INTO sessions VALUES ({}, 'nobody', '', 0, 0)", blob(32)), false),
            (format!("INSERT INTO sessions VALUES ({}, '{person}', '', 0, 0)", blob(32)), true),
            ("UPDATE members SET role = 'king'".into(), false),
            ("INSERT INTO people SELECT 'person_x', email, email_folded, name, password_hash, 0 FROM people".into(), false),
            (format!("INSERT INTO setup_tokens VALUES ({}, 'soon')", blob(32)), false),
            (format!("DELETE FROM people WHERE id = '{person}'"), false),
        ] {
            assert_eq!(world.execute(&sql).is_ok(), is_fine, "{sql}");
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_to_sqlite_is_set_up_to_lose_nothing() {
    let world = World::begin(Engine::Sqlite).await;
    let settings = "SELECT journal_mode || ' ' || (SELECT synchronous FROM pragma_synchronous) || ' ' \
        || (SELECT foreign_keys FROM pragma_foreign_keys) || ' ' || (SELECT trusted_schema FROM pragma_trusted_schema) \
        || ' ' || (SELECT timeout FROM pragma_busy_timeout) AS value FROM pragma_journal_mode";
    // Held all at once, so that each is another connection; then the writer's.
    let gathered = std::sync::Barrier::new(4);
    let read = || {
        world.store.read_here(|db| {
            gathered.wait();
            Ok(crate::world::rows::texts_on(db, settings)?)
        })
    };
    let mut told: Vec<Vec<String>> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        readers.into_iter().map(|reader| reader.join().unwrap().unwrap()).collect()
    });
    told.push(world.store.write_here(|db| Ok(crate::world::rows::texts_on(db, settings)?)).unwrap());
    assert_eq!(told, vec![vec!["wal 2 1 0 3000".to_owned()]; 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_to_postgres_is_bounded() {
    let world = World::begin(Engine::Postgres).await;
    let settings = "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout') || ' ' \
        || current_setting('idle_in_transaction_session_timeout') AS value";
    assert_eq!(world.texts(settings), ["5s 3s 1s"]);
    let written = world.store.write_here(|db| Ok(crate::world::rows::texts_on(db, settings)?)).unwrap();
    assert_eq!(written, ["5s 3s 1s"]);
}

/// The names of the migrations, as the folders have them.
fn migrations(engine: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

both_databases!(
    async fn of_eight_that_start_at_once_each_migration_runs_once(place) {
        let opened: Vec<Result<Store, String>> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::join(&place.database))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        for one in &opened {
            assert!(one.is_ok(), "{:?}", one.as_ref().err());
        }
        let store = opened.into_iter().next().unwrap().unwrap();
        let run = "SELECT version AS value FROM __diesel_schema_migrations ORDER BY version";
        let run = store.read_here(|db| Ok(crate::world::rows::texts_on(db, run)?)).unwrap();
        let versions: Vec<String> =
            migrations("sqlite").iter().map(|name| name.split('_').next().unwrap().replace('-', "")).collect();
        assert_eq!(run, versions);
    }
);

both_databases!(
    async fn a_schema_that_is_newer_is_refused_in_one_line(place) {
        let store = Store::join(&place.database).unwrap();
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
        store.write_here(|db| Ok(crate::world::rows::run_on(db, newer)?)).unwrap();
        drop(store);
        for refused in [Store::serve(&place.database), Store::join(&place.database)] {
            let why = refused.err().expect("refused");
            assert!(why.contains("newer keyrack (migration 29990101000000)"), "{why}");
            assert_eq!(why.lines().count(), 1, "{why}");
        }
    }
);

both_engines!(
    async fn migrations_can_be_taken_back(world) {
        let engine = if world.engine == Engine::Sqlite { "sqlite" } else { "postgres" };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let sql = |name: &str, file: &str| fs::read_to_string(folder.join(name).join(file)).unwrap();
        let names = migrations(engine);
        for name in names.iter().rev() {
            world.execute(&sql(name, "down.sql")).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        assert_eq!(tables_of(&world), Vec::<String>::new());
        for name in &names {
            world.execute(&sql(name, "up.sql")).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        assert_eq!(tables_of(&world), written().into_keys().collect::<Vec<_>>());
    }
);

#[test]
fn one_process_at_a_time_serves_a_sqlite_file() {
    let place = Place::on(Engine::Sqlite);
    let serving = Store::serve(&place.database).unwrap();
    let refused = Store::serve(&place.database).err().expect("refused");
    assert!(refused.contains("is being served by another keyrack"), "{refused}");
    assert!(Store::join(&place.database).is_ok(), "commands work beside it");
    drop(serving);
    assert!(Store::serve(&place.database).is_ok());
}

#[test]
fn a_server_that_is_refused_leaves_the_locks_of_this_process_alone() {
    let place = Place::on(Engine::Sqlite);
    let DatabaseUrl::Sqlite(file) = &place.database else { unreachable!() };
    let serving = place.serve(&[]);
    let joined = Store::join(&place.database).unwrap();
    let open = joined.own_connection().unwrap();
    let held = locks_on(file);
    assert!(!held.is_empty(), "SQLite locks a database as long as it has it open");
    // To close any descriptor of the file would let go of them.
    assert!(Store::serve(&place.database).is_err());
    assert_eq!(locks_on(file), held);
    let hard = file.with_file_name("hard.db");
    fs::hard_link(file, &hard).unwrap();
    for other in [Store::serve(&DatabaseUrl::Sqlite(hard.clone())), Store::join(&DatabaseUrl::Sqlite(hard.clone()))] {
        assert!(other.is_err());
    }
    assert_eq!(locks_on(file), held);
    assert!(Store::join(&place.database).is_ok());
    assert_eq!(locks_on(file), held);
    drop((open, joined));
    assert_eq!(serving.stop().code, Some(0));
}

/// The locks that this process has on a file by `fcntl`, as SQLite takes them.
fn locks_on(file: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let (process, inode) = (format!(" {} ", std::process::id()), format!(":{} ", fs::metadata(file).unwrap().ino()));
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let ours = locks.lines().filter(|line| line.contains("POSIX") && line.contains(&process) && line.contains(&inode));
    let mut ours: Vec<String> = ours.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
    ours.sort();
    ours
}

#[test]
fn a_file_that_was_replaced_under_a_server_is_not_mixed_with_the_old_one() {
    let place = Place::on(Engine::Sqlite);
    let DatabaseUrl::Sqlite(file) = &place.database else { unreachable!() };
    let serving = Store::serve(&place.database).unwrap();
    assert!(serving.own_connection().is_ok());
    let backup = file.with_file_name("backup.db");
    fs::copy(file, &backup).unwrap();
    fs::rename(&backup, file).unwrap();
    let refused = serving.own_connection().err().expect("it is another file").to_string();
    assert!(refused.contains("replaced"), "{refused}");
}

#[test]
fn a_password_in_the_url_is_not_told_when_the_database_cannot_be_reached() {
    let secret = "correct-horse";
    let url = DatabaseUrl::parse(&format!("postgres://me:{secret}@127.0.0.1:1/none")).unwrap();
    let why = Store::serve(&url).err().expect("nobody listens there");
    assert!(!why.contains(secret) && why.lines().count() == 1, "{why}");
}
