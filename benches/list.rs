//! What the list costs in the database, by the size of a team: `cargo bench --bench list -- 1000 100000`.
//!
//! Fills a throw-away SQLite file for each size (or a database of a throw-away Postgres:
//! `tests/with-postgres cargo bench --bench list -- postgres 1000 100000`) and times the real store, a
//! query at a time: medians, and ratios to the smallest size of the same run. A machine's noise is in both.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use keyrack::clock::{Clock, Moment};
use keyrack::command::demo;
use keyrack::keys::catalog::Catalog;
use keyrack::keys::cursor::Position;
use keyrack::keys::key::{KeyId, Status};
use keyrack::keys::listing::{ListQuery, ProjectFilter, RawListQuery};
use keyrack::keys::realm::Realm;
use keyrack::keys::sort::Sort;
use keyrack::keys::store;
use keyrack::people::member::{Email, PersonId};
use keyrack::people::{find_member, find_person};
use keyrack::projects::project::ProjectId;
use keyrack::store::schema::{keys, projects};
use keyrack::store::{DatabaseUrl, Db, Store};

const PAGE: usize = 50;
const REPEATS: usize = 15;

fn main() {
    let sizes: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    let folder = tempfile::tempdir().unwrap();
    let wants_postgres = std::env::args().any(|arg| arg == "postgres");
    let server = wants_postgres.then(|| std::env::var("KEYRACK_TEST_POSTGRES").expect("run by tests/with-postgres"));
    println!("engine: {}", if server.is_some() { "Postgres" } else { "SQLite" });
    let tables: Vec<Table> = sizes.iter().map(|&size| measure(size, folder.path(), server.as_deref())).collect();
    print(&sizes, &tables);
}

type Table = Vec<(String, Duration)>;

fn print(sizes: &[u64], tables: &[Table]) {
    print!("{:<34}", "median, in the database");
    for size in sizes {
        print!("{size:>12} keys");
    }
    println!();
    for (row, (name, first)) in tables[0].iter().enumerate() {
        print!("{name:<34}");
        for table in tables {
            let took = table[row].1;
            print!("{:>9.3} ms ×{:<4.1}", took.as_secs_f64() * 1e3, took.as_secs_f64() / first.as_secs_f64());
        }
        println!();
    }
}

fn database(size: u64, folder: &std::path::Path, server: Option<&str>) -> DatabaseUrl {
    let Some(server) = server else { return DatabaseUrl::Sqlite(folder.join(format!("{size}.db"))) };
    let name = format!("keyrack_bench_{size}");
    let mut db = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    db.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
    db.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    DatabaseUrl::Postgres(format!("{server}/{name}"))
}

fn measure(size: u64, folder: &std::path::Path, server: Option<&str>) -> Table {
    let url = database(size, folder, server);
    let opened = Store::serve(&url).unwrap();
    let secrets = folder.join(format!("{size}.secrets"));
    let now = Clock::System.now();
    let catalog = Catalog::built_in();
    let wish = demo::Wish { catalog: &catalog, password: None, keys: size, secrets: Some(&secrets) };
    demo::fill(&opened, &wish, now).unwrap();
    let (team, mia) = people(&opened);
    opened.write_here(|db| Ok(file_keys(db, &team, &mia, now)?)).unwrap();
    if let DatabaseUrl::Postgres(url) = &url {
        PgConnection::establish(url).unwrap().batch_execute("VACUUM ANALYZE").unwrap();
    }
    let mut table = Table::new();
    let mut row = |name: String, work: &mut dyn FnMut(&mut Db)| {
        let took = opened.read_here(|db| Ok(median(|| work(db)))).unwrap();
        table.push((name, took));
    };
    for sort in Sort::ALL {
        for status in [None, Some(Status::Active), Some(Status::Revoked)] {
            let word = status.map(Status::word);
            let raw = RawListQuery { sort: Some(sort.word()), status: word, ..RawListQuery::default() };
            let first = ListQuery::parse(&raw).unwrap();
            let tab = word.map_or(String::new(), |word| format!(", {word}"));
            row(format!("{}{tab}: first page", sort.word()), &mut |db| show(db, &team, &first, now));
            let position = opened.read_here(|db| Ok(middle(db, &team, sort, size, now))).unwrap();
            let address = first.page_after(position);
            let cursor = address.rsplit_once("cursor=").unwrap().1;
            let deep = ListQuery::parse(&RawListQuery { cursor: Some(cursor), ..raw }).unwrap();
            row(format!("{}{tab}: deep page", sort.word()), &mut |db| show(db, &team, &deep, now));
        }
        for text in ["hr sync", "9", "no such name"] {
            let raw = RawListQuery { q: Some(text), sort: Some(sort.word()), ..RawListQuery::default() };
            let query = ListQuery::parse(&raw).unwrap();
            row(format!("{}, search {text:?}", sort.word()), &mut |db| {
                drop(store::page(db, &team, &query, PAGE, now).unwrap())
            });
        }
    }
    let own = Realm { made_by: Some(mia), ..team.clone() };
    let (one, unfiled) = (project(0), ProjectFilter::Unfiled);
    for sort in Sort::ALL {
        let raw = RawListQuery { sort: Some(sort.word()), ..RawListQuery::default() };
        let of_one = ListQuery::parse(&RawListQuery { project: Some(one.as_str()), ..raw }).unwrap();
        row(format!("{}, one project of 20", sort.word()), &mut |db| show(db, &team, &of_one, now));
        let of_none = ListQuery::parse(&RawListQuery { project: Some(unfiled.word()), ..raw }).unwrap();
        row(format!("{}, keys of no project", sort.word()), &mut |db| show(db, &team, &of_none, now));
        let all = ListQuery::parse(&raw).unwrap();
        row(format!("{}, a member's own 100", sort.word()), &mut |db| show(db, &own, &all, now));
    }
    let of_one = ListQuery::parse(&RawListQuery { project: Some(one.as_str()), ..RawListQuery::default() }).unwrap();
    row("the four counts of a project".into(), &mut |db| count(db, &team, &of_one, now));
    row("the four counts of a member".into(), &mut |db| count(db, &own, &ListQuery::default(), now));
    row("the four counts".into(), &mut |db| count(db, &team, &ListQuery::default(), now));
    let query = ListQuery::parse(&RawListQuery { q: Some("no such name"), ..RawListQuery::default() }).unwrap();
    row("the four counts of a search".into(), &mut |db| count(db, &team, &query, now));
    table
}

fn show(db: &mut Db, team: &Realm, query: &ListQuery, now: Moment) {
    black_box(store::page(db, team, query, PAGE, now).unwrap());
}

fn count(db: &mut Db, team: &Realm, query: &ListQuery, now: Moment) {
    black_box(store::counts(db, team, query, now).unwrap());
}

fn people(opened: &Store) -> (Realm, PersonId) {
    let find = |email: &str| {
        let email = Email::parse(email).unwrap();
        let person = opened.read_here(|db| find_person(db, &email)).unwrap().unwrap();
        opened.read_here(|db| find_member(db, &person.id)).unwrap().unwrap()
    };
    (Realm::of_team(find("olga@northwind.example").team.id), find("mia@northwind.example").person.id)
}

/// The id of the `n`th project: small and the same in every run.
fn project(n: u32) -> ProjectId {
    ProjectId::parse(&format!("project_01kam0000000000000000000{n:02}")).unwrap()
}

/// Half of the keys go to 20 projects, in turn; the last 100 become Mia's own.
fn file_keys(db: &mut Db, team: &Realm, mia: &PersonId, now: Moment) -> QueryResult<()> {
    let team = team.team.as_str();
    for n in 0..20 {
        diesel::insert_into(projects::table)
            .values((
                projects::id.eq(project(n).as_str()),
                projects::team_id.eq(team),
                (projects::name.eq(format!("Project {n}")), projects::name_folded.eq(format!("project {n}"))),
                projects::created_at.eq(now.unix()),
            ))
            .execute(db)?;
    }
    let ids = keys::table.filter(keys::team_id.eq(team)).order(keys::id).select(keys::id).load::<String>(db)?;
    for (n, id) in ids.iter().enumerate().filter(|(n, _)| n % 2 == 0) {
        let project = project(u32::try_from(n / 2 % 20).unwrap());
        diesel::update(keys::table.find(id)).set(keys::project_id.eq(project.as_str())).execute(db)?;
    }
    for id in ids.iter().rev().take(100) {
        diesel::update(keys::table.find(id)).set(keys::created_by.eq(mia.as_str())).execute(db)?;
    }
    Ok(())
}

/// A cursor in the middle of the team's keys, found once by the slow way that pages do not take.
fn middle(db: &mut Db, team: &Realm, sort: Sort, size: u64, now: Moment) -> Position {
    let all = keys::table.filter(keys::team_id.eq(team.team.as_str())).select(keys::id);
    let all = all.offset(i64::try_from(size / 2).unwrap()).limit(1).into_boxed();
    let id: String = match sort {
        Sort::Name => all.order((keys::name_folded, keys::id)),
        Sort::Key => all.order((keys::preview, keys::id)),
        Sort::Created => all.order((keys::created_at, keys::id)),
        Sort::Kind => all.order((keys::kind, keys::id)),
        Sort::LastUsed => all.order(keys::id),
        Sort::Project => all.order((keys::project_id, keys::expires_key, keys::id)),
        Sort::Status | Sort::Expiration => all.order((keys::expires_key, keys::id)),
    }
    .first(db)
    .unwrap();
    let key = store::find(db, team, &KeyId::parse(&id).unwrap()).unwrap().unwrap();
    Position::of(&key, sort, now)
}

fn median(mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..REPEATS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[REPEATS / 2]
}
