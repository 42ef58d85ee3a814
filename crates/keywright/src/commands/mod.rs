//! The subcommands, one file each.

pub mod rotation;
pub mod server;
pub mod trail;
