//! The operations of STS, one file each.
