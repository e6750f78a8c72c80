//! The people room: who is a member of which team, how they prove it, and for how long.

pub mod device;
pub mod member;
pub mod password;
pub mod session;
pub mod slow_down;

mod attempt;
mod devices;
mod failed_sign_ins;
mod hashing;
pub(crate) mod sessions;
pub(crate) mod store;
mod unstored;

pub mod login;
pub mod logout;
pub mod security;
pub mod setup;
pub mod switch;
pub mod team;

pub use hashing::Hashing;
pub use sessions::Sessions;
pub use store::{find_holder, find_member, find_person, has_owner, names_of, owners_of};
pub use unstored::UnstoredFailures;

/// The addresses of this room.
pub mod address {
    use super::member::TeamId;

    /// The first run: makes the first team and its owner.
    pub const SETUP: &str = "/setup";
    /// Sign in.
    pub const LOGIN: &str = "/login";
    /// Sign out.
    pub const LOGOUT: &str = "/logout";
    /// One's own password.
    pub const SECURITY: &str = "/account/security";
    /// The settings of the current team.
    pub const TEAM: &str = "/settings/team";
    /// What the addresses of teams begin with.
    pub const TEAMS: &str = "/teams/";
    /// The pattern of the address that makes a team the current one.
    pub const CURRENT_TEAM: &str = "/teams/{id}/current";

    /// Makes that team the current one.
    pub fn current_team(id: &TeamId) -> String {
        CURRENT_TEAM.replace("{id}", id.as_str())
    }
}
