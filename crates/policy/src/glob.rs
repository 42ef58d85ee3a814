//! Does a text fit a pattern of stars and question marks?
//!
//! Two ways that agree. The first goes through the text with at most two places to come back to, which is enough for
//! every pattern that people write and needs no memory; on patterns made to be slow it would take the product of both
//! lengths. So it counts its steps, and when they are more than people's patterns take it hands over to the second,
//! which follows all possibilities at once, 64 to a word.

mod automaton;

use automaton::{Automaton, Word};

/// A part of a pattern once its variables have values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Literal(&'a str),
    /// Any text, also none.
    AnyText,
    /// Any text without a colon, also none.
    AnyWithinColons,
    /// Any one character.
    AnyCharacter,
    /// Any one character but a colon.
    AnyButColon,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    /// Letters of ASCII in either case are one.
    Insensitive,
}

/// Steps that the first way may take before the second takes over. A pattern that people write takes a few for each of
/// its parts.
const STEPS: usize = 32;

/// Bytes that are gone through in the time of a step, where many are compared or searched at once.
const BYTES_PER_STEP: usize = 32;

/// Whether the whole of `text` fits; `part_at` gives the pattern's parts by their place.
pub(crate) fn fits<'a>(part_at: impl Fn(usize) -> Option<Part<'a>>, text: &str, case: Case) -> bool {
    if let Some(fits) = fits_soon(&part_at, text, case) {
        return fits;
    }
    let parts = || (0..).map_while(&part_at);
    // Nearly every pattern made to be slow is one of many short ones, or long.
    match Word::build(parts(), case).and_then(|word| word.accepts(text)) {
        Some(fits) => fits,
        None => Automaton::build(parts(), case).accepts(text),
    }
}

/// The first way; none when it takes too long.
///
/// Of the stars over which all has been tried, only the last one that reaches over colons is ever widened, and the last
/// behind it that does not: what lies between two stars is tried at its first place, and no later one lets more in. That
/// is not so where a character that may be a colon lies between two stars that stop at colons: the second way decides.
fn fits_soon<'a>(part_at: &impl Fn(usize) -> Option<Part<'a>>, text: &str, case: Case) -> Option<bool> {
    let mut steps_left = STEPS + text.len() / BYTES_PER_STEP;
    let (mut at, mut part) = (0, 0);
    let (mut far, mut near): (Option<Retry>, Option<Retry>) = (None, None);
    let mut perhaps_colon = false;
    loop {
        steps_left = steps_left.checked_sub(1)?;
        let taken = match part_at(part) {
            Some(Part::AnyText) => {
                part += 1;
                match (part_at(part), part_at(part + 1)) {
                    // A star at the end takes the rest.
                    (None, _) => return Some(true),
                    // And one before the last literal everything up to it.
                    (Some(Part::Literal(literal)), None) => {
                        let from = text.len().checked_sub(literal.len()).filter(|from| *from >= at);
                        let tail = from.and_then(|from| text.get(from..));
                        return Some(tail.is_some_and(|tail| prefix(tail, literal, case).is_some()));
                    }
                    _ => {}
                }
                (far, near) = (Some(Retry { part, at }), None);
                at = match skip(part_at(part), &text[at..], case) {
                    Some(bytes) => at + bytes,
                    None => return Some(false),
                };
                steps_left = steps_left.checked_sub((at - far.map_or(at, |far| far.at)) / BYTES_PER_STEP)?;
                far = Some(Retry { part, at });
                continue;
            }
            Some(Part::AnyWithinColons) => {
                if near.is_some() && perhaps_colon {
                    return None;
                }
                perhaps_colon = false;
                part += 1;
                near = Some(Retry { part, at });
                continue;
            }
            Some(Part::AnyCharacter) => {
                perhaps_colon = true;
                text[at..].chars().next().map(char::len_utf8)
            }
            Some(Part::AnyButColon) => {
                text[at..].chars().next().filter(|character| *character != ':').map(char::len_utf8)
            }
            Some(Part::Literal(literal)) => {
                steps_left = steps_left.checked_sub(literal.len() / BYTES_PER_STEP)?;
                prefix(&text[at..], literal, case)
            }
            None if at == text.len() => return Some(true),
            None => None,
        };
        if let Some(bytes) = taken {
            at += bytes;
            part += 1;
            continue;
        }
        near = near.and_then(|retry| retry.widen(text, false));
        let retry = match near {
            Some(retry) => retry,
            None => {
                let Some(widened) = far.and_then(|retry| retry.widen(text, true)) else { return Some(false) };
                let Some(bytes) = skip(part_at(widened.part), &text[widened.at..], case) else {
                    return Some(false);
                };
                steps_left = steps_left.checked_sub(bytes / BYTES_PER_STEP)?;
                let retry = Retry { at: widened.at + bytes, ..widened };
                far = Some(retry);
                retry
            }
        };
        (at, part) = (retry.at, retry.part);
    }
}

/// How many bytes a star takes before `next` may stand; none when that stands nowhere.
fn skip(next: Option<Part<'_>>, text: &str, case: Case) -> Option<usize> {
    match (next, case) {
        (Some(Part::Literal(literal)), Case::Sensitive) => text.find(literal),
        _ => Some(0),
    }
}

/// Where a star stood: what comes behind it, and where in the text that was last tried.
#[derive(Clone, Copy)]
struct Retry {
    part: usize,
    at: usize,
}

impl Retry {
    /// The star takes one character more.
    fn widen(self, text: &str, colons: bool) -> Option<Self> {
        let character = text[self.at..].chars().next().filter(|character| colons || *character != ':')?;
        Some(Self { part: self.part, at: self.at + character.len_utf8() })
    }
}

/// How many bytes of `text` the literal takes, if it stands there.
pub(crate) fn prefix(text: &str, literal: &str, case: Case) -> Option<usize> {
    let head = text.as_bytes().get(..literal.len())?;
    let equal = match case {
        Case::Sensitive => head == literal.as_bytes(),
        Case::Insensitive => head.eq_ignore_ascii_case(literal.as_bytes()),
    };
    equal.then_some(literal.len())
}

#[cfg(test)]
mod tests {
    use super::automaton::{Automaton, Word};
    use super::{Case, Part, fits, fits_soon};
    use proptest::prelude::*;

    /// `*` and `?` are those that reach over colons, `+` and `!` those that do not.
    fn parts(pattern: &str) -> Vec<Part<'_>> {
        pattern
            .char_indices()
            .map(|(at, character)| match character {
                '*' => Part::AnyText,
                '+' => Part::AnyWithinColons,
                '?' => Part::AnyCharacter,
                '!' => Part::AnyButColon,
                _ => Part::Literal(&pattern[at..at + character.len_utf8()]),
            })
            .collect()
    }

    /// What everybody would write first: slow, and surely right.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        let next = |text: &[char]| text.first().copied();
        match (pattern.first(), next(text)) {
            (None, None) => true,
            (Some('*'), found) => {
                naive(&pattern[1..], text) || (found.is_some() && naive(pattern, &text[1..]))
            }
            (Some('+'), found) => {
                naive(&pattern[1..], text)
                    || (found.is_some_and(|found| found != ':') && naive(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
            (Some('!'), Some(found)) if found != ':' => naive(&pattern[1..], &text[1..]),
            (Some(wanted), Some(found)) if *wanted == found => naive(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(4000)))]

        #[test]
        fn both_ways_agree_with_the_naive_one(
            // As the parser makes them: first what keeps within colons, and stars that do not; then the rest.
            pattern in "[ab:é*+!]{0,8}[ab:é*?]{0,6}",
            text in "[ab:éA]{0,14}",
        ) {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = naive(&characters(&pattern), &characters(&text));
            let parts = parts(&pattern);
            let soon = fits_soon(&|at| parts.get(at).copied(), &text, Case::Sensitive);
            prop_assert!(soon.is_none_or(|soon| soon == expected), "{pattern} on {text}");
            prop_assert_eq!(fits(|at| parts.get(at).copied(), &text, Case::Sensitive), expected);
            let automaton = Automaton::build(parts.iter().copied(), Case::Sensitive);
            prop_assert_eq!(automaton.accepts(&text), expected, "{} on {}", &pattern, &text);
        }

        #[test]
        fn the_automaton_takes_every_mixture(pattern in "[ab:é*?+!]{0,12}", text in "[ab:éA]{0,14}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let automaton = Automaton::build(parts(&pattern).into_iter(), Case::Sensitive);
            let expected = naive(&characters(&pattern), &characters(&text));
            prop_assert_eq!(automaton.accepts(&text), expected, "{} on {}", &pattern, &text);
            let word = Word::build(parts(&pattern).into_iter(), Case::Sensitive);
            let word = word.and_then(|word| word.accepts(&text));
            prop_assert_eq!(word.is_some(), pattern.is_ascii() && text.is_ascii());
            prop_assert!(word.is_none_or(|word| word == expected), "{} on {}", &pattern, &text);
        }

        #[test]
        fn both_ways_fold_the_same_letters(pattern in "[aAbBéÉ*?]{0,8}", text in "[aAbBéÉ]{0,8}") {
            let parts = parts(&pattern);
            let automaton = Automaton::build(parts.iter().copied(), Case::Insensitive);
            let word = Word::build(parts.iter().copied(), Case::Insensitive);
            let word = word.and_then(|word| word.accepts(&text));
            prop_assert!(word.is_none_or(|word| word == automaton.accepts(&text)));
            prop_assert_eq!(
                fits(|at| parts.get(at).copied(), &text, Case::Insensitive),
                automaton.accepts(&text),
                "{} on {}", &pattern, &text
            );
        }
    }

    #[test]
    fn peer_27_a_pattern_made_to_be_slow_is_decided_all_the_same() {
        let text = "a".repeat(8192);
        for (pattern, expected) in [
            ("*a?".repeat(2000) + "b", false),
            ("*a?a?a".repeat(1000), true),
            (format!("*{}b", "a?".repeat(2000)), false),
            (format!("*{}", "a?".repeat(2000)), true),
            (format!("*{}b*", "a".repeat(4000)), false),
        ] {
            let parts = parts(&pattern);
            assert_eq!(fits(|at| parts.get(at).copied(), &text, Case::Sensitive), expected);
        }
    }
}
