//! What the operator allows and demands.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of all built-in rotators.
#[derive(Debug, Clone)]
pub struct RotatorSettings {
    pub connect_timeout: Duration,
    /// The limit of a whole step.
    pub step_timeout: Duration,
    /// Characters of a new password.
    pub password_length: usize,
    /// A file of certificate authorities in PEM, believed beside the system's.
    pub ca_file: Option<PathBuf>,
    /// `host` or `host:port`; none lets secrets name any host.
    pub allowed_hosts: Option<Vec<String>>,
}

impl Default for RotatorSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(30),
            password_length: 32,
            ca_file: None,
            allowed_hosts: None,
        }
    }
}

/// Why there can be no rotators.
#[derive(Debug, thiserror::Error)]
pub enum RotatorsError {
    #[error("the certificate authorities in {} cannot be used: {cause}", path.display())]
    CaFile { path: PathBuf, cause: String },
    #[error("a password of {length} characters is outside of 16 to 128")]
    PasswordLength { length: usize },
}
