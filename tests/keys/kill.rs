//! `kill -9` at random moments under writes: whatever was answered is there after the next start, and nothing is half there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::prelude::*;
use keyrack::clock::Clock;
use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::people::session;
use keyrack::store::schema::{audit_log, creations, keys};
use keyrack::store::{DatabaseUrl, Store};

use crate::world::form::Form;
use crate::world::keys::url;
use crate::world::{Engine, PASSWORD, Person, cast, home, logs};

/// On each engine: fifty in the suite.
const ROUNDS: u64 = 25;
const CLIENTS: usize = 4;

/// A real `keyrack` on a port of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(database: &str) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_keyrack"))
            .args(["serve", "--bind", "127.0.0.1:0", "--workers", "2", "--database-url", database])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Keyrack is at ").unwrap_or_else(|| panic!("it did not start: {line:?}"));
        Server { url: url.to_owned(), process }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What was answered about a key, and what was asked last without an answer.
#[derive(Clone, Debug)]
struct Promised {
    name: String,
    maybe_name: Option<String>,
    revoked: bool,
    maybe_revoked: bool,
}

/// Id, name, folded name, when and by whom it was revoked.
type StoredKey = (String, String, String, Option<i64>, Option<String>);
type Promises = Arc<Mutex<BTreeMap<String, Promised>>>;

/// Creates, renames and revokes until the server is gone.
async fn write_on(
    mut olga: Person,
    bare: Form,
    create: Form,
    tag: String,
    promises: Promises,
    answered: Arc<AtomicUsize>,
) {
    for n in 0.. {
        let first = format!("{tag} {n}");
        let form = create.with("name", &first).with("nonce", &session::draw());
        let Some(answer) = olga.by_htmx().try_submit(&form).await else { return };
        logs::remember(&answer.secret());
        let (_, row) = answer.body.split_once("id=\"row-").unwrap();
        let id = KeyId::parse(row.split('"').next().unwrap()).unwrap();
        let promise = |change: &dyn Fn(&mut Promised)| change(promises.lock().unwrap().get_mut(id.as_str()).unwrap());
        let made = Promised { name: first, maybe_name: None, revoked: false, maybe_revoked: false };
        promises.lock().unwrap().insert(id.to_string(), made);
        answered.fetch_add(1, Ordering::SeqCst);

        let second = format!("{tag} {n} renamed");
        promise(&|key| key.maybe_name = Some(second.clone()));
        let rename = Form { action: url(address::EDIT, &id), ..bare.clone() }.with("name", &second);
        let Some(answer) = olga.try_submit(&rename).await else { return };
        assert_eq!(answer.status, 303, "{}", answer.body);
        promise(&|key| (key.name, key.maybe_name) = (second.clone(), None));
        answered.fetch_add(1, Ordering::SeqCst);

        promise(&|key| key.maybe_revoked = true);
        let revoke = Form { action: url(address::REVOCATION, &id), ..bare.clone() };
        let Some(answer) = olga.try_submit(&revoke).await else { return };
        assert_eq!(answer.status, 303, "{}", answer.body);
        promise(&|key| key.revoked = true);
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// Everything promised is there, and each row has what belongs to it.
fn check(database: &DatabaseUrl, promises: &Promises) {
    let store = Store::join(database).unwrap();
    // One transaction: on Postgres a commit of the killed server may still be coming in.
    let (rows, made_by, log) = store
        .write_here(|db| {
            if let keyrack::store::Db::Postgres(db) = db {
                diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(db)?;
            }
            let columns = (keys::id, keys::name, keys::name_folded, keys::revoked_at, keys::revoked_by);
            let rows: Vec<StoredKey> = keys::table.select(columns).load(db)?;
            let made_by: Vec<String> = creations::table.select(creations::key_id).order(creations::key_id).load(db)?;
            let about_keys = audit_log::table.filter(audit_log::action.like("key_%")).order(audit_log::id);
            let columns = (audit_log::subject, audit_log::action, audit_log::detail);
            let log: Vec<(String, String, String)> = about_keys.select(columns).load(db)?;
            Ok::<_, keyrack::fault::Fault>((rows, made_by, log))
        })
        .unwrap();
    let promises = promises.lock().unwrap();
    let mut ids: Vec<String> = rows.iter().map(|row| row.0.clone()).collect();
    ids.sort();
    assert_eq!(ids, made_by, "a key without its form, or a form without its key");
    let lost: Vec<&String> = promises.keys().filter(|id| !ids.contains(id)).collect();
    assert!(lost.is_empty(), "answered creates are lost: {lost:?}");
    let mut history: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (subject, action, detail) in &log {
        history.entry(subject).or_default().push((action, detail));
    }
    assert_eq!(history.len(), ids.len(), "a history without its key, or a key without its history");
    for (id, name, folded, revoked_at, revoked_by) in &rows {
        let lines = &history[id.as_str()];
        let with = |wanted: &str| lines.iter().filter(|(action, _)| *action == wanted).collect::<Vec<_>>();
        assert_eq!(with("key_created").len(), 1, "{id}: {lines:?}");
        assert_eq!(with("key_revoked").len(), usize::from(revoked_at.is_some()), "{id} is half revoked: {lines:?}");
        assert_eq!(revoked_at.is_some(), revoked_by.is_some(), "{id} is half revoked");
        let told = with("key_renamed")
            .last()
            .map_or(with("key_created")[0].1, |(_, detail)| detail.split(" → ").last().unwrap());
        assert_eq!((told, folded.as_str()), (name.as_str(), name.as_str()), "{id} is half renamed");
        let Some(promised) = promises.get(id) else { continue };
        assert!(*name == promised.name || promised.maybe_name.as_ref() == Some(name), "{id}: {name}, but {promised:?}");
        assert!(revoked_at.is_some() || !promised.revoked, "{id}: an answered revoke is lost");
        assert!(revoked_at.is_none() || promised.maybe_revoked, "{id} was never revoked");
    }
}

/// Good enough for moments; the seed is told when a round fails.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

async fn survives(engine: Engine) {
    let (database, _home) = home(engine);
    let address = match &database {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    cast::enter(&Store::serve(&database).unwrap(), Clock::System.now());
    let mut seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    println!("the seed is {seed}");
    let promises = Promises::default();
    let mut cookies = BTreeMap::new();
    let mut total = 0;
    for round in 0..ROUNDS {
        let server = Server::start(&address);
        let mut olga = Person::new(&server.url);
        olga.cookies = cookies.clone();
        if round == 0 {
            let page = olga.get("/login").await.form("/login");
            let form = page.with("email", &cast::email("olga")).with("password", PASSWORD);
            assert_eq!(olga.submit(&form).await.status, 303);
        }
        cookies = olga.cookies.clone();
        let bare = olga.bare_form("").await;
        let create = olga.create_form().await.with("permission", "shifts:read").with("expiration", "never");
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let tag = format!("{round} {client}");
                let work = (bare.clone(), create.clone(), promises.clone(), answered.clone());
                tokio::spawn(write_on(olga.clone(), work.0, work.1, tag, work.2, work.3))
            })
            .collect();
        // Between two answers, somewhere: after so many of them, and a little later.
        let (enough, later) = (next(&mut seed) as usize % 30, Duration::from_micros(next(&mut seed) % 4_000));
        while answered.load(Ordering::SeqCst) < enough {
            assert!(!clients.iter().all(|client| client.is_finished()), "every client stopped early");
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(later);
        server.kill();
        for client in clients {
            client.await.unwrap();
        }
        total += answered.load(Ordering::SeqCst);
        check(&database, &promises);
    }
    assert!(total > 100, "only {total} writes were answered: nothing was put to the test");
    check(&database, &promises);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_change_survives_kill_9_on_sqlite() {
    survives(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_change_survives_kill_9_on_postgres() {
    survives(Engine::Postgres).await;
}
