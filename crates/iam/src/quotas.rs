//! How many of what an account and its identities may have.
//!
//! Source: IAM User Guide, "IAM and AWS STS quotas", the defaults.

pub(crate) const USERS: usize = 5_000;
pub(crate) const GROUPS: usize = 300;
pub(crate) const ROLES: usize = 1_000;
pub(crate) const POLICIES: usize = 1_500;
pub(crate) const POLICY_VERSIONS_IN_USE: usize = 10_000;
pub(crate) const VERSIONS_PER_POLICY: usize = 5;
pub(crate) const ATTACHED_POLICIES: usize = 10;
pub(crate) const GROUPS_PER_USER: usize = 10;
pub(crate) const ACCESS_KEYS_PER_USER: usize = 2;

/// Letters of policies, white space not counted.
pub(crate) const POLICY_SIZE: usize = 6_144;
pub(crate) const USER_POLICY_SIZE: usize = 2_048;
pub(crate) const GROUP_POLICY_SIZE: usize = 5_120;
pub(crate) const ROLE_POLICY_SIZE: usize = 10_240;
pub(crate) const TRUST_POLICY_SIZE: usize = 2_048;
