//! Where the generated code departs from the models, and why. Everything else follows them.

/// Shapes whose range or length is not checked by generated code.
/// Service, shape, reason.
pub const UNCHECKED: &[(&str, &str, &str)] = &[(
    "kms",
    "RotationPeriodInDaysType",
    "the model's floor of 90 days is AWS's; here the floor is an operator's setting, which the kms crate checks",
)];

/// HTTP statuses that the models do not give. Errors not listed, and without a status in the model, are 400.
/// Service, code, status, reason.
pub const ERROR_STATUS: &[(&str, &str, u16, &str)] = &[
    ("kms", "KMSInternalException", 500, "SDKs retry server faults only"),
    ("kms", "DependencyTimeoutException", 500, "SDKs retry server faults only"),
    ("kms", "KeyUnavailableException", 500, "SDKs retry server faults only"),
    ("secretsmanager", "InternalServiceError", 500, "SDKs retry server faults only"),
];

/// Members that the trail shows with their default when the caller left them out, as CloudTrail does.
/// Service, structure, member, text, reason.
pub const AUDIT_DEFAULTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "kms",
        "EncryptRequest",
        "EncryptionAlgorithm",
        "SYMMETRIC_DEFAULT",
        "CloudTrail names the algorithm used",
    ),
    (
        "kms",
        "DecryptRequest",
        "EncryptionAlgorithm",
        "SYMMETRIC_DEFAULT",
        "CloudTrail names the algorithm used",
    ),
    (
        "kms",
        "ReEncryptRequest",
        "SourceEncryptionAlgorithm",
        "SYMMETRIC_DEFAULT",
        "CloudTrail names the algorithm used",
    ),
    (
        "kms",
        "ReEncryptRequest",
        "DestinationEncryptionAlgorithm",
        "SYMMETRIC_DEFAULT",
        "CloudTrail names the algorithm used",
    ),
];

/// Patterns that every text matches, as the models' authors meant them; they are not compiled.
pub const TRIVIAL_PATTERNS: &[&str] = &["[\\s\\S]*", "[\\S\\s]*", ".*", "(?s).*"];

/// Patterns that the regex crate cannot spell, and what is compiled in their place. Pattern, replacement, reason.
pub const REWRITTEN_PATTERNS: &[(&str, &str, &str)] = &[(
    "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
    "[a-z0-9]+(-[a-z0-9]+)*",
    "no look-ahead; the same texts within the shape's length of 3 to 63, which is checked beside it",
)];
