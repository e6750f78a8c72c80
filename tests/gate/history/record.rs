//! What clients asked and were answered, and the judge: a pure function over it.
//!
//! All times are of one monotonic clock, the clients' own. A change counts from the moment its answer was
//! received, so nothing that the judge calls a violation can be a matter of who was faster.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a client wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Create,
    Revoke,
    Verify,
}

/// What it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The change was made, or the key is good.
    Yes,
    /// 401.
    Refused,
    /// 503: it cannot be decided, or not be changed, now.
    NotNow,
    /// No answer: whatever was asked may have happened, or not.
    Nothing,
    /// No answer that there should ever be.
    Odd(u16),
}

/// One question and its answer.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // where it was asked is told by how it prints
pub struct Operation {
    pub key: usize,
    pub deed: Deed,
    /// Which instance was asked.
    pub at: usize,
    pub started: Duration,
    pub ended: Duration,
    pub told: Told,
}

/// Everything that happened, as it comes in.
pub struct History {
    zero: Instant,
    operations: Mutex<Vec<Operation>>,
}

impl History {
    pub fn begin() -> History {
        History { zero: Instant::now(), operations: Mutex::default() }
    }

    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// Writes down what ended just now.
    pub fn note(&self, key: usize, deed: Deed, at: usize, started: Duration, told: Told) {
        self.note_ended(key, deed, at, (started, self.now()), told);
    }

    /// Writes down what ended a moment ago.
    pub fn note_ended(&self, key: usize, deed: Deed, at: usize, (started, ended): (Duration, Duration), told: Told) {
        self.operations.lock().unwrap().push(Operation { key, deed, at, started, ended, told });
    }

    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap().clone()
    }
}

/// What must not have happened.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // told by how it prints
pub enum Violation {
    /// A key was good for a verification that started after its revoke was answered.
    GoodAfterRevoke { verification: Operation, answered: Duration },
    /// A key whose creation was answered, and that nobody had tried to revoke, was refused.
    LiveRefused { verification: Operation },
    /// Neither yes nor no nor "not now".
    OddAnswer { operation: Operation },
}

/// What the judge saw.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Verifications that were answered with yes or no.
    pub decided: usize,
    /// Of these, those that started after the answer to their key's revoke.
    pub after_revoke: usize,
    /// Verifications that were answered 503, or not at all.
    pub undecided: usize,
    /// Verifications that started after the answer to their key's revoke, whatever came of them.
    pub asked_after_revoke: usize,
    pub creates: usize,
    pub revokes: usize,
    pub violations: Vec<Violation>,
}

/// When what is known of a key became so.
#[derive(Clone, Copy, Default)]
struct Life {
    created: Option<Duration>,
    revoke_tried: Option<Duration>,
    revoked: Option<Duration>,
}

fn earlier(of: &mut Option<Duration>, at: Duration) {
    *of = Some(of.map_or(at, |known| known.min(at)));
}

fn lives(history: &[Operation]) -> Vec<Life> {
    let keys = history.iter().map(|operation| operation.key + 1).max().unwrap_or(0);
    let mut lives = vec![Life::default(); keys];
    for operation in history {
        let life = &mut lives[operation.key];
        match (operation.deed, operation.told) {
            (Deed::Create, Told::Yes) => earlier(&mut life.created, operation.ended),
            (Deed::Revoke, told) => {
                earlier(&mut life.revoke_tried, operation.started);
                if told == Told::Yes {
                    earlier(&mut life.revoked, operation.ended);
                }
            }
            _ => {}
        }
    }
    lives
}

/// Judges a whole history, in whatever order it was written down.
pub fn judge(history: &[Operation]) -> Judgement {
    let lives = lives(history);
    let mut seen = Judgement::default();
    for &operation in history {
        let life = lives[operation.key];
        if matches!(operation.told, Told::Odd(_)) {
            seen.violations.push(Violation::OddAnswer { operation });
        }
        match operation.deed {
            Deed::Create => seen.creates += usize::from(operation.told == Told::Yes),
            Deed::Revoke => seen.revokes += usize::from(operation.told == Told::Yes),
            Deed::Verify => judge_one(operation, life, &mut seen),
        }
    }
    seen
}

fn judge_one(verification: Operation, life: Life, seen: &mut Judgement) {
    let (started, ended) = (verification.started, verification.ended);
    let answered = life.revoked.filter(|at| *at < started);
    match (verification.told, answered) {
        (Told::Yes, Some(answered)) => {
            seen.violations.push(Violation::GoodAfterRevoke { verification, answered });
        }
        (Told::Refused, _) => {
            let was_made = life.created.is_some_and(|at| at < started);
            let may_be_revoked = life.revoke_tried.is_some_and(|at| at <= ended);
            if was_made && !may_be_revoked {
                seen.violations.push(Violation::LiveRefused { verification });
            }
        }
        _ => {}
    }
    seen.asked_after_revoke += usize::from(answered.is_some());
    match verification.told {
        Told::Yes | Told::Refused => {
            seen.decided += 1;
            seen.after_revoke += usize::from(answered.is_some());
        }
        Told::NotNow | Told::Nothing | Told::Odd(_) => seen.undecided += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(deed: Deed, started: u64, ended: u64, told: Told) -> Operation {
        let at = Duration::from_millis;
        Operation { key: 0, deed, at: 0, started: at(started), ended: at(ended), told }
    }

    fn found(history: &[Operation]) -> usize {
        // The order in which things were written down says nothing.
        let backwards: Vec<_> = history.iter().rev().copied().collect();
        assert_eq!(judge(history).violations.len(), judge(&backwards).violations.len());
        judge(history).violations.len()
    }

    #[test]
    fn a_good_key_after_the_answer_to_its_revoke_is_a_violation() {
        let revoke = did(Deed::Revoke, 10, 20, Told::Yes);
        for (started, violations) in [(5, 0), (15, 0), (20, 0), (21, 1)] {
            assert_eq!(found(&[revoke, did(Deed::Verify, started, 90, Told::Yes)]), violations, "{started}");
        }
        assert_eq!(found(&[revoke, did(Deed::Verify, 21, 90, Told::Refused)]), 0);
        for no_answer in [Told::NotNow, Told::Nothing] {
            assert_eq!(found(&[revoke, did(Deed::Verify, 21, 90, no_answer)]), 0);
            let unanswered = did(Deed::Revoke, 10, 20, no_answer);
            assert_eq!(found(&[unanswered, did(Deed::Verify, 21, 90, Told::Yes)]), 0, "nothing was promised");
        }
    }

    #[test]
    fn the_first_answer_of_several_counts() {
        let both = [did(Deed::Revoke, 10, 50, Told::Yes), did(Deed::Revoke, 11, 20, Told::Yes)];
        let late = did(Deed::Verify, 30, 40, Told::Yes);
        assert_eq!(found(&[both[0], both[1], late]), 1);
        assert_eq!(found(&[both[0], late]), 0);
    }

    #[test]
    fn a_refused_live_key_is_a_violation() {
        let create = did(Deed::Create, 10, 20, Told::Yes);
        for (started, violations) in [(15, 0), (20, 0), (21, 1)] {
            assert_eq!(found(&[create, did(Deed::Verify, started, 30, Told::Refused)]), violations, "{started}");
        }
        for told in [Told::Yes, Told::NotNow, Told::Nothing] {
            let verified = did(Deed::Verify, 25, 30, Told::Refused);
            assert_eq!(found(&[create, verified, did(Deed::Revoke, 30, 90, told)]), 0, "it may have been revoked");
            assert_eq!(found(&[create, verified, did(Deed::Revoke, 31, 90, told)]), 1, "nobody had tried to");
        }
        assert_eq!(found(&[did(Deed::Create, 10, 20, Told::Nothing), did(Deed::Verify, 25, 30, Told::Refused)]), 0);
    }

    #[test]
    fn an_odd_answer_is_a_violation_and_not_now_never_is() {
        assert_eq!(found(&[did(Deed::Verify, 1, 2, Told::Odd(500)), did(Deed::Revoke, 1, 2, Told::Odd(429))]), 2);
        assert_eq!(found(&[did(Deed::Create, 0, 1, Told::Yes), did(Deed::Verify, 5, 6, Told::NotNow)]), 0);
    }

    #[test]
    fn one_key_says_nothing_of_another() {
        let other = Operation { key: 1, ..did(Deed::Verify, 30, 40, Told::Yes) };
        assert_eq!(found(&[did(Deed::Revoke, 10, 20, Told::Yes), other]), 0);
    }

    #[test]
    fn what_was_seen_is_counted() {
        let told = [Told::Yes, Told::Refused, Told::NotNow, Told::Nothing];
        let mut history: Vec<_> = told.iter().map(|told| did(Deed::Verify, 5, 6, *told)).collect();
        history.extend(told.iter().map(|told| did(Deed::Verify, 30, 31, *told)));
        history.extend([did(Deed::Create, 0, 1, Told::Yes), did(Deed::Revoke, 10, 20, Told::Yes)]);
        let seen = judge(&history);
        assert_eq!((seen.decided, seen.after_revoke, seen.undecided), (4, 2, 4));
        assert_eq!(seen.asked_after_revoke, 4);
        assert_eq!((seen.creates, seen.revokes, seen.violations.len()), (1, 1, 2));
    }
}
