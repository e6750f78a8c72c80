//! A database with keys in every state, and their secrets in files: `good`, `expired`, `revoked`, `unknown`.

use std::fs;
use std::path::Path;

use diesel::prelude::*;
use keyrack::clock::Clock;
use keyrack::command::demo;
use keyrack::keys::catalog::Catalog;
use keyrack::keys::secret::KeySecret;
use keyrack::store::schema::keys;
use keyrack::store::{DatabaseUrl, Store};

pub fn fill(database: &DatabaseUrl, folder: &Path, number: u64) {
    let now = Clock::System.now();
    let store = Store::serve(database).unwrap();
    let secrets = folder.join("secrets");
    let wish = demo::Wish { catalog: &Catalog::built_in(), password: None, keys: number, secrets: Some(&secrets) };
    demo::fill(&store, &wish, now).unwrap();
    let all = fs::read_to_string(&secrets).unwrap();
    let secrets: Vec<&str> = all.lines().collect();
    let parsed = |secret: &&str| KeySecret::parse(secret, ["sk_live_"]).unwrap().digest();
    let tenth = secrets.len() / 10;
    let (expired, rest) = secrets.split_at(tenth);
    let (revoked, good) = rest.split_at(tenth);
    store
        .write_here(|db| {
            for digest in expired.iter().map(parsed) {
                let key = keys::table.filter(keys::digest.eq(digest.as_bytes().as_slice()));
                diesel::update(key).set(keys::expires_at.eq(now.unix() - 1)).execute(db)?;
            }
            for digest in revoked.iter().map(parsed) {
                let key = keys::table.filter(keys::digest.eq(digest.as_bytes().as_slice()));
                diesel::update(key).set(keys::revoked_at.eq(now.unix())).execute(db)?;
            }
            Ok(())
        })
        .unwrap();
    let unknown: Vec<String> = (0..tenth).map(|_| KeySecret::mint_from_os("sk_live_").expose().to_owned()).collect();
    let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
    for (name, some) in [("good", good), ("expired", expired), ("revoked", revoked), ("unknown", &unknown)] {
        fs::write(folder.join(name), some.join("\n") + "\n").unwrap();
    }
}
