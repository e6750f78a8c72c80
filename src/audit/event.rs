//! One line of the audit log. It never holds a secret, a digest or a password.

use std::net::IpAddr;

use crate::clock::Moment;
use crate::people::member::{PersonId, TeamId};

/// Who did it, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// None for a key that acts itself, and for commands on the server.
    pub person: Option<PersonId>,
    /// None for commands on the server.
    pub address: Option<IpAddr>,
}

impl Who {
    /// Somebody with a shell on the server.
    pub const COMMAND: Who = Who { person: None, address: None };
}

/// The result of what was done. Refusals are in the request log, except those of sign-ins.
pub const DONE: &str = "done";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The first team and its owner were made.
    SetUp,
    /// A person joined a team.
    MemberAdded,
    /// A person signed in.
    SignedIn,
    /// Somebody failed to sign in to an account; the detail says how many times since the last such event.
    SignInFailed,
    /// A person signed out.
    SignedOut,
    /// A person has a new password.
    PasswordChanged,
    /// A person went on in another of their teams.
    TeamSwitched,
    /// A setting of the team was changed.
    TeamChanged,
    /// A key was made.
    KeyCreated,
    /// A key has a new name.
    KeyRenamed,
    /// A key was revoked.
    KeyRevoked,
    /// A key was deleted.
    KeyDeleted,
    /// Every live key of a team was revoked; each has a row of its own, too.
    AllKeysRevoked,
    /// A live key works within other bounds.
    KeyBounded,
    /// A project was made.
    ProjectCreated,
    /// A project has a new name.
    ProjectRenamed,
    /// A project takes no new keys.
    ProjectArchived,
    /// An archived project takes new keys again.
    ProjectRestored,
    /// A program may ask about keys.
    GateTokenAdded,
    /// A program may no longer ask.
    GateTokenRemoved,
}

impl Action {
    /// As it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Action::SetUp => "set_up",
            Action::MemberAdded => "member_added",
            Action::SignedIn => "signed_in",
            Action::SignInFailed => "sign_in_failed",
            Action::SignedOut => "signed_out",
            Action::PasswordChanged => "password_changed",
            Action::TeamSwitched => "team_switched",
            Action::TeamChanged => "team_changed",
            Action::KeyCreated => "key_created",
            Action::KeyRenamed => "key_renamed",
            Action::KeyRevoked => "key_revoked",
            Action::KeyDeleted => "key_deleted",
            Action::AllKeysRevoked => "all_keys_revoked",
            Action::KeyBounded => "key_bounded",
            Action::ProjectCreated => "project_created",
            Action::ProjectRenamed => "project_renamed",
            Action::ProjectArchived => "project_archived",
            Action::ProjectRestored => "project_restored",
            Action::GateTokenAdded => "gate_token_added",
            Action::GateTokenRemoved => "gate_token_removed",
        }
    }

    /// How it ended, as it is stored.
    pub fn result(self) -> &'static str {
        match self {
            Action::SignInFailed => "failed",
            _ => DONE,
        }
    }
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// By whom.
    pub who: Who,
    /// In which team, if in one.
    pub team: Option<TeamId>,
    /// What.
    pub action: Action,
    /// On what: the id of a key, a person or a team.
    pub subject: String,
    /// What a reader wants to know beside it, such as a name.
    pub detail: String,
}
