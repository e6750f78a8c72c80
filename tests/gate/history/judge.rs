//! The judge: a pure function over a history.

use std::time::Duration;

use super::judgement::Judgement;
use super::life::Life;
use super::question::Question;
use super::record::{Deed, Edition, Operation, Told, Word};

/// What must not have happened.
#[derive(Clone, Debug)]
#[allow(dead_code)] // told by how it prints
pub enum Violation {
    /// A key was good for a verification that started after its revoke was answered.
    GoodAfterRevoke { verification: Operation, answered: Duration },
    /// A key whose creation was answered, and that nobody had tried to revoke, was refused.
    LiveRefused { verification: Operation },
    /// A key was refused as it was before a change that was answered, or as it never was.
    RefusedAsBefore { verification: Operation },
    /// It was judged or told by another edition than these.
    AnotherEdition { verification: Operation, possible: Vec<Edition> },
    /// Neither yes nor no nor "not now".
    OddAnswer { operation: Operation },
}

impl Violation {
    /// The number of the key that it is about.
    pub fn key(&self) -> usize {
        match self {
            Violation::GoodAfterRevoke { verification: operation, .. }
            | Violation::LiveRefused { verification: operation }
            | Violation::RefusedAsBefore { verification: operation }
            | Violation::AnotherEdition { verification: operation, .. }
            | Violation::OddAnswer { operation } => operation.key,
        }
    }
}

/// Judges a whole history, in whatever order it was written down.
pub fn judge(history: &[Operation]) -> Judgement {
    let lives = Life::all(history);
    let mut seen = Judgement::default();
    for operation in history {
        let life = &lives[operation.key];
        seen.count(operation, life);
        if matches!(operation.told, Told::Odd(_)) {
            seen.violations.push(Violation::OddAnswer { operation: *operation });
        }
        if let Deed::Verify(question) = operation.deed {
            seen.violations.extend(violation(operation, question, life));
        }
    }
    seen
}

fn violation(verification: &Operation, question: Question, life: &Life) -> Option<Violation> {
    let violated = match verification.told {
        Told::Yes => wrongly_good(verification, question, life),
        Told::Refused => wrongly_refused(verification, question, life),
        Told::NotNow | Told::Nothing | Told::Odd(_) => return None,
    };
    violated.or_else(|| {
        let (told, possible) = (verification.tells.edition?, life.possible_for(verification));
        let verification = *verification;
        (!possible.contains(&told)).then_some(Violation::AnotherEdition { verification, possible })
    })
}

/// Whether a key may have been bound, or open, as far as that and the edition that was told go together.
fn may_have_been(is_bound: bool, verification: &Operation, life: &Life) -> bool {
    let is_told = |edition: &Edition| verification.tells.edition.is_none_or(|told| told == *edition);
    let mut possible = life.possible_for(verification).into_iter().filter(is_told);
    possible.any(|edition| edition.is_bound == is_bound)
}

fn wrongly_good(verification: &Operation, question: Question, life: &Life) -> Option<Violation> {
    let (possible, verification) = (life.possible_for(verification), *verification);
    if let Some(answered) = life.revoked.precedes(&verification) {
        return Some(Violation::GoodAfterRevoke { verification, answered });
    }
    let is_bound = question.refuses_bound() && !may_have_been(false, &verification, life);
    is_bound.then_some(Violation::AnotherEdition { verification, possible })
}

fn wrongly_refused(verification: &Operation, question: Question, life: &Life) -> Option<Violation> {
    let was_made = life.created.precedes(verification).is_some();
    let (may_be_revoked, may_be_deleted) =
        (life.revoked.may_be_known_to(verification), life.deleted.may_be_known_to(verification));
    let (is_revoked, is_deleted) =
        (life.revoked.precedes(verification).is_some(), life.deleted.precedes(verification).is_some());
    let may_be_bound = question.refuses_bound() && may_have_been(true, verification, life);
    // As what a door may refuse it that says no word of why: as anything.
    let (may_be_so, was_so) = match verification.tells.word {
        Some(Word::AddressNotAllowed) => (may_be_bound, is_revoked),
        Some(Word::Revoked) => (may_be_revoked, is_deleted),
        Some(Word::NotFound) => (may_be_deleted || !was_made, false),
        None => (may_be_revoked || may_be_bound || !was_made, false),
    };
    let verification = *verification;
    match (may_be_so, was_so) {
        (true, false) => None,
        (false, _) if was_made && !may_be_revoked => Some(Violation::LiveRefused { verification }),
        (..) => Some(Violation::RefusedAsBefore { verification }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::question::Entrance;
    use super::super::record::Tells;
    use super::*;

    const VERIFY: Deed = Deed::Verify(Question::OWN);
    const FROM_OUTSIDE: Deed = Deed::Verify(Question { at: Entrance::Nginx, is_from_outside: true });
    const FROM_INSIDE: Deed = Deed::Verify(Question { at: Entrance::Nginx, is_from_outside: false });

    fn did(deed: Deed, started: u64, ended: u64, told: Told) -> Operation {
        let at = Duration::from_millis;
        Operation { key: 0, deed, at: 0, started: at(started), ended: at(ended), told, tells: Tells::default() }
    }

    /// Refused from 50 to 60, and why.
    fn refused(deed: Deed, word: Word) -> Operation {
        Operation { tells: Tells { word: Some(word), edition: None }, ..did(deed, 50, 60, Told::Refused) }
    }

    /// Good, and of which edition.
    fn good(deed: Deed, started: u64, edition: Edition) -> Operation {
        let tells = Tells { word: None, edition: Some(edition) };
        Operation { tells, ..did(deed, started, started + 10, Told::Yes) }
    }

    fn open(number: u32) -> Edition {
        Edition { number, is_bound: false }
    }

    fn bound(number: u32) -> Edition {
        Edition { number, is_bound: true }
    }

    fn found(history: &[Operation]) -> usize {
        // The order in which things were written down says nothing.
        let backwards: Vec<_> = history.iter().rev().copied().collect();
        assert_eq!(judge(history).violations.len(), judge(&backwards).violations.len());
        judge(history).violations.len()
    }

    #[test]
    fn a_good_key_after_the_answer_to_its_revoke_is_a_violation() {
        for deed in [Deed::Revoke, Deed::RevokeAll, Deed::Delete] {
            let revoke = did(deed, 10, 20, Told::Yes);
            for (started, violations) in [(5, 0), (15, 0), (20, 0), (21, 1)] {
                assert_eq!(found(&[revoke, did(VERIFY, started, 90, Told::Yes)]), violations, "{started}");
            }
            assert_eq!(found(&[revoke, did(VERIFY, 21, 90, Told::Refused)]), 0);
            for no_answer in [Told::NotNow, Told::Nothing] {
                assert_eq!(found(&[revoke, did(VERIFY, 21, 90, no_answer)]), 0);
                let unanswered = did(deed, 10, 20, no_answer);
                assert_eq!(found(&[unanswered, did(VERIFY, 21, 90, Told::Yes)]), 0, "nothing was promised");
            }
        }
    }

    #[test]
    fn the_first_answer_of_several_counts() {
        let both = [did(Deed::Revoke, 10, 50, Told::Yes), did(Deed::Revoke, 11, 20, Told::Yes)];
        let late = did(VERIFY, 30, 40, Told::Yes);
        assert_eq!(found(&[both[0], both[1], late]), 1);
        assert_eq!(found(&[both[0], late]), 0);
    }

    #[test]
    fn a_refused_live_key_is_a_violation() {
        let create = did(Deed::Create, 10, 20, Told::Yes);
        for (started, violations) in [(15, 0), (20, 0), (21, 1)] {
            assert_eq!(found(&[create, did(VERIFY, started, 30, Told::Refused)]), violations, "{started}");
        }
        for told in [Told::Yes, Told::NotNow, Told::Nothing] {
            let verified = did(VERIFY, 25, 30, Told::Refused);
            assert_eq!(found(&[create, verified, did(Deed::Revoke, 30, 90, told)]), 0, "it may have been revoked");
            assert_eq!(found(&[create, verified, did(Deed::Revoke, 31, 90, told)]), 1, "nobody had tried to");
        }
        assert_eq!(found(&[did(Deed::Create, 10, 20, Told::Nothing), did(VERIFY, 25, 30, Told::Refused)]), 0);
    }

    #[test]
    fn a_key_is_refused_for_what_is_so_and_not_for_what_was() {
        let of = |changes: &[(Deed, Told)], word| {
            let mut history = vec![did(Deed::Create, 1, 2, Told::Yes), did(Deed::Edit(bound(1)), 3, 4, Told::Yes)];
            history.extend(changes.iter().map(|(deed, told)| did(*deed, 10, 20, *told)));
            history.push(refused(FROM_OUTSIDE, word));
            found(&history)
        };
        let (revoked, tried) = ((Deed::Revoke, Told::Yes), (Deed::Revoke, Told::Nothing));
        let (deleted, meant) = ((Deed::Delete, Told::Yes), (Deed::Delete, Told::Nothing));
        for (changes, violations) in [
            (vec![], [0, 1, 1]),
            (vec![tried], [0, 0, 1]),
            (vec![revoked], [1, 0, 1]),
            (vec![revoked, meant], [1, 0, 0]),
            (vec![revoked, deleted], [1, 1, 0]),
        ] {
            let words = [Word::AddressNotAllowed, Word::Revoked, Word::NotFound];
            assert_eq!(words.map(|word| of(&changes, word)), violations, "{changes:?}");
        }
    }

    #[test]
    fn an_edition_that_another_replaced_is_told_no_more_once_that_was_answered() {
        let create = did(Deed::Create, 1, 2, Told::Yes);
        let edit = did(Deed::Edit(open(1)), 10, 20, Told::Yes);
        for (started, before, after) in [(5, 0, 0), (20, 0, 0), (21, 1, 0)] {
            assert_eq!(found(&[create, edit, good(VERIFY, started, open(0))]), before, "{started}");
            assert_eq!(found(&[create, edit, good(VERIFY, started, open(1))]), after, "{started}");
        }
        assert_eq!(found(&[create, edit, good(VERIFY, 30, open(2))]), 1, "nobody made that");
        let later = did(Deed::Edit(open(1)), 14, 20, Told::Yes);
        assert_eq!(found(&[create, later, good(VERIFY, 3, open(1))]), 1, "nobody had tried to by then");
        let unanswered = did(Deed::Edit(open(1)), 10, 20, Told::Nothing);
        let another = did(Deed::Edit(open(2)), 30, 40, Told::Yes);
        assert_eq!(found(&[create, unanswered, another, good(VERIFY, 50, open(1))]), 0, "it may come late");
        assert_eq!(found(&[create, unanswered, another, good(VERIFY, 50, open(0))]), 1);
        let meanwhile = did(Deed::Edit(open(2)), 15, 40, Told::Yes);
        assert_eq!(found(&[create, edit, meanwhile, good(VERIFY, 50, open(1))]), 0, "either may have been the last");
    }

    #[test]
    fn a_key_that_was_bound_is_refused_from_outside_and_one_that_was_opened_is_good() {
        let create = did(Deed::Create, 1, 2, Told::Yes);
        let bind = did(Deed::Edit(bound(1)), 10, 20, Told::Yes);
        let yes = |deed| did(deed, 50, 60, Told::Yes);
        for (deed, if_good, if_refused) in [(FROM_OUTSIDE, 1, 0), (FROM_INSIDE, 0, 1), (VERIFY, 0, 1)] {
            assert_eq!(found(&[create, bind, yes(deed)]), if_good, "{deed:?}");
            assert_eq!(found(&[create, bind, refused(deed, Word::AddressNotAllowed)]), if_refused, "{deed:?}");
            assert_eq!(found(&[create, bind, did(deed, 50, 60, Told::Refused)]), if_refused, "{deed:?}, not why");
        }
        let open_again = did(Deed::Edit(open(2)), 30, 40, Told::Yes);
        assert_eq!(found(&[create, bind, open_again, yes(FROM_OUTSIDE)]), 0);
        assert_eq!(found(&[create, bind, open_again, refused(FROM_OUTSIDE, Word::AddressNotAllowed)]), 1);
        let opening = did(Deed::Edit(open(2)), 30, 40, Told::Nothing);
        assert_eq!(found(&[create, bind, opening, good(FROM_OUTSIDE, 50, bound(1))]), 1, "torn: bound and good");
    }

    #[test]
    fn an_odd_answer_is_a_violation_and_not_now_never_is() {
        assert_eq!(found(&[did(VERIFY, 1, 2, Told::Odd(500)), did(Deed::Revoke, 1, 2, Told::Odd(429))]), 2);
        assert_eq!(found(&[did(Deed::Create, 0, 1, Told::Yes), did(VERIFY, 5, 6, Told::NotNow)]), 0);
    }

    #[test]
    fn one_key_says_nothing_of_another() {
        let other = Operation { key: 1, ..did(VERIFY, 30, 40, Told::Yes) };
        assert_eq!(found(&[did(Deed::Revoke, 10, 20, Told::Yes), other]), 0);
    }
}
