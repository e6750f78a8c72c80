//! The keys room, action by action.

mod create;
mod delete;
mod details;
mod edit;

mod kill;
mod list;
mod revoke;
mod soak;
