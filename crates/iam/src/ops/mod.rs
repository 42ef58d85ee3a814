//! The operations of IAM, one file each.

pub mod attach_user_policy;
pub mod create_user;
pub mod get_user;
pub mod list_users;

mod shapes;
