//! PostgreSQL: `ALTER ROLE … PASSWORD` with a SCRAM verifier, so that the password is in no statement and no log.
//!
//! The other user of alternating users is a member of the first and works as it (`SET ROLE` at login): it has the same
//! rights whatever they become, and what it makes belongs to the first.
//!
//! Source: PostgreSQL documentation, "ALTER ROLE", "CREATE ROLE", "Password Authentication"; RFC 5803 for the verifier.

use crate::error::{StepError, scrubbed};
use crate::kind::Strategy;
use crate::rotators::{Change, Rotators};
use crate::value::Credential;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// PostgreSQL cuts longer names silently, so that two would be one.
const NAME_BYTES_MAX: usize = 63;

/// A connection, or none if the password is refused.
async fn connect(rotators: &Rotators, credential: &Credential) -> Result<Option<Client>, StepError> {
    let mut config = Config::new();
    config
        .host(&credential.place.host)
        .port(credential.place.port)
        .user(&credential.user)
        .password(credential.password.expose())
        .dbname(credential.dbname.as_deref().unwrap_or("postgres"))
        .application_name("keywright")
        .connect_timeout(rotators.settings.connect_timeout);
    // That no line of pg_hba.conf lets such a connection in is no word on the password.
    let refused = |fault: &tokio_postgres::Error| {
        fault.as_db_error().is_some_and(|database| {
            [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]
                .contains(database.code())
                && !database.message().contains("pg_hba.conf")
        })
    };
    let outcome = if credential.wants_tls() {
        config.ssl_mode(tokio_postgres::config::SslMode::Require);
        let tls = MakeRustlsConnect::new(rustls::ClientConfig::clone(&rotators.tls.config));
        config.connect(tls).await.map(|(client, connection)| {
            tokio::spawn(async move {
                let _ended = connection.await;
            });
            client
        })
    } else {
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        config.connect(NoTls).await.map(|(client, connection)| {
            tokio::spawn(async move {
                let _ended = connection.await;
            });
            client
        })
    };
    match outcome {
        Ok(client) => Ok(Some(client)),
        Err(fault) if refused(&fault) => Ok(None),
        Err(fault) => Err(StepError::Unreachable {
            place: credential.place.clone(),
            cause: scrubbed(&chain(&fault), &[credential.password.expose()]),
        }),
    }
}

/// The driver's own text says only that something failed.
fn chain(fault: &tokio_postgres::Error) -> String {
    if let Some(database) = fault.as_db_error() {
        return database.message().to_owned();
    }
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

pub(crate) async fn logs_in(rotators: &Rotators, credential: &Credential) -> Result<bool, StepError> {
    let Some(client) = connect(rotators, credential).await? else { return Ok(false) };
    client
        .simple_query("SELECT 1")
        .await
        .map_err(|fault| failed(credential, "answer SELECT 1", &fault, &[]))?;
    Ok(true)
}

fn failed(
    login: &Credential,
    doing: &'static str,
    fault: &tokio_postgres::Error,
    passwords: &[&str],
) -> StepError {
    StepError::Failed {
        place: login.place.clone(),
        user: login.user.clone(),
        doing,
        cause: scrubbed(&chain(fault), passwords),
    }
}

pub(crate) async fn set(change: &Change<'_>) -> Result<(), StepError> {
    let (rotators, pending) = (change.rotators, &change.pending);
    check_name(pending)?;
    if logs_in(rotators, pending).await? {
        return Ok(());
    }
    let verifier = postgres_protocol::password::scram_sha_256(pending.password.expose().as_bytes());
    match change.strategy {
        Strategy::SingleUser => {
            for (login, _) in change.logins() {
                let Some(client) = connect(rotators, login).await? else { continue };
                let statement = alter(&pending.user, &verifier);
                return client
                    .batch_execute(&statement)
                    .await
                    .map_err(|fault| failed(login, "set the password", &fault, &change.passwords()));
            }
        }
        Strategy::AlternatingUsers => {
            let admin = change.admin.as_ref().ok_or(StepError::NoAdmin)?;
            if let Some(client) = connect(rotators, admin).await? {
                return set_other(change, admin, client, &verifier).await;
            }
        }
    }
    Err(StepError::Refused {
        place: pending.place.clone(),
        user: change.logins().last().map_or_else(String::new, |(login, _)| login.user.clone()),
        credential: match (change.strategy, &change.admin) {
            (Strategy::AlternatingUsers, _) => "the administrator's password",
            (Strategy::SingleUser, Some(_)) => "the current, the previous and the administrator's password",
            (Strategy::SingleUser, None) => "the current and the previous password",
        },
    })
}

/// As the administrator: the other user is there, has the first one's rights, and takes the password; all or nothing.
async fn set_other(
    change: &Change<'_>,
    admin: &Credential,
    mut client: Client,
    verifier: &str,
) -> Result<(), StepError> {
    let passwords = change.passwords();
    let fail = |doing: &'static str, fault: &tokio_postgres::Error| failed(admin, doing, fault, &passwords);
    let pending = &change.pending.user;
    let transaction = client.transaction().await.map_err(|fault| fail("begin", &fault))?;
    let known = transaction
        .query_opt("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", &[pending])
        .await
        .map_err(|fault| fail("look the user up", &fault))?;
    if known.is_none() {
        // Whichever of the two was first is the one whose rights both have.
        let (original, member) = (identifier(&change.current.user), identifier(pending));
        let statement = format!(
            "CREATE ROLE {member} LOGIN; GRANT {original} TO {member}; ALTER ROLE {member} SET ROLE {};",
            literal(&change.current.user)
        );
        transaction.batch_execute(&statement).await.map_err(|fault| fail("make the other user", &fault))?;
    }
    transaction
        .batch_execute(&alter(pending, verifier))
        .await
        .map_err(|fault| fail("set the password", &fault))?;
    transaction.commit().await.map_err(|fault| fail("commit", &fault))
}

fn alter(user: &str, verifier: &str) -> String {
    format!("ALTER ROLE {} PASSWORD {}", identifier(user), literal(verifier))
}

fn check_name(credential: &Credential) -> Result<(), StepError> {
    match credential.user.len() <= NAME_BYTES_MAX {
        true => Ok(()),
        false => Err(StepError::Unsupported {
            place: credential.place.clone(),
            problem: format!(
                "the name of user \"{}\" is longer than {NAME_BYTES_MAX} bytes",
                credential.user
            ),
        }),
    }
}

/// A name in double quotes. There is no NUL in it: values with one are refused.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text in single quotes, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}
