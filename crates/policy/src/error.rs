//! Why a text is not a policy.

/// What is wrong with a policy's text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, or JSON with a member twice.
    #[error("the policy is not well-formed JSON: {message} at line {line} column {column}")]
    Syntax { message: String, line: usize, column: usize },
    /// JSON, but not a policy.
    #[error("{path}: {message}")]
    Form { path: String, message: String },
}

impl PolicyError {
    pub(crate) fn form(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Form { path: path.into(), message: message.into() }
    }
}
