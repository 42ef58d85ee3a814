//! Patterns of the models (Java regular expressions that must match a whole value) as patterns of the
//! `regex` crate.

/// Translates and anchors a pattern.
///
/// Java's `\w`, `\d` and `\s` are ASCII, the crate's are Unicode, so they are spelt out. Inside a class the
/// crate reads `&&`, `~~` and `--` as set operations; the first two are escaped, the third occurs in no model.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::from("\\A(?:");
    let mut class_depth = 0_usize;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next().ok_or("the pattern ends in a backslash")?;
                let ascii = match escaped {
                    'w' => Some("0-9A-Za-z_"),
                    'd' => Some("0-9"),
                    's' => Some("\\t\\n\\x0B\\f\\r "),
                    _ => None,
                };
                match (escaped, ascii) {
                    (_, Some(ascii)) if class_depth > 0 => out.push_str(ascii),
                    (_, Some(ascii)) => out.push_str(&format!("[{ascii}]")),
                    ('W' | 'D' | 'b' | 'B' | '1'..='9', None) => {
                        return Err(format!("\\{escaped} differs between Java and the regex crate"));
                    }
                    ('S', None) if class_depth > 0 => return Err("\\S inside a class".into()),
                    ('S', None) => out.push_str("[^\\t\\n\\x0B\\f\\r ]"),
                    (_, None) => {
                        out.push('\\');
                        out.push(escaped);
                    }
                }
            }
            '[' => {
                class_depth += 1;
                out.push(c);
            }
            ']' => {
                class_depth = class_depth.saturating_sub(1);
                out.push(c);
            }
            '(' if class_depth == 0
                && ["?=", "?!", "?<"].iter().any(|ahead| chars.as_str().starts_with(ahead)) =>
            {
                return Err("the regex crate does not look around".into());
            }
            '&' | '~' if class_depth > 0 => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    if class_depth > 0 {
        return Err("an open character class".into());
    }
    out.push_str(")\\z");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn shorthands_become_ascii_classes() {
        let check = |java: &str, rust: &str| assert_eq!(translate(java).as_deref(), Ok(rust), "{java}");
        check("[\\w]+", "\\A(?:[0-9A-Za-z_]+)\\z");
        check("^a\\d+$|^b$", "\\A(?:^a[0-9]+$|^b$)\\z");
        check("[a&b\\-]", "\\A(?:[a\\&b\\-])\\z");
        assert!(translate("[a").is_err());
        assert!(translate("\\bx").is_err());
        assert!(translate("a(?!b)").is_err());
    }
}
