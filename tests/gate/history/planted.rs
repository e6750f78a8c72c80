//! The judge finds what it looks for. Each of eight faults can be planted in the program (behind the feature
//! `planted-faults`, which no release has); each has a scene in which it shows and the sound protocol does not.
//!
//! The scenes are courses of events and not of luck: one connection of an instance is stopped at one statement, and
//! goes on when something else has happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::clients::{Held, pause};
use super::cluster::Cluster;
use super::faults::blocking;
use super::judgement::Judgement;
use super::record::Told;
use super::relay::{Relay, Trap};
use super::scene::{A, B, C, Scene, Variables};

/// The faults, by the names that the program knows them by.
const FAULTS: [&str; 8] = [
    "no-wait",
    "stale-fill",
    "grant-unseen",
    "lease-from-answer",
    "second-revoke-at-once",
    "no-drift-margin",
    "replica",
    "ack-before-apply",
];
/// Scenes that are played at a time.
const STAGES: usize = 4;
/// In one scene the fault shows for a fifth of a second only: it gets several chances, and the sound protocol two.
const CHANCES: usize = 8;
/// How often a scene is played in which nothing was to be seen.
const PLAYS: usize = 3;
/// So long something is held up that a lease counted from its end outlives the wait for it.
const HELD_MS: u64 = 1_800;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_planted_fault_is_found_and_nothing_is_without_it() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let stages = Arc::new(Semaphore::new(STAGES));
    let only = std::env::var("KEYRACK_HISTORY_FAULT").ok();
    let mut scenes = JoinSet::new();
    for fault in FAULTS.into_iter().filter(|fault| only.as_deref().is_none_or(|only| only == *fault)) {
        for is_planted in [true, false] {
            let (cluster, stages) = (cluster.clone(), stages.clone());
            scenes.spawn(async move {
                let _stage = stages.acquire_owned().await;
                let mut seen = play(fault, is_planted, &cluster).await;
                for _ in 1..PLAYS {
                    // The scene came to nothing: the machine stood still for a second, in which a lease ended.
                    if seen.violations.is_empty() && (is_planted || seen.asked_after_revoke == 0) {
                        seen = play(fault, is_planted, &cluster).await;
                    }
                }
                (fault, is_planted, seen)
            });
        }
    }
    let mut played = scenes.join_all().await;
    played.sort_by_key(|(fault, is_planted, _)| (FAULTS.iter().position(|known| known == fault), !is_planted));
    let mut wrong = Vec::new();
    for (fault, is_planted, seen) in &played {
        let found = seen.violations.len();
        eprintln!(
            "{fault:<22} {:<10} {found} violations in {} verifications after a revoke",
            if *is_planted { "planted" } else { "without it" },
            seen.asked_after_revoke,
        );
        if (found > 0) != *is_planted || seen.asked_after_revoke == 0 {
            wrong.push((fault, is_planted, seen));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn who_is_stopped_in_the_middle_of_a_change_keeps_nobody_from_a_revoke() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let mut scene = Scene::set(&cluster, &[vec![], vec![], vec![]]).await;
    let key = scene.with_key(&[A, B]).await;
    let other = scene.key().await;
    let relay = &scene.run.instances[B].relay;
    relay.lay(Trap::HoldingHead);
    let stopped = scene.revoke(B, &other);
    relay.caught().await;
    let asked = scene.run.history.now();
    let told = scene.revoke(A, &key).await.unwrap();
    let took = scene.run.history.now() - asked;
    scene.knock_at_b(&key).await;
    relay.release(None);
    let _ = stopped.await; // in vain: its transaction was ended
    let seen = scene.end().await;
    eprintln!("a revoke, with another instance stopped in the middle of a change: {:.1} s", took.as_secs_f64());
    assert!(told == Told::Yes && seen.violations.is_empty(), "{told:?}, {seen:?}");
}

/// Plays a fault's scene on a stage of its own.
async fn play(fault: &'static str, is_planted: bool, cluster: &Arc<Cluster>) -> Judgement {
    let planted: Variables = if is_planted { vec![("KEYRACK_PLANTED_FAULT", fault.to_owned())] } else { vec![] };
    let mut each = [planted.clone(), planted.clone(), planted];
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let copy = format!("copy_{}", COPIES.fetch_add(1, Ordering::Relaxed));
    match fault {
        // Its clock loses as much as a clock may, and a little less than the margin.
        "no-drift-margin" => each[B].push(("KEYRACK_CLOCK_RATE", "0.92".to_owned())),
        "replica" => each[B].push(("KEYRACK_REPLICA_URL", cluster.url(&copy))),
        _ => {}
    }
    let mut scene = Scene::set(cluster, &each).await;
    match fault {
        "no-wait" => nobody_is_waited_for(&mut scene).await,
        "stale-fill" => a_change_comes_while_the_index_is_loaded(&mut scene).await,
        "grant-unseen" => a_change_comes_while_b_hears_late(&mut scene, Trap::HearingOfChanges).await,
        "lease-from-answer" => a_change_comes_while_b_hears_late(&mut scene, Trap::HearingOfGrant).await,
        "second-revoke-at-once" => a_second_revoke_comes_meanwhile(&mut scene).await,
        "no-drift-margin" => the_slow_clock_is_asked_often(&mut scene, if is_planted { CHANCES } else { 2 }).await,
        "replica" => the_lease_ends_beside_a_replica(&mut scene, &copy).await,
        _ => the_changes_are_read_late(&mut scene).await,
    }
    scene.end().await
}

/// B hears nothing. Who does not wait for it answers while its lease lasts.
async fn nobody_is_waited_for(scene: &mut Scene) {
    let key = scene.with_key(&[A, B]).await;
    let relay = scene.swallow_at_b().await;
    scene.revoke_and_knock(&key).await;
    relay.cut_once();
}

/// B loads its index; the change is committed before it knows how far that index reaches.
async fn a_change_comes_while_the_index_is_loaded(scene: &mut Scene) {
    let key = scene.with_key(&[A]).await;
    let b = scene.run.instances[B].clone();
    b.relay.lay(Trap::ReadingHead);
    let starting = b.clone();
    let started = tokio::spawn(blocking(move || starting.start()));
    b.relay.caught().await;
    scene.revoke(A, &key).await.unwrap();
    b.relay.release(None);
    started.await.unwrap().unwrap();
    scene.until_granted(2).await;
    scene.knock_at_b(&key).await;
}

/// B has read the changes and hears late that there are none: meanwhile there is one. Or its lease is granted, and it
/// hears of that much later. Then it reads no more changes.
async fn a_change_comes_while_b_hears_late(scene: &mut Scene, of: Trap) {
    let key = scene.with_key(&[A, B]).await;
    let relay = scene.stop_b(of).await;
    let revoked = scene.revoke(A, &key);
    scene.until_revoked(&key).await;
    pause(HELD_MS).await;
    no_more_changes_are_read(scene, relay, &key, revoked).await;
}

/// B goes on until it would read the changes, and is knocked at as soon as the revoke is answered.
async fn no_more_changes_are_read(scene: &Scene, b: &Relay, key: &Held, revoked: JoinHandle<Told>) {
    b.release(Some(Trap::ReadingChanges));
    revoked.await.unwrap();
    scene.knock_at_b(key).await;
    b.release(None);
}

/// B hears nothing, and the first revoke waits for it. So must a second, by either door.
async fn a_second_revoke_comes_meanwhile(scene: &mut Scene) {
    let key = scene.with_key(&[A, B, C]).await;
    let relay = scene.swallow_at_b().await;
    let first = scene.revoke(A, &key);
    scene.until_revoked(&key).await;
    let again = async {
        scene.revoke(C, &key).await.unwrap();
        scene.knock_at_b(&key).await;
    };
    let itself = async {
        scene.run.let_revoke_itself(C, &key).await;
        scene.knock_at_b(&key).await;
    };
    tokio::join!(again, itself);
    first.await.unwrap();
    relay.cut_once();
}

/// The change takes its number right behind B's grant, and B hears nothing more. B's clock is slow.
async fn the_slow_clock_is_asked_often(scene: &mut Scene, chances: usize) {
    scene.enter(&[A, B]).await;
    for _ in 0..chances {
        scene.until_granted(2).await;
        let key = scene.key().await;
        let a = &scene.run.instances[A].relay;
        a.lay(Trap::TakingANumber);
        let revoked = scene.revoke(A, &key);
        a.caught().await;
        let b = scene.stop_b(Trap::HearingOfGrant).await;
        a.release(None);
        b.release(Some(Trap::ReadingChanges));
        let knocking = scene.keep_knocking_at_b(&key);
        revoked.await.unwrap();
        pause(500).await;
        knocking.iter().for_each(JoinHandle::abort);
        b.release(None);
        if !scene.judged().violations.is_empty() {
            return;
        }
    }
}

/// B's lease ends, and beside the database there is a copy of how it was.
async fn the_lease_ends_beside_a_replica(scene: &mut Scene, copy: &str) {
    let key = scene.with_key(&[A]).await;
    let a = scene.run.instances[A].clone();
    blocking(move || {
        a.signal("TERM");
        a.ended();
    })
    .await;
    scene.cluster.copy(&scene.database, copy);
    scene.enter(&[A, B]).await;
    let relay = scene.stop_b(Trap::ReadingChanges).await;
    scene.revoke_and_knock(&key).await;
    relay.release(None);
}

/// B has seen that there is a change, and cannot read it.
async fn the_changes_are_read_late(scene: &mut Scene) {
    let key = scene.with_key(&[A, B]).await;
    // The end of one renewal: the head that is read next is read at the beginning of another.
    let relay = scene.stop_b(Trap::HearingOfGrant).await;
    relay.release(Some(Trap::ReadingHead));
    relay.caught().await;
    let revoked = scene.revoke(A, &key);
    scene.until_revoked(&key).await;
    no_more_changes_are_read(scene, relay, &key, revoked).await;
}
