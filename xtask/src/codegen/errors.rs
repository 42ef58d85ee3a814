//! Writes `errors.rs`: the error codes of a model.

use crate::codegen::service::Service;
use crate::model::Kind;
use crate::names::{literal, pascal_case};

/// Wire code, Rust name, HTTP status, the message's member, whether there is a `Type`; sorted by code.
type ErrorShape = (String, String, u16, &'static str, bool);

pub fn write(service: &Service) -> Result<String, String> {
    let mut errors: Vec<ErrorShape> = Vec::new();
    for (name, shape) in service.model.shapes.iter().filter(|(_, shape)| shape.exception) {
        let (code, status) = service.error(name)?;
        let mut message_member = "message";
        let mut has_type = false;
        for (member, reference) in shape.members.iter() {
            match (member, service.shape(&reference.shape)?.kind) {
                ("message" | "Message", Kind::String) => {
                    message_member = if member == "message" { "message" } else { "Message" }
                }
                ("Type", Kind::String) => has_type = true,
                (other, _) => return Err(format!("{name}: no error of ours has a member {other} yet")),
            }
        }
        errors.push((code, pascal_case(name), status, message_member, has_type));
    }
    errors.sort();
    let prefix = service.rust_prefix();
    let ty = format!("{prefix}ErrorCode");
    let join = |each: &dyn Fn(&ErrorShape) -> String| -> String {
        errors.iter().map(each).collect::<Vec<_>>().join("\n")
    };
    let variants = join(&|(code, variant, status, _, _)| format!("/// `{code}`, HTTP {status}\n{variant},"));
    let all = join(&|(_, variant, _, _, _)| format!("Self::{variant},"));
    let codes = join(&|(code, variant, _, _, _)| format!("Self::{variant} => {},", literal(code)));
    let parse = join(&|(code, variant, _, _, _)| format!("{} => Self::{variant},", literal(code)));
    let mut statuses: Vec<u16> = errors.iter().map(|(_, _, status, _, _)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let by_status: Vec<String> = statuses
        .iter()
        .map(|status| {
            let same: Vec<String> =
                errors.iter().filter(|e| e.2 == *status).map(|e| format!("Self::{}", e.1)).collect();
            format!("{} => {status},", same.join(" | "))
        })
        .collect();
    let table = join(&|(code, _, status, message_member, has_type)| {
        format!(
            "ErrorModel {{ code: {}, status: {status}, message_member: {}, has_type: {has_type} }},",
            literal(code),
            literal(message_member)
        )
    });
    Ok(format!(
        "use crate::error::WireError;\n\
         use crate::model::ErrorModel;\n\
         use std::borrow::Cow;\n\
         use std::fmt;\n\n\
         /// The error codes of the model.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         pub enum {ty} {{\n{variants}\n}}\n\n\
         impl {ty} {{\n\
         /// Every code, sorted by its text.\n\
         pub const ALL: &'static [Self] = &[{all}];\n\n\
         /// The code on the wire.\n\
         #[must_use]\n\
         pub const fn wire_code(self) -> &'static str {{ match self {{ {codes} }} }}\n\n\
         /// The HTTP status.\n\
         #[must_use]\n\
         pub const fn status(self) -> u16 {{ match self {{ {by_status} }} }}\n\n\
         /// The code that `text` spells exactly.\n\
         #[must_use]\n\
         pub fn parse(text: &str) -> Option<Self> {{ Some(match text {{ {parse} _ => return None, }}) }}\n\n\
         /// An error answer with this code.\n\
         #[must_use]\n\
         pub const fn error(self, message: Option<Cow<'static, str>>) -> WireError {{\n\
         WireError::new(self.wire_code(), self.status(), message)\n\
         }}\n\
         }}\n\n\
         impl fmt::Display for {ty} {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ f.write_str(self.wire_code()) }}\n\
         }}\n\n\
         /// The table behind [`crate::ServiceModel::find_error`].\n\
         pub(super) static ERRORS: &[ErrorModel] = &[{table}];\n",
        by_status = by_status.join(" "),
    ))
}
