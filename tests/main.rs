//! Every test against a real server, on real SQLite and real Postgres. `tests/run` starts what they need.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod world;

mod access;
mod browser;
mod command;
mod connections;
mod gate;
mod house;
mod keys;
mod metrics;
mod people;
mod projects;
mod reference;
mod requests;
mod store;
mod usage;
