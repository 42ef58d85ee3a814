//! The operations of IAM, one file each.

pub mod attach_user_policy;
pub mod create_user;
pub mod get_context_keys_for_custom_policy;
pub mod get_context_keys_for_principal_policy;
pub mod get_user;
pub mod list_users;
pub mod simulate_custom_policy;
pub mod simulate_principal_policy;

mod shapes;
