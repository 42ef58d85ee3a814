//! `keywright doctor`: looks at what a server needs, beside a running one or not, and says what to mend.

use crate::bootstrap::{named, open_keyring};
use crate::clock_watch::ClockRow;
use crate::config::{Config, StoreChoice};
use crate::node::NodeRow;
use crate::peers::Health;
use keywright_store::{AuditRow, Column as _, DatabaseReport, LeaseRow, Store, StoreError};
use keywright_types::Timestamp;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Good,
    /// Works now, and should be mended.
    Warning,
    /// Keeps the service from working, or from keeping its promises.
    Bad,
}

impl State {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "OK",
            Self::Warning => "WARNING",
            Self::Bad => "BAD",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    pub what: &'static str,
    pub state: State,
    /// What was found and, unless it is good, what to do.
    pub said: String,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
pub struct Doctor {
    pub found: Vec<Diagnosis>,
}

/// A clock further apart than this confuses people; the service lives with it.
const CLOCK_AHEAD_MILLIS_MAX: i64 = 1000;
/// Less free space than this on the data folder's disk is a warning.
const FREE_BYTES_MIN: u64 = 1 << 30;
const ROUND_TRIP_MILLIS_MAX: u128 = 20;

impl Doctor {
    fn good(&mut self, what: &'static str, said: impl Into<String>) {
        self.found.push(Diagnosis { what, state: State::Good, said: said.into() });
    }

    fn warn(&mut self, what: &'static str, said: impl Into<String>) {
        self.found.push(Diagnosis { what, state: State::Warning, said: said.into() });
    }

    fn bad(&mut self, what: &'static str, said: impl Into<String>) {
        self.found.push(Diagnosis { what, state: State::Bad, said: said.into() });
    }

    /// Looks at everything; nothing is written.
    pub async fn examine(config: &Config) -> Self {
        let mut doctor = Self::default();
        doctor.folder(&config.data);
        let store = match Store::open_read_only(&config.store_location(), &config.watermarks()).await {
            Ok(store) => store,
            Err(fault) => {
                doctor.bad("store", fault.to_string());
                return doctor;
            }
        };
        doctor.store(config, &store).await;
        store.close().await;
        doctor
    }

    fn folder(&mut self, data: &Path) {
        let shown = data.display();
        match std::fs::metadata(data) {
            Err(cause) => return self.bad("data folder", format!("{shown}: {cause}")),
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                self.warn("data folder", format!("others may look into {shown}: chmod 700 {shown}"));
            }
            Ok(_) => self.good("data folder", format!("{shown}, for its owner alone")),
        }
        if let Ok(space) = rustix::fs::statvfs(data) {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let said = format!("{} MiB free where {shown} is", free >> 20);
            if free < FREE_BYTES_MIN {
                self.warn("disk", format!("{said}: the trail and the store stop when it is full"));
            } else {
                self.good("disk", said);
            }
        }
    }

    async fn store(&mut self, config: &Config, store: &Store) {
        if let StoreChoice::Postgres(options) = &config.store {
            match store.diagnose().await {
                Ok(Some(report)) => self.database(&report, &options.to_string()),
                Ok(None) => {}
                Err(fault) => return self.bad("database", fault.to_string()),
            }
        }
        match open_keyring(config, store).await {
            Ok(keyring) => {
                store.unlock(keyring.row_mac());
                self.good("root key", format!("{} opens the store", config.seal_file.display()));
            }
            Err(fault) => return self.bad("root key", fault.to_string()),
        }
        self.good("store", named(config));
        if let Err(fault) = self.nodes(config, store).await {
            self.bad("nodes", fault.to_string());
        }
    }

    fn database(&mut self, report: &DatabaseReport, name: &str) {
        let version = report.version.split(" on ").next().unwrap_or_default();
        if report.in_recovery {
            self.bad(
                "database",
                format!(
                    "{name} is a standby: name the primary too, and target_session_attrs=read-write ({version})"
                ),
            );
        } else {
            self.good("database", format!("{version}, {} connections in use", report.connections_in_use));
        }
        let setting = |name: &str| report.settings.get(name).map_or("", String::as_str);
        for name in ["fsync", "full_page_writes"] {
            if setting(name) != "on" {
                self.bad(
                    "durability",
                    format!(
                        "{name} = {}: a crash may lose what was acknowledged; set it to on",
                        setting(name)
                    ),
                );
            }
        }
        if ["off", "local"].contains(&setting("synchronous_commit")) {
            self.good(
                "durability",
                "synchronous_commit is off by default; every session of this service sets it to on",
            );
        }
        if report.clock_ahead_millis.abs() > CLOCK_AHEAD_MILLIS_MAX {
            self.warn(
                "clock",
                format!(
                    "the database's clock is {} ms from this machine's: let both follow NTP",
                    report.clock_ahead_millis
                ),
            );
        } else {
            self.good("clock", format!("{} ms from the database's", report.clock_ahead_millis));
        }
        let round_trip = report.round_trip.as_micros();
        let said = format!("{round_trip} us for a round trip");
        if report.round_trip.as_millis() > ROUND_TRIP_MILLIS_MAX {
            self.warn(
                "latency",
                format!("{said}: every change waits for one; put nodes and database closer"),
            );
        } else {
            self.good("latency", said);
        }
    }

    async fn nodes(&mut self, config: &Config, store: &Store) -> Result<(), StoreError> {
        let now = store.database_now().await?;
        let nodes = store.select::<NodeRow>("ORDER BY started_at", &[]).await?;
        let mut live = 0_usize;
        let mut names = BTreeMap::new();
        for node in &nodes {
            let node = &node.row;
            let health = Health::of(node, now);
            names.insert(node.node_id.to_string(), (health, node.address.clone()));
            let seen = now.since(node.seen_at).as_secs();
            let said =
                format!("{} at {}, {}, seen {seen} s ago", node.node_id, node.address, health.as_str());
            match health {
                Health::Live => live += 1,
                // A server alone says only once a minute that it lives.
                Health::Dead if !store.is_shared() && seen < 150 => live += 1,
                Health::Stopped | Health::Dead => {}
            }
            if health == Health::Dead && store.is_shared() {
                self.warn(
                    "node",
                    format!("{said}: it was killed or cannot reach the database; start it again"),
                );
            } else {
                self.good("node", said);
            }
        }
        self.waiting(store, &names).await?;
        self.leases(store, &names, now).await?;
        self.clock(store, now).await?;
        if let StoreChoice::Postgres(options) = &config.store
            && let Some(report) = store.diagnose().await?
            && let Some(most) =
                report.settings.get("max_connections").and_then(|most| most.parse::<usize>().ok())
        {
            // One more each follows the changes.
            let wanted = (options.connections_max + 1) * live.max(1);
            let said = format!("{live} live nodes may open {wanted} of the database's {most} connections");
            if wanted + 5 > most {
                self.warn(
                    "connections",
                    format!("{said}: raise max_connections or lower database.connections_max"),
                );
            } else {
                self.good("connections", said);
            }
        }
        Ok(())
    }

    /// Records that wait to be written to a trail.
    async fn waiting(
        &mut self,
        store: &Store,
        names: &BTreeMap<String, (Health, String)>,
    ) -> Result<(), StoreError> {
        let mut of_gone = 0;
        let rows = store.select::<AuditRow>("ORDER BY at LIMIT 10000", &[]).await?;
        for row in &rows {
            let health = names.get(&row.row.node_id.to_string()).map(|(health, _)| *health);
            of_gone += u64::from(health != Some(Health::Live));
        }
        if of_gone > 0 && store.is_shared() {
            self.warn(
                "trail",
                format!("{of_gone} records of nodes that are gone wait: a live node takes them over within a minute"),
            );
        } else {
            self.good("trail", format!("{} records on their way", rows.len()));
        }
        Ok(())
    }

    async fn leases(
        &mut self,
        store: &Store,
        names: &BTreeMap<String, (Health, String)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut free = Vec::new();
        for lease in store.select::<LeaseRow>("ORDER BY name", &[]).await? {
            if lease.row.until > now {
                held.entry(lease.row.node_id.to_string()).or_default().push(lease.row.name);
            } else {
                free.push(lease.row.name);
            }
        }
        for (node, leases) in held {
            let address = names.get(&node).map_or("", |(_, address)| address.as_str());
            self.good("leases", format!("{node} at {address} holds {}", leases.join(" ")));
        }
        if !free.is_empty() {
            self.warn(
                "leases",
                format!("nobody holds {}: a live node takes them within seconds", free.join(" ")),
            );
        }
        Ok(())
    }

    async fn clock(&mut self, store: &Store, _now: Timestamp) -> Result<(), StoreError> {
        let found = store.find::<ClockRow>(&["heartbeat".to_owned().to_value()]).await?;
        let Some(clock) = found.map(|found| found.row) else { return Ok(()) };
        if clock.destruction_hold_millis > 0 {
            self.warn(
                "deletion",
                format!(
                    "on hold for {} minutes of uptime more, after a gap in the service's time",
                    clock.destruction_hold_millis / 60_000
                ),
            );
        }
        Ok(())
    }
}
