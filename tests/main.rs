//! Integration tests of the binary: real servers, hostile peers, bad input, and what the user sees.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod behaviour;
mod catalog;
mod cli;
mod genuine;
mod house;
mod parity;
mod probes;
mod secrets;
mod server;
mod support;
