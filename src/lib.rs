//! Keyrack: the Developers page of a product, and the gate that checks its keys.

pub mod app;
pub mod assets;
pub mod audit;
pub mod calendar;
pub mod clock;
pub mod command;
pub mod config;
pub mod docs;
pub mod edge;
pub mod fault;
pub mod fault_page;
pub mod gate;
pub mod guard;
pub mod health;
pub mod home;
pub(crate) mod id;
pub mod keys;
pub mod page;
pub mod people;
pub mod public_url;
pub mod refusal;
pub mod site;
pub mod store;
