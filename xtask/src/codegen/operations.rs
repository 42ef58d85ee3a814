//! Writes `operations.rs` and `mod.rs`: the tables of a service.

use crate::codegen::service::{Role, Service, type_name};
use crate::model::{Kind, Operation, Shape};
use crate::names::{constant_case, literal};

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "None".into(), |text| format!("Some({})", literal(text)))
}

pub fn write(service: &Service) -> Result<String, String> {
    let mut out = String::new();
    for operation in service.model.operations.values() {
        let name = &operation.name;
        let mut errors = Vec::new();
        for error in &operation.errors {
            errors.push(literal(&service.error(&error.shape)?.0));
        }
        out.push_str(&format!(
            "/// `{name}`.\n\
             pub static {constant}: OperationModel = OperationModel {{\n\
             name: {literal}, service: {service_name}, errors: &[{errors}], has_output: {has_output},\n\
             result_wrapper: {wrapper},\n\
             http: {http},\n\
             }};\n\n",
            constant = constant_case(name),
            literal = literal(name),
            service_name = literal(&service.name),
            errors = errors.join(", "),
            has_output = operation.output.is_some(),
            wrapper = optional(operation.output.as_ref().and_then(|output| output.result_wrapper.as_deref())),
            http = http(service, operation).map_err(|error| format!("{name}: {error}"))?,
        ));
    }
    let all: Vec<String> = service
        .model
        .operations
        .values()
        .map(|operation| format!("&{}", constant_case(&operation.name)))
        .collect();
    out.push_str(&format!(
        "/// Every operation, sorted by name.\npub static ALL: &[&OperationModel] = &[{}];\n",
        all.join(", ")
    ));
    Ok(out)
}

fn http(service: &Service, operation: &Operation) -> Result<String, String> {
    let rest = service.model.metadata.protocol == "rest-json";
    let side = |reference: Option<&str>| -> Result<String, String> {
        match reference {
            Some(shape) if rest => Ok(bindings(service, service.shape(shape)?)?.join(", ")),
            Some(_) | None => Ok(String::new()),
        }
    };
    Ok(format!(
        "HttpBinding {{ method: {}, uri: {}, status: {}, input: &[{}], output: &[{}] }}",
        literal(&operation.http.method),
        literal(&operation.http.request_uri),
        operation.http.response_code.unwrap_or(200),
        side(operation.input.as_ref().map(|reference| reference.shape.as_str()))?,
        side(operation.output.as_ref().map(|reference| reference.shape.as_str()))?,
    ))
}

fn bindings(service: &Service, shape: &Shape) -> Result<Vec<String>, String> {
    let mut bindings = Vec::new();
    for (member, reference) in shape.members.iter() {
        let kind = service.shape(&reference.shape)?.kind;
        let http_name = reference.location_name.as_deref().unwrap_or(member);
        let place = match reference.location.as_deref() {
            None if shape.payload.as_deref() != Some(member) => continue,
            None => match kind {
                Kind::Blob | Kind::String => "Place::PayloadBlob".to_owned(),
                Kind::Structure => "Place::PayloadDocument".to_owned(),
                other => return Err(format!("{member}: a payload of kind {other:?}")),
            },
            Some("uri") => format!("Place::Label({})", literal(http_name)),
            Some("querystring") if kind == Kind::Map => {
                return Err(format!("{member}: a map in the query string"));
            }
            Some("querystring") => {
                format!("Place::Query {{ name: {}, list: {} }}", literal(http_name), kind == Kind::List)
            }
            Some("header") if matches!(kind, Kind::List | Kind::Map | Kind::Timestamp) => {
                return Err(format!("{member}: a header of kind {kind:?}"));
            }
            Some("header") => format!("Place::Header({})", literal(&http_name.to_ascii_lowercase())),
            Some("statusCode") => "Place::Status".to_owned(),
            Some(other) => return Err(format!("{member}: the location {other} is not known")),
        };
        bindings.push(format!("MemberBinding {{ member: {}, place: {place} }}", literal(member)));
    }
    Ok(bindings)
}

/// The parts of a query service's input that its reader could not tell apart are refused here.
fn check_query(service: &Service) -> Result<(), String> {
    if service.model.metadata.protocol != "query" {
        return Ok(());
    }
    for name in &service.read {
        let shape = service.shape(name)?;
        let named = |reference: Option<&crate::model::ShapeRef>, default: &str| {
            reference
                .and_then(|reference| reference.location_name.as_deref())
                .is_none_or(|name| name == default)
        };
        let plain = named(shape.member.as_ref(), "member")
            && named(shape.key.as_ref(), "key")
            && named(shape.value.as_ref(), "value");
        let flattened_map = shape.kind == Kind::Map && shape.flattened;
        let reserved = shape.members.iter().any(|(member, _)| matches!(member, "member" | "entry"));
        if !plain || flattened_map || reserved {
            return Err(format!("{name}: the form reader cannot tell this apart"));
        }
    }
    Ok(())
}

/// `mod.rs`.
pub fn write_module(service: &Service) -> Result<String, String> {
    check_query(service)?;
    let metadata = &service.model.metadata;
    let protocol = match (metadata.protocol.as_str(), metadata.json_version.as_deref()) {
        ("json", Some("1.1")) => "Json11",
        ("rest-json", _) => "RestJson",
        ("query", _) => "Query",
        (other, version) => return Err(format!("the protocol {other} {version:?} is not known")),
    };
    let exports = |role: Role| -> String {
        let names: Vec<String> = service
            .structures()
            .filter(|(name, _)| service.role(name) == role)
            .map(|(name, _)| type_name(name))
            .collect();
        names.join(", ")
    };
    let enums: Vec<String> = service.enums().map(|(name, _)| type_name(name)).collect();
    let mut modules = String::new();
    let mut uses = String::new();
    let mut export = |module: &str, names: &str| {
        if !names.is_empty() {
            modules.push_str(&format!("mod {module};\n"));
            uses.push_str(&format!("pub use {module}::{{{names}}};\n"));
        }
    };
    export("enums", &enums.join(", "));
    export("requests", &exports(Role::Request));
    export("responses", &exports(Role::Response));
    export("shapes", &exports(Role::Nested));
    export("errors", &format!("{}ErrorCode", service.rust_prefix()));
    Ok(format!(
        "//! {title} {version}.\n\n\
         pub mod operations;\n\
         pub(crate) mod readers;\n\
         {modules}\n\
         use crate::model::{{Protocol, ServiceModel}};\n\n\
         {uses}\n\
         /// The service.\n\
         pub static SERVICE: ServiceModel = ServiceModel {{\n\
         name: {name}, signing_name: {signing}, api_version: {api_version}, protocol: Protocol::{protocol},\n\
         target_prefix: {target}, xml_namespace: {namespace},\n\
         event_source: {event_source}, operations: operations::ALL, errors: errors::ERRORS,\n\
         }};\n",
        title = metadata.service_id.as_deref().unwrap_or(&service.name),
        version = metadata.api_version,
        name = literal(&service.name),
        signing = literal(metadata.signing_name.as_deref().unwrap_or(&metadata.endpoint_prefix)),
        api_version = literal(&metadata.api_version),
        target = optional(metadata.target_prefix.as_deref()),
        namespace = optional(metadata.xml_namespace.as_deref()),
        event_source = literal(&format!("{}.amazonaws.com", metadata.endpoint_prefix)),
    ))
}
