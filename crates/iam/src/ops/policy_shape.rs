//! Managed policies and their versions as IAM's answers show them.

use super::shapes;
use crate::policies::Managed;
use crate::policy_text;
use crate::usage::Usage;
use crate::versions;
use keywright_auth::identities::{PolicyRow, PolicyVersion as Version, ServicePolicy};
use keywright_aws::iam::{Policy, PolicyVersion};
use keywright_types::Timestamp;

/// When the service's own policies were made, as answers say: 2015-02-06 18:39:46 UTC, the day of AWS's first ones.
const SERVICE_POLICIES_AT: Timestamp = Timestamp::from_millis(1_423_247_986_000);

/// What lists show of an account's policy: neither description nor tags.
pub(crate) fn listed(row: &PolicyRow, usage: Usage) -> Policy {
    Policy {
        policy_name: Some(row.name.clone()),
        policy_id: Some(row.policy_id.to_string()),
        arn: Some(row.arn()),
        path: Some(row.path.clone()),
        default_version_id: Some(versions::id(row.default_version)),
        attachment_count: Some(usage.attached),
        permissions_boundary_usage_count: Some(usage.bounding),
        is_attachable: Some(true),
        description: None,
        create_date: Some(row.created_at),
        update_date: Some(row.updated_at),
        tags: None,
    }
}

/// The same of a policy that comes with the service.
pub(crate) fn listed_service(policy: &ServicePolicy, usage: Usage) -> Policy {
    Policy {
        policy_name: Some(policy.name.to_owned()),
        policy_id: Some(policy.id.to_owned()),
        arn: Some(policy.arn()),
        path: Some(policy.path.to_owned()),
        default_version_id: Some(versions::id(1)),
        attachment_count: Some(usage.attached),
        permissions_boundary_usage_count: Some(usage.bounding),
        is_attachable: Some(true),
        description: None,
        create_date: Some(SERVICE_POLICIES_AT),
        update_date: Some(SERVICE_POLICIES_AT),
        tags: None,
    }
}

/// All of a policy.
pub(crate) fn whole(policy: &Managed, usage: Usage) -> Policy {
    match policy {
        Managed::Own(own) => Policy {
            description: own.row.description.clone(),
            tags: Some(shapes::tags(&own.row.tags)),
            ..listed(&own.row, usage)
        },
        Managed::Service(policy) => Policy {
            description: Some(policy.description.to_owned()),
            tags: Some(Vec::new()),
            ..listed_service(policy, usage)
        },
    }
}

/// A version without its document, as all operations but GetPolicyVersion show it.
pub(crate) fn version(row: &PolicyRow, number: u32, version: &Version) -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(versions::id(number)),
        is_default_version: Some(number == row.default_version),
        create_date: Some(Timestamp::from_millis(version.created_at)),
    }
}

/// The one version of a policy that comes with the service.
pub(crate) fn service_version() -> PolicyVersion {
    PolicyVersion {
        document: None,
        version_id: Some(versions::id(1)),
        is_default_version: Some(true),
        create_date: Some(SERVICE_POLICIES_AT),
    }
}

/// Adds the document.
pub(crate) fn with_document(version: PolicyVersion, document: &str) -> PolicyVersion {
    PolicyVersion { document: Some(policy_text::encoded(document)), ..version }
}
