//! What the service models say about services and operations, as tables.

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `POST /`, the operation in `X-Amz-Target`, JSON bodies (AWS JSON 1.1).
    Json11,
    /// The operation in method and path, JSON bodies.
    RestJson,
    /// `POST /` with a form, the operation in `Action`, XML answers.
    Query,
}

/// A service.
#[derive(Debug)]
pub struct ServiceModel {
    /// The name of the model, and of the module: `kms`.
    pub name: &'static str,
    /// The service's name in a SigV4 credential scope, and the prefix of its IAM actions.
    pub signing_name: &'static str,
    /// The API's version, `2014-11-01`; a query request names it.
    pub api_version: &'static str,
    pub protocol: Protocol,
    /// What stands before the `.` in `X-Amz-Target`.
    pub target_prefix: Option<&'static str>,
    /// The namespace of XML answers.
    pub xml_namespace: Option<&'static str>,
    /// The service's name in trail events: `kms.amazonaws.com`.
    pub event_source: &'static str,
    /// Sorted by name.
    pub operations: &'static [&'static OperationModel],
    /// The modelled errors, sorted by code.
    pub errors: &'static [ErrorModel],
}

impl ServiceModel {
    /// The operation called `name`, exactly.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static OperationModel> {
        let at = self.operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
        Some(self.operations[at])
    }

    /// The modelled error with this wire code.
    #[must_use]
    pub fn find_error(&self, code: &str) -> Option<&'static ErrorModel> {
        let at = self.errors.binary_search_by(|error| error.code.cmp(code)).ok()?;
        Some(&self.errors[at])
    }
}

/// An operation.
#[derive(Debug)]
pub struct OperationModel {
    pub name: &'static str,
    /// The `name` of its service's model.
    pub service: &'static str,
    /// Wire codes of the errors that the model gives for it, in the model's order.
    pub errors: &'static [&'static str],
    /// Whether the model has an output shape; without one an answer's body is empty.
    pub has_output: bool,
    /// The element around the output in a query answer: `GetCallerIdentityResult`.
    pub result_wrapper: Option<&'static str>,
    pub http: HttpBinding,
}

/// Where an operation's members travel in HTTP.
#[derive(Debug)]
pub struct HttpBinding {
    pub method: &'static str,
    /// The path, with labels: `/2015-03-31/functions/{FunctionName}/invocations`. A label `{Name+}` takes
    /// the rest of the path.
    pub uri: &'static str,
    /// The status of a successful answer.
    pub status: u16,
    /// Input members outside the JSON body.
    pub input: &'static [MemberBinding],
    /// Output members outside the JSON body.
    pub output: &'static [MemberBinding],
}

/// A member that is not part of the JSON body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberBinding {
    /// The member's name on the wire, which is how generated code calls it.
    pub member: &'static str,
    pub place: Place,
}

/// See [`MemberBinding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A label of the path.
    Label(&'static str),
    /// A parameter of the query string; a list member takes every value.
    Query { name: &'static str, list: bool },
    /// A header, by its name in lower case.
    Header(&'static str),
    /// The status code of the answer.
    Status,
    /// The whole body: raw bytes.
    PayloadBlob,
    /// The whole body: the JSON of this member.
    PayloadDocument,
}

/// A modelled error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorModel {
    /// The code on the wire.
    pub code: &'static str,
    pub status: u16,
    /// The spelling of the message's member: `message` or `Message`.
    pub message_member: &'static str,
    /// The error has a member `Type`, which says whose fault it is (Lambda).
    pub has_type: bool,
}
