//! What a history says of one key: what was tried, what was answered, and so which states it may be in.

use std::time::Duration;

use super::record::{Deed, Edition, Operation, Told};

/// When a change was tried first, and when it was answered first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    tried: Option<Duration>,
    pub answered: Option<Duration>,
}

/// What is known of a key.
#[derive(Clone, Debug, Default)]
pub struct Life {
    pub created: Change,
    /// By itself, on the page, with all keys of its team; and whoever was told that it is deleted was told this, too.
    pub revoked: Change,
    pub deleted: Change,
    editions: Vec<Attempt>,
}

/// Somebody made it so, or tried to.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    edition: Edition,
    started: Duration,
    /// When it was answered; none: it may still happen.
    answered: Option<Duration>,
}

fn earlier(of: &mut Option<Duration>, at: Duration) {
    *of = Some(of.map_or(at, |known| known.min(at)));
}

impl Change {
    fn learn(&mut self, operation: &Operation) {
        earlier(&mut self.tried, operation.started);
        if operation.told == Told::Yes {
            earlier(&mut self.answered, operation.ended);
        }
    }

    /// When it was answered, if that was before a verification started: it is judged by what is so since then.
    pub fn precedes(self, verification: &Operation) -> Option<Duration> {
        self.answered.filter(|at| *at < verification.started)
    }

    /// Whether it may have happened before a verification was answered.
    pub fn may_be_known_to(self, verification: &Operation) -> bool {
        self.tried.is_some_and(|at| at <= verification.ended)
    }
}

impl Life {
    /// The lives of all keys, by their numbers; in whatever order the history was written down.
    pub fn all(history: &[Operation]) -> Vec<Life> {
        let keys = history.iter().map(|operation| operation.key + 1).max().unwrap_or(0);
        let mut lives = vec![Life::default(); keys];
        for operation in history {
            lives[operation.key].learn(operation);
        }
        lives
    }

    fn learn(&mut self, operation: &Operation) {
        match operation.deed {
            Deed::Create => {
                self.created.learn(operation);
                self.attempt(Edition::default(), operation);
            }
            Deed::Edit(edition) => self.attempt(edition, operation),
            Deed::Revoke | Deed::RevokeAll => self.revoked.learn(operation),
            Deed::Delete => {
                self.deleted.learn(operation);
                if operation.told == Told::Yes {
                    self.revoked.learn(operation);
                }
            }
            Deed::Verify(_) => {}
        }
    }

    fn attempt(&mut self, edition: Edition, operation: &Operation) {
        let answered = (operation.told == Told::Yes).then_some(operation.ended);
        self.editions.push(Attempt { edition, started: operation.started, answered });
    }

    /// The editions of which a verification may tell: all that were tried by its end, but those that another one had
    /// replaced for certain by its start.
    pub fn possible_for(&self, verification: &Operation) -> Vec<Edition> {
        let is_replaced = |attempt: &Attempt| {
            let Some(answered) = attempt.answered else { return false };
            let replaces = |later: &Attempt| {
                later.started > answered && later.answered.is_some_and(|at| at < verification.started)
            };
            self.editions.iter().any(replaces)
        };
        let tried = self.editions.iter().filter(|attempt| attempt.started <= verification.ended);
        tried.filter(|attempt| !is_replaced(attempt)).map(|attempt| attempt.edition).collect()
    }

    /// Whether a verification started after the answer to an edit.
    pub fn was_edited_before(&self, verification: &Operation) -> bool {
        let is_edit = |attempt: &&Attempt| attempt.edition.number > 0;
        let mut edits = self.editions.iter().filter(is_edit);
        edits.any(|edit| edit.answered.is_some_and(|at| at < verification.started))
    }
}
