//! The people room: who is a member of which team, how they prove it, and for how long.

pub mod member;
pub mod password;
pub mod session;
pub mod slow_down;

mod hashing;
pub(crate) mod sessions;
pub(crate) mod store;

pub mod login;
pub mod logout;
pub mod security;
pub mod setup;

pub use hashing::Hashing;
pub use sessions::Sessions;
pub use store::{find_holder, find_member, find_person, has_owner, names_of, owners_of};

/// The addresses of this room.
pub mod address {
    /// The first run: makes the first team and its owner.
    pub const SETUP: &str = "/setup";
    /// Sign in.
    pub const LOGIN: &str = "/login";
    /// Sign out.
    pub const LOGOUT: &str = "/logout";
    /// One's own password.
    pub const SECURITY: &str = "/account/security";
}
