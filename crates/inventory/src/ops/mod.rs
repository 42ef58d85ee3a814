//! The operations, one file each.

pub mod abandon_secret_rotation;
pub mod create_account;
pub mod explain_access;
pub mod get_secret_rotation;
pub mod inspect_ciphertext;
pub mod list_accounts;
pub mod list_key_lineage;
pub mod list_key_material_usage;
pub mod list_rotations;
pub mod preflight_secret_rotation;
pub mod report_secret_use;
pub mod retry_secret_rotation;
pub mod watch_secrets;
