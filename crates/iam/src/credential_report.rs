//! The report on the credentials of an account: one line for root and for each user.
//!
//! What: the lines and their columns; the row that a report stands in.
//! Why a row: a report shows one moment, and says which. Made anew at each GetCredentialReport it would show another
//! moment than the one that GenerateCredentialReport was asked in, and differ between the nodes.
//!
//! Source: IAM User Guide, "Generate credential reports for your AWS account": columns, and the words for what is not
//! there: `N/A`, `no_information`, `not_supported`.

use crate::error::IamError;
use crate::mfa;
use crate::password_policy;
use crate::service::Iam;
use crate::uses;
use keywright_auth::identities::{CredentialUseRow, UserRow};
use keywright_auth::{
    AccessKeyRow, AccessKeyStatus, AccountRow, Cause, ROOT, RequestContext, ServiceError as _, View,
};
use keywright_store::{Column as _, Row, Versioned, row};
use keywright_types::{AccountId, Timestamp, root_arn};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

row! {
    /// The last report of an account.
    #[derive(Debug, Clone)]
    pub struct CredentialReportRow in "credential_reports" maced true {
        key { account: AccountId }
        columns { generated_at: Timestamp, content: String }
    }
}

/// How long a report is given before another is made.
const FRESH_FOR: Duration = Duration::from_hours(4);

impl CredentialReportRow {
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.generated_at <= now && now.since(self.generated_at) < FRESH_FOR
    }
}

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// Not there.
const NONE: &str = "N/A";
/// Never, as far as is known.
const NEVER: &str = "no_information";
/// Not of the root user.
const NOT_OF_ROOT: &str = "not_supported";

/// The account's last report, if there is one.
///
/// # Errors
/// The store's.
pub(crate) async fn find(
    view: View<'_, Iam>,
    request: &RequestContext,
) -> Result<Option<Versioned<CredentialReportRow>>, IamError> {
    let found = view.store.find::<CredentialReportRow>(&[request.caller.account.to_value()]).await;
    found.map_err(IamError::from_store)
}

/// The report as of now.
///
/// # Errors
/// The store's, or a fault of ours.
pub(crate) async fn make(view: View<'_, Iam>, request: &RequestContext) -> Result<String, IamError> {
    let account = request.caller.account;
    let users: Vec<UserRow> = all(view, account, "WHERE account = $1 ORDER BY name_key").await?;
    let keys: Vec<AccessKeyRow> =
        all(view, account, "WHERE account = $1 ORDER BY created_at, access_key_id").await?;
    let stored: Vec<CredentialUseRow> = all(
        view,
        account,
        "WHERE name IN (SELECT access_key_id FROM access_keys WHERE account = $1) \
         OR name IN (SELECT user_id FROM iam_users WHERE account = $1)",
    )
    .await?;
    let own = all::<AccountRow>(view, account, "WHERE account = $1").await?.pop();
    let own = own.ok_or_else(|| IamError::internal(Cause::new("the caller's account has no row")))?;
    let max_age_days = password_policy::of_account(&own)?.and_then(|policy| policy.max_age_days);

    let mut used: HashMap<String, CredentialUseRow> =
        stored.into_iter().map(|row| (row.name.clone(), row)).collect();
    let names = keys.iter().map(|key| key.access_key_id.as_str());
    for name in names.chain(users.iter().map(|user| user.user_id.as_str())) {
        if let Some(row) = uses::newer(view.service.uses.find(name), used.remove(name)) {
            used.insert(name.to_owned(), row);
        }
    }
    let mut keys_of: HashMap<&str, Vec<&AccessKeyRow>> = HashMap::new();
    for key in &keys {
        keys_of.entry(&key.principal).or_default().push(key);
    }

    let mut report = HEADER.to_owned();
    let keys = |principal: &str| keys_of.get(principal).map_or(&[][..], Vec::as_slice);
    line(&mut report, root(&own), keys(ROOT), &used);
    for user in &users {
        let signed_in = used.get(user.user_id.as_str()).map(|row| row.used_at);
        line(&mut report, of_user(user, signed_in, max_age_days), keys(user.user_id.as_str()), &used);
    }
    Ok(report)
}

async fn all<R: Row>(view: View<'_, Iam>, account: AccountId, condition: &str) -> Result<Vec<R>, IamError> {
    let found = view.store.select::<R>(condition, &[account.to_value()]).await;
    Ok(found.map_err(IamError::from_store)?.into_iter().map(|found| found.row).collect())
}

/// The columns of a line before those of access keys.
type Person = [String; 8];

fn root(account: &AccountRow) -> Person {
    [
        "<root_account>".to_owned(),
        root_arn(account.account),
        date(account.created_at),
        NOT_OF_ROOT.to_owned(),
        // Nobody signs in as root by password here.
        NEVER.to_owned(),
        NOT_OF_ROOT.to_owned(),
        NOT_OF_ROOT.to_owned(),
        flag(!mfa::root_serials(account).is_empty()),
    ]
}

fn of_user(user: &UserRow, signed_in: Option<Timestamp>, max_age_days: Option<u32>) -> Person {
    let has_password = user.sealed_password.is_some();
    let of_password = |text: Option<String>, absent: &str| match (has_password, text) {
        (true, Some(text)) => text,
        (true, None) => absent.to_owned(),
        (false, _) => NONE.to_owned(),
    };
    let next = user.password_set_at.zip(max_age_days).map(|(set_at, days)| date(set_at.plus_days(days)));
    [
        user.name.clone(),
        user.arn(),
        date(user.created_at),
        flag(has_password),
        of_password(signed_in.map(date), NEVER),
        of_password(user.password_set_at.map(date), NONE),
        of_password(next, NONE),
        flag(!user.mfa_serials.0.is_empty()),
    ]
}

/// Adds a line: somebody, its first two access keys, and the certificates that nobody has here.
fn line(
    report: &mut String,
    person: Person,
    keys: &[&AccessKeyRow],
    used: &HashMap<String, CredentialUseRow>,
) {
    let mut fields: Vec<String> = person.into();
    for place in 0..2 {
        let key = keys.get(place);
        let last = key.and_then(|key| used.get(key.access_key_id.as_str()));
        let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
        fields.extend([
            flag(key.is_some_and(|key| key.status == AccessKeyStatus::Active.as_str())),
            or_none(key.map(|key| date(key.created_at))),
            or_none(last.map(|last| date(last.used_at))),
            or_none(last.map(|last| last.region.clone())),
            or_none(last.map(|last| last.service.clone())),
        ]);
    }
    fields.extend(["false", NONE, "false", NONE].map(str::to_owned));
    for (at, field) in fields.iter().enumerate() {
        let before = if at == 0 { '\n' } else { ',' };
        write!(report, "{before}{}", quoted(field)).expect("a text takes all that is written");
    }
}

/// A field of CSV (RFC 4180): names and paths of users may hold commas.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

fn flag(flag: bool) -> String {
    flag.to_string()
}

/// `2026-01-01T00:00:00+00:00`.
fn date(at: Timestamp) -> String {
    let zulu = at.rfc3339();
    format!("{}+00:00", zulu.strip_suffix('Z').unwrap_or(&zulu))
}

#[cfg(test)]
mod tests {
    use super::{HEADER, date, line, quoted};
    use keywright_types::Timestamp;
    use std::collections::HashMap;

    /// IAM User Guide, "Understanding the report format".
    #[test]
    fn a_line_has_a_field_for_each_column() {
        let mut report = String::new();
        let person = ["a", "b", "c", "d", "e", "f", "g", "h"].map(str::to_owned);
        line(&mut report, person, &[], &HashMap::new());
        let keys = "false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A";
        assert_eq!(report, format!("\na,b,c,d,e,f,g,h,{keys},false,N/A,false,N/A"));
        assert_eq!(report.split(',').count(), HEADER.split(',').count());
        assert_eq!(HEADER.split(',').count(), 22);
        assert!(!HEADER.contains(' '));
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("alice"), "alice");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("/a\"b/"), "\"/a\"\"b/\"");
        assert_eq!(date(Timestamp::from_millis(1_767_225_600_999)), "2026-01-01T00:00:00+00:00");
    }
}
