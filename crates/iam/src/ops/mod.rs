//! The operations of IAM, one file each.

pub mod attach_user_policy;
pub mod change_password;
pub mod create_login_profile;
pub mod create_user;
pub mod create_virtual_mfa_device;
pub mod deactivate_mfa_device;
pub mod delete_account_password_policy;
pub mod delete_login_profile;
pub mod delete_virtual_mfa_device;
pub mod enable_mfa_device;
pub mod generate_credential_report;
pub mod get_account_authorization_details;
pub mod get_account_password_policy;
pub mod get_credential_report;
pub mod get_login_profile;
pub mod get_mfa_device;
pub mod get_user;
pub mod list_mfa_device_tags;
pub mod list_mfa_devices;
pub mod list_users;
pub mod list_virtual_mfa_devices;
pub mod resync_mfa_device;
pub mod tag_mfa_device;
pub mod untag_mfa_device;
pub mod update_account_password_policy;
pub mod update_login_profile;

mod shapes;
