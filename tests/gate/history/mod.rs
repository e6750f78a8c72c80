//! A change is everywhere before it is answered: shown by a history of real instances on a real Postgres,
//! with everything going wrong meanwhile that may.
//!
//! `record` holds what was asked and answered, `question` in which ways; `judge` judges it by the `life` of each key;
//! `clients` have `habits`; `faults` go wrong; `planted` shows that the judge would find what it looks for. A short run
//! is part of the suite. A long one, or one with a seed of your own:
//!
//! ```sh
//! KEYRACK_HISTORY=100000 KEYRACK_HISTORY_SEED=7 tests/run --test suite gate::history::runs -- --nocapture
//! KEYRACK_HISTORY_FAULT=no-wait tests/run --test suite gate::history::planted -- --nocapture
//! ```

pub mod clients;
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
pub mod cluster;
mod dice;
pub mod door;
pub mod faults;
mod habits;
pub mod instance;
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
mod judge;
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
mod judgement;
#[cfg(feature = "planted-faults")]
mod kinds;
mod life;
#[cfg(feature = "planted-faults")]
mod planted;
mod question;
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
pub mod record;
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
mod relay;
mod runs;
#[cfg(feature = "planted-faults")]
mod scene;
mod statements;
