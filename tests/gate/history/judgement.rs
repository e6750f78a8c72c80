//! What the judge saw, in numbers: whether a run has shown anything is told by them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::judge::Violation;
use super::life::Life;
use super::question::{Entrance, Question};
use super::record::{Deed, Operation, Told};

/// What was seen, and what was wrong with it.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Verifications that were answered with yes or no.
    pub decided: usize,
    /// The decided ones at each of [`Entrance::ALL`].
    pub decided_at: [usize; Entrance::ALL.len()],
    /// The decided ones that started after the answer to an edit of their key, and not to its revoke.
    pub after_edit: usize,
    /// The decided ones that started after the answer to their key's revoke.
    pub after_revoke: usize,
    /// Of these, those that started after the answer to its deletion.
    pub after_delete: usize,
    /// Verifications that were answered 503, or not at all.
    pub undecided: usize,
    /// Verifications that started after the answer to their key's revoke, whatever came of them.
    pub asked_after_revoke: usize,
    pub creates: usize,
    pub edits: usize,
    pub revokes: usize,
    /// When each Revoke ALL that was answered had begun.
    pub revokes_of_all: BTreeSet<Duration>,
    /// Keys that one of them ended.
    pub revoked_with_all: usize,
    pub deletes: usize,
    pub violations: Vec<Violation>,
}

impl Judgement {
    pub fn count(&mut self, operation: &Operation, life: &Life) {
        let made = usize::from(operation.told == Told::Yes);
        match operation.deed {
            Deed::Create => self.creates += made,
            Deed::Edit(_) => self.edits += made,
            Deed::Revoke => self.revokes += made,
            Deed::RevokeAll => {
                self.revoked_with_all += made;
                self.revokes_of_all.extend((made > 0).then_some(operation.started));
            }
            Deed::Delete => self.deletes += made,
            Deed::Verify(question) => self.count_verification(operation, question, life),
        }
    }

    fn count_verification(&mut self, verification: &Operation, question: Question, life: &Life) {
        let is_after_revoke = life.revoked.precedes(verification).is_some();
        self.asked_after_revoke += usize::from(is_after_revoke);
        if !matches!(verification.told, Told::Yes | Told::Refused) {
            self.undecided += 1;
            return;
        }
        self.decided += 1;
        self.decided_at[question.at as usize] += 1;
        self.after_edit += usize::from(!is_after_revoke && life.was_edited_before(verification));
        self.after_revoke += usize::from(is_after_revoke);
        self.after_delete += usize::from(life.deleted.precedes(verification).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::judge;
    use super::super::record::{Edition, Tells};
    use super::*;

    const VERIFY: Deed = Deed::Verify(Question::OWN);
    const AT_NGINX: Deed = Deed::Verify(Question { at: Entrance::Nginx, is_from_outside: false });

    fn did(deed: Deed, started: u64, ended: u64, told: Told) -> Operation {
        let at = Duration::from_millis;
        Operation { key: 0, deed, at: 0, started: at(started), ended: at(ended), told, tells: Tells::default() }
    }

    #[test]
    fn what_was_seen_is_counted() {
        let told = [Told::Yes, Told::Refused, Told::NotNow, Told::Nothing];
        let mut history: Vec<_> = told.iter().map(|told| did(VERIFY, 5, 6, *told)).collect();
        history.extend(told.iter().map(|told| did(VERIFY, 30, 31, *told)));
        history.extend([did(Deed::Create, 0, 1, Told::Yes), did(Deed::Revoke, 10, 20, Told::Yes)]);
        let seen = judge(&history);
        assert_eq!((seen.decided, seen.after_revoke, seen.undecided), (4, 2, 4));
        assert_eq!(seen.asked_after_revoke, 4);
        assert_eq!((seen.creates, seen.revokes, seen.violations.len()), (1, 1, 2));
        let all = |key| Operation { key, ..did(Deed::RevokeAll, 40, 50, Told::Yes) };
        history.extend([
            did(Deed::Edit(Edition { number: 1, is_bound: false }), 2, 3, Told::Yes),
            all(0),
            all(1),
            did(Deed::Delete, 60, 61, Told::Yes),
        ]);
        history.extend([did(AT_NGINX, 70, 71, Told::Refused), did(AT_NGINX, 70, 71, Told::NotNow)]);
        let seen = judge(&history);
        assert_eq!((seen.after_edit, seen.after_revoke, seen.after_delete), (2, 3, 1));
        assert_eq!((seen.edits, seen.deletes, seen.revokes_of_all.len(), seen.revoked_with_all), (1, 1, 1, 2));
        assert_eq!(seen.decided_at, [4, 0, 0, 1]);
    }
}
