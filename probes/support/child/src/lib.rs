#![doc = include_str!("../README.md")]

mod inside;
mod memory_file;
mod parent;
mod task;

pub use inside::run;
pub use memory_file::MemoryFile;
pub use parent::{Child, Program};
pub use task::Task;
