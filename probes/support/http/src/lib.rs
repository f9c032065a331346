#![doc = include_str!("../README.md")]

mod exchange;
mod first_bytes;
mod url;

pub use exchange::{Request, Response, exchange};
pub use url::WebUrl;
