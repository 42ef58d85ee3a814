//! Which rotator, and how users change.

/// A built-in rotator; the secret's `Type` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotatorKind {
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// Users of Redis's access control lists.
    Redis,
    /// A service that changes a password by an HTTP request.
    Http,
}

impl RotatorKind {
    pub const ALL: &[Self] = &[Self::Postgres, Self::Mysql, Self::Redis, Self::Http];

    /// The rotator that a secret's `Type` names, such as `keywright:postgres`.
    #[must_use]
    pub fn parse_type(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.type_name() == text)
    }

    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Postgres => "keywright:postgres",
            Self::Mysql => "keywright:mysql",
            Self::Redis => "keywright:redis",
            Self::Http => "keywright:http",
        }
    }

    /// As messages name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
            Self::Http => "the service",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
            Self::Redis => 6379,
            Self::Http => 443,
        }
    }
}

/// How users change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The user gets another password: new logins with the old one fail from then on.
    SingleUser,
    /// Two users with the same rights take turns: the credential before stays good for one more period. Takes an
    /// administrator's secret.
    AlternatingUsers,
}

impl Strategy {
    pub const ALL: &[Self] = &[Self::SingleUser, Self::AlternatingUsers];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SingleUser => "single-user",
            Self::AlternatingUsers => "alternating-users",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|strategy| strategy.as_str() == text)
    }
}
