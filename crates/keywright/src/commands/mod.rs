//! The subcommands, one file each.

pub mod account;
pub mod agent;
pub mod census;
pub mod doctor;
pub mod exec;
pub mod inspect;
pub mod policy;
pub mod rotation;
pub mod server;
pub mod trail;
