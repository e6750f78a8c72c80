//! The run: three instances, many clients, faults from a seed, until enough was seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clients::{Changer, Run, pause};
use super::cluster::Cluster;
use super::dice::Dice;
use super::faults::{Deck, Fault, Trouble, blocking, by_kind};
use super::habits::{keep_changing, keep_revoking_all, keep_verifying};
use super::instance::{self, Instance, assert_no_key_logged};
use super::judge::judge;
use super::judgement::Judgement;
use super::question::Entrance;
use super::record::{Deed, Operation, Told};

/// Verifications after a revoke of the short run.
const ENOUGH: usize = 2_000;
/// Who verifies at each instance, and who changes.
const VERIFIERS: usize = 2;
const CHANGERS: usize = 6;
/// Revokes whose answers are timed with nobody else there.
const REVOKES_AT_REST: usize = 40;
/// How long all are well before the first fault, and after the last.
const CALM_MS: u64 = 2_500;
/// After a fault, what was held up by it may take so long still: the lease, and what was waiting for it.
const AFTERMATH: Duration = Duration::from_secs(5);

fn number_in(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_change_is_everywhere_before_it_is_answered_whatever_goes_wrong() {
    let enough = number_in("KEYRACK_HISTORY").map_or(ENOUGH, |n| n as usize);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = number_in("KEYRACK_HISTORY_SEED").unwrap_or(now % 1_000_000_007);
    eprintln!("the history's seed is {seed} (KEYRACK_HISTORY_SEED={seed} deals the same faults)");
    let cluster = Arc::new(blocking(Cluster::start).await);
    let database = cluster.database();
    let instances = instance::several(&cluster, &database, &[&[], &[], &[]]).await;
    start_all(&instances).await;

    let run = Run::on(instances);
    let at_rest = revoke_at_rest(&run).await;
    let begun = Instant::now();
    let troubles = live_through(&run, &cluster, seed, enough).await;
    let history = run.history.operations();
    let seen = judge(&history);
    report(&seen, &troubles, begun.elapsed(), &history, &at_rest);
    assert!(seen.violations.is_empty(), "seed {seed}: {:#?}", &seen.violations[..seen.violations.len().min(5)]);
    let kinds = [seen.after_edit, seen.after_delete, seen.revoked_with_all].into_iter().chain(seen.decided_at);
    assert_eq!(kinds.filter(|count| *count == 0).count(), 0, "seed {seed}: something was not tried");
    blocking(move || assert_no_key_logged(&run.instances)).await;
}

async fn start_all(instances: &[Arc<Instance>]) {
    for instance in instances {
        let starting = instance.clone();
        blocking(move || starting.start()).await.unwrap();
    }
}

/// Keys that are revoked one after the other while all are well and nobody else is there; how fast that is answered.
async fn revoke_at_rest(run: &Arc<Run>) -> String {
    let mut olga = Changer::at(run, 0).await;
    for n in 0..REVOKES_AT_REST {
        let key = olga.create(n % run.instances.len()).await.expect("a key is made while all are well");
        match n % 2 {
            0 => olga.revoke(n % run.instances.len(), &key).await,
            _ => run.let_revoke_itself(n % run.instances.len(), &key).await,
        };
    }
    let history = run.history.operations();
    told(revokes(&history).map(|asked| asked.ended - asked.started).collect())
}

fn revokes(history: &[Operation]) -> impl Iterator<Item = &Operation> {
    history.iter().filter(|asked| asked.deed == Deed::Revoke && asked.told == Told::Yes)
}

/// Everybody at work, and one fault after the other, until there is enough to judge.
async fn live_through(run: &Arc<Run>, cluster: &Arc<Cluster>, seed: u64, enough: usize) -> Vec<Trouble> {
    let mut dice = Dice::of(seed);
    let mut deck = Deck::of(dice.split());
    let mut clients = Vec::new();
    for changer in 0..CHANGERS {
        let changer = Changer::at(run, changer % run.instances.len()).await;
        clients.push(tokio::spawn(keep_changing(run.clone(), changer, dice.split())));
    }
    let sam = Changer::of("sam", run, 0).await;
    clients.push(tokio::spawn(keep_revoking_all(run.clone(), sam, dice.split())));
    for verifier in 0..VERIFIERS * run.instances.len() {
        clients.push(tokio::spawn(keep_verifying(run.clone(), verifier % run.instances.len(), dice.split())));
    }
    let mut troubles = Vec::new();
    pause(CALM_MS).await;
    while by_kind(&troubles).len() < Fault::ALL.len() || judge(&run.history.operations()).after_revoke < enough {
        troubles.extend(deck.deal(run, cluster).await);
    }
    pause(CALM_MS).await;
    run.end();
    for client in clients {
        client.await.expect("no client fails");
    }
    troubles
}

/// What happened, in one block that can be read and quoted.
fn report(seen: &Judgement, troubles: &[Trouble], took: Duration, history: &[Operation], at_rest: &str) {
    let kinds: Vec<String> = by_kind(troubles).iter().map(|(fault, count)| format!("{fault:?} {count}")).collect();
    let doors = Entrance::ALL.iter().zip(seen.decided_at).map(|(door, count)| format!("{door:?} {count}"));
    eprintln!(
        "three instances, {:.0} s: {} verifications decided, {} of them after the answer to an edit, {} to a revoke, {} to a \
         deletion; {} undecided (503 or cut off)\n\
         at the doors: {}\n\
         {} keys created, {} edits answered, {} revokes, {} deletions, and {} Revoke ALL, which ended {} keys; \
         {} faults: {}\n\
         revokes answered alone and at rest: {at_rest}; {}\n\
         violations: {}",
        took.as_secs_f64(),
        seen.decided,
        seen.after_edit,
        seen.after_revoke,
        seen.after_delete,
        seen.undecided,
        doors.collect::<Vec<_>>().join(", "),
        seen.creates,
        seen.edits,
        seen.revokes,
        seen.deletes,
        seen.revokes_of_all.len(),
        seen.revoked_with_all,
        troubles.len(),
        kinds.join(", "),
        latencies(troubles, history),
        seen.violations.len(),
    );
}

/// How fast revokes were answered when all were well, and when not.
fn latencies(troubles: &[Trouble], history: &[Operation]) -> String {
    let (mut calm, mut rough) = (Vec::new(), Vec::new());
    for asked in revokes(history).skip(REVOKES_AT_REST) {
        let meets = |(_, from, to): &Trouble| asked.ended >= *from && asked.started <= *to + AFTERMATH;
        let took = asked.ended - asked.started;
        if troubles.iter().any(meets) { rough.push(took) } else { calm.push(took) }
    }
    format!("in the crowd while all were well: {}; under faults: {}", told(calm), told(rough))
}

fn told(mut spans: Vec<Duration>) -> String {
    spans.sort();
    let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
    match spans.as_slice() {
        [] => "none".to_owned(),
        all => format!(
            "median {:.1} ms, longest {:.0} ms, of {}",
            ms(all[all.len() / 2]),
            ms(all[all.len() - 1]),
            all.len()
        ),
    }
}
