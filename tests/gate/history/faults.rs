//! What goes wrong in a run, one thing after the other and sometimes two at once, as the dice say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::clients::{Run, pause};
use super::cluster::Cluster;
use super::dice::Dice;
use super::instance::Instance;
use super::relay::Way;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An instance stands still, and its lease outlives that.
    ShortPause,
    /// An instance stands still for longer than its lease.
    LongPause,
    Kill,
    /// An instance is asked to stop, and started again.
    Stop,
    /// An instance's connections to the database are reset, and for a while every new one.
    Cut,
    /// Nothing comes through, and then all of it, late.
    Swallowed,
    /// Nothing comes through, and then the connections are reset.
    SwallowedThenCut,
    /// The database crashes and comes back.
    DatabaseCrash,
    HourForward,
    HourBack,
}

impl Fault {
    pub const ALL: [Fault; 10] = [
        Fault::ShortPause,
        Fault::LongPause,
        Fault::Kill,
        Fault::Stop,
        Fault::Cut,
        Fault::Swallowed,
        Fault::SwallowedThenCut,
        Fault::DatabaseCrash,
        Fault::HourForward,
        Fault::HourBack,
    ];
}

/// When something was wrong.
pub type Trouble = (Fault, Duration, Duration);

/// Deals out faults: all of them once, then all of them once more.
pub struct Deck {
    dice: Dice,
    left: Vec<Fault>,
}

impl Deck {
    pub fn of(dice: Dice) -> Deck {
        Deck { dice, left: Vec::new() }
    }

    fn draw(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left = Fault::ALL.to_vec();
        }
        let at = self.dice.below(self.left.len());
        self.left.swap_remove(at)
    }

    /// Lets something go wrong and makes it good again; tells what, and from when to when. One time in
    /// three another instance has a fault of its own meanwhile.
    pub async fn deal(&mut self, run: &Arc<Run>, cluster: &Arc<Cluster>) -> Vec<Trouble> {
        let (fault, first) = (self.draw(), self.dice.below(run.instances.len()));
        let one = wrong(fault, run.clone(), first, cluster.clone(), self.dice.split());
        let second = (first + 1 + self.dice.below(run.instances.len() - 1)) % run.instances.len();
        let beside = [Fault::ShortPause, Fault::LongPause, Fault::Cut, Fault::Swallowed];
        let beside = beside[self.dice.below(beside.len())];
        let dice = self.dice.split();
        let troubles = if self.dice.one_in(3) {
            let two = wrong(beside, run.clone(), second, cluster.clone(), dice);
            let (one, two) = tokio::join!(one, two);
            vec![one, two]
        } else {
            vec![one.await]
        };
        pause(self.dice.between(200, 1_200)).await;
        troubles
    }
}

/// How often each happened.
pub fn by_kind(troubles: &[Trouble]) -> BTreeMap<Fault, usize> {
    troubles.iter().fold(BTreeMap::new(), |mut counts, (fault, ..)| {
        *counts.entry(*fault).or_insert(0) += 1;
        counts
    })
}

async fn wrong(fault: Fault, run: Arc<Run>, at: usize, cluster: Arc<Cluster>, mut dice: Dice) -> Trouble {
    let started = run.history.now();
    let instance = run.instances[at].clone();
    match fault {
        Fault::ShortPause => stand_still(&instance, dice.between(300, 2_000)).await,
        Fault::LongPause => stand_still(&instance, dice.between(3_300, 5_500)).await,
        Fault::Kill => start_again(&instance, "KILL", dice.between(0, 1_500)).await,
        Fault::Stop => start_again(&instance, "TERM", dice.between(0, 500)).await,
        Fault::Cut => {
            instance.relay.set(Way::Cut);
            pause(dice.between(0, 4_500)).await;
            instance.relay.set(Way::Open);
        }
        Fault::Swallowed => {
            instance.relay.set(Way::Swallowing);
            pause(dice.between(500, 5_500)).await;
            instance.relay.set(Way::Open);
        }
        Fault::SwallowedThenCut => {
            instance.relay.set(Way::Swallowing);
            pause(dice.between(500, 5_500)).await;
            instance.relay.cut_once();
        }
        Fault::DatabaseCrash => {
            let down = dice.between(0, 2_000);
            blocking(move || {
                cluster.crash();
                std::thread::sleep(Duration::from_millis(down));
                cluster.begin();
            })
            .await;
        }
        Fault::HourForward | Fault::HourBack => {
            cluster.step_clock(if fault == Fault::HourForward { 3_600 } else { -3_600 });
            pause(dice.between(500, 1_500)).await;
            cluster.step_clock(0); // and the step back is one, too
        }
    }
    (fault, started, run.history.now())
}

async fn stand_still(instance: &Arc<Instance>, ms: u64) {
    instance.signal("STOP");
    pause(ms).await;
    instance.signal("CONT");
}

async fn start_again(instance: &Arc<Instance>, signal: &'static str, down_ms: u64) {
    let stopping = instance.clone();
    blocking(move || {
        stopping.signal(signal);
        stopping.ended();
    })
    .await;
    pause(down_ms).await;
    let mut why = String::new();
    for _ in 0..20 {
        let starting = instance.clone();
        match blocking(move || starting.start()).await {
            Ok(()) => return,
            Err(said) => why = said, // something else is wrong meanwhile
        }
        pause(200).await;
    }
    panic!("an instance does not come back: {why}");
}

pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it does not panic")
}
