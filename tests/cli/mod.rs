//! The command line.

pub(crate) mod ci_runner;
pub(crate) mod input;
pub(crate) mod operations;
pub(crate) mod output;
pub(crate) mod signals;
pub(crate) mod sweep;
pub(crate) mod terminal;
pub(crate) mod unprivileged;
pub(crate) mod wait;
