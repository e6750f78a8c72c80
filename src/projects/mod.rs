//! The projects room: what a team files its keys under.

pub mod project;

pub(crate) mod store;

pub use store::{all, filed_under, find, open_of};

/// The addresses of this room.
pub mod address {
    use super::project::ProjectId;

    /// The page; projects are made there, too.
    pub const LIST: &str = "/settings/projects";
    /// The pattern of a project's new name.
    pub const EDIT: &str = "/settings/projects/{id}/edit";
    /// The pattern of its end for new keys.
    pub const ARCHIVAL: &str = "/settings/projects/{id}/archival";
    /// The pattern of its return.
    pub const RESTORATION: &str = "/settings/projects/{id}/restoration";

    /// A project's address, by its pattern.
    pub fn of(pattern: &str, id: &ProjectId) -> String {
        pattern.replace("{id}", id.as_str())
    }
}
