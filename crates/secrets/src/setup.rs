//! What a rotation takes before it is switched on, and whether it is there.

use crate::SERVICE;
use crate::error::SecretsError;
use crate::labels::CURRENT;
use crate::ops::get_secret_value::GetSecretValue;
use crate::rotation::{Grants, Rotator};
use crate::sealing::DEFAULT_KEY;
use crate::secret::Secret;
use crate::service::{Secrets, store_fault};
use keywright_auth::{Env, InnerCall, RequestContext, ServiceError as _, View};
use keywright_aws::secretsmanager::{GetSecretValueRequest, SERVICE as MODEL};
use keywright_rotators::{Step, Strategy, admin_arn};
use keywright_store::WriteSet;
use keywright_types::SecretText;

/// What is to be set up.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) rotator: Rotator,
}

/// A rotation that may be switched on, or what is against it.
pub(crate) struct Setup {
    grants: Grants,
    admin: Option<String>,
    /// The records of the values that were opened to see.
    records: parking_lot::Mutex<WriteSet>,
    problems: Vec<Problem>,
}

/// Something that would keep the rotation from succeeding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For programs: `permission`, `unreachable-host`, `value`, ….
    pub code: &'static str,
    pub text: String,
}

impl Setup {
    /// Looks at the values as the caller, asks the database whether they are good, and prepares the grants.
    ///
    /// # Errors
    /// Faults of the store. What keeps a rotation from succeeding is a fact.
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        secret: &Secret,
        wanted: Wanted,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let mut setup = Self {
            grants: Grants::default(),
            admin: None,
            records: parking_lot::Mutex::new(WriteSet::default()),
            problems: Vec::new(),
        };
        let Some(current) = setup.read(view, &secret.arn, "the secret", request).await? else {
            return Ok(setup);
        };
        match admin_arn(&current) {
            Ok(admin) => setup.admin = admin,
            Err(fault) => setup.problem("value", fault.to_string()),
        }
        let admin = match setup.admin.clone() {
            None => None,
            Some(arn) => setup.read(view, &arn, "the administrator's secret", request).await?,
        };
        setup.ask_database(view, wanted, &current, admin.as_ref()).await;
        setup.find_keys(view, secret, request).await?;
        Ok(setup)
    }

    fn problem(&mut self, code: &'static str, text: impl Into<String>) {
        self.problems.push(Problem { code, text: text.into() });
    }

    /// A secret's current value, read as the caller: by its own rights, and recorded as its read.
    async fn read(
        &mut self,
        view: View<'_, Secrets>,
        arn: &str,
        which: &str,
        request: &RequestContext,
    ) -> Result<Option<SecretText>, SecretsError> {
        let input =
            GetSecretValueRequest { secret_id: arn.to_owned(), version_id: None, version_stage: None };
        let prepared = InnerCall::<GetSecretValue>::prepare(input, &MODEL, view, request).await;
        let answer = match prepared {
            Ok(call) => call.decide(view.env()),
            Err(fault) => Err(fault),
        };
        match answer {
            Ok(answer) => {
                self.records.lock().merge(answer.writes);
                if answer.output.secret_string.is_none() {
                    self.problem("value", format!("{which} {arn} is not text"));
                }
                Ok(answer.output.secret_string)
            }
            Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => Err(fault),
            Err(fault @ SecretsError::AccessDenied { .. }) => {
                let text = fault.wire().message.unwrap_or_default().into_owned();
                self.problem("permission", format!("you may not read {which} {arn}: {text}"));
                Ok(None)
            }
            Err(fault) => {
                let text = fault.wire().message.unwrap_or_default().into_owned();
                self.problem("value", format!("{which} {arn} cannot be read: {text}"));
                Ok(None)
            }
        }
    }

    async fn ask_database(
        &mut self,
        view: View<'_, Secrets>,
        wanted: Wanted,
        current: &SecretText,
        admin: Option<&SecretText>,
    ) {
        let Rotator { kind, strategy, .. } = wanted.rotator;
        let step = Step { kind, strategy, current, previous: None, admin };
        let found = view.service.rotators.preflight(step).await;
        // A wrong current password is what the administrator's is for.
        let admin_helps = strategy == Strategy::SingleUser
            && admin.is_some()
            && !found.iter().any(|problem| problem.text.contains("the administrator's password"));
        for problem in found {
            if !(admin_helps && problem.code == "login-refused") {
                self.problem(problem.code, problem.text);
            }
        }
    }

    /// The keys behind the secret and behind the administrator's: the service gets a grant on each.
    async fn find_keys(
        &mut self,
        view: View<'_, Secrets>,
        secret: &Secret,
        request: &RequestContext,
    ) -> Result<(), SecretsError> {
        let own = self.keys_of(view, secret).await?;
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        self.grants.prepare(view, &secret.arn, &own, request).await?;
        if let Some(arn) = self.admin.clone()
            && let Ok(reference) = crate::arn::SecretRef::parse(&arn, &view.service.regions)
        {
            let key = reference.key(request);
            if key.account != secret.row.account || key.region != secret.row.region {
                self.problem(
                    "permission",
                    "the administrator's secret must be of the same account and Region".to_owned(),
                );
            } else if let Some(admin) = view.service.find(view, &key).await.map_err(store_fault)? {
                let keys = self.keys_of(view, &admin).await?;
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                self.grants.prepare(view, &admin.arn, &keys, request).await?;
            }
        }
        for key in self.grants.denied().into_iter().map(str::to_owned).collect::<Vec<_>>() {
            self.problem(
                "permission",
                format!(
                    "you may not give the service a grant on {key}: this takes kms:CreateGrant through {SERVICE} \
                     (kms:GrantIsForAWSResource)"
                ),
            );
        }
        Ok(())
    }

    async fn keys_of(&self, view: View<'_, Secrets>, secret: &Secret) -> Result<Vec<String>, SecretsError> {
        let mut keys = vec![secret.row.kms_key.clone().unwrap_or_else(|| DEFAULT_KEY.to_owned())];
        if let Some(id) = secret.versions().holder(CURRENT)
            && let Some(row) = view.service.find_value(view, secret, id).await.map_err(store_fault)?
        {
            keys.push(row.kms_key_arn.clone());
        }
        Ok(keys)
    }

    pub(crate) fn admin(&self) -> Option<&str> {
        self.admin.as_deref()
    }

    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The records of what was looked at.
    pub(crate) fn records(&self) -> WriteSet {
        std::mem::take(&mut *self.records.lock())
    }

    /// Gives the grants, if nothing is against the rotation.
    ///
    /// # Errors
    /// InvalidRequestException that names all that is; AccessDeniedException if it is only what the caller may not do.
    pub(crate) fn give(
        &self,
        env: &Env<'_, Secrets>,
        writes: &mut WriteSet,
    ) -> Result<Vec<crate::rotation::KeyGrant>, SecretsError> {
        if !self.problems.is_empty() {
            let texts: Vec<&str> = self.problems.iter().map(|problem| problem.text.as_str()).collect();
            let message = format!("The secret can't be rotated: {}.", texts.join("; "));
            return Err(match self.problems.iter().all(|problem| problem.code == "permission") {
                true => SecretsError::AccessDenied { message },
                false => SecretsError::request(message),
            });
        }
        writes.merge(self.records());
        self.grants.give(env, writes)
    }
}
