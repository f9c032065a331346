//! The Glue API as data: documents of connection definitions, and what they ask to test.
//!
//! Reading goes in two steps. A [`Document`] is JSON or YAML with places and nothing of Glue in it; [`read`] then finds the
//! definitions in it, in any of the shapes that the AWS CLI writes and takes. No error of either step shows a value.

mod definition;
mod document;
mod input;
mod spelling;

pub use definition::{Definition, Read, TestRequest, read};
pub use document::{Document, DocumentError, Item, Node, Syntax};
pub use input::{read_file, read_stream};
pub use spelling::near_property_key;
