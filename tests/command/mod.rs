//! The commands, each as a person runs it: the real program in a process of its own.

mod catalog;
mod demo;
mod migrate;
mod serve;
mod user;
