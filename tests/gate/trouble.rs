//! A database that is gone: what cannot be kept is refused, and nothing that was answered is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keyrack::store::{Change, note};

use super::history::clients::{Changer, Run, pause};
use super::history::cluster::Cluster;
use super::history::door::Door;
use super::history::faults::blocking;
use super::history::instance::{assert_no_key_logged, several};
use super::history::record::Told;
use crate::both_engines;
use crate::world::{Engine, logs};

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

both_engines!(
    async fn changes_that_cannot_be_forgotten_disturb_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        world.execute("INSERT INTO changes (seq, kind, id) VALUES (-5000, 'key', 'key_of_long_ago')").unwrap();
        world.fail_on("DELETE", "changes");
        let team = world.team_id("olga");
        let change = || world.store.write_here(|db| Ok(note(db, Change::Team(&team))?));
        // One instance forgets when a thousand changes are more than it keeps, several after a hundred renewals.
        let changes = if world.engine == Engine::Sqlite { 2_100 } else { 120 };
        (0..changes).for_each(|_| change().unwrap());
        assert_eq!(olga.knock(&secret).await, 200);
        let logged = logs::text();
        let lines = |said| logged.lines().filter(move |line| line.contains(said) && line.contains("disk full")).count();
        assert!(lines("old changes are kept on") > 0, "nothing was to be forgotten");
        assert_eq!(lines("the watch lost its database"), 0);
    }
);
