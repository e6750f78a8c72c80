//! A change is everywhere before it is answered: shown by a history of real instances on a real Postgres,
//! with everything going wrong meanwhile that may.
//!
//! `record` holds what was asked and answered, and judges it; `clients` ask; `faults` go wrong. A short run is part of the suite. A long one, or one with
//! a seed of your own:
//!
//! ```sh
//! KEYRACK_HISTORY=100000 KEYRACK_HISTORY_SEED=7 tests/run --test suite gate::history::runs
//! ```

mod clients;
#[allow(dead_code)]
mod cluster;
mod dice;
mod door;
mod faults;
mod instance;
#[allow(dead_code)] // the whole judgement is asked for there, too
mod record;
#[allow(dead_code)] // traps are laid where faults are planted
mod relay;
mod runs;
mod statements;
