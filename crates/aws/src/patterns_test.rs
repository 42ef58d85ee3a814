//! Every pattern of every model compiles, and means what it means in Java.

use crate::generated::{iam, keywright, kms, probe_query, probe_rest, secretsmanager, sts};
use crate::rules::{Pattern, PatternTable};

const TABLES: &[(&str, PatternTable)] = &[
    ("iam", iam::readers::PATTERNS),
    ("keywright", keywright::readers::PATTERNS),
    ("kms", kms::readers::PATTERNS),
    ("probe_query", probe_query::readers::PATTERNS),
    ("probe_rest", probe_rest::readers::PATTERNS),
    ("secretsmanager", secretsmanager::readers::PATTERNS),
    ("sts", sts::readers::PATTERNS),
];

#[test]
fn all_compile() {
    for (model, patterns) in TABLES {
        for pattern in *patterns {
            assert!(pattern.regex.as_str().starts_with("\\A(?:"), "{model}: {}", pattern.text);
        }
    }
}

fn find(text: &str) -> &'static Pattern {
    let all = TABLES.iter().flat_map(|(_, patterns)| patterns.iter());
    all.copied().find(|pattern| pattern.text == text).unwrap_or_else(|| panic!("no model has {text}"))
}

/// The verdicts are those of `java.util.regex.Pattern.matches`, by its documentation: the whole value must
/// match, and the shorthand classes are ASCII.
#[test]
fn whole_values_match_and_shorthands_are_ascii() {
    let check = |pattern: &str, taken: &[&str], refused: &[&str]| {
        let pattern = find(pattern);
        for value in taken {
            assert!(pattern.regex.is_match(value), "{} refuses {value:?}", pattern.text);
        }
        for value in refused {
            assert!(!pattern.regex.is_match(value), "{} takes {value:?}", pattern.text);
        }
    };
    check("^[a-zA-Z0-9:/_-]+$", &["alias/a-b_c:d"], &["", "alias/ä", "a b", "a\n"]);
    check("[\\u0020-\\u00FF]*", &["", "aé\u{ff}"], &["\n", "\u{100}", "\u{1f}"]);
    check("[\\w]+", &["default", "a_1"], &["dé", "a-b", "", "a\n"]);
    check("^[\\w+=,.@:/-]+$", &["arn:aws:iam::1:role/x"], &["a b", "é"]);
    check(
        "^([a-z]+-){2,3}\\d+$",
        &["eu-central-1", "us-gov-west-1"],
        &["eu-1", "eu-central-١", "xeu-central-1\n"],
    );
    check("^[a-zA-Z0-9:/_\\s.-]+$", &["a b\tc"], &["a\u{a0}b", "a;b"]);
    check("^[a-zA-Z0-9-_.]+$", &["a-b_c.d"], &["a+b", "a^b"]);
    check("[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", &["{\r\n\t\"é\"}"], &["\u{0}", "\u{2028}", ""]);
    check(
        "cluster-[2-7a-zA-Z]{11,16}",
        &["cluster-1a23b4cdefg".replace('1', "2").as_str()],
        &["xcluster-2a23b4cdefg"],
    );
    check("[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+", &["rate(10 days)", "cron(0 16 1,15 * ? *)"], &["rate[1]"]);
    // Compiled from an equal pattern without a look-ahead.
    check(
        "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
        &["abc", "a-c", "a-b-c", "0x9"],
        &["a--c", "-ab", "ab-", "aBc", "abc\n", ""],
    );
}
