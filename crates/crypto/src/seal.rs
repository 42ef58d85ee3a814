//! Seals: how the root key is kept outside the store. `file` is the first kind.

mod file;

pub use file::{FileSeal, SealError};
