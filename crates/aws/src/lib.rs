//! The wire: AWS's service models as Rust types, and the protocols that carry them.
//!
//! What: generated shapes for each served API (inputs, outputs, enumerations, error codes, operation
//! tables), the codecs of AWS JSON 1.1, REST-JSON and the query protocol, and SigV4.
//! Why here: services see shapes and never a wire format; the formats are written once for all services.
//!
//! How a request is read: bytes → [`json::parse`] (or [`query::parse`], [`rest_json::bind_request`]) →
//! a [`Node`] tree → `decode` of the operation's [`Input`], which checks types, required members and every
//! constraint of the model in one pass.
//! How an answer is written: an [`Output`] → [`JsonWriter`] (or [`query::encode_answer`],
//! [`rest_json::encode_answer`]); an error → [`WireError::encode`].
//!
//! Invariants
//! - Nothing here knows a rule of a service beyond its model; overrides are a table of the generator (xtask).
//! - Unknown and repeated members are refused (docs/adr/0002).
//! - No error contains content of a member that the model marks sensitive or keeps out of the trail.

mod buffer;
mod debug;
pub mod decode;
pub mod document;
pub mod error;
mod form;
pub mod generated;
pub mod json;
mod json_writer;
pub mod malformed;
pub mod model;
#[cfg(test)]
mod patterns_test;
pub mod query;
pub mod rest_json;
mod rules;
mod shape;
pub mod sigv4;
mod violations;
pub mod writer;
mod xml_writer;

pub use decode::DecodeError;
pub use document::Node;
pub use error::WireError;
pub use generated::{iam, keywright, kms, secretsmanager, sts};
pub use json_writer::JsonWriter;
pub use malformed::Malformed;
pub use model::{OperationModel, Protocol, ServiceModel};
pub use shape::{Input, Output, WireEnum};
pub use violations::Violations;
pub use writer::DocumentWriter;
pub use xml_writer::XmlWriter;
