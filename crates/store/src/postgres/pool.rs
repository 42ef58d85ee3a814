//! Connections: how many, how long they are waited for, and how a database that is away is left in peace.

use super::fault::{Fault, with_causes};
use super::options::PostgresOptions;
use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, TimeoutType, Timeouts,
};
use parking_lot::Mutex;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, Socket};

/// Requests that wait for a connection at once; more are refused on the spot.
const WAITING_MAX: usize = 1024;
/// After a connection could not be opened, the next attempt waits this long, and twice as long each time after.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// How long a statement may wait for a row that another transaction holds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// A bounded set of connections to one database.
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    timeout: Duration,
    /// What kept the last connection from being opened, until when nobody tries again, and the pause after that.
    away: Mutex<Option<Away>>,
}

#[derive(Debug, Clone)]
struct Away {
    cause: String,
    until: Instant,
    pause: Duration,
    /// Somebody tries it now.
    probing: bool,
}

/// The one attempt under way; whatever becomes of it, the next may follow.
struct Probe<'a> {
    away: Option<&'a Mutex<Option<Away>>>,
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if let Some(away) = self.away
            && let Some(known) = &mut *away.lock()
        {
            known.probing = false;
        }
    }
}

/// What an operator wants to know of the connection to the database.
#[derive(Debug, Clone)]
pub struct Connections {
    /// The database, without its password.
    pub database: String,
    pub open: usize,
    pub connections_max: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// Why the last attempt to open one failed; none when it did not.
    pub fault: Option<String>,
}

impl Pool {
    pub(super) fn new(options: &PostgresOptions, connections_max: usize) -> Self {
        let manager = Manager::from_connect(
            options.config.clone(),
            Connector { options: options.clone() },
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(connections_max)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .build()
            .expect("a runtime for the timeouts is given");
        Self { pool, timeout: options.timeout, away: Mutex::new(None) }
    }

    /// A connection, waited for within the timeout. While the database is away one request at a time tries to open
    /// one; the others are refused on the spot.
    pub(super) async fn get(&self) -> Result<Object, Fault> {
        let status = self.pool.status();
        if status.waiting >= WAITING_MAX {
            return Err(Fault::Refused(format!("{WAITING_MAX} requests wait for the database already")));
        }
        let probing = match self.may_open(status.available)? {
            Some(probe) => probe,
            None => Probe { away: None },
        };
        let timeouts = Timeouts {
            wait: Some(self.timeout),
            create: Some(self.timeout),
            recycle: Some(Duration::from_secs(1)),
        };
        let gotten = self.pool.timeout_get(&timeouts).await;
        drop(probing);
        match gotten {
            Ok(connection) => {
                if self.away.lock().take().is_some() {
                    tracing::info!("the database is back");
                }
                Ok(connection)
            }
            Err(PoolError::Backend(error)) => {
                let cause = match error.as_db_error() {
                    Some(_) => match Fault::of(&error) {
                        Fault::Refused(cause) | Fault::Lost(cause) | Fault::Silent(cause) => cause,
                        Fault::Conflict | Fault::DiskFull => error.to_string(),
                    },
                    None => format!("the database cannot be reached: {}", with_causes(&error)),
                };
                self.note_away(&cause);
                Err(Fault::Refused(cause))
            }
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Fault::Refused(format!(
                "no connection to the database became free within {} s: it is slow, or connections_max is too low",
                self.timeout.as_secs()
            ))),
            Err(PoolError::Timeout(_)) => {
                let cause = format!("the database did not answer within {} s", self.timeout.as_secs());
                self.note_away(&cause);
                Err(Fault::Refused(cause))
            }
            Err(other) => Err(Fault::Refused(other.to_string())),
        }
    }

    /// Whether a connection may be asked for: yes while the database is there; while it is away, for one at a time.
    fn may_open(&self, idle: usize) -> Result<Option<Probe<'_>>, Fault> {
        let mut away = self.away.lock();
        match &mut *away {
            Some(known) if idle == 0 => {
                if known.probing || Instant::now() < known.until {
                    return Err(Fault::Refused(known.cause.clone()));
                }
                known.probing = true;
                Ok(Some(Probe { away: Some(&self.away) }))
            }
            _ => Ok(None),
        }
    }

    /// Nobody asks again for a while.
    pub(super) fn note_away(&self, cause: &str) {
        let mut away = self.away.lock();
        let pause = away.as_ref().map_or(PAUSE_MIN, |before| (before.pause * 2).min(PAUSE_MAX));
        if away.is_none() {
            tracing::warn!(cause, "the database is away; it is tried again");
        }
        let until = Instant::now() + pause;
        *away = Some(Away { cause: cause.to_owned(), until, pause, probing: false });
    }

    /// Closes a connection that must not be used again, and the idle ones, which lead to the same server. One that
    /// says nothing is left in peace for a while.
    pub(super) fn discard(&self, connection: Object, fault: &Fault) {
        drop(Object::take(connection));
        let _dropped = self.pool.retain(|_, _| false);
        if let Fault::Silent(cause) = fault {
            self.note_away(cause);
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    pub(super) fn status(&self, database: String) -> Connections {
        let status = self.pool.status();
        Connections {
            database,
            open: status.size,
            connections_max: status.max_size,
            waiting: status.waiting,
            fault: self.away.lock().as_ref().map(|away| away.cause.clone()),
        }
    }
}

/// Opens connections as the options want them.
pub(super) struct Connector {
    pub(super) options: PostgresOptions,
}

type Opened = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        let mut config = config.clone();
        Box::pin(async move {
            if let Some(path) = &self.options.password_file {
                match std::fs::read_to_string(path).map(zeroize::Zeroizing::new) {
                    Ok(password) => {
                        config.password(password.trim_end_matches(['\r', '\n']));
                    }
                    Err(cause) => {
                        tracing::error!(path = %path.display(), %cause, "the database's password file cannot be read");
                    }
                }
            }
            let (client, connection) = match self.options.tls.connector() {
                None => open(&config, NoTls).await?,
                Some(tls) => open(&config, tls).await?,
            };
            client.batch_execute(&session(self.options.timeout)).await?;
            Ok((client, connection))
        })
    }
}

async fn open<T>(config: &Config, tls: T) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    let running = tokio::spawn(async move {
        if let Err(fault) = connection.await {
            tracing::debug!(fault = with_causes(&fault), "a connection to the database ended");
        }
    });
    Ok((client, running))
}

/// What every connection sets. A commit that is acknowledged is on the disk (and on the standbys that the database
/// waits for), whatever the database's default is; and no transaction of a node that hangs holds rows for long.
fn session(timeout: Duration) -> String {
    // The database gives up a little earlier than this side, so that its own words arrive.
    let statement = timeout.as_millis().saturating_sub(1000).max(1000);
    format!(
        "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
         SET idle_in_transaction_session_timeout = {idle}; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') IN ('off', 'local')",
        lock = LOCK_TIMEOUT.as_millis().min(statement),
        idle = timeout.as_millis(),
    )
}
