//! Errors as clients see them: a code, an HTTP status and perhaps a text, written as the protocol writes errors.

use crate::decode::DecodeError;
use crate::json_writer::JsonWriter;
use crate::malformed::Malformed;
use crate::model::{Protocol, ServiceModel};
use crate::writer::DocumentWriter;
use crate::xml_writer::XmlWriter;
use std::borrow::Cow;

/// An error answer before a protocol gives it a form. Whatever stands in `message` is shown to the caller
/// and kept in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// The code clients match on: `InvalidCiphertextException`.
    pub code: &'static str,
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// `None`: the answer has no message at all, which is what KMS sends for some errors.
    pub message: Option<Cow<'static, str>>,
}

impl WireError {
    #[must_use]
    pub const fn new(code: &'static str, status: u16, message: Option<Cow<'static, str>>) -> Self {
        Self { code, status, message }
    }

    /// HTTP 400, AWS's code for a request whose values break constraints.
    #[must_use]
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("ValidationException", 400, Some(message.into()))
    }

    /// The answer, in the protocol of `service`. `request_id` is the id in the answer's
    /// `x-amzn-RequestId` header, which query answers repeat in their body.
    #[must_use]
    pub fn encode(&self, service: &ServiceModel, request_id: &str) -> ErrorAnswer {
        match service.protocol {
            Protocol::Json11 => ErrorAnswer {
                status: self.status,
                content_type: JSON_1_1,
                error_type: None,
                body: self.json_1_1(service),
            },
            Protocol::RestJson => ErrorAnswer {
                status: self.status,
                content_type: JSON,
                error_type: Some(self.code),
                body: self.rest_json(service),
            },
            Protocol::Query => ErrorAnswer {
                status: self.status,
                content_type: XML,
                error_type: None,
                body: self.xml(service, request_id),
            },
        }
    }

    /// The spelling of the message's member: modelled errors have their model's, all others `message`.
    fn message_member(&self, service: &ServiceModel) -> &'static str {
        service.find_error(self.code).map_or("message", |error| error.message_member)
    }

    fn json_1_1(&self, service: &ServiceModel) -> Vec<u8> {
        let mut out = JsonWriter::default();
        out.begin_structure();
        out.name("__type");
        out.text(self.code);
        if let Some(message) = &self.message {
            out.name(self.message_member(service));
            out.text(message);
        }
        out.end_structure();
        out.into_bytes()
    }

    fn rest_json(&self, service: &ServiceModel) -> Vec<u8> {
        let mut out = JsonWriter::default();
        out.begin_structure();
        if service.find_error(self.code).is_some_and(|error| error.has_type) {
            out.name("Type");
            out.text(if self.status < 500 { "User" } else { "Service" });
        }
        if let Some(message) = &self.message {
            out.name(self.message_member(service));
            out.text(message);
        }
        out.end_structure();
        out.into_bytes()
    }

    /// Query services name the errors of every request differently from the JSON ones.
    fn query_code(&self) -> &'static str {
        match self.code {
            "ValidationException" => "ValidationError",
            "SerializationException" => "MalformedInput",
            "ServiceUnavailableException" => "ServiceUnavailable",
            "RequestEntityTooLargeException" => "RequestEntityTooLarge",
            "RequestTimeoutException" => "RequestTimeout",
            other => other,
        }
    }

    fn xml(&self, service: &ServiceModel, request_id: &str) -> Vec<u8> {
        let mut out = XmlWriter::new();
        match service.xml_namespace {
            Some(namespace) => out.open("ErrorResponse", &[("xmlns", namespace)]),
            None => out.open("ErrorResponse", &[]),
        }
        out.open("Error", &[]);
        out.element("Type", if self.status < 500 { "Sender" } else { "Receiver" });
        out.element("Code", self.query_code());
        if let Some(message) = &self.message {
            out.element("Message", message);
        }
        out.close("Error");
        out.element("RequestId", request_id);
        out.close("ErrorResponse");
        out.into_bytes()
    }
}

/// The content type of AWS JSON 1.1, in requests and answers.
pub const JSON_1_1: &str = "application/x-amz-json-1.1";
/// The content type of REST-JSON.
pub const JSON: &str = "application/json";
/// The content type of query answers.
pub const XML: &str = "text/xml";

/// An error in the form in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    pub status: u16,
    pub content_type: &'static str,
    /// The value of the header `x-amzn-ErrorType`, where the protocol has it.
    pub error_type: Option<&'static str>,
    pub body: Vec<u8>,
}

impl From<DecodeError> for WireError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed(malformed) => malformed.into(),
            DecodeError::Invalid(violations) => Self::validation(violations.to_string()),
        }
    }
}

impl From<Malformed> for WireError {
    fn from(malformed: Malformed) -> Self {
        Self::new("SerializationException", 400, Some(malformed.to_string().into()))
    }
}
