//! What a create and a revoke cost beside a bare commit of one row, in the same run, on a real disk:
//! `cargo bench --bench changes`. Both end in an fsync; the ratio is what our own rows and indexes add.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::{Duration, Instant};

use diesel::prelude::*;
use keyrack::audit::{self, Action, Event, Who};
use keyrack::clock::Clock;
use keyrack::command::demo;
use keyrack::keys::bounds::Bounds;
use keyrack::keys::catalog::Catalog;
use keyrack::keys::expiration::Expiration;
use keyrack::keys::grants::{Grant, Grants};
use keyrack::keys::key::{Actor, ApiKey, KeyId};
use keyrack::keys::name::KeyName;
use keyrack::keys::realm::Realm;
use keyrack::keys::secret::KeySecret;
use keyrack::keys::store as keys_store;
use keyrack::people::member::Email;
use keyrack::people::session;
use keyrack::people::{find_member, find_person};
use keyrack::store::schema::instance;
use keyrack::store::{DatabaseUrl, Store};

const ROUNDS: usize = 400;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap(); // a disk, not a memory file system
    let store = Store::serve(&DatabaseUrl::Sqlite(folder.path().join("bench.db"))).unwrap();
    let now = Clock::System.now();
    let secrets = folder.path().join("secrets");
    demo::fill(
        &store,
        &demo::Wish { catalog: &Catalog::built_in(), password: None, keys: 10_000, secrets: Some(&secrets) },
        now,
    )
    .unwrap();
    let olga = Email::parse("olga@northwind.example").unwrap();
    let olga = store.read_here(|db| {
        let person = find_person(db, &olga)?.unwrap();
        find_member(db, &person.id)
    });
    let olga = olga.unwrap().unwrap();
    let who = Who { person: Some(olga.person.id.clone()), address: None };
    let event = |key: &ApiKey, action| Event {
        at: now,
        who: who.clone(),
        team: Some(key.team.clone()),
        action,
        subject: key.id.to_string(),
        detail: key.name.to_string(),
    };

    let (mut bare, mut created, mut revoked) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turns, so that a slow moment of the disk meets all three.
        bare.push(time(|| {
            let row = (instance::name.eq(format!("bench {round}")), instance::value.eq(""));
            store.write_here(|db| Ok(diesel::insert_into(instance::table).values(row).execute(db)?)).unwrap();
        }));
        let secret = KeySecret::mint_from_os("bench_");
        let realm = Realm::of_team(olga.team.id.clone());
        let key = ApiKey {
            id: KeyId::mint(now),
            team: olga.team.id.clone(),
            name: KeyName::parse(&format!("Bench {round}")).unwrap(),
            kind: "secret".into(),
            preview: secret.preview(),
            published: None,
            filing: None,
            bounds: Bounds::default(),
            grants: Grants::new([Grant::parse("shifts:read").unwrap()], []).unwrap(),
            created_at: now,
            created_by: Actor { person: olga.person.id.clone(), name: olga.person.name.clone() },
            expiration: Expiration(None),
            revoked: None,
            last_use: None,
        };
        created.push(time(|| {
            let nonce = session::draw();
            let write = store.write_here(|db| {
                keys_store::insert(db, &key, &secret.digest(), &nonce)?;
                audit::record(db, &event(&key, Action::KeyCreated))
            });
            write.unwrap();
        }));
        revoked.push(time(|| {
            let write = store.write_here(|db| {
                assert!(keys_store::revoke(db, &realm, &key.id, &olga.person.id, now)?);
                audit::record(db, &event(&key, Action::KeyRevoked))
            });
            write.unwrap();
        }));
    }
    let bare = median(bare);
    println!("SQLite, 10,000 keys in the team, medians of {ROUNDS} in turns");
    for (name, took) in [("a bare commit", bare), ("create", median(created)), ("revoke", median(revoked))] {
        println!("{name:<14} {:>8.3} ms  ×{:.2}", took.as_secs_f64() * 1e3, took.as_secs_f64() / bare.as_secs_f64());
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
