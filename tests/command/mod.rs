//! The commands, each as a person runs it: the real program in a process of its own.

mod catalog;
mod demo;
mod gate_token;
mod migrate;
mod serve;
mod user;
