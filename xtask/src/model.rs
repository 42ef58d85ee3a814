//! Service models as the repository keeps them: botocore's format, trimmed.
//!
//! Every field is known here, and an unknown one is an error: a trait that the generator does not
//! understand must be looked at, not dropped.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A model. Maps are sorted by name so that a trimmed file is the same whatever order its source had;
/// members keep the model's order, which is the order of violations and of the trail.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Where the file comes from and what was done to it.
    pub source: String,
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    /// `json`, `rest-json` or `query`.
    pub protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xml_namespace: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    pub name: String,
    pub http: Http,
    /// Only the name was kept: nobody can call the operation, and it has no shapes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub trimmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<ShapeRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<ShapeRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ShapeRef>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Http {
    pub method: String,
    pub request_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_code: Option<u16>,
}

/// A reference to a shape, with what is said at the place of use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShapeRef {
    pub shape: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_wrapper: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub idempotency_token: bool,
    /// The member may enter the audit trail.
    #[serde(default, skip_serializing_if = "is_false")]
    pub audit: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Structure,
    List,
    Map,
    String,
    Blob,
    Boolean,
    Integer,
    Long,
    Double,
    Float,
    Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    pub members: Members,
    /// The member that is the whole HTTP body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<ShapeRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<ShapeRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ShapeRef>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub flattened: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub exception: bool,
    /// Exactly one member is there. The generated structure does not know: its operation checks.
    #[serde(default, skip_serializing_if = "is_false")]
    pub union: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub fault: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorTrait>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorTrait {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status_code: Option<u16>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub sender_fault: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference.
fn is_false(value: &bool) -> bool {
    !value
}

/// Members in the model's order.
#[derive(Debug, Clone, Default)]
pub struct Members(pub Vec<(String, ShapeRef)>);

impl Members {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &ShapeRef)> {
        self.0.iter().map(|(name, reference)| (name.as_str(), reference))
    }
}

impl Serialize for Members {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde_json keeps the order of an object's members in this workspace (feature preserve_order).
        let map = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        map.into_iter()
            .map(|(name, value)| Ok((name, serde_json::from_value(value).map_err(serde::de::Error::custom)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Model {
    /// Reads a trimmed model.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The shape of this name.
    pub fn shape(&self, name: &str) -> Result<&Shape, String> {
        self.shapes.get(name).ok_or_else(|| format!("the model has no shape {name}"))
    }
}
