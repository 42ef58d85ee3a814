//! Where values go: files, and templates that are filled in.

use crate::agent::{Known, Source};
use keywright_types::SecretText;
use miette::{IntoDiagnostic as _, Report, WrapErr as _, miette};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// One place.
#[derive(Debug, Clone)]
pub enum Output {
    File {
        path: PathBuf,
        source: Source,
    },
    /// A text with `{{ SECRET#MEMBER }}` in it.
    Template {
        from: PathBuf,
        path: PathBuf,
    },
    Variable {
        name: String,
        source: Source,
    },
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Outputs(Vec<Output>);

/// The values that are known, by the names that they were asked for by.
pub type Values = BTreeMap<String, Arc<Known>>;

impl Outputs {
    /// Reads the places, each written as `PLACE=SECRET[#MEMBER]` or, of templates, `FROM=PATH`.
    ///
    /// # Errors
    /// What is not of this form, and templates that cannot be read.
    pub fn parse(files: &[String], templates: &[String], variables: &[String]) -> Result<Self, Report> {
        let pair = |text: &str, form: &str| match text.split_once('=') {
            Some((place, rest)) if !place.is_empty() && !rest.is_empty() => {
                Ok((place.to_owned(), rest.to_owned()))
            }
            _ => Err(miette!("{text:?} is not {form}")),
        };
        let source = |text: &str| text.parse::<Source>().map_err(|fault| miette!("{fault}"));
        let mut outputs = Vec::new();
        for file in files {
            let (path, from) = pair(file, "PATH=SECRET[#MEMBER]")?;
            outputs.push(Output::File { path: path.into(), source: source(&from)? });
        }
        for template in templates {
            let (from, path) = pair(template, "TEMPLATE=PATH")?;
            let output = Output::Template { from: from.into(), path: path.into() };
            output.sources()?;
            outputs.push(output);
        }
        for variable in variables {
            let (name, from) = pair(variable, "NAME=SECRET[#MEMBER]")?;
            outputs.push(Output::Variable { name, source: source(&from)? });
        }
        Ok(Self(outputs))
    }

    /// Every secret that is needed, each once.
    ///
    /// # Errors
    /// Templates that cannot be read.
    pub fn secrets(&self) -> Result<Vec<String>, Report> {
        let mut secrets: Vec<String> = Vec::new();
        for output in &self.0 {
            for source in output.sources()? {
                if !secrets.contains(&source.secret) {
                    secrets.push(source.secret);
                }
            }
        }
        Ok(secrets)
    }

    pub fn has_variables(&self) -> bool {
        self.0.iter().any(|output| matches!(output, Output::Variable { .. }))
    }

    /// Writes the files and templates in which the secret `changed` is, or all.
    ///
    /// # Errors
    /// The first that cannot be written.
    pub fn write(&self, values: &Values, changed: Option<&[String]>) -> Result<(), Report> {
        for output in &self.0 {
            let sources = output.sources()?;
            if changed.is_some_and(|changed| !sources.iter().any(|source| changed.contains(&source.secret))) {
                continue;
            }
            match output {
                Output::File { path, source } => write(path, lookup(values, source)?.expose())?,
                Output::Template { from, path } => write(path, &filled(from, values)?)?,
                Output::Variable { .. } => {}
            }
        }
        Ok(())
    }

    /// The variables, for a child's environment.
    ///
    /// # Errors
    /// A value that has a NUL in it, or lacks the member.
    pub fn variables(&self, values: &Values) -> Result<Vec<(String, SecretText)>, Report> {
        let mut variables = Vec::new();
        for output in &self.0 {
            if let Output::Variable { name, source } = output {
                let value = lookup(values, source)?;
                if value.expose().contains('\0') {
                    return Err(miette!(
                        "the value of {} has a NUL, which no variable can hold",
                        source.secret
                    ));
                }
                variables.push((name.clone(), value));
            }
        }
        Ok(variables)
    }
}

impl Output {
    fn sources(&self) -> Result<Vec<Source>, Report> {
        match self {
            Self::File { source, .. } | Self::Variable { source, .. } => Ok(vec![source.clone()]),
            Self::Template { from, .. } => {
                let text = read(from)?;
                parts(&text)
                    .into_iter()
                    .filter_map(|part| match part {
                        Part::Source(source) => {
                            Some(source.parse().map_err(|fault| miette!("{}: {fault}", from.display())))
                        }
                        Part::Text(_) => None,
                    })
                    .collect()
            }
        }
    }
}

fn lookup(values: &Values, source: &Source) -> Result<SecretText, Report> {
    let known = values.get(&source.secret).ok_or_else(|| miette!("{} is not known yet", source.secret))?;
    source.of(known)
}

fn read(path: &Path) -> Result<String, Report> {
    std::fs::read_to_string(path)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot read the template {}", path.display()))
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Source(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((inside, after)) = behind.split_once("}}") else { break };
        parts.push(Part::Text(before));
        parts.push(Part::Source(inside.trim()));
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

fn filled(from: &Path, values: &Values) -> Result<Zeroizing<String>, Report> {
    let template = read(from)?;
    let mut text = Zeroizing::new(String::new());
    for part in parts(&template) {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Source(source) => {
                let source: Source =
                    source.parse().map_err(|fault| miette!("{}: {fault}", from.display()))?;
                text.push_str(lookup(values, &source)?.expose());
            }
        }
    }
    Ok(text)
}

/// Writes a file for its owner's eyes alone, whole or not at all.
fn write(path: &Path, content: &str) -> Result<(), Report> {
    let name = path.file_name().ok_or_else(|| miette!("{} is not the path of a file", path.display()))?;
    let mut beside = name.to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let failed = || format!("cannot write {}", path.display());
    let written = (|| {
        let _old = std::fs::remove_file(&beside);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(&beside)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _left = std::fs::remove_file(&beside);
    }
    written.into_diagnostic().wrap_err_with(failed)
}

#[cfg(test)]
mod tests {
    use super::{Outputs, Part, parts, write};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn templates_have_places_to_fill() {
        assert_eq!(
            parts("a={{ app/db#user }};b={{x}}"),
            [
                Part::Text("a="),
                Part::Source("app/db#user"),
                Part::Text(";b="),
                Part::Source("x"),
                Part::Text("")
            ]
        );
        assert_eq!(parts("{{ open"), [Part::Text("{{ open")]);
    }

    #[test]
    fn a_file_is_replaced_and_is_its_owners() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        for content in ["one", "two"] {
            write(&path, content).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), content);
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o400);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(write(&folder.path().join("no/such/folder"), "x").is_err());
    }

    #[test]
    fn forms() {
        let parse = |file: &str| Outputs::parse(&[file.to_owned()], &[], &[]).is_ok();
        assert!(
            parse("/run/password=app/db#password")
                && parse("p=arn:aws:secretsmanager:eu-west-1:1:secret:x=y-AbCdEf")
        );
        assert!(!parse("/run/password") && !parse("=x") && !parse("x=") && !parse("x=#y"));
    }
}
