//! The usage room: how much each key is used, when it was last, from where, and what of it was refused.
//!
//! The gate notes each verdict on a known key in the [`tally`](Tally), in memory; a flush adds it to the tables every
//! two seconds. Nothing here decides anything: a crash costs the last two seconds of counts, and nothing else.

pub mod clients;
pub mod history;
pub mod key_use;
pub mod noted;
pub mod outcome;
pub mod tally;
pub mod turn;
pub mod used;

mod flush;
mod store;

pub use flush::Usage;
pub use store::{DAYS_KEPT, add, counts_since, is_any_used, last_uses_of, recent};
