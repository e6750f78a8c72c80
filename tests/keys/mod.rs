//! The keys room, action by action.

mod bounds;
mod create;
mod delete;
mod details;
mod edit;
mod fields;
mod filed;
mod kill;
mod kinds;
pub mod list;
mod own;
mod refusals;
mod revoke;
mod revoke_all;
mod soak;
mod using;
