//! From the gate into the tables: what was noted adds up, whoever flushes it, and nothing is lost on the way.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyrack::clock::Moment;
use keyrack::gate::asked::Caller;
use keyrack::gate::verdict::Code;
use keyrack::keys::key::KeyId;
use keyrack::usage::Usage;

use crate::both_engines;
use crate::world::keys::Planted;
use crate::world::{Engine, NOON, World};

fn address(n: u32) -> Option<IpAddr> {
    Some(IpAddr::from([203, 0, u8::try_from(n / 256).unwrap(), u8::try_from(n % 256).unwrap()]))
}

fn at(unix: i64) -> Moment {
    Moment::from_unix(unix).unwrap()
}

/// Some keys, straight in the table.
fn plant(world: &World, count: usize) -> Vec<KeyId> {
    let planted: Vec<Planted> = (0..count).map(|n| Planted::new(&format!("Key {n}"), NOON - 10)).collect();
    world.plant(&planted);
    planted.into_iter().map(|key| key.id).collect()
}

/// As many instances as that, beside the world's own, on its database.
fn instances(world: &World, count: usize) -> Vec<Arc<Usage>> {
    (0..count).map(|_| Arc::new(Usage::new(world.store.clone(), world.clock.clone()))).collect()
}

both_engines!(
    async fn what_a_key_asks_is_counted_and_its_last_use_kept(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let mut program = world.visitor();
        program.headers.push(("User-Agent", "payroll/2.1".into()));
        assert_eq!(world.last_use(&id), None);
        assert_eq!(program.knock(&secret).await, 200);
        world.clock.advance(3_600);
        assert_eq!(program.knock(&secret).await, 200);
        assert_eq!(program.knock(&secret).await, 200);
        assert!(world.use_counts(&id).len() <= 1, "no write per verification");
        world.flush().await;
        assert_eq!(world.use_counts(&id), [(NOON, "VALID".into(), 1), (NOON + 3_600, "VALID".into(), 2)]);
        let last = (NOON + 3_600, Some("127.0.0.1".into()), Some("payroll/2.1".into()));
        assert_eq!(world.last_use(&id), Some(last.clone()));
        assert_eq!(world.use_addresses(&id), [("127.0.0.1".into(), NOON + 3_600)]);

        olga.revoke(&id).await;
        world.clock.advance(60);
        assert_eq!(program.knock(&secret).await, 401);
        world.flush().await;
        assert_eq!(world.use_counts(&id).pop().unwrap(), (NOON + 3_600, "VALID".into(), 2));
        assert!(world.use_counts(&id).contains(&(NOON + 3_600, "REVOKED".into(), 1)));
        assert_eq!(world.last_use(&id), Some(last), "what is refused does not use it");
    }
);

both_engines!(
    async fn what_is_no_key_is_counted_nowhere(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        olga.delete(&id).await;
        assert!(olga.present(reqwest::Method::GET, &secret).await.body.contains("NOT_FOUND"));
        assert_eq!(world.visitor().knock("nonsense").await, 401);
        assert_eq!(world.usage.tally.keys(), 0);
    }
);

both_engines!(
    async fn instances_that_flush_at_once_add_up_and_a_last_use_never_goes_back(world) {
        let keys = plant(&world, 40);
        let instances = instances(&world, 4);
        world.clock.advance(600); // none of these uses is in the future
        for round in 0..6 {
            let mut flushing = Vec::new();
            for (n, usage) in (0i64..).zip(&instances) {
                for key in &keys {
                    // Every other one tells what the others know better already.
                    let now = at(NOON + if n % 2 == 0 { 100 * round + n } else { n });
                    usage.tally.note(key.packed(), Code::Valid, Caller { at: now, address: address(u32::try_from(n).unwrap()), client: Some("curl") });
                }
                let usage = usage.clone();
                flushing.push(tokio::spawn(async move { usage.flush().await }));
            }
            for flush in flushing {
                flush.await.unwrap().expect("no flush stands in another's way");
            }
        }
        for key in &keys {
            assert_eq!(world.use_counts(key), [(NOON, "VALID".into(), 24)]);
            let (last, from, _) = world.last_use(key).unwrap();
            assert_eq!((last, from.as_deref()), (NOON + 502, Some("203.0.0.2")));
            assert_eq!(world.use_addresses(key).len(), 4);
        }
    }
);

both_engines!(
    async fn keys_that_are_used_all_the_time_are_flushed_all_the_time(world) {
        let keys = plant(&world, 5);
        let (usage, is_over) = (world.usage.clone(), Arc::new(AtomicBool::new(false)));
        let (noting, ending) = (usage.clone(), is_over.clone());
        let thread = std::thread::spawn(move || {
            let by = Caller { at: at(NOON), address: address(1), client: Some("curl") };
            let mut noted = 0;
            while !ending.load(Ordering::Acquire) {
                keys.iter().for_each(|key| noting.tally.note(key.packed(), Code::Valid, by));
                noted += 1;
            }
            (keys, noted)
        });
        while usage.tally.keys() == 0 {
            tokio::task::yield_now().await; // until the other thread has begun
        }
        for _ in 0..30 {
            usage.flush().await.expect("a key may be noted while it is flushed");
        }
        is_over.store(true, Ordering::Release);
        let (keys, noted) = thread.join().unwrap();
        usage.flush().await.unwrap();
        for key in &keys {
            assert_eq!(world.use_counts(key), [(NOON, "VALID".into(), noted)]);
        }
    }
);

both_engines!(
    async fn flushing_and_deleting_at_once_stand_in_nobody_s_way(world) {
        let mut olga = world.sign_in("olga").await;
        let (kept, _) = olga.create_key("Kept", &["shifts:read"]).await;
        let mut ids = Vec::new();
        for n in 0..12 {
            let (id, _) = olga.create_key(&format!("Key {n}"), &["shifts:read"]).await;
            assert_eq!(olga.revoke(&id).await.status, 303);
            ids.push(id);
        }
        let usage = instances(&world, 1).remove(0);
        let all: Vec<KeyId> = ids.iter().chain([&kept]).cloned().collect();
        let mut deleter = olga.clone();
        let deleting = tokio::spawn(async move {
            for id in &ids {
                assert_eq!(deleter.delete(id).await.status, 303);
            }
        });
        let mut rounds = 0;
        while !deleting.is_finished() || rounds < 5 {
            all.iter().for_each(|id| usage.tally.note(id.packed(), Code::Revoked, Caller { at: world.now(), address: None, client: None }));
            usage.flush().await.unwrap();
            rounds += 1;
        }
        deleting.await.unwrap();
        assert_eq!(world.use_counts(&kept), [(NOON, "REVOKED".into(), rounds)]);
        assert_eq!(usage.tally.keys(), 0, "what was noted of a key that is gone is forgotten");
        assert_eq!(world.texts("SELECT DISTINCT key_id AS value FROM use_counts"), [kept.as_str()]);
    }
);

both_engines!(
    async fn what_cannot_be_written_waits_in_memory_and_is_written_later(world) {
        let keys = plant(&world, 3);
        let usage = instances(&world, 1).remove(0);
        let note = |n: i64| {
            for key in &keys {
                let from = address(u32::try_from(n % 200).unwrap());
                usage.tally.note(key.packed(), Code::Valid, Caller { at: at(NOON + n), address: from, client: Some("curl") });
            }
        };
        note(0);
        usage.flush().await.unwrap();
        // As a full disk refuses it: in the middle of the transaction.
        world.refuse_rows_in("use_addresses");
        for n in 1..=500 {
            note(n);
            if n % 100 == 0 {
                usage.flush().await.expect_err("it cannot be written");
                assert_eq!(usage.tally.keys(), 3);
            }
        }
        assert_eq!(world.use_counts(&keys[0]), [(NOON, "VALID".into(), 1)], "written whole or not at all");
        world.take_rows_in("use_addresses");
        usage.flush().await.unwrap();
        for key in &keys {
            assert_eq!(world.use_counts(key), [(NOON, "VALID".into(), 501)]);
            assert_eq!(world.last_use(key).unwrap().0, NOON + 500);
        }
        assert_eq!(usage.tally.keys(), 0);
    }
);

both_engines!(
    async fn a_flush_of_more_keys_than_one_transaction_takes_writes_all_of_them(world) {
        let keys = plant(&world, 1_203);
        let usage = instances(&world, 1).remove(0);
        for key in &keys {
            (0..3).for_each(|n| usage.tally.note(key.packed(), Code::Valid, Caller { at: at(NOON + i64::from(n)), address: address(n), client: None }));
        }
        usage.flush().await.unwrap();
        let sum = "SELECT CAST(sum(uses) AS TEXT) AS value FROM use_counts";
        assert_eq!(world.texts(sum), ["3609"]);
        assert_eq!(world.texts("SELECT CAST(count(*) AS TEXT) AS value FROM use_addresses"), ["3609"]);
    }
);

both_engines!(
    async fn a_key_that_is_used_from_everywhere_keeps_its_latest_addresses(world) {
        let key = plant(&world, 1).remove(0);
        let usage = instances(&world, 1).remove(0);
        for n in 0..400 {
            usage.tally.note(key.packed(), Code::Valid, Caller { at: at(NOON + i64::from(n / 30) * 3_600), address: address(n), client: None });
            if n % 20 == 0 {
                usage.flush().await.unwrap();
            }
        }
        usage.flush().await.unwrap();
        let kept = world.use_addresses(&key);
        assert_eq!(kept.len(), 100);
        let oldest = kept.iter().map(|(_, at)| *at).min().unwrap();
        assert!(oldest >= NOON + 9 * 3_600, "the latest, not the first: {oldest}");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_writes_what_it_noted_last() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let place = crate::world::program::Place::on(engine);
        let secrets = place.folder.path().join("secrets");
        let args = ["demo", "--keys", "1", "--secrets", secrets.to_str().unwrap()];
        let serving = place.serve(&args);
        let secret = std::fs::read_to_string(&secrets).unwrap().trim().to_owned();
        crate::world::logs::remember(&secret);
        assert_eq!(crate::world::Person::new(&serving.url).knock(&secret).await, 200);
        assert_eq!(serving.stop().code, Some(0));
        let store = keyrack::store::Store::join(&place.database).unwrap();
        let sql = "SELECT keys.name AS value FROM last_uses JOIN keys ON keys.id = key_id \
            WHERE used_at > 0 AND last_uses.address = '127.0.0.1'";
        let used = store.read_here(|db| Ok(crate::world::rows::texts_on(db, sql)?)).unwrap();
        assert_eq!(used, ["Nightly export 0"], "{engine:?}");
    }
}
