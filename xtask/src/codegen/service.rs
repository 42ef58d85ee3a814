//! A model with what the writers of code ask of it.

use crate::codegen::overrides::{AUDIT_DEFAULTS, ERROR_STATUS, UNCHECKED};
use crate::model::{Kind, Model, Operation, Shape, ShapeRef};
use crate::names::{pascal_case, snake_case};
use std::collections::BTreeSet;

/// What a structure is for; it decides the file it stands in and the trait it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Request,
    Response,
    Nested,
}

pub struct Service {
    /// The module's name, which is also the model's file name.
    pub name: String,
    /// The model's path from the repository's root.
    pub path: String,
    pub model: Model,
    requests: BTreeSet<String>,
    responses: BTreeSet<String>,
    /// Shapes that can be part of an input.
    pub read: BTreeSet<String>,
    /// Text shapes whose values no error may quote.
    withheld: BTreeSet<String>,
}

impl Service {
    pub fn new(name: &str, path: &str, mut model: Model) -> Result<Self, String> {
        add_empty_inputs(&mut model)?;
        let requests = model.operations.values().filter_map(|o| o.input.as_ref()).map(|r| r.shape.clone());
        let requests: BTreeSet<String> = requests.collect();
        let responses = model.operations.values().filter_map(|o| o.output.as_ref()).map(|r| r.shape.clone());
        let responses: BTreeSet<String> = responses.collect();
        let mut service = Self {
            name: name.to_owned(),
            path: path.to_owned(),
            model,
            requests,
            responses,
            read: BTreeSet::new(),
            withheld: BTreeSet::new(),
        };
        let mut read = BTreeSet::new();
        for request in &service.requests {
            service.reach(request, &mut read)?;
        }
        service.read = read;
        service.withheld = service.withheld_texts()?;
        service.check_roles()?;
        Ok(service)
    }

    /// A shape that is an operation's input or output must not be used elsewhere: its role decides its traits.
    fn check_roles(&self) -> Result<(), String> {
        for shape in self.model.shapes.values() {
            for reference in parts(shape) {
                if self.role(&reference.shape) != Role::Nested {
                    return Err(format!("{} is an operation's shape and nested as well", reference.shape));
                }
            }
        }
        match self.requests.intersection(&self.responses).next() {
            Some(both) => Err(format!("{both} is an input and an output")),
            None => Ok(()),
        }
    }

    fn reach(&self, name: &str, reached: &mut BTreeSet<String>) -> Result<(), String> {
        if reached.insert(name.to_owned()) {
            for reference in parts(self.shape(name)?) {
                self.reach(&reference.shape, reached)?;
            }
        }
        Ok(())
    }

    fn withheld_texts(&self) -> Result<BTreeSet<String>, String> {
        let mut withheld = BTreeSet::new();
        for shape in
            self.model.shapes.values().filter(|shape| shape.kind == Kind::Structure && !shape.exception)
        {
            for (_, reference) in shape.members.iter().filter(|(_, reference)| !reference.audit) {
                self.reach(&reference.shape, &mut withheld)?;
            }
        }
        Ok(withheld)
    }

    pub fn shape(&self, name: &str) -> Result<&Shape, String> {
        self.model.shape(name)
    }

    pub fn role(&self, name: &str) -> Role {
        if self.requests.contains(name) {
            Role::Request
        } else if self.responses.contains(name) {
            Role::Response
        } else {
            Role::Nested
        }
    }

    /// Structures that are types: all but errors.
    pub fn structures(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.model
            .shapes
            .iter()
            .filter(|(_, shape)| shape.kind == Kind::Structure && !shape.exception)
            .map(|(name, shape)| (name.as_str(), shape))
    }

    /// Shapes that errors alone use are not types; no error of ours has more than text.
    pub fn enums(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.model
            .shapes
            .iter()
            .filter(|(_, shape)| !shape.values.is_empty())
            .map(|(name, shape)| (name.as_str(), shape))
    }

    pub fn is_quoted(&self, name: &str) -> bool {
        !self.withheld.contains(name)
    }

    pub fn is_checked(&self, name: &str) -> bool {
        !UNCHECKED.iter().any(|(service, shape, _)| *service == self.name && *shape == name)
    }

    pub fn audit_default(&self, structure: &str, member: &str) -> Option<&'static str> {
        AUDIT_DEFAULTS
            .iter()
            .find(|(service, s, m, _, _)| *service == self.name && *s == structure && *m == member)
            .map(|(_, _, _, text, _)| *text)
    }

    /// Code and status of an error shape.
    pub fn error(&self, name: &str) -> Result<(String, u16), String> {
        let shape = self.shape(name)?;
        let code =
            shape.error.as_ref().and_then(|error| error.code.clone()).unwrap_or_else(|| name.to_owned());
        let overridden = ERROR_STATUS
            .iter()
            .find(|(service, c, _, _)| *service == self.name && *c == code)
            .map(|(_, _, status, _)| *status);
        let modelled = shape.error.as_ref().and_then(|error| error.http_status_code);
        Ok((code, overridden.or(modelled).unwrap_or(400)))
    }

    /// The Rust type of a shape's values.
    pub fn rust_type(&self, name: &str) -> Result<String, String> {
        let shape = self.shape(name)?;
        Ok(match shape.kind {
            Kind::String if !shape.values.is_empty() => type_name(name),
            Kind::String if shape.sensitive => "SecretText".into(),
            Kind::String => "String".into(),
            Kind::Blob if shape.sensitive => "SecretBytes".into(),
            Kind::Blob => "Vec<u8>".into(),
            Kind::Boolean => "bool".into(),
            Kind::Integer => "i32".into(),
            Kind::Long => "i64".into(),
            Kind::Double | Kind::Float => "f64".into(),
            Kind::Timestamp => "Timestamp".into(),
            Kind::Structure => type_name(name),
            Kind::List => format!("Vec<{}>", self.rust_type(&part(shape.member.as_ref(), name)?.shape)?),
            Kind::Map => {
                format!("BTreeMap<String, {}>", self.rust_type(&part(shape.value.as_ref(), name)?.shape)?)
            }
        })
    }

    /// Whether a predicate holds for a shape or anything inside it.
    fn any(&self, name: &str, predicate: &dyn Fn(&Shape) -> bool) -> Result<bool, String> {
        let mut reached = BTreeSet::new();
        self.reach(name, &mut reached)?;
        for name in &reached {
            if predicate(self.shape(name)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The derives that a structure's type can have. `Debug` is written by hand, from the audited members.
    pub fn derives(&self, name: &str) -> Result<Vec<&'static str>, String> {
        let mut derives = Vec::new();
        if !self.any(name, &|shape| shape.sensitive)? {
            derives.push("Clone");
        }
        derives.push("PartialEq");
        if !self.any(name, &|shape| matches!(shape.kind, Kind::Double | Kind::Float))? {
            derives.push("Eq");
        }
        if self.has_default(name)? {
            derives.push("Default");
        }
        Ok(derives)
    }

    fn has_default(&self, name: &str) -> Result<bool, String> {
        let shape = self.shape(name)?;
        for required in &shape.required {
            let reference = shape.members.iter().find(|(member, _)| member == required);
            let (_, reference) =
                reference.ok_or_else(|| format!("{name} requires {required}, which it lacks"))?;
            let target = self.shape(&reference.shape)?;
            let member_has = match target.kind {
                Kind::String => target.values.is_empty() && !target.sensitive,
                Kind::Blob => !target.sensitive,
                Kind::Timestamp => false,
                Kind::Structure => self.has_default(&reference.shape)?,
                Kind::Boolean
                | Kind::Integer
                | Kind::Long
                | Kind::Double
                | Kind::Float
                | Kind::List
                | Kind::Map => true,
            };
            if !member_has {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The prefix of the service's own Rust names: `Kms`, `SecretsManager`.
    pub fn rust_prefix(&self) -> String {
        pascal_case(self.model.metadata.service_id.as_deref().unwrap_or(&self.name))
    }
}

/// An operation without an input shape gets an empty one, so that every operation that can be built has an `Input`.
fn add_empty_inputs(model: &mut Model) -> Result<(), String> {
    let template: Shape = serde_json::from_str(r#"{"type":"structure"}"#)
        .map_err(|error| format!("the empty shape: {error}"))?;
    let without_input = |operation: &&mut Operation| operation.input.is_none() && !operation.trimmed;
    for operation in model.operations.values_mut().filter(without_input) {
        let name = format!("{}Request", operation.name);
        if model.shapes.insert(name.clone(), template.clone()).is_some() {
            return Err(format!("{name} is taken"));
        }
        let reference = serde_json::from_value(serde_json::json!({ "shape": name }));
        operation.input = Some(reference.map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn parts(shape: &Shape) -> impl Iterator<Item = &ShapeRef> {
    shape
        .members
        .0
        .iter()
        .map(|(_, reference)| reference)
        .chain(&shape.member)
        .chain(&shape.key)
        .chain(&shape.value)
}

/// A part that a container shape must have.
pub fn part<'a>(reference: Option<&'a ShapeRef>, shape: &str) -> Result<&'a ShapeRef, String> {
    reference.ok_or_else(|| format!("{shape} lacks its member, key or value"))
}

/// The type's name of a shape; some models write shapes with a small first letter.
pub fn type_name(shape: &str) -> String {
    let mut chars = shape.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// The name of a member on the wire: its own, or the one that the model gives it. A member that travels
/// outside the body keeps its own name in the tree; its binding says what HTTP calls it.
pub fn wire_name<'a>(member: &'a str, reference: &'a ShapeRef) -> &'a str {
    match (&reference.location, &reference.location_name) {
        (None, Some(name)) => name,
        (_, _) => member,
    }
}

/// The field's name of a member.
pub fn field_name(member: &str) -> Result<String, String> {
    /// Names that generated functions use themselves.
    const TAKEN: &[&str] = &["node", "at", "out", "wire_name", "wire_node", "self"];
    let field = snake_case(member);
    if TAKEN.contains(&field.as_str()) {
        Err(format!("the member {member} needs another field name"))
    } else {
        Ok(field)
    }
}
