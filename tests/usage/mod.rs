//! How much keys are used: noted at the gate, kept in the tables, shown on the page.

mod flush;
mod last_used;
mod seen;
mod tables;
