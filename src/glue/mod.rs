//! The Glue API as data: documents of connection definitions, and what they ask to test.
//!
//! A [`Document`](crate::document::Document) is JSON or YAML with places and nothing of Glue in it; [`read`] finds the definitions in it,
//! in any of the shapes that the AWS CLI writes and takes. No error of either step shows a value.

mod connection_arn;
mod connection_type;
mod definition;
mod exception;
mod glue_exception;
mod operation;
mod shape;
mod shapes;
mod spelling;
mod value;

pub use connection_arn::ConnectionArn;
pub use connection_type::{is_unified, required_properties};
pub(crate) use definition::Placed;
pub use definition::{Definition, Read, TestRequest, read};
pub use exception::Exception;
pub use glue_exception::{CommonError, FederationSourceErrorCode, GlueException};
pub use operation::{Dials, Model, Operation};
pub use shape::{Example, Member, Rejected, Shape, Text};
pub use spelling::near_property_key;
pub use value::{Exposed, Fields, Value};
