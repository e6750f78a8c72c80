//! The keys room, action by action.

mod create;
mod delete;
mod details;
mod edit;

mod kill;
mod list;
mod own;
mod revoke;
mod revoke_all;
mod soak;
