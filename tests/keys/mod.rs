//! The keys room, action by action.

mod create;
