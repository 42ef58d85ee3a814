//! The managed policies that come with the service, under AWS's own names and ARNs, so that what attaches them works
//! unchanged.
//!
//! Source of names and meaning: AWS Managed Policy Reference; the documents hold what concerns the services here.

/// A policy of `arn:aws:iam::aws:policy/…`.
#[derive(Debug)]
pub struct ServicePolicy {
    pub name: &'static str,
    /// `/` or a path such as `/service-role/`.
    pub path: &'static str,
    pub id: &'static str,
    pub description: &'static str,
    pub document: &'static str,
}

impl ServicePolicy {
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:{}:iam::aws:policy{}{}", keywright_types::PARTITION, self.path, self.name)
    }
}

/// All of them, by name.
pub const SERVICE_POLICIES: &[ServicePolicy] = &[
    ServicePolicy {
        name: "AWSKeyManagementServicePowerUser",
        path: "/",
        id: "ANPAKEYWRIGHTKMSPOWER",
        description: "Provides access to AWS Key Management Service (KMS).",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey","kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource","kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "AWSLambdaBasicExecutionRole",
        path: "/service-role/",
        id: "ANPAKEYWRIGHTLAMBDAXR",
        description: "Provides write permissions to CloudWatch Logs.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAKEYWRIGHTADMINALL",
        description: "Provides full access to AWS services and resources.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "IAMFullAccess",
        path: "/",
        id: "ANPAKEYWRIGHTIAMFULLX",
        description: "Provides full access to IAM.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "IAMReadOnlyAccess",
        path: "/",
        id: "ANPAKEYWRIGHTIAMREADX",
        description: "Provides read only access to IAM.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "IAMUserChangePassword",
        path: "/",
        id: "ANPAKEYWRIGHTIAMPASSW",
        description: "Provides the ability for an IAM user to change their own password.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "PowerUserAccess",
        path: "/",
        id: "ANPAKEYWRIGHTPOWERUSE",
        description: "Provides full access to services and resources, but does not allow management of users and groups.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["iam:ListRoles"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "ReadOnlyAccess",
        path: "/",
        id: "ANPAKEYWRIGHTREADONLY",
        description: "Provides read-only access to services and resources.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:LookupEvents","events:Describe*","events:List*","iam:GenerateCredentialReport","iam:Get*","iam:List*","iam:Simulate*","keywright:Explain*","keywright:Get*","keywright:List*","kms:Describe*","kms:Get*","kms:List*","lambda:Get*","lambda:List*","logs:Describe*","logs:FilterLogEvents","logs:Get*","secretsmanager:Describe*","secretsmanager:GetResourcePolicy","secretsmanager:List*","sts:GetAccessKeyInfo","sts:GetCallerIdentity"],"Resource":"*"}]}"#,
    },
    ServicePolicy {
        name: "SecretsManagerReadWrite",
        path: "/",
        id: "ANPAKEYWRIGHTSECRETRW",
        description: "Provides read/write access to AWS Secrets Manager.",
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["secretsmanager:*","kms:DescribeKey","kms:ListAliases","kms:ListKeys","lambda:ListFunctions"],"Resource":"*"}]}"#,
    },
];

/// The policy of that ARN.
#[must_use]
pub fn find_service_policy(arn: &str) -> Option<&'static ServicePolicy> {
    SERVICE_POLICIES.iter().find(|policy| policy.arn() == arn)
}

#[cfg(test)]
mod tests {
    use super::SERVICE_POLICIES;
    use keywright_policy::{Document, Kind};

    #[test]
    fn they_are_well_formed_sorted_and_have_ids_of_their_own() {
        for policy in SERVICE_POLICIES {
            let parsed = Document::parse(policy.document, Kind::Identity);
            assert!(parsed.is_ok(), "{}: {parsed:?}", policy.name);
            keywright_types::UniqueId::parse(policy.id).expect("a unique id");
            assert!(policy.id.len() == 21 && policy.id.starts_with("ANPA"), "{}", policy.id);
        }
        assert!(SERVICE_POLICIES.is_sorted_by(|a, b| a.name < b.name && a.id != b.id));
    }
}
