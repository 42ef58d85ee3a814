//! The form of the ARNs that an action is asked about: `EvalResourceName` of a whole result.
//!
//! Source: Service Authorization Reference, the tables of actions and resource types of each service.

/// The template; `*` for actions without resources, and for services that are not served here.
pub(crate) fn template(action: &str) -> &'static str {
    let lower = action.to_ascii_lowercase();
    let Some((service, name)) = lower.split_once(':') else { return "*" };
    match service {
        "kms" => kms(name),
        "iam" => iam(name),
        "sts" if name.starts_with("assumerole") => {
            "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
        }
        "secretsmanager" => match name {
            "listsecrets" | "getrandompassword" | "batchgetsecretvalue" => "*",
            _ => "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}",
        },
        _ => "*",
    }
}

fn kms(name: &str) -> &'static str {
    match name {
        "createkey" | "generaterandom" | "listkeys" | "listaliases" | "listretirablegrants" => "*",
        "connectcustomkeystore"
        | "createcustomkeystore"
        | "deletecustomkeystore"
        | "describecustomkeystores"
        | "disconnectcustomkeystore"
        | "updatecustomkeystore" => "*",
        "createalias" | "deletealias" | "updatealias" => "arn:${Partition}:kms:${Region}:${Account}:${Alias}",
        _ => "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}",
    }
}

fn iam(name: &str) -> &'static str {
    const USER: &str = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}";
    const GROUP: &str = "arn:${Partition}:iam::${Account}:group/${GroupNameWithPath}";
    const ROLE: &str = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
    const POLICY: &str = "arn:${Partition}:iam::${Account}:policy/${PolicyNameWithPath}";
    const MFA: &str = "arn:${Partition}:iam::${Account}:mfa/${MfaTokenIdWithPath}";
    match name {
        "listusers"
        | "listgroups"
        | "listroles"
        | "listpolicies"
        | "listvirtualmfadevices"
        | "getaccountauthorizationdetails"
        | "getaccountsummary"
        | "getaccountpasswordpolicy"
        | "updateaccountpasswordpolicy"
        | "deleteaccountpasswordpolicy"
        | "generatecredentialreport"
        | "getcredentialreport"
        | "createaccountalias"
        | "deleteaccountalias"
        | "listaccountaliases"
        | "simulatecustompolicy"
        | "getcontextkeysforcustompolicy" => "*",
        // Both work on a group, though their names speak of users.
        "addusertogroup" | "removeuserfromgroup" => GROUP,
        "listgroupsforuser" | "passwordchange" | "changepassword" => USER,
        "passrole" => ROLE,
        "simulateprincipalpolicy" | "getcontextkeysforprincipalpolicy" => USER,
        _ if name.contains("virtualmfadevice") => MFA,
        _ if name.contains("group") => GROUP,
        _ if name.contains("role") => ROLE,
        _ if name.contains("user") || name.contains("accesskey") || name.contains("loginprofile") => USER,
        _ if name.contains("mfadevice") => USER,
        _ if name.contains("policy") => POLICY,
        _ => "*",
    }
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn templates_are_those_of_the_reference() {
        for (action, expected) in [
            ("kms:Decrypt", "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"),
            ("kms:CreateKey", "*"),
            ("iam:CreateUser", "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"),
            ("iam:AttachRolePolicy", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"),
            ("iam:CreatePolicyVersion", "arn:${Partition}:iam::${Account}:policy/${PolicyNameWithPath}"),
            ("iam:AddUserToGroup", "arn:${Partition}:iam::${Account}:group/${GroupNameWithPath}"),
            ("s3:GetObject", "*"),
        ] {
            assert_eq!(template(action), expected, "{action}");
        }
    }
}
