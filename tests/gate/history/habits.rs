//! What clients do until the run is over: some only verify, some make keys, edit, revoke and delete them, and one
//! revokes all keys of its team again and again.

use std::sync::Arc;

use keyrack::keys::key::KeyId;
use tokio::task::JoinSet;

use super::clients::{Changer, Held, Run, pause};
use super::dice::Dice;
use super::door::Door;
use super::question::{Entrance, Question};
use super::record::{Deed, Edition, Told};

/// The team whose keys are all revoked again and again: nobody else has keys there.
pub const HARBOUR: &str = "Harbour";

/// Any question, the half of them from outside of the network that bound keys are held to.
fn any_question(dice: &mut Dice) -> Question {
    Question { at: Entrance::ALL[dice.below(Entrance::ALL.len())], is_from_outside: dice.one_in(2) }
}

/// Verifies on one instance.
pub async fn keep_verifying(run: Arc<Run>, at: usize, mut dice: Dice) {
    let mut door = Door::default();
    while !run.is_over() {
        match run.one_of_the_latest(&mut dice) {
            // Who hears nothing or nothing new asks again a little later.
            Some(key) => match run.ask(&mut door, at, &key, any_question(&mut dice)).await {
                Told::Nothing | Told::NotNow => pause(20).await,
                _ => pause(dice.below(8) as u64).await,
            },
            None => pause(10).await,
        }
    }
}

/// Verifies a key at every instance right now, so often each: where nobody answers, only a crowd waits.
fn knock_everywhere(run: &Arc<Run>, key: &Held, times: usize, dice: &mut Dice) {
    for at in 0..run.instances.len() {
        let Some(place) = run.place_at(at) else { continue };
        let (run, key, mut dice) = (run.clone(), key.clone(), dice.split());
        tokio::spawn(async move {
            let _place = place;
            let mut door = Door::default();
            for _ in 0..times {
                run.ask(&mut door, at, &key, any_question(&mut dice)).await;
            }
        });
    }
}

/// Creates keys, edits the most of them, lets them live for a moment, revokes them, and deletes some.
pub async fn keep_changing(run: Arc<Run>, mut changer: Changer, mut dice: Dice) {
    while !run.is_over() {
        let Some(key) = changer.create(dice.below(run.instances.len())).await else {
            pause(50).await;
            continue;
        };
        knock_everywhere(&run, &key, 1, &mut dice);
        if let Some(id) = &key.id {
            edit_some_times(&run, &mut changer, (&key, id), &mut dice).await;
        }
        pause(20 + dice.below(100) as u64).await;
        revoke(&run, &changer, &key, &mut dice).await;
        if let Some(id) = &key.id
            && dice.one_in(2)
        {
            delete(&run, &mut changer, (&key, id), &mut dice).await;
        }
    }
}

/// Renames a key, up to three times, and most times binds it or opens it again. What was not answered is asked for
/// again as it was, as people do, before something else is.
async fn edit_some_times(run: &Arc<Run>, changer: &mut Changer, (key, id): (&Held, &KeyId), dice: &mut Dice) {
    let mut edition = Edition::default();
    for number in 1..=dice.below(4) as u32 {
        edition = Edition { number, is_bound: edition.is_bound ^ !dice.one_in(3) };
        pause(dice.below(50) as u64).await;
        while changer.edit(dice.below(run.instances.len()), (key, id), edition).await != Told::Yes && !run.is_over() {
            pause(100).await;
        }
        knock_everywhere(run, key, 2, dice);
    }
}

/// Revokes a key by either way, and every other time by two at once, on any instances.
async fn revoke(run: &Arc<Run>, changer: &Changer, key: &Held, dice: &mut Dice) {
    // Where two revoke at once, neither may be answered before the change is everywhere.
    let mut revokes = JoinSet::new();
    for _ in 0..1 + usize::from(dice.one_in(2)) {
        let (mut changer, key, mut dice, run) = (changer.clone(), key.clone(), dice.split(), run.clone());
        revokes.spawn(async move {
            pause(dice.below(15) as u64).await;
            while revoke_somehow(&run, &mut changer, &key, &mut dice).await != Told::Yes && !run.is_over() {
                pause(100).await;
            }
            knock_everywhere(&run, &key, 4, &mut dice);
        });
    }
    while let Some(done) = revokes.join_next().await {
        done.expect("a revoke does not fail");
    }
}

async fn revoke_somehow(run: &Arc<Run>, changer: &mut Changer, key: &Held, dice: &mut Dice) -> Told {
    let at = dice.below(run.instances.len());
    if dice.one_in(2) { changer.revoke(at, key).await } else { run.let_revoke_itself(at, key).await }
}

/// Deletes a revoked key.
async fn delete(run: &Arc<Run>, changer: &mut Changer, (key, id): (&Held, &KeyId), dice: &mut Dice) {
    let mut is_first = true;
    while !run.is_over() {
        let told = changer.delete(dice.below(run.instances.len()), (key, id), is_first).await;
        if matches!(told, Told::Yes | Told::Refused) {
            return knock_everywhere(run, key, 2, dice);
        }
        is_first = false;
        pause(100).await;
    }
}

/// Makes some keys and revokes all of them by one stroke.
pub async fn keep_revoking_all(run: Arc<Run>, mut changer: Changer, mut dice: Dice) {
    let mut unanswered = Vec::new();
    while !run.is_over() {
        let mut keys = Vec::new();
        for _ in 0..2 + dice.below(3) {
            keys.extend(changer.create(dice.below(run.instances.len())).await);
        }
        for key in &keys {
            // What was not answered may still happen, and end keys that were made since.
            for (at, asked) in &unanswered {
                run.history.note(key.number, Deed::RevokeAll, *at, *asked, Told::Nothing);
            }
            knock_everywhere(&run, key, 1, &mut dice);
        }
        pause(50 + dice.below(300) as u64).await;
        while !run.is_over() {
            let at = dice.below(run.instances.len());
            let (told, asked) = changer.revoke_all(at, HARBOUR, &keys).await;
            if told == Told::Yes {
                break;
            }
            unanswered.push((at, asked));
            pause(100).await;
        }
        for key in &keys {
            knock_everywhere(&run, key, 3, &mut dice);
        }
    }
}
