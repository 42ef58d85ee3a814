//! The operations of STS, one file each.
//!
//! | file | what it gives |
//! |---|---|
//! | `assume_role` | a session of a role, to whom its trust policy names |
//! | `assume_role_with_web_identity` | the same, to whom a provider of identities vouches for |
//! | `get_session_token` | temporary credentials of the caller itself, with a second factor |
//! | `get_caller_identity`, `get_access_key_info` | who is this |
//! | `decode_authorization_message` | nothing: no encoded messages are given out |
//!
//! What the first two have in common is in `role_session` (the wish, the role, the session made of both), `session_tags`
//! and `narrowing` (session policies).

pub mod assume_role;
pub mod assume_role_with_web_identity;
mod credentials;
pub mod decode_authorization_message;
pub mod get_access_key_info;
pub mod get_caller_identity;
pub mod get_session_token;
mod narrowing;
mod proof;
mod role_session;
mod session_tags;

pub use role_session::trust_of;
