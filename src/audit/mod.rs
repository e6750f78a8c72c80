//! The audit room: who did what, when, from where. Other rooms record in their own transaction;
//! nothing is ever changed or deleted.

pub mod event;
mod store;

pub use event::{Action, DONE, Event, Who};
pub use store::record;
