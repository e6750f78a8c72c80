//! The keys room: what a key is, what may be granted, and the page on which a team keeps its keys.

pub mod addresses;
pub mod bounds;
pub mod catalog;
pub mod choice;
pub mod cursor;
pub mod domains;
pub mod draft;
pub mod expiration;
pub mod grants;
pub mod in_force;
pub mod key;
pub mod lines;
pub mod listing;
pub mod name;
pub mod realm;
pub mod secret;
pub mod sort;
pub mod toggles;
pub mod wording;

pub(crate) mod changed;
mod create_page;
pub(crate) mod facts;
mod in_use;
mod matrix;
mod place;
pub(crate) mod shown;
pub mod store;

pub(crate) use store::revoke_itself;

pub mod create;
pub mod delete;
pub mod details;
pub mod edit;
pub mod list;
pub mod refusals;
pub mod revoke;
pub mod revoke_all;
pub mod using;

/// The addresses of this room. Every address of a dialog carries the query of the list below it.
pub mod address {
    use super::key::KeyId;
    use crate::projects::project::ProjectId;

    /// The page.
    pub const LIST: &str = "/settings/developers";
    /// The page's address in other products.
    pub const ALIAS: &str = "/settings/api";
    /// Where a create form is sent.
    pub const LIST_OF_KEYS: &str = "/settings/developers/keys";
    /// Asks for a new key.
    pub const NEW: &str = "/settings/developers/keys/new";
    /// The pattern of a key's details.
    pub const KEY: &str = "/settings/developers/keys/{id}";
    /// The pattern of its edit form.
    pub const EDIT: &str = "/settings/developers/keys/{id}/edit";
    /// The pattern of what was refused of it since its revocation.
    pub const REFUSALS: &str = "/settings/developers/keys/{id}/refusals";
    /// The pattern of its revocation.
    pub const REVOCATION: &str = "/settings/developers/keys/{id}/revocation";
    /// The revocation of all keys.
    pub const REVOCATION_OF_ALL: &str = "/settings/developers/revocation";
    /// The pattern of what makes a proxy ask about keys.
    pub const USING: &str = "/settings/developers/using/{proxy}";
    /// The pattern of its deletion.
    pub const DELETION: &str = "/settings/developers/keys/{id}/deletion";

    /// The page, with the keys of one project.
    pub fn of_project(project: &ProjectId) -> String {
        format!("{LIST}?project={project}")
    }

    /// A key's address, by its pattern.
    pub fn of(pattern: &str, id: &KeyId) -> String {
        pattern.replace("{id}", id.as_str())
    }
}
