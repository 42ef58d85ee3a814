//! The operations, one file each.

pub mod list_rotations;
