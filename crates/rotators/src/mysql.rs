//! MySQL and MariaDB.
//!
//! MariaDB takes the hash of `mysql_native_password`, so that the password is in no statement. MySQL has no form for that
//! with `caching_sha2_password`: the password is in the statement, which the server itself keeps out of its logs (MySQL
//! Reference Manual, "Passwords and Logging"). Accounts of other plugins are refused: what they keep is no password's hash
//! that could be set so.
//!
//! The session's `sql_mode` is `NO_BACKSLASH_ESCAPES` alone: quotes in quoted text are doubled, and nothing else is special.
//!
//! Source: MariaDB Knowledge Base, "SET PASSWORD", "SHOW CREATE USER"; MySQL Reference Manual, "ALTER USER".

use crate::error::{StepError, scrubbed};
use crate::kind::Strategy;
use crate::rotators::{Change, Rotators};
use crate::value::Credential;
use keywright_crypto::mysql_native_hash;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, SslOpts};
use std::time::Duration;

/// MySQL takes 32 characters, MariaDB 128: the shorter of what the server takes is asked of the server.
const MYSQL_NAME_CHARS_MAX: usize = 32;
const MARIADB_NAME_CHARS_MAX: usize = 128;
/// Access denied: for the password, without one, for the host.
const REFUSED: [u16; 3] = [1045, 1698, 1130];

/// Which of the two servers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    MariaDb,
    MySql,
}

struct Session {
    conn: Conn,
    flavour: Flavour,
}

/// A session, or none if the password is refused.
async fn connect(rotators: &Rotators, credential: &Credential) -> Result<Option<Session>, StepError> {
    let mut options = OptsBuilder::default()
        .ip_or_hostname(credential.place.host.clone())
        .tcp_port(credential.place.port)
        .user(Some(credential.user.clone()))
        .pass(Some(credential.password.expose().to_owned()))
        .db_name(credential.dbname.clone())
        // A socket would be another way in than the one that applications use.
        .prefer_socket(false)
        .conn_ttl(Some(Duration::from_secs(60)))
        .init(vec!["SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"]);
    if credential.wants_tls() {
        let mut roots = Vec::with_capacity(rotators.tls.roots_der.len());
        for root in &rotators.tls.roots_der {
            roots.push(root.clone().into());
        }
        options = options
            .ssl_opts(Some(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true)));
    }
    let unreachable = |cause: &str| StepError::Unreachable {
        place: credential.place.clone(),
        cause: scrubbed(cause, &[credential.password.expose()]),
    };
    let connecting = Conn::new(Opts::from(options));
    let outcome = tokio::time::timeout(rotators.settings.connect_timeout, connecting).await;
    let mut conn = match outcome {
        Err(_) => return Err(StepError::TimedOut { place: credential.place.clone() }),
        Ok(Ok(conn)) => conn,
        Ok(Err(mysql_async::Error::Server(fault))) if REFUSED.contains(&fault.code) => return Ok(None),
        Ok(Err(mysql_async::Error::Server(fault))) => return Err(unreachable(&fault.message)),
        Ok(Err(fault)) => return Err(unreachable(&fault.to_string())),
    };
    let version: Option<String> = conn
        .query_first("SELECT VERSION()")
        .await
        .map_err(|fault| failed(credential, "tell its version", &fault, &[]))?;
    let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
    let flavour = if is_mariadb { Flavour::MariaDb } else { Flavour::MySql };
    Ok(Some(Session { conn, flavour }))
}

fn failed(
    login: &Credential,
    doing: &'static str,
    fault: &mysql_async::Error,
    passwords: &[&str],
) -> StepError {
    let cause = match fault {
        mysql_async::Error::Server(server) => server.message.clone(),
        other => other.to_string(),
    };
    StepError::Failed {
        place: login.place.clone(),
        user: login.user.clone(),
        doing,
        cause: scrubbed(&cause, passwords),
    }
}

pub(crate) async fn logs_in(rotators: &Rotators, credential: &Credential) -> Result<bool, StepError> {
    let Some(mut session) = connect(rotators, credential).await? else { return Ok(false) };
    session
        .conn
        .query_drop("SELECT 1")
        .await
        .map_err(|fault| failed(credential, "answer SELECT 1", &fault, &[]))?;
    let _closed = session.conn.disconnect().await;
    Ok(true)
}

pub(crate) async fn set(change: &Change<'_>) -> Result<(), StepError> {
    match change.strategy {
        Strategy::SingleUser => {
            if logs_in(change.rotators, &change.pending).await? {
                return Ok(());
            }
            for (login, _) in change.logins() {
                let Some(session) = connect(change.rotators, login).await? else { continue };
                let mut work = Work { change, login, session };
                return match login.user == change.pending.user {
                    true => work.set_own().await,
                    false => work.set_of_all_hosts().await,
                };
            }
        }
        // That the other user logs in does not say that it has its rights: there is no transaction around what makes it.
        Strategy::AlternatingUsers => {
            let admin = change.admin.as_ref().ok_or(StepError::NoAdmin)?;
            if let Some(session) = connect(change.rotators, admin).await? {
                return Work { change, login: admin, session }.set_other().await;
            }
        }
    }
    Err(StepError::Refused {
        place: change.pending.place.clone(),
        user: change.logins().last().map_or_else(String::new, |(login, _)| login.user.clone()),
        credential: match (change.strategy, &change.admin) {
            (Strategy::AlternatingUsers, _) => "the administrator's password",
            (Strategy::SingleUser, Some(_)) => "the current, the previous and the administrator's password",
            (Strategy::SingleUser, None) => "the current and the previous password",
        },
    })
}

/// A session that sets a password.
struct Work<'a> {
    change: &'a Change<'a>,
    login: &'a Credential,
    session: Session,
}

impl Work<'_> {
    async fn run(&mut self, doing: &'static str, statement: &str) -> Result<(), StepError> {
        let outcome = self.session.conn.query_drop(statement).await;
        outcome.map_err(|fault| failed(self.login, doing, &fault, &self.change.passwords()))
    }

    async fn rows(&mut self, doing: &'static str, statement: &str) -> Result<Vec<String>, StepError> {
        let outcome = self.session.conn.query(statement).await;
        outcome.map_err(|fault| failed(self.login, doing, &fault, &self.change.passwords()))
    }

    fn unsupported(&self, problem: String) -> StepError {
        StepError::Unsupported { place: self.change.pending.place.clone(), problem }
    }

    /// The user changes its own password, which takes no privilege.
    async fn set_own(&mut self) -> Result<(), StepError> {
        let password = self.change.pending.password.expose();
        match self.session.flavour {
            Flavour::MariaDb => {
                self.check_plugin("CURRENT_USER()").await?;
                let hash = mysql_native_hash(password.as_bytes());
                self.run("set the password", &format!("SET PASSWORD = {}", text(&hash))).await
            }
            Flavour::MySql => {
                let statement = format!("ALTER USER USER() IDENTIFIED BY {}", text(password));
                self.run("set the password", &statement).await
            }
        }
    }

    /// MariaDB's accounts with a password of another kind, or with none, are not for us.
    async fn check_plugin(&mut self, account: &str) -> Result<(), StepError> {
        let rows = self.rows("show the user", &format!("SHOW CREATE USER {account}")).await?;
        let made = rows.concat();
        let plugin = made.split_once(" IDENTIFIED VIA ").map(|(_, via)| via);
        match plugin {
            Some(via) if !via.starts_with("mysql_native_password") => {
                let name: String =
                    via.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                Err(self.unsupported(format!(
                    "the account logs in by {name}; only mysql_native_password can be rotated"
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// As the administrator: every `'user'@'host'` of the user.
    async fn set_of_all_hosts(&mut self) -> Result<(), StepError> {
        let user = self.change.pending.user.clone();
        let hosts = self.hosts(&user).await?;
        if hosts.is_empty() {
            return Err(self.unsupported(format!("there is no user \"{user}\"")));
        }
        for host in hosts {
            self.set_at(&user, &host).await?;
        }
        Ok(())
    }

    async fn set_at(&mut self, user: &str, host: &str) -> Result<(), StepError> {
        let account = account(user, host);
        let password = self.change.pending.password.expose();
        match self.session.flavour {
            Flavour::MariaDb => {
                self.check_plugin(&account).await?;
                let hash = mysql_native_hash(password.as_bytes());
                let statement = format!("SET PASSWORD FOR {account} = {}", text(&hash));
                self.run("set the password", &statement).await
            }
            Flavour::MySql => {
                let statement = format!("ALTER USER {account} IDENTIFIED BY {}", text(password));
                self.run("set the password", &statement).await
            }
        }
    }

    async fn hosts(&mut self, user: &str) -> Result<Vec<String>, StepError> {
        let statement = format!("SELECT Host FROM mysql.user WHERE User = {} ORDER BY Host", text(user));
        self.rows("look the user up", &statement).await
    }

    /// As the administrator: the other user is there at every host of the first, with its rights and the password.
    async fn set_other(&mut self) -> Result<(), StepError> {
        let (current, pending) = (self.change.current.user.clone(), self.change.pending.user.clone());
        let most = match self.session.flavour {
            Flavour::MariaDb => MARIADB_NAME_CHARS_MAX,
            Flavour::MySql => MYSQL_NAME_CHARS_MAX,
        };
        if pending.chars().count() > most {
            return Err(self.unsupported(format!("the name \"{pending}\" is longer than {most} characters")));
        }
        let hosts = self.hosts(&current).await?;
        if hosts.is_empty() {
            return Err(self.unsupported(format!("there is no user \"{current}\"")));
        }
        let known = self.hosts(&pending).await?;
        let password = self.change.pending.password.expose();
        for host in &hosts {
            let other = account(&pending, host);
            if !known.contains(host) {
                let identified = match self.session.flavour {
                    Flavour::MariaDb => {
                        format!("BY PASSWORD {}", text(&mysql_native_hash(password.as_bytes())))
                    }
                    Flavour::MySql => format!("BY {}", text(password)),
                };
                self.run("make the other user", &format!("CREATE USER {other} IDENTIFIED {identified}"))
                    .await?;
            }
            // Also of a user that is there: rights that the first one was given since.
            let grants = self
                .rows("show the user's rights", &format!("SHOW GRANTS FOR {}", account(&current, host)))
                .await?;
            for grant in grants {
                if let Some(grant) = grant_to(&grant, &current, host, &other) {
                    self.run("give the other user its rights", &grant).await?;
                }
            }
            if known.contains(host) {
                self.set_at(&pending, host).await?;
            }
        }
        Ok(())
    }
}

/// Text in single quotes, under `NO_BACKSLASH_ESCAPES`. There is no NUL in it: values with one are refused.
pub(crate) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(crate) fn account(user: &str, host: &str) -> String {
    format!("{}@{}", text(user), text(host))
}

/// What SHOW GRANTS shows of one account, for another; none for what makes no right. Behind the account stand its password,
/// which is not for the other, and whether it may pass its rights on.
pub(crate) fn grant_to(shown: &str, user: &str, host: &str, other: &str) -> Option<String> {
    let quoted = |text: &str| format!("`{}`", text.replace('`', "``"));
    let to = format!(" TO {}@{}", quoted(user), quoted(host));
    let (rights, behind) = shown.rsplit_once(&to)?;
    if !rights.starts_with("GRANT ") {
        return None;
    }
    let option =
        ["WITH GRANT OPTION", "WITH ADMIN OPTION"].into_iter().find(|option| behind.contains(option));
    Some(match option {
        Some(option) => format!("{rights} TO {other} {option}"),
        None => format!("{rights} TO {other}"),
    })
}
