//! Which keys somebody reaches. Whatever reads or changes keys is given one: nothing outside of it is there.

use crate::people::member::{PersonId, TeamId};

/// A team's keys, or of these only what one person made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Whose keys.
    pub team: TeamId,
    /// Only those made by this person; none: by anyone.
    pub made_by: Option<PersonId>,
}

impl Realm {
    /// All keys of a team.
    pub fn of_team(team: TeamId) -> Realm {
        Realm { team, made_by: None }
    }
}
