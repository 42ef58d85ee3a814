//! The steps, whatever the database.

use crate::error::{Place, StepError, ValueFault};
use crate::kind::{RotatorKind, Strategy};
use crate::settings::{RotatorSettings, RotatorsError};
use crate::tls::Tls;
use crate::value::{Credential, SecretDocument, other_user};
use crate::{http_service, mysql, password, postgres, redis_acl};
use keywright_types::{Rng, SecretText};
use std::future::Future;

/// The built-in rotators.
pub struct Rotators {
    pub(crate) settings: RotatorSettings,
    pub(crate) tls: Tls,
}

/// One rotation as its steps see it: the secret's values.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    pub kind: RotatorKind,
    pub strategy: Strategy,
    /// AWSCURRENT's value.
    pub current: &'a SecretText,
    /// AWSPREVIOUS's.
    pub previous: Option<&'a SecretText>,
    /// An administrator's secret.
    pub admin: Option<&'a SecretText>,
}

/// Something that would keep a rotation from succeeding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For programs, such as `unreachable-host`.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

/// What setting a password works with.
pub(crate) struct Change<'a> {
    pub(crate) strategy: Strategy,
    pub(crate) current: Credential,
    pub(crate) pending: Credential,
    pub(crate) previous: Option<Credential>,
    pub(crate) admin: Option<Credential>,
    pub(crate) rotators: &'a Rotators,
}

impl Change<'_> {
    /// Every password in play: none may show in what a database says.
    pub(crate) fn passwords(&self) -> Vec<&str> {
        [Some(&self.current), Some(&self.pending), self.previous.as_ref(), self.admin.as_ref()]
            .into_iter()
            .flatten()
            .map(|credential| credential.password.expose())
            .collect()
    }

    /// Those who may be able to set the user's own password, the nearest first.
    pub(crate) fn logins(&self) -> Vec<(&Credential, &'static str)> {
        let previous = self.previous.as_ref().filter(|previous| previous.user == self.pending.user);
        [
            Some((&self.current, "the current password")),
            previous.map(|previous| (previous, "the previous password")),
            self.admin.as_ref().map(|admin| (admin, "the administrator's password")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Rotators {
    /// # Errors
    /// [`RotatorsError`]: settings that cannot be used.
    pub fn new(settings: RotatorSettings) -> Result<Self, RotatorsError> {
        if !(16..=128).contains(&settings.password_length) {
            return Err(RotatorsError::PasswordLength { length: settings.password_length });
        }
        Ok(Self { tls: Tls::new(settings.ca_file.as_deref())?, settings })
    }

    /// createSecret: the value that is to become current. Nothing is sent anywhere.
    ///
    /// # Errors
    /// [`StepError::Value`].
    pub fn create(
        &self,
        kind: RotatorKind,
        strategy: Strategy,
        current: &SecretText,
        rng: &dyn Rng,
    ) -> Result<SecretText, StepError> {
        match kind {
            RotatorKind::Http => http_service::check(current)?,
            RotatorKind::Postgres | RotatorKind::Mysql | RotatorKind::Redis => {
                Credential::parse(kind, current)?;
            }
        }
        let mut document = SecretDocument::parse(current)?;
        if strategy == Strategy::AlternatingUsers {
            let other = other_user(document.get("username")?);
            document.set("username", &other);
        }
        document.set("password", password::draw(self.settings.password_length, rng).expose());
        Ok(document.text())
    }

    /// setSecret: the database takes the pending password, if it has not yet.
    ///
    /// # Errors
    /// [`StepError`]; the current credential is as good as before, but for a database that did what it did not confirm.
    pub async fn set(&self, step: Step<'_>, pending: &SecretText) -> Result<(), StepError> {
        if step.kind == RotatorKind::Http {
            let place = http_service::place(pending)?;
            self.check_allowed(&place)?;
            return self.within(&place, http_service::set(self, &step, pending)).await;
        }
        let change = self.change(step, pending)?;
        let place = change.pending.place.clone();
        self.check_allowed(&place)?;
        self.within(&place, async {
            match step.kind {
                RotatorKind::Postgres => postgres::set(&change).await,
                RotatorKind::Mysql => mysql::set(&change).await,
                RotatorKind::Redis => redis_acl::set(&change).await,
                RotatorKind::Http => Ok(()),
            }
        })
        .await
    }

    /// testSecret: the pending credential logs in.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn test(&self, kind: RotatorKind, pending: &SecretText) -> Result<(), StepError> {
        if kind == RotatorKind::Http {
            let place = http_service::place(pending)?;
            self.check_allowed(&place)?;
            return self.within(&place, http_service::test(self, pending)).await;
        }
        let credential = Credential::parse(kind, pending)?;
        self.check_allowed(&credential.place)?;
        let place = credential.place.clone();
        self.within(&place, async {
            match self.logs_in(&credential).await? {
                true => Ok(()),
                false => Err(StepError::Refused {
                    place: credential.place.clone(),
                    user: credential.user.clone(),
                    credential: "the pending password",
                }),
            }
        })
        .await
    }

    /// What would keep a rotation of this value from succeeding; nothing if all is well.
    pub async fn preflight(&self, step: Step<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if step.strategy == Strategy::AlternatingUsers
            && step.admin.is_none()
            && step.kind != RotatorKind::Http
        {
            problems.push(problem(&StepError::NoAdmin));
        }
        if let Err(fault) = self.test_as(step.kind, step.current, "the current password").await {
            problems.push(problem(&fault));
        }
        if let Some(admin) = step.admin {
            if let Err(fault) = self.test_as(step.kind, admin, "the administrator's password").await {
                problems.push(problem(&fault));
            }
            if let (Ok(own), Ok(other)) =
                (Credential::parse(step.kind, step.current), Credential::parse(step.kind, admin))
                && own.place != other.place
            {
                problems.push(problem(&other_host(&other, &own)));
            }
        }
        problems
    }

    async fn test_as(
        &self,
        kind: RotatorKind,
        value: &SecretText,
        which: &'static str,
    ) -> Result<(), StepError> {
        self.test(kind, value).await.map_err(|fault| match fault {
            StepError::Refused { place, user, .. } => StepError::Refused { place, user, credential: which },
            other => other,
        })
    }

    async fn logs_in(&self, credential: &Credential) -> Result<bool, StepError> {
        match credential.place.kind {
            RotatorKind::Postgres => postgres::logs_in(self, credential).await,
            RotatorKind::Mysql => mysql::logs_in(self, credential).await,
            RotatorKind::Redis => redis_acl::logs_in(self, credential).await,
            RotatorKind::Http => Ok(true),
        }
    }

    fn change<'a>(&'a self, step: Step<'_>, pending: &SecretText) -> Result<Change<'a>, StepError> {
        let current = Credential::parse(step.kind, step.current)?;
        let pending = Credential::parse(step.kind, pending)?;
        if pending.place != current.place {
            return Err(ValueFault::Unusable(
                "host",
                "it differs between the current and the pending version",
            )
            .into());
        }
        match step.strategy {
            Strategy::SingleUser if pending.user != current.user => {
                return Err(ValueFault::Unusable("username", "a single user's name does not change").into());
            }
            Strategy::AlternatingUsers if pending.user != other_user(&current.user) => {
                return Err(ValueFault::Unusable(
                    "username",
                    "the pending version is not for the other user",
                )
                .into());
            }
            Strategy::SingleUser | Strategy::AlternatingUsers => {}
        }
        let admin = step.admin.map(|admin| Credential::parse(step.kind, admin)).transpose()?;
        match &admin {
            Some(admin) if admin.place != current.place => return Err(other_host(admin, &current)),
            None if step.strategy == Strategy::AlternatingUsers => return Err(StepError::NoAdmin),
            Some(_) | None => {}
        }
        // A previous version may be of another form, or for another host: then it is of no use here.
        let previous = step
            .previous
            .and_then(|previous| Credential::parse(step.kind, previous).ok())
            .filter(|previous| previous.place == current.place);
        Ok(Change { strategy: step.strategy, current, pending, previous, admin, rotators: self })
    }

    pub(crate) fn check_allowed(&self, place: &Place) -> Result<(), StepError> {
        let Some(allowed) = &self.settings.allowed_hosts else { return Ok(()) };
        let with_port = format!("{}:{}", place.host, place.port);
        match allowed
            .iter()
            .any(|host| host.eq_ignore_ascii_case(&place.host) || host.eq_ignore_ascii_case(&with_port))
        {
            true => Ok(()),
            false => Err(StepError::NotAllowed { place: place.clone() }),
        }
    }

    async fn within<T>(
        &self,
        place: &Place,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Result<T, StepError> {
        tokio::time::timeout(self.settings.step_timeout, work)
            .await
            .unwrap_or_else(|_| Err(StepError::TimedOut { place: place.clone() }))
    }
}

fn other_host(admin: &Credential, own: &Credential) -> StepError {
    StepError::OtherHost {
        admin: format!("{}:{}", admin.place.host, admin.place.port),
        own: format!("{}:{}", own.place.host, own.place.port),
    }
}

fn problem(fault: &StepError) -> Problem {
    let code = match fault {
        StepError::Value(_) | StepError::Lost => "value",
        StepError::NotAllowed { .. } => "host-not-allowed",
        StepError::Unreachable { .. } | StepError::TimedOut { .. } => "unreachable-host",
        StepError::Refused { .. } => "login-refused",
        StepError::Failed { .. } => "database",
        StepError::Unsupported { .. } => "unsupported",
        StepError::NoAdmin => "no-administrator",
        StepError::OtherHost { .. } => "other-host",
    };
    Problem { code, text: fault.to_string() }
}
