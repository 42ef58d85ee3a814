//! Requests and answers in the protocol of their service: what the door and the pipeline need not know.
//!
//! Invariant: a request's body is JSON or a form by its service's protocol, whatever it says of itself.

use keywright_aws::sigv4::AuthFailure;
use keywright_aws::{
    Input, JsonWriter, Malformed, OperationModel, Output, Protocol, ServiceModel, WireError, error, json,
    query,
};
use keywright_types::RequestId;

/// Reads an input: all constraints of the model hold afterwards.
pub(crate) fn decode<I: Input>(service: &ServiceModel, body: &[u8]) -> Result<I, WireError> {
    match service.protocol {
        Protocol::Query => Ok(I::decode(&query::parse(form(body)?)?.input)?),
        // What of a REST request stands outside its body is bound by whoever routes it.
        Protocol::Json11 | Protocol::RestJson => Ok(I::decode(&json::parse(body)?)?),
    }
}

/// A body as the text of a form.
pub(crate) fn form(body: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(body).map_err(|_| Malformed::Form)
}

/// Writes the body of a successful answer.
pub(crate) fn encode<O: Output>(
    service: &ServiceModel,
    operation: &OperationModel,
    output: &O,
    request_id: RequestId,
) -> Vec<u8> {
    match service.protocol {
        Protocol::Query => query::encode_answer(service, operation, output, request_id.encode(&mut [0; 36])),
        Protocol::Json11 | Protocol::RestJson if O::EMPTY => Vec::new(),
        Protocol::Json11 | Protocol::RestJson => {
            let mut writer = JsonWriter::default();
            output.encode(&mut writer);
            writer.into_bytes()
        }
    }
}

/// The content type of successful answers.
pub(crate) fn content_type(service: &ServiceModel) -> &'static str {
    match service.protocol {
        Protocol::Json11 => error::JSON_1_1,
        Protocol::RestJson => error::JSON,
        Protocol::Query => error::XML,
    }
}

/// A failed authentication by the codes of the service's kind.
pub(crate) fn refusal(service: &ServiceModel, fault: &AuthFailure) -> WireError {
    let wire = fault.wire(service.protocol != Protocol::Query);
    WireError::new(wire.code, wire.status, Some(wire.message.into()))
}
