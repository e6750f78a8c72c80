//! Every kind of change, and not a revoke alone: the judge finds one that is answered too early, and asking for what
//! was changed already is answered no earlier than the change itself.

use std::sync::Arc;

use keyrack::keys::key::KeyId;

use super::clients::{Changer, Held};
use super::cluster::Cluster;
use super::faults::blocking;
use super::habits::HARBOUR;
use super::judgement::Judgement;
use super::record::{Edition, Told};
use super::scene::{A, B, C, Scene, Variables};

/// Another name and nothing else; and another name, and held to a network.
const RENAMED: Edition = Edition { number: 1, is_bound: false };
const BOUND: Edition = Edition { number: 2, is_bound: true };
/// How often the scene is played in which too little was to be seen: the machine stood still, and a lease ended.
const PLAYS: usize = 3;

fn id(key: &Held) -> (&Held, &KeyId) {
    (key, key.id.as_ref().expect("the page told of it"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_kind_of_change_that_is_answered_too_early_is_found_and_nothing_is_without_it() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let no_wait: Variables = vec![("KEYRACK_PLANTED_FAULT", "no-wait".to_owned())];
    let mut found = Vec::new();
    for _ in 0..PLAYS {
        let (keys, seen) = all_is_changed_behind_b(&cluster, no_wait.clone()).await;
        found = keys.map(|key| seen.violations.iter().filter(|wrong| wrong.key() == key).count()).to_vec();
        if !found.contains(&0) {
            break;
        }
    }
    eprintln!("no-wait: violations found of a renamed, a bound, a deleted key, and after Revoke ALL: {found:?}");
    assert!(!found.contains(&0), "{found:?}");
    let (_, seen) = all_is_changed_behind_b(&cluster, vec![]).await;
    assert!(seen.violations.is_empty() && seen.asked_after_revoke > 0, "{seen:?}");
}

/// B hears nothing, and everything is changed at A, once each; then B is asked about all of it. The keys' numbers.
async fn all_is_changed_behind_b(cluster: &Arc<Cluster>, planted: Variables) -> ([usize; 4], Judgement) {
    let mut scene = Scene::set(cluster, &[planted.clone(), planted.clone(), planted]).await;
    scene.enter(&[A, B]).await;
    let (renamed, bound, deleted) = (scene.key().await, scene.key().await, scene.key().await);
    let (mut olga, mut sam) = (scene.olga(), Changer::of("sam", &scene.run, A).await);
    let harbours = sam.create(A).await.expect("a key is made while all are well");
    assert_eq!(olga.revoke(A, &deleted).await, Told::Yes);
    scene.until_granted(2).await;
    let relay = scene.swallow_at_b().await;
    assert_eq!(olga.edit(A, id(&renamed), RENAMED).await, Told::Yes);
    assert_eq!(olga.edit(A, id(&bound), BOUND).await, Told::Yes);
    assert_eq!(olga.delete(A, id(&deleted), true).await, Told::Yes);
    assert_eq!(sam.revoke_all(A, HARBOUR, std::slice::from_ref(&harbours)).await.0, Told::Yes);
    let keys = [&renamed, &bound, &deleted, &harbours];
    tokio::join!(
        scene.knock_at_b(keys[0]),
        scene.knock_at_b(keys[1]),
        scene.knock_at_b(keys[2]),
        scene.knock_at_b(keys[3])
    );
    relay.cut_once();
    let numbers = keys.map(|key| key.number);
    (numbers, scene.end().await)
}

/// B hears nothing, and a first change waits for it. Somebody else asks for the same at C.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_edit_that_was_made_already_is_answered_no_earlier_than_the_first() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let mut scene = Scene::set(&cluster, &[vec![], vec![], vec![]]).await;
    let key = scene.with_key(&[A, B, C]).await;
    let relay = scene.swallow_at_b().await;
    let (mut first, mut second, its) = (scene.olga(), scene.olga(), key.clone());
    let begun = tokio::spawn(async move { first.edit(A, id(&its), BOUND).await });
    scene.until_so(&key, &format!("name = '{}'", BOUND.name())).await;
    let asked = scene.run.history.now();
    assert_eq!(second.edit(C, id(&key), BOUND).await, Told::Yes);
    let took = scene.run.history.now() - asked;
    scene.knock_at_b(&key).await;
    assert_eq!(begun.await.unwrap(), Told::Yes);
    relay.cut_once();
    let seen = scene.end().await;
    eprintln!("an edit that was made already, and is not known everywhere yet: {:.3} s", took.as_secs_f64());
    assert!(seen.violations.is_empty(), "{:#?}", seen.violations);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_second_revoke_of_all_is_answered_no_earlier_than_the_first() {
    let cluster = Arc::new(blocking(Cluster::start).await);
    let mut scene = Scene::set(&cluster, &[vec![], vec![], vec![]]).await;
    scene.enter(&[A, B, C]).await;
    let mut first = Changer::of("sam", &scene.run, A).await;
    let key = first.create(A).await.expect("a key is made while all are well");
    let relay = scene.swallow_at_b().await;
    let (mut second, its) = (first.clone(), [key.clone()]);
    let begun = tokio::spawn(async move { first.revoke_all(A, HARBOUR, &its).await.0 });
    scene.until_revoked(&key).await;
    assert_eq!(second.revoke_all(C, HARBOUR, std::slice::from_ref(&key)).await.0, Told::Yes);
    scene.knock_at_b(&key).await;
    assert_eq!(begun.await.unwrap(), Told::Yes);
    relay.cut_once();
    let seen = scene.end().await;
    assert!(seen.violations.is_empty() && seen.revokes_of_all.len() == 2, "{seen:#?}");
}
