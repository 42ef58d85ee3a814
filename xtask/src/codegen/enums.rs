//! Writes `enums.rs`: the enumerations of a model.

use crate::codegen::service::{Service, type_name};
use crate::names::{literal, pascal_case};
use std::collections::BTreeSet;

pub fn write(service: &Service) -> Result<String, String> {
    let mut out = String::new();
    for (shape_name, shape) in service.enums() {
        let name = type_name(shape_name);
        let variants: Vec<String> = shape.values.iter().map(|value| pascal_case(value)).collect();
        if variants.iter().collect::<BTreeSet<_>>().len() != variants.len() {
            return Err(format!("{name}: two values have the same Rust name"));
        }
        out.push_str(&format!(
            "/// `{shape_name}`.\n\
             #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
             pub enum {name} {{\n"
        ));
        for (variant, value) in variants.iter().zip(&shape.values) {
            out.push_str(&format!("/// `{value}`\n{variant},\n"));
        }
        let selves: Vec<String> = variants.iter().map(|variant| format!("Self::{variant}")).collect();
        let texts: Vec<String> = shape.values.iter().map(|value| literal(value)).collect();
        let to_text: Vec<String> = selves.iter().zip(&texts).map(|(s, t)| format!("{s} => {t},")).collect();
        let from_text: Vec<String> = selves.iter().zip(&texts).map(|(s, t)| format!("{t} => {s},")).collect();
        out.push_str(&format!(
            "}}\n\n\
             impl {name} {{\n\
             /// Every value, in the model's order.\n\
             pub const ALL: &'static [Self] = &[{all}];\n\n\
             /// The value on the wire.\n\
             #[must_use]\n\
             pub const fn as_str(self) -> &'static str {{ match self {{ {to_text} }} }}\n\n\
             /// The value that `text` spells exactly.\n\
             #[must_use]\n\
             pub fn parse(text: &str) -> Option<Self> {{\n\
             Some(match text {{ {from_text} _ => return None, }})\n\
             }}\n\
             }}\n\n\
             impl fmt::Display for {name} {{\n\
             fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ f.write_str(self.as_str()) }}\n\
             }}\n\n\
             impl WireEnum for {name} {{\n\
             const WIRE_VALUES: &'static [&'static str] = &[{texts}];\n\
             fn as_str(self) -> &'static str {{ self.as_str() }}\n\
             fn parse(text: &str) -> Option<Self> {{ Self::parse(text) }}\n\
             }}\n\n",
            all = selves.join(", "),
            to_text = to_text.join(" "),
            from_text = from_text.join(" "),
            texts = texts.join(", "),
        ));
    }
    Ok(format!("use crate::shape::WireEnum;\nuse std::fmt;\n\n{out}"))
}
