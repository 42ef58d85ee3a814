//! Where the engines' SQL differs.

/// Words that a statement leaves open, as `{name}`, for the engine to fill in.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Text that compares byte by byte, whatever the database's locale is.
    text: &'static str,
    blob: &'static str,
    /// The database's clock, in milliseconds since the epoch.
    now: &'static str,
    /// Passes over rows that another transaction holds; there is none where one connection writes.
    skip_locked: &'static str,
}

pub(crate) const SQLITE: Dialect = Dialect {
    text: "TEXT",
    blob: "BLOB",
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    skip_locked: "",
};

pub(crate) const POSTGRES: Dialect = Dialect {
    text: "TEXT COLLATE \"C\"",
    blob: "BYTEA",
    now: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    skip_locked: "FOR UPDATE SKIP LOCKED",
};

impl Dialect {
    pub(crate) fn fill(&self, template: &str) -> String {
        template
            .replace("{text}", self.text)
            .replace("{blob}", self.blob)
            .replace("{now}", self.now)
            .replace("{skip_locked}", self.skip_locked)
    }
}
