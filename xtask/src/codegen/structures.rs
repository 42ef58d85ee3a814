//! Writes `requests.rs`, `responses.rs` and `shapes.rs`: the structures of a model, how they are read,
//! written and shown to the trail.

use crate::codegen::readers::reader;
use crate::codegen::service::{Role, Service, field_name, part, type_name, wire_name};
use crate::model::{Kind, Shape};
use crate::names::{audit_name, literal, violation_name};

pub fn write(service: &Service, role: Role) -> Result<String, String> {
    let mut out = String::new();
    for (name, shape) in service.structures().filter(|(name, _)| service.role(name) == role) {
        out.push_str(&structure(service, name, shape, role).map_err(|error| format!("{name}: {error}"))?);
    }
    Ok(out)
}

fn structure(service: &Service, name: &str, shape: &Shape, role: Role) -> Result<String, String> {
    let ty = type_name(name);
    let mut out = definition(service, name, shape, role)?;
    if service.read.contains(name) {
        out.push_str(&format!("impl {ty} {{\n{}}}\n\n", read(service, name, shape)?));
    }
    let encode = write_body(service, name, shape, Purpose::Wire)?;
    let audit = write_body(service, name, shape, Purpose::Audit)?;
    let (encode_fn, audit_fn) = (
        format!("fn encode<W: DocumentWriter>(&self, out: &mut W) {{\n{encode}}}\n\n"),
        format!("fn write_audit(&self, out: &mut JsonWriter) {{\n{audit}}}\n"),
    );
    out.push_str(&match role {
        Role::Request => format!(
            "impl Input for {ty} {{\n\
             fn decode(node: &Node<'_>) -> Result<Self, DecodeError> {{ decode::decode_input(node, Self::read) }}\n\n\
             {encode_fn}{audit_fn}}}\n\n"
        ),
        Role::Response => format!("impl Output for {ty} {{\nconst EMPTY: bool = false;\n\n{encode_fn}{audit_fn}}}\n\n"),
        Role::Nested => format!("impl {ty} {{\npub(super) {encode_fn}pub(super) {audit_fn}}}\n\n"),
    });
    out.push_str(&format!(
        "impl fmt::Debug for {ty} {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n\
         debug_as_audited(f, {literal}, |out| self.write_audit(out))\n\
         }}\n\
         }}\n\n",
        literal = literal(&ty)
    ));
    Ok(out)
}

fn definition(service: &Service, name: &str, shape: &Shape, role: Role) -> Result<String, String> {
    let of = |part: &str| {
        let operations = service.model.operations.values();
        let users: Vec<String> = operations
            .filter(|operation| {
                let reference = if part == "Input" { &operation.input } else { &operation.output };
                reference.as_ref().is_some_and(|reference| reference.shape == name)
            })
            .map(|operation| format!("`{}`", operation.name))
            .collect();
        format!("{part} of {}.", users.join(" and "))
    };
    let what = match role {
        Role::Request => of("Input"),
        Role::Response => of("Output"),
        Role::Nested => format!("`{name}`."),
    };
    let mut out = format!(
        "/// {what}\n#[derive({})]\npub struct {} {{\n",
        service.derives(name)?.join(", "),
        type_name(name)
    );
    for (member, reference) in shape.members.iter() {
        let ty = service.rust_type(&reference.shape)?;
        let field = field_name(member)?;
        if shape.required.iter().any(|required| required == member) {
            out.push_str(&format!("pub {field}: {ty},\n"));
        } else {
            out.push_str(&format!("pub {field}: Option<{ty}>,\n"));
        }
    }
    out.push_str("}\n\n");
    Ok(out)
}

/// The function that reads the structure: one pass over what was sent, then one over the model's members,
/// so that violations come in the model's order.
fn read(service: &Service, name: &str, shape: &Shape) -> Result<String, String> {
    if shape.members.0.is_empty() {
        return Ok(
            "pub(super) fn read(node: &Node<'_>, at: &Path<'_>, _out: &mut Violations) -> Read<Self> {\n\
                   if decode::members(node)?.next().is_some() { return Err(decode::unknown_member(at)); }\n\
                   Ok(Some(Self {}))\n}\n"
                .to_owned(),
        );
    }
    let mut slots = String::new();
    let mut arms = String::new();
    let mut reads = String::new();
    let mut fields = Vec::new();
    let mut required = Vec::new();
    for (member, reference) in shape.members.iter() {
        let field = field_name(member)?;
        let wire = wire_name(member, reference);
        let is_required = shape.required.iter().any(|required| required == member);
        slots.push_str(&format!("let mut {field} = None;\n"));
        arms.push_str(&format!("{} => {field} = Some(wire_node),\n", literal(wire)));
        reads.push_str(&format!(
            "let {field} = decode::{function}({field}, &at.member({place}), out, {reader})?;\n",
            function = if is_required { "required" } else { "optional" },
            place = literal(&violation_name(member)),
            reader = reader(service, &reference.shape, false)?,
        ));
        if is_required {
            required.push(field.clone());
        }
        fields.push(field);
    }
    let complete = match required.as_slice() {
        [] => String::new(),
        [only] => format!("let Some({only}) = {only} else {{ return Ok(None) }};\n"),
        several => {
            let somes: Vec<String> = several.iter().map(|field| format!("Some({field})")).collect();
            format!("let ({}) = ({}) else {{ return Ok(None) }};\n", somes.join(", "), several.join(", "))
        }
    };
    if !service.read.contains(name) {
        return Err("only what is part of an input is read".into());
    }
    Ok(format!(
        "pub(super) fn read(node: &Node<'_>, at: &Path<'_>, out: &mut Violations) -> Read<Self> {{\n\
         {slots}\
         for (wire_name, wire_node) in decode::members(node)? {{\n\
         match wire_name {{\n{arms}_ => return Err(decode::unknown_member(at)),\n}}\n\
         }}\n\
         {reads}\
         {complete}\
         Ok(Some(Self {{ {fields} }}))\n}}\n",
        fields = fields.join(", ")
    ))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Wire,
    Audit,
}

/// The statements that write a structure.
fn write_body(service: &Service, name: &str, shape: &Shape, purpose: Purpose) -> Result<String, String> {
    let mut out = String::from("out.begin_structure();\n");
    for (member, reference) in shape.members.iter() {
        if purpose == Purpose::Audit && !reference.audit {
            continue;
        }
        let field = field_name(member)?;
        let naming = match purpose {
            Purpose::Wire => format!("out.name({});\n", literal(wire_name(member, reference))),
            Purpose::Audit => format!("out.name({});\n", literal(&audit_name(member))),
        };
        if shape.required.iter().any(|required| required == member) {
            let place = Place { expression: format!("self.{field}"), is_reference: false };
            out.push_str(&naming);
            out.push_str(&write_value(service, &reference.shape, &place, purpose)?);
            continue;
        }
        let place = Place { expression: "value".into(), is_reference: true };
        let value = write_value(service, &reference.shape, &place, purpose)?;
        let default = match purpose {
            Purpose::Audit => service.audit_default(name, member),
            Purpose::Wire => None,
        };
        match default {
            None => out.push_str(&format!("if let Some(value) = &self.{field} {{\n{naming}{value}}}\n")),
            Some(text) => out.push_str(&format!(
                "{naming}match &self.{field} {{\nSome(value) => {value_expression},\nNone => out.text({text}),\n}}\n",
                value_expression = value.trim_end().trim_end_matches(';'),
                text = literal(text)
            )),
        }
    }
    out.push_str("out.end_structure();\n");
    Ok(out)
}

/// Where a value is, as Rust sees it.
struct Place {
    expression: String,
    /// The expression is a reference to the value, not the value itself.
    is_reference: bool,
}

impl Place {
    fn by_reference(&self) -> String {
        if self.is_reference { self.expression.clone() } else { format!("&{}", self.expression) }
    }

    fn copied(&self) -> String {
        if self.is_reference { format!("*{}", self.expression) } else { self.expression.clone() }
    }
}

fn write_value(service: &Service, name: &str, place: &Place, purpose: Purpose) -> Result<String, String> {
    let shape = service.shape(name)?;
    let expression = &place.expression;
    Ok(match shape.kind {
        Kind::String if !shape.values.is_empty() => format!("out.text({expression}.as_str());\n"),
        Kind::String if shape.sensitive => format!("out.text({expression}.expose());\n"),
        Kind::String => format!("out.text({});\n", place.by_reference()),
        Kind::Blob if shape.sensitive => format!("out.blob({expression}.expose());\n"),
        Kind::Blob => format!("out.blob({});\n", place.by_reference()),
        Kind::Boolean => format!("out.boolean({});\n", place.copied()),
        Kind::Integer => format!("out.integer(i64::from({}));\n", place.copied()),
        Kind::Long => format!("out.integer({});\n", place.copied()),
        Kind::Double | Kind::Float => format!("out.double({});\n", place.copied()),
        Kind::Timestamp => match purpose {
            Purpose::Wire => format!("out.timestamp({});\n", place.copied()),
            Purpose::Audit => format!("out.audit_timestamp({});\n", place.copied()),
        },
        Kind::Structure => match purpose {
            Purpose::Wire => format!("{expression}.encode(out);\n"),
            Purpose::Audit => format!("{expression}.write_audit(out);\n"),
        },
        Kind::List => {
            let member = part(shape.member.as_ref(), name)?;
            let item = Place { expression: "item".into(), is_reference: true };
            format!(
                "out.begin_list(ListStyle {{ item: {style}, flattened: {flattened} }});\n\
                 for item in {place} {{\n{item}}}\n\
                 out.end_list();\n",
                style = literal(member.location_name.as_deref().unwrap_or("member")),
                flattened = shape.flattened,
                place = place.by_reference(),
                item = write_value(service, &member.shape, &item, purpose)?,
            )
        }
        Kind::Map => {
            let key = part(shape.key.as_ref(), name)?;
            let value = part(shape.value.as_ref(), name)?;
            let entry = Place { expression: "entry".into(), is_reference: true };
            format!(
                "out.begin_map(MapStyle {{ key: {key_style}, value: {value_style}, flattened: {flattened} }});\n\
                 for (key, entry) in {place} {{\nout.key(key);\n{entry}}}\n\
                 out.end_map();\n",
                key_style = literal(key.location_name.as_deref().unwrap_or("key")),
                value_style = literal(value.location_name.as_deref().unwrap_or("value")),
                flattened = shape.flattened,
                place = place.by_reference(),
                entry = write_value(service, &value.shape, &entry, purpose)?,
            )
        }
    })
}
