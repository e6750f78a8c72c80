//! A full disk: keys are revoked, people sign in, sign out and switch teams, nothing else is written, and nothing that
//! was answered is lost.

use diesel::prelude::*;
use keyrack::clock::{Clock, Moment};
use keyrack::keys::address::{LIST, REVOCATION, REVOCATION_OF_ALL};
use keyrack::keys::key::KeyId;
use keyrack::keys::name::fold;
use keyrack::keys::secret::KeySecret;
use keyrack::people::session;
use keyrack::store::schema::{audit_log, keys, members, people, sessions, teams};
use keyrack::store::{DatabaseUrl, Store};
use reqwest::Method;
use tempfile::TempDir;

use crate::world::form::{Answer, Form};
use crate::world::program::Serving;
use crate::world::small_disk::SmallDisk;
use crate::world::{PASSWORD, Person, cast, keys::url, logs};

const BALLAST: &str = "seed.db.ballast";
/// Its full size.
const WHOLE: Option<u64> = Some(16 << 20);
/// The size of the disks.
const MEGABYTES: u32 = 32;
/// The largest team that the ballast is made for.
const TEAM: usize = 2_000;
/// How many of its keys are revoked one by one, half before a restart and half after it.
const SINGLY: usize = 500;

/// A folder with the cast in its database.
fn with_cast() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::join(&DatabaseUrl::Sqlite(folder.path().join("seed.db"))).unwrap();
    cast::enter(&store, Clock::System.now());
    (folder, store)
}

/// Signs Olga in, in a browser that may have been here before.
async fn sign_in(olga: &mut Person) -> u16 {
    let page = olga.get("/login").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = page.form("/login").with("email", &cast::email("olga")).with("password", PASSWORD);
    olga.submit(&form).await.status
}

/// The browser that was used at another address of the same server.
fn again_at(disk: &SmallDisk, before: &Person) -> Person {
    let mut person = Person::new(disk.url());
    person.cookies = before.cookies.clone();
    person
}

/// Creates keys by a form until that is refused; the keys that were made, and how it was refused.
async fn create_until_refused(olga: &mut Person, form: &Form) -> (Vec<(KeyId, String)>, u16) {
    let mut made = Vec::new();
    for n in 0..2_000 {
        let form = form.with("name", &format!("Key {n}")).with("nonce", &session::draw());
        let answer = olga.by_htmx().submit(&form).await;
        if answer.status != 200 {
            return (made, answer.status);
        }
        let secret = answer.secret();
        let row = answer.body.split_once("id=\"row-").and_then(|(_, row)| row.split('"').next()).unwrap();
        made.push((KeyId::parse(row).unwrap(), secret));
    }
    panic!("two thousand keys found room on a full disk");
}

/// A form for a key that never expires.
async fn create_form(olga: &mut Person) -> Form {
    olga.create_form().await.with("permission", "shifts:read").with("expiration", "never")
}

/// Revokes a key, as the person or as the key itself; fails unless that works and the key is refused afterwards.
async fn revoke(olga: &mut Person, bare: &Form, (id, secret): &(KeyId, String), by_itself: bool) {
    let (answer, wanted) = match by_itself {
        true => (olga.present(Method::DELETE, secret).await, 204),
        false => (olga.submit(&Form { action: url(REVOCATION, id), ..bare.clone() }).await, 303),
    };
    assert_eq!(answer.status, wanted, "{}", answer.text());
    assert_eq!(olga.knock(secret).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_keys_are_revoked_and_none_is_made() {
    let (folder, _) = with_cast();
    let Some(mut disk) = SmallDisk::begin(MEGABYTES, folder) else { return };
    let mut olga = Person::new(disk.url());
    assert_eq!(sign_in(&mut olga).await, 303);
    let mut keys = Vec::new();
    for n in 0..24 {
        keys.push(olga.create_key(&format!("Before {n}"), &["shifts:read"]).await);
    }
    let (form, bare) = (create_form(&mut olga).await, olga.bare_form("").await);
    assert_eq!(disk.bytes_of(BALLAST), WHOLE);

    disk.fill();
    let (made, refused) = create_until_refused(&mut olga, &form).await;
    assert_eq!(refused, 503, "a create is refused as what passes");
    for (_, secret) in keys.iter().chain(&made) {
        assert_eq!(olga.knock(secret).await, 200, "the gate goes on, and what was answered is there");
    }
    for (n, key) in keys.iter().take(20).enumerate() {
        revoke(&mut olga, &bare, key, n % 2 == 1).await;
        disk.fill(); // whoever filled the disk goes on
    }
    assert!(disk.bytes_of(BALLAST) < WHOLE && disk.bytes_of(BALLAST) > Some(8 << 20), "{:?}", disk.bytes_of(BALLAST));
    let (none, refused) = create_until_refused(&mut olga, &form).await;
    assert_eq!((none.len(), refused), (0, 503), "what room there is now is for revokes");
    disk.whole_copy();

    disk.empty();
    keys.push(olga.create_key("After", &["shifts:read"]).await);
    assert_eq!(disk.bytes_of(BALLAST), WHOLE, "it is there for the next time");
    disk.whole_copy();
    for (n, (_, secret)) in keys.iter().chain(&made).enumerate() {
        assert_eq!(olga.knock(secret).await, if n < 20 { 401 } else { 200 }, "key {n}");
    }
    let ended = disk.stop();
    for said in ["the disk is full", "the disk has room again"] {
        assert!(ended.err.contains(said), "{said}: {}", ended.err);
    }
}

/// Fills Northwind with active keys of the longest names, and has Olga join Harbour.
fn fill_team(store: &Store) -> Vec<(KeyId, String)> {
    let now = Clock::System.now();
    store
        .write_here(|db| {
            let person = people::table.filter(people::email.eq(cast::email("olga")));
            let olga: String = person.select(people::id).first(db)?;
            let team = |name| teams::table.filter(teams::name.eq(name)).select(teams::id);
            let (northwind, harbour): (String, String) =
                (team("Northwind Rota").first(db)?, team("Harbour").first(db)?);
            diesel::insert_into(members::table)
                .values((
                    members::person_id.eq(&olga),
                    members::team_id.eq(&harbour),
                    members::role.eq("owner"),
                    members::created_at.eq(now.unix()),
                ))
                .execute(db)?;
            (0..TEAM).map(|n| Ok(insert_key(db, (&northwind, &olga), n, now)?)).collect()
        })
        .unwrap()
}

fn insert_key(
    db: &mut keyrack::store::Db,
    (team, olga): (&str, &str),
    n: usize,
    now: Moment,
) -> QueryResult<(KeyId, String)> {
    let (id, secret) = (KeyId::mint(now), KeySecret::mint_from_os("sk_live_"));
    let name = format!("{n:04}{}", "\u{1f511}".repeat(56));
    diesel::insert_into(keys::table)
        .values((
            keys::id.eq(id.as_str()),
            keys::team_id.eq(team),
            keys::kind.eq("secret"),
            keys::name.eq(&name),
            keys::name_folded.eq(fold(&name)),
            keys::preview.eq(secret.preview().as_str()),
            keys::digest.eq(secret.digest().as_bytes().to_vec()),
            keys::permissions.eq("shifts:read"),
            keys::fields.eq(""),
            keys::created_at.eq(now.unix()),
            keys::created_by.eq(olga),
        ))
        .execute(db)?;
    logs::remember(secret.expose());
    Ok((id, secret.expose().to_owned()))
}

/// Goes on in another team.
async fn switch(olga: &mut Person, team: &str) -> Answer {
    let page = olga.get("/account/security").await;
    let action = page.attributes("form", "action").into_iter().find(|action| action.ends_with("/current"));
    let answer = olga.submit(&page.form(&action.expect("another team"))).await;
    assert_eq!((answer.status, answer.location()), (303, LIST), "{}", answer.text());
    assert_eq!(olga.get(LIST).await.texts(".brand-name").concat(), team);
    answer
}

/// Signs out and in, goes to the other team and back, and fails to create a key.
async fn come_and_go(olga: &mut Person) {
    let out = olga.get(LIST).await.form("/logout");
    assert_eq!(olga.submit(&out).await.status, 303);
    assert_eq!(olga.get(LIST).await.status, 303, "signed out");
    assert_eq!(sign_in(olga).await, 303);
    switch(olga, "Harbour").await;
    switch(olga, "Northwind Rota").await;
    let form = create_form(olga).await.with("name", "One more");
    assert_eq!(olga.submit(&form).await.status, 503, "nothing is created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_a_whole_team_of_two_thousand_keys_is_revoked() {
    let (folder, store) = with_cast();
    let team = fill_team(&store);
    drop(store);
    let Some(mut disk) = SmallDisk::begin(MEGABYTES, folder) else { return };
    let mut olga = Person::new(disk.url());
    assert_eq!(sign_in(&mut olga).await, 303);
    let form = create_form(&mut olga).await;
    disk.fill();
    let (made, _) = create_until_refused(&mut olga, &form).await;

    let (first, second) = team[..SINGLY].split_at(SINGLY / 2);
    for half in [first, second] {
        let bare = olga.bare_form("").await;
        for (n, key) in half.iter().enumerate() {
            revoke(&mut olga, &bare, key, n % 2 == 1).await;
            if n % 50 == 0 {
                disk.fill(); // whoever filled the disk goes on
            }
        }
        come_and_go(&mut olga).await;
        let ended = disk.stop();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        disk.fill();
        disk.start();
        olga = again_at(&disk, &olga);
    }
    let singly = disk.bytes_of(BALLAST).unwrap_or(0);
    let page = olga.get(REVOCATION_OF_ALL).await.form(REVOCATION_OF_ALL);
    let answer = olga.by_htmx().submit(&page.with("team_name", "Northwind Rota")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rest = TEAM - SINGLY + made.len();
    assert!(answer.text().contains(&format!("{},{:03} keys revoked", rest / 1_000, rest % 1_000)), "{}", answer.text());
    for (_, secret) in team.iter().step_by(50).chain(&made) {
        assert_eq!(olga.knock(secret).await, 401);
    }
    come_and_go(&mut olga).await;
    eprintln!(
        "a full disk: {} creates found room; of the ballast {} kB are left after {SINGLY} revokes, {} kB after all",
        made.len(),
        singly / 1_024,
        disk.bytes_of(BALLAST).unwrap_or(0) / 1_024,
    );

    let mut copy = disk.whole_copy();
    let active: i64 = keys::table.filter(keys::revoked_at.is_null()).count().get_result(&mut copy).unwrap();
    let recorded = audit_log::table.filter(audit_log::action.eq("key_revoked"));
    let recorded: i64 = recorded.count().get_result(&mut copy).unwrap();
    assert_eq!((active, recorded), (0, i64::try_from(TEAM + made.len()).unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_an_expired_session_fails_no_page() {
    let (folder, store) = with_cast();
    let seed = format!("sqlite://{}", folder.path().join("seed.db").display());
    let serving = Serving::start(folder.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &seed]);
    let mut olga = Person::new(&serving.url);
    assert_eq!(sign_in(&mut olga).await, 303);
    assert_eq!(serving.stop().code, Some(0));
    let expire = diesel::update(sessions::table).set(sessions::seen_at.eq(0));
    store.write_here(|db| Ok(expire.execute(db)?)).unwrap();
    drop(store);

    let Some(disk) = SmallDisk::begin(MEGABYTES, folder) else { return };
    let mut adam = Person::new(disk.url());
    let page = adam.get("/login").await.form("/login");
    let form = page.with("email", &cast::email("adam")).with("password", PASSWORD);
    assert_eq!(adam.submit(&form).await.status, 303);
    disk.fill();
    // Nothing can be written, and nobody has given up room yet.
    let mut olga = again_at(&disk, &olga);
    for (path, status) in [("/login", 200), ("/docs/api", 200), (LIST, 303), ("/", 303), ("/nowhere", 404)] {
        assert_eq!(olga.get(path).await.status, status, "{path}");
    }
    assert_eq!(sign_in(&mut olga).await, 303);
    assert_eq!(olga.get(LIST).await.status, 200);
}
