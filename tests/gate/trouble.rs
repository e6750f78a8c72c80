//! A full disk, and a database that is gone: what cannot wait is done, what cannot be kept is refused, and nothing
//! that was answered is lost.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use keyrack::clock::Clock;
use keyrack::keys::key::KeyId;
use keyrack::people::session;
use keyrack::store::{DatabaseUrl, Store};
use reqwest::Method;

use super::history::clients::{Changer, Run, pause};
use super::history::cluster::Cluster;
use super::history::door::Door;
use super::history::faults::blocking;
use super::history::instance::{assert_no_key_logged, several};
use super::history::record::Told;
use crate::world::form::Form;
use crate::world::program::{PROGRAM, Serving, bare};
use crate::world::{PASSWORD, Person, cast};

/// A disk of twelve megabytes, with a server on it that it belongs to: both go together.
struct SmallDisk {
    serving: Serving,
    folder: tempfile::TempDir,
}

/// How a disk of one's own is had on this machine: as root, or as a user who is root in a space of their own.
fn unshare() -> Option<&'static str> {
    let may = |how: &&str| {
        let tried = Command::new("unshare").args([how, "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    ["-m", "-rm"].into_iter().find(may)
}

impl SmallDisk {
    /// With the cast in the database. None, and said so, where the machine allows no disk.
    fn begin() -> Option<SmallDisk> {
        let Some(how) = unshare() else {
            // Not by `eprintln!`, which is kept from who reads a test that passes.
            let told =
                "NOT TESTED: a full disk. This machine allows neither `unshare -m` nor `unshare -rm` with a tmpfs.\n";
            let _ = std::io::stderr().write_all(told.as_bytes());
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let seed = folder.path().join("seed.db");
        cast::enter(&Store::join(&DatabaseUrl::Sqlite(seed.clone())).unwrap(), Clock::System.now());
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let script = "mount -t tmpfs -o size=12m none disk && cp seed.db* disk/ && exec \"$0\" \"$@\"";
        let mut command = bare("unshare", folder.path());
        command.args([how, "sh", "-c", script, PROGRAM, "serve", "--bind", "127.0.0.1:0", "--database-url"]);
        command.arg(format!("sqlite://{}/seed.db", disk.display()));
        Some(SmallDisk { serving: Serving::of(command), folder })
    }

    /// The disk as the server sees it.
    fn path(&self, name: &str) -> PathBuf {
        let disk = self.folder.path().join("disk").join(name);
        Path::new("/proc").join(self.serving.id().to_string()).join("root").join(disk.strip_prefix("/").unwrap())
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.path("filler")).unwrap();
        for size in [65_536, 4_096, 1] {
            while filler.write(&vec![7; size]).is_ok_and(|written| written == size) {}
        }
    }

    fn ballast(&self) -> Option<u64> {
        fs::metadata(self.path("seed.db.ballast")).map(|file| file.len()).ok()
    }

    /// What SQLite says of the whole database, as it lies on the disk while the server stands still.
    fn integrity(&self) -> String {
        #[derive(QueryableByName)]
        struct Told {
            #[diesel(sql_type = diesel::sql_types::Text)]
            integrity_check: String,
        }
        self.serving.signal("STOP");
        for ending in ["", "-wal"] {
            let copy = self.folder.path().join(format!("copy.db{ending}"));
            fs::copy(self.path(&format!("seed.db{ending}")), copy).unwrap();
        }
        self.serving.signal("CONT");
        let mut copy = SqliteConnection::establish(&self.folder.path().join("copy.db").to_string_lossy()).unwrap();
        let told: Told = diesel::sql_query("PRAGMA integrity_check").get_result(&mut copy).unwrap();
        told.integrity_check
    }
}

async fn sign_in(url: &str) -> (u16, Person) {
    let mut olga = Person::new(url);
    let page = olga.get("/login").await.form("/login");
    let form = page.with("email", &cast::email("olga")).with("password", PASSWORD);
    let status = olga.submit(&form).await.status;
    (status, olga)
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_keys_are_revoked_and_none_is_made() {
    let Some(disk) = SmallDisk::begin() else { return };
    let (status, mut olga) = sign_in(&disk.serving.url).await;
    assert_eq!(status, 303);
    let mut keys = Vec::new();
    for n in 0..24 {
        keys.push(olga.create_key(&format!("Before {n}"), &["shifts:read"]).await);
    }
    let form = olga.create_form().await.with("permission", "shifts:read").with("expiration", "never");
    let bare = olga.bare_form("").await;
    assert_eq!(disk.ballast(), Some(1 << 20));

    disk.fill();
    let (made, refused) = create_until_refused(&mut olga, &form).await;
    assert_eq!(refused, 503, "a create is refused as what passes");
    for (_, secret) in keys.iter().chain(&made) {
        assert_eq!(olga.knock(secret).await, 200, "the gate goes on, and what was answered is there");
    }
    for (n, (id, secret)) in keys.iter().take(20).enumerate() {
        let revoked = match n % 2 {
            0 => {
                olga.submit(&Form {
                    action: crate::world::keys::url(keyrack::keys::address::REVOCATION, id),
                    ..bare.clone()
                })
                .await
                .status
            }
            _ => olga.present(Method::DELETE, secret).await.status,
        };
        assert!(matches!((n % 2, revoked), (0, 303) | (1, 204)), "revoke {n} is answered {revoked}");
        assert_eq!(olga.knock(secret).await, 401);
    }
    assert_eq!(disk.ballast(), None, "that was its room");
    let (none, refused) = create_until_refused(&mut olga, &form).await;
    assert_eq!((none.len(), refused), (0, 503), "what room there is now is for revokes");
    let (status, _) = sign_in(&disk.serving.url).await;
    assert_eq!(status, 303, "who is to revoke may have to sign in first");
    assert_eq!(disk.integrity(), "ok");

    fs::remove_file(disk.path("filler")).unwrap();
    keys.push(olga.create_key("After", &["shifts:read"]).await);
    assert_eq!(disk.ballast(), Some(1 << 20), "it is there for the next time");
    assert_eq!(disk.integrity(), "ok");
    for (n, (_, secret)) in keys.iter().chain(&made).enumerate() {
        assert_eq!(olga.knock(secret).await, if n < 20 { 401 } else { 200 }, "key {n}");
    }
    eprintln!(
        "a full disk: {} creates found room, then 503; 20 revokes and a sign-in answered; PRAGMA integrity_check ok",
        made.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_is_outlived_for_a_lease_and_then_waited_for() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let database = cluster.database();
    let instances = several(&cluster, &database, &[&[], &[]]).await;
    for instance in instances.clone() {
        blocking(move || instance.start()).await.unwrap();
    }
    let run = Run::on(instances);
    let mut changer = Changer::at(&run, 0).await;
    let live = changer.create(0).await.unwrap();
    let revoked = changer.create(1).await.unwrap();
    assert_eq!(changer.revoke(1, &revoked).await, Told::Yes);
    let mut door = Door::default();
    assert_eq!(run.verify(&mut door, 0, &live).await, Told::Yes);

    let stopping = cluster.clone();
    blocking(move || stopping.crash()).await;
    let stopped = Instant::now();
    // Within the lease it goes on; then it says that it cannot tell, and never that a live key is not good.
    let (mut good, mut outlived) = (0, Duration::ZERO);
    while run.verify(&mut door, 0, &live).await == Told::Yes {
        (good, outlived) = (good + 1, stopped.elapsed());
        assert!(outlived < Duration::from_secs(10), "it judges on without a database");
        pause(10).await;
    }
    assert!(good > 0, "it does not outlive the database at all");
    for key in [&live, &revoked] {
        for at in [0, 1] {
            assert_eq!(run.verify(&mut Door::default(), at, key).await, Told::NotNow, "instance {at}");
        }
    }
    assert_ne!(changer.revoke(0, &live).await, Told::Yes, "nothing can be kept");

    let starting = cluster.clone();
    blocking(move || starting.begin()).await;
    let started = Instant::now();
    let (mut asked, mut served) = (Vec::new(), None);
    while served.is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "it is not back: {asked:?}");
        let verified = run.verify(&mut door, 0, &live).await;
        let made = if verified == Told::Yes { changer.create(0).await } else { None };
        served = made.is_some().then(|| started.elapsed());
        asked.push(verified);
    }
    for at in [0, 1] {
        assert_eq!(run.verify(&mut Door::default(), at, &live).await, Told::Yes, "nothing is lost");
        assert_eq!(run.verify(&mut Door::default(), at, &revoked).await, Told::Refused, "nothing is lost");
    }
    eprintln!(
        "a stopped database: {good} verifications in the {:.1} s after it, then 503; keys verified and made again {:.2} s after its start",
        outlived.as_secs_f64(),
        served.unwrap_or_default().as_secs_f64(),
    );
    blocking(move || assert_no_key_logged(&run.instances)).await;
}
