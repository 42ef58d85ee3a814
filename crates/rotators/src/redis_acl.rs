//! Redis: users of its access control lists, which take a password as its SHA-256.
//!
//! Source: Redis documentation, "ACL", "ACL SETUSER", "ACL SAVE", "CONFIG REWRITE".

use crate::error::{StepError, scrubbed};
use crate::kind::Strategy;
use crate::rotators::{Change, Rotators};
use crate::value::Credential;
use keywright_crypto::redis_acl_hash;
use redis::aio::MultiplexedConnection;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisError, ServerErrorKind, TlsCertificates,
};

/// A connection, or none if the password is refused.
async fn connect(
    rotators: &Rotators,
    credential: &Credential,
) -> Result<Option<MultiplexedConnection>, StepError> {
    let unreachable = |fault: &RedisError| StepError::Unreachable {
        place: credential.place.clone(),
        cause: scrubbed(&fault.to_string(), &[credential.password.expose()]),
    };
    let (host, port) = (credential.place.host.clone(), credential.place.port);
    let login = RedisConnectionInfo::default()
        .set_username(credential.user.as_str())
        .set_password(credential.password.expose());
    let address = match credential.wants_tls() {
        true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(host, port),
    };
    let info: ConnectionInfo =
        address.into_connection_info().map_err(|fault| unreachable(&fault))?.set_redis_settings(login);
    let client = match &rotators.tls.roots_pem {
        Some(pem) if credential.wants_tls() => {
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) })
        }
        Some(_) | None => Client::open(info),
    }
    .map_err(|fault| unreachable(&fault))?;
    let connecting = client.get_multiplexed_async_connection();
    match tokio::time::timeout(rotators.settings.connect_timeout, connecting).await {
        Err(_) => Err(StepError::TimedOut { place: credential.place.clone() }),
        Ok(Ok(connection)) => Ok(Some(connection)),
        Ok(Err(fault)) if is_refusal(&fault) => Ok(None),
        Ok(Err(fault)) => Err(unreachable(&fault)),
    }
}

fn is_refusal(fault: &RedisError) -> bool {
    fault.kind() == ErrorKind::AuthenticationFailed
        || matches!(fault.code(), Some("WRONGPASS" | "NOAUTH"))
        || fault.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
}

fn failed(login: &Credential, doing: &'static str, fault: &RedisError, passwords: &[&str]) -> StepError {
    StepError::Failed {
        place: login.place.clone(),
        user: login.user.clone(),
        doing,
        cause: scrubbed(&fault.to_string(), passwords),
    }
}

pub(crate) async fn logs_in(rotators: &Rotators, credential: &Credential) -> Result<bool, StepError> {
    let Some(mut connection) = connect(rotators, credential).await? else { return Ok(false) };
    match redis::cmd("PING").query_async::<()>(&mut connection).await {
        Ok(()) => Ok(true),
        // Whoever may not PING is logged in all the same.
        Err(fault) if fault.code() == Some("NOPERM") => Ok(true),
        Err(fault) => Err(failed(credential, "answer PING", &fault, &[])),
    }
}

pub(crate) async fn set(change: &Change<'_>) -> Result<(), StepError> {
    if logs_in(change.rotators, &change.pending).await? {
        // A change that was made and not saved is saved now.
        return match change.pending.must_persist {
            true => persist_again(change).await,
            false => Ok(()),
        };
    }
    let hash = format!("#{}", redis_acl_hash(change.pending.password.expose().as_bytes()));
    let logins = match change.strategy {
        Strategy::SingleUser => change.logins(),
        Strategy::AlternatingUsers => {
            vec![(change.admin.as_ref().ok_or(StepError::NoAdmin)?, "the administrator's password")]
        }
    };
    let mut not_permitted = None;
    for (login, _) in &logins {
        let Some(mut connection) = connect(change.rotators, login).await? else { continue };
        let passwords = change.passwords();
        let mut rules = match change.strategy {
            Strategy::SingleUser => vec!["resetpass".to_owned()],
            Strategy::AlternatingUsers => rules_of_first(change, login, &mut connection).await?,
        };
        rules.push(hash.clone());
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER").arg(&change.pending.user).arg(&rules);
        match command.query_async::<()>(&mut connection).await {
            Ok(()) => return persist(change, login, &mut connection).await,
            // A user need not have the right to change itself: the administrator has.
            Err(fault) if fault.code() == Some("NOPERM") => {
                not_permitted = Some(failed(login, "set the password", &fault, &passwords));
            }
            Err(fault) => return Err(failed(login, "set the password", &fault, &passwords)),
        }
    }
    Err(not_permitted.unwrap_or_else(|| StepError::Refused {
        place: change.pending.place.clone(),
        user: logins.last().map_or_else(String::new, |(login, _)| login.user.clone()),
        credential: match (change.strategy, &change.admin) {
            (Strategy::AlternatingUsers, _) => "the administrator's password",
            (Strategy::SingleUser, Some(_)) => "the current, the previous and the administrator's password",
            (Strategy::SingleUser, None) => "the current and the previous password",
        },
    }))
}

/// The rules of the current user without its passwords, for the other one, which is made anew with them.
async fn rules_of_first(
    change: &Change<'_>,
    login: &Credential,
    connection: &mut MultiplexedConnection,
) -> Result<Vec<String>, StepError> {
    let listed: Vec<String> = redis::cmd("ACL")
        .arg("LIST")
        .query_async(connection)
        .await
        .map_err(|fault| failed(login, "list its users", &fault, &change.passwords()))?;
    let user = &change.current.user;
    let rules = listed
        .iter()
        .find_map(|line| line.strip_prefix("user ")?.strip_prefix(user.as_str())?.strip_prefix(' '));
    let Some(rules) = rules else {
        return Err(StepError::Unsupported {
            place: change.pending.place.clone(),
            problem: format!("there is no user \"{user}\""),
        });
    };
    let mut wanted = vec!["reset".to_owned()];
    wanted.extend(
        words(rules).into_iter().filter(|rule| !rule.starts_with(['#', '>', '<', '!']) && rule != "nopass"),
    );
    Ok(wanted)
}

/// Rules as SETUSER takes them: a selector in parentheses is one.
pub(crate) fn words(rules: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for part in rules.split(' ').filter(|part| !part.is_empty()) {
        match words.last_mut() {
            Some(last) if is_open => {
                last.push(' ');
                last.push_str(part);
            }
            _ => words.push(part.to_owned()),
        }
        is_open = words.last().is_some_and(|last| last.starts_with('(') && !last.ends_with(')'));
    }
    words
}

async fn persist_again(change: &Change<'_>) -> Result<(), StepError> {
    for login in [Some(&change.pending), change.admin.as_ref()].into_iter().flatten() {
        let Some(mut connection) = connect(change.rotators, login).await? else { continue };
        match persist(change, login, &mut connection).await {
            // Whoever may not save is asked for nothing more: the step before reported it.
            Err(StepError::Failed { cause, .. })
                if cause.contains("NOPERM") || cause.contains("permission") => {}
            outcome => return outcome,
        }
    }
    Ok(())
}

/// Has the server keep its users: in its file of users, else in its configuration.
async fn persist(
    change: &Change<'_>,
    login: &Credential,
    connection: &mut MultiplexedConnection,
) -> Result<(), StepError> {
    if !change.pending.must_persist {
        return Ok(());
    }
    let saved = redis::cmd("ACL").arg("SAVE").query_async::<()>(connection).await;
    let Err(no_file) = saved else { return Ok(()) };
    let rewritten = redis::cmd("CONFIG").arg("REWRITE").query_async::<()>(connection).await;
    let Err(no_config) = rewritten else { return Ok(()) };
    let passwords = change.passwords();
    let doing = "keep the new password over a restart (set it up with an aclfile, or say \"persist\": false in the secret)";
    let cause = if no_file.to_string().contains("ACL file") { &no_config } else { &no_file };
    Err(failed(login, doing, cause, &passwords))
}
