//! What keeps secrets beside a service: fetched, put where the service looks for them, and kept as they become.
//!
//! What: [`Agent`] fetches the current values of named secrets, writes them to files and templates, and waits for changes by
//! WatchSecrets, so that nothing is polled while the server knows that. Where it does not (AWS itself, or a caller that may not),
//! values are asked for every so often.
//!
//! Invariants
//! - While the server is away the last value is served, and files stay as they are.
//! - A file is never half written: it is made beside its place with mode 0400 and renamed.
//! - No value is printed or logged.

mod child;
mod fetch;
mod local_api;
mod outputs;
mod source;
mod watch;

pub use child::{Child, OnChange, code_of};
pub use fetch::{Fetcher, Known};
pub use local_api::{ApiToken, serve};
pub use outputs::Outputs;
pub use source::Source;
pub use watch::Agent;
