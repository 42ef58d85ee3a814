//! How a denial names the resource.
//!
//! Source: IAM names what its operation is about by kind and name ("role app"), and by ARN where the operation makes it
//! or only hands it on; every other service writes the ARN. As IAM's documented and publicly reported denials read.

use std::borrow::Cow;

/// IAM's actions whose denials have the ARN: they make the resource, list under it or pass it to a service.
fn names_an_arn(verb: &str) -> bool {
    matches!(
        verb,
        "CreateUser"
            | "CreateRole"
            | "CreateGroup"
            | "CreatePolicy"
            | "ListUsers"
            | "ListRoles"
            | "ListGroups"
            | "ListPolicies"
            | "PassRole"
    )
}

/// The resource `arn` as the denial of `action` names it.
pub(crate) fn resource<'a>(action: &str, arn: &'a str) -> Cow<'a, str> {
    let Some(verb) = action.strip_prefix("iam:") else { return arn.into() };
    if names_an_arn(verb) {
        return arn.into();
    }
    let Some((kind, path)) = arn.splitn(6, ':').nth(5).and_then(|resource| resource.split_once('/')) else {
        return arn.into();
    };
    match kind {
        "user" | "role" | "group" => format!("{kind} {}", path.rsplit('/').next().unwrap_or_default()).into(),
        "policy" => format!("policy {arn}").into(),
        _ => arn.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::resource;

    /// Source of the expected forms: the header of this file.
    #[test]
    fn iam_names_what_it_is_about() {
        let check = |action: &str, arn: &str, expected: &str| assert_eq!(resource(action, arn), expected);
        check("iam:GetRole", "arn:aws:iam::111122223333:role/team/app", "role app");
        check("iam:ListAccessKeys", "arn:aws:iam::111122223333:user/bob", "user bob");
        check("iam:GetGroup", "arn:aws:iam::111122223333:group/g", "group g");
        check(
            "iam:GetPolicy",
            "arn:aws:iam::111122223333:policy/p",
            "policy arn:aws:iam::111122223333:policy/p",
        );
        for (action, arn) in [
            ("iam:CreateUser", "arn:aws:iam::111122223333:user/bob"),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/app"),
            ("iam:ListUsers", "arn:aws:iam::111122223333:user/"),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/app"),
            ("kms:Decrypt", "arn:aws:kms:eu-central-1:111122223333:key/k"),
            ("iam:GetAccountSummary", "*"),
        ] {
            check(action, arn, arn);
        }
    }
}
