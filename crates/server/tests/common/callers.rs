//! Accounts, users, roles and sessions beside the root user, put into the store as the operations of IAM would.

use super::{Refusal, TestServer};
use keywright_auth::identities::{Json, NameKey, Pins, RoleRow, UserRow, session_arn};
use keywright_auth::{AccessKeyRow, AccountRow, SessionFacts, SessionOf, Sessions, new_id, new_secret};
use keywright_aws::sigv4::SigningCredentials;
use keywright_crypto::SystemRng;
use keywright_store::WriteSet;
use keywright_types::{AccountId, Clock as _, Rng, SecretText, Tags, UniqueId, UniqueIdKind};
use serde_json::Value;

/// Somebody with credentials.
pub struct Login {
    pub arn: String,
    pub unique_id: String,
    pub name: String,
    pub account: AccountId,
    pub access_key_id: String,
    pub secret: SecretText,
    pub token: Option<SecretText>,
}

/// A role; [`TestServer::assume`] gives a session of it.
pub struct Role {
    pub arn: String,
    pub unique_id: String,
    pub name: String,
    pub account: AccountId,
}

fn rng() -> &'static dyn Rng {
    &SystemRng
}

fn account(text: &str) -> AccountId {
    AccountId::parse(text).expect("an account id")
}

fn inline(policy: Option<Value>) -> Json<std::collections::BTreeMap<String, String>> {
    Json(policy.into_iter().map(|policy| ("own".to_owned(), policy.to_string())).collect())
}

impl TestServer {
    pub async fn add_account(&self, id: &str) {
        let mut writes = WriteSet::default();
        writes.insert(&AccountRow {
            account: account(id),
            created_at: self.clock.now(),
            alias: None,
            password_policy: None,
        });
        self.commit(writes).await;
    }

    /// A user with one inline policy, or none, and an access key.
    pub async fn add_user(&self, of: &str, name: &str, policy: Option<Value>) -> Login {
        let (of, now) = (account(of), self.clock.now());
        let user = UserRow {
            account: of,
            name_key: NameKey::of(name),
            name: name.to_owned(),
            path: "/".to_owned(),
            user_id: UniqueId::from_random(UniqueIdKind::User, rng().array()),
            created_at: now,
            member_of: Json::default(),
            attached: Json::default(),
            inline: inline(policy),
            boundary: None,
            tags: Tags::default(),
            mfa_serials: Json::default(),
            sealed_password: None,
            password_set_at: None,
            password_reset_required: None,
        };
        let mut writes = WriteSet::default();
        writes.insert(&user);
        let mut login = self.add_access_key(of, user.user_id.as_str(), &mut writes);
        self.commit(writes).await;
        login.arn = user.arn();
        login.unique_id = user.user_id.to_string();
        name.clone_into(&mut login.name);
        login
    }

    /// The root user of another account, with an access key.
    pub async fn add_root(&self, of: &str) -> Login {
        let mut writes = WriteSet::default();
        let mut login = self.add_access_key(account(of), keywright_auth::ROOT, &mut writes);
        self.commit(writes).await;
        login.arn = keywright_types::root_arn(account(of));
        login
    }

    fn add_access_key(&self, of: AccountId, principal: &str, writes: &mut WriteSet) -> Login {
        let app = &self.server().app;
        let (id, secret) = (new_id("AKIA", rng()), new_secret(rng()));
        let row = AccessKeyRow::of(
            principal.to_owned(),
            id.clone(),
            of,
            &secret,
            &app.keyring,
            rng(),
            self.clock.now(),
        );
        writes.insert(&row);
        Login {
            arn: String::new(),
            unique_id: String::new(),
            name: String::new(),
            account: of,
            access_key_id: id.to_string(),
            secret,
            token: None,
        }
    }

    /// Takes a user away, with its access key.
    pub async fn remove_user(&self, user: &Login) {
        use keywright_auth::identities::find_user;
        use keywright_store::Column as _;
        let store = &self.server().app.store;
        let found = find_user(store, user.account, &user.name).await.expect("a read").expect("the user");
        let key = keywright_types::AccessKeyId::parse(&user.access_key_id).expect("an id");
        let key =
            store.find::<AccessKeyRow>(&[key.to_value()]).await.expect("a read").expect("its access key");
        let mut writes = WriteSet::default();
        writes.delete(&found);
        writes.delete(&key);
        self.commit(writes).await;
    }

    pub async fn add_role(&self, of: &str, name: &str, policy: Option<Value>) -> Role {
        let role = RoleRow {
            account: account(of),
            name_key: NameKey::of(name),
            name: name.to_owned(),
            path: "/".to_owned(),
            role_id: UniqueId::from_random(UniqueIdKind::Role, rng().array()),
            created_at: self.clock.now(),
            description: None,
            max_session_seconds: 3600,
            trust_policy: "{}".to_owned(),
            trust_pins: Json(Pins::default()),
            attached: Json::default(),
            inline: inline(policy),
            boundary: None,
            tags: Tags::default(),
        };
        let mut writes = WriteSet::default();
        writes.insert(&role);
        self.commit(writes).await;
        Role { arn: role.arn(), unique_id: role.role_id.to_string(), name: role.name, account: role.account }
    }

    /// A session of a role, as AssumeRole would give it; `policy` narrows it.
    pub fn assume(&self, role: &Role, session: &str, policy: Option<Value>) -> Login {
        let now = self.clock.now().as_millis();
        let facts = SessionFacts {
            account: role.account.to_string(),
            of: SessionOf::Role {
                role_id: role.unique_id.clone(),
                role_name: role.name.clone(),
                session_name: session.to_owned(),
                policy: policy.map(|policy| policy.to_string()),
                policy_arns: Vec::new(),
                tags: Tags::default(),
                transitive: Vec::new(),
                source_identity: None,
                federated: None,
                chained: false,
            },
            issued_at: now,
            expires_at: now + 3_600_000,
            mfa_at: None,
        };
        let made = Sessions::seal(&facts, &self.server().app.keyring, rng());
        Login {
            arn: session_arn(role.account, &role.name, session).to_string(),
            unique_id: role.unique_id.clone(),
            name: session.to_owned(),
            account: role.account,
            access_key_id: made.access_key_id.to_string(),
            secret: made.secret,
            token: Some(made.token),
        }
    }

    pub async fn commit(&self, writes: WriteSet) {
        self.server().app.store.commit(writes).await.expect("it is committed");
    }

    /// Calls a KMS operation as somebody.
    pub async fn kms_as(&self, who: &Login, operation: &str, input: Value) -> Result<Value, Refusal> {
        let credentials = SigningCredentials {
            access_key_id: &who.access_key_id,
            secret: &who.secret,
            session_token: who.token.as_ref(),
        };
        let target = format!("TrentService.{operation}");
        let (status, body) = self.send_as(&credentials, "kms", &target, input.to_string().into_bytes()).await;
        Self::answer(status, &body)
    }
}
