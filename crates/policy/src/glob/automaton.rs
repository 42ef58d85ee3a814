//! All possibilities of a pattern at once: a set of places in it, moved on by every character of the text.
//!
//! Time is the text's length times the pattern's divided by 64, whatever they are. Memory is a few words for each
//! character of the pattern: a character that stands in many places has its places as a set, one in few as a list.

use super::{Case, Part};
use std::collections::BTreeMap;

/// A short pattern of ASCII: its places are the bits of one word, and nothing is allocated. A star is no place of its
/// own: the place behind it is one where the text may stay.
pub(crate) struct Word {
    /// Where each byte moves on from, question marks included.
    moves: [u64; 128],
    /// Where any byte stays, and where any but a colon does.
    stays: u64,
    stays_near: u64,
    places: usize,
}

impl Word {
    /// None for a pattern that is too long or has other characters.
    pub(crate) fn build<'a>(parts: impl Iterator<Item = Part<'a>>, case: Case) -> Option<Self> {
        let mut word = Self { moves: [0; 128], stays: 0, stays_near: 0, places: 0 };
        let (mut any, mut any_but_colon) = (0_u64, 0_u64);
        for part in parts {
            let here = (word.places < BITS).then(|| 1_u64 << word.places)?;
            match part {
                Part::Literal(literal) => {
                    for byte in literal.bytes() {
                        let here = (word.places < BITS).then(|| 1_u64 << word.places)?;
                        *word.moves.get_mut(usize::from(byte))? |= here;
                        if case == Case::Insensitive {
                            word.moves[usize::from(byte.to_ascii_lowercase())] |= here;
                            word.moves[usize::from(byte.to_ascii_uppercase())] |= here;
                        }
                        word.places += 1;
                    }
                    continue;
                }
                Part::AnyText => {
                    word.stays |= here;
                    continue;
                }
                Part::AnyWithinColons => {
                    word.stays_near |= here;
                    continue;
                }
                Part::AnyCharacter => any |= here,
                Part::AnyButColon => any_but_colon |= here,
            }
            word.places += 1;
        }
        // The place behind the end is one too.
        if word.places >= BITS {
            return None;
        }
        if any | any_but_colon != 0 {
            for moves in &mut word.moves {
                *moves |= any | any_but_colon;
            }
            word.moves[usize::from(b':')] &= !any_but_colon;
        }
        Some(word)
    }

    /// Whether the whole of `text` fits; none for a text with other characters.
    pub(crate) fn accepts(&self, text: &str) -> Option<bool> {
        if !text.is_ascii() {
            return None;
        }
        let anywhere = self.stays | self.stays_near;
        let mut here = 1_u64;
        for byte in text.bytes() {
            let moves = self.moves[usize::from(byte & 0x7f)];
            let stays = if byte == b':' { self.stays } else { anywhere };
            here = (here & moves) << 1 | (here & stays);
        }
        Some(here >> self.places & 1 == 1)
    }
}

/// A star may take nothing, and so may the next.
fn pass(mut set: u64, stars: u64) -> u64 {
    loop {
        let passed = set | (set & stars) << 1;
        if passed == set {
            return set;
        }
        set = passed;
    }
}

/// A pattern as places 0 to `places`; the last is behind its end.
pub(crate) struct Automaton {
    places: usize,
    /// Where each literal character moves on from.
    literals: BTreeMap<char, Places>,
    /// Where any character moves on, and where any but a colon does.
    any: Vec<u64>,
    any_but_colon: Vec<u64>,
    /// Where any character stays (a star), and where any but a colon does.
    stars: Vec<u64>,
    near_stars: Vec<u64>,
    case: Case,
}

enum Places {
    /// Ascending.
    Few(Vec<usize>),
    Many(Vec<u64>),
}

const BITS: usize = 64;

impl Automaton {
    pub(crate) fn build<'a>(parts: impl Iterator<Item = Part<'a>>, case: Case) -> Self {
        let mut lists: BTreeMap<char, Vec<usize>> = BTreeMap::new();
        let mut of_kind: [Vec<usize>; 4] = Default::default();
        let mut places = 0;
        for part in parts {
            let kind = match part {
                Part::Literal(literal) => {
                    for character in literal.chars() {
                        lists.entry(folded(character, case)).or_default().push(places);
                        places += 1;
                    }
                    continue;
                }
                Part::AnyText => 0,
                Part::AnyWithinColons => 1,
                Part::AnyCharacter => 2,
                Part::AnyButColon => 3,
            };
            of_kind[kind].push(places);
            places += 1;
        }
        let words = places / BITS + 1;
        let [stars, near_stars, any, any_but_colon] = of_kind.map(|list| set(&list, words));
        let literals = lists
            .into_iter()
            .map(|(character, list)| {
                let many = list.len() >= words;
                (character, if many { Places::Many(set(&list, words)) } else { Places::Few(list) })
            })
            .collect();
        Self { places, literals, any, any_but_colon, stars, near_stars, case }
    }

    /// Whether the whole of `text` fits.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        let words = self.any.len();
        let (mut here, mut next) = (vec![0; words], vec![0; words]);
        here[0] = 1;
        self.pass_stars(&mut here);
        for character in text.chars() {
            let character = folded(character, self.case);
            let literal = self.literals.get(&character);
            let colon = character == ':';
            let (mut carried, mut left) = (0, 0);
            for word in 0..words {
                let mut moves = self.any[word];
                let mut stays = self.stars[word];
                if !colon {
                    moves |= self.any_but_colon[word];
                    stays |= self.near_stars[word];
                }
                if let Some(Places::Many(set)) = literal {
                    moves |= set[word];
                }
                let moved = here[word] & moves;
                next[word] = moved << 1 | carried | (here[word] & stays);
                carried = moved >> (BITS - 1);
                left |= next[word];
            }
            if let Some(Places::Few(list)) = literal {
                for place in list.iter().filter(|place| has(&here, **place)) {
                    next[(place + 1) / BITS] |= 1 << ((place + 1) % BITS);
                    left = 1;
                }
            }
            if left == 0 {
                return false;
            }
            self.pass_stars(&mut next);
            std::mem::swap(&mut here, &mut next);
        }
        has(&here, self.places)
    }

    /// Across words.
    fn pass_stars(&self, set: &mut [u64]) {
        let mut carried = 0;
        for (word, set) in set.iter_mut().enumerate() {
            *set |= carried;
            let stars = self.stars[word] | self.near_stars[word];
            *set = pass(*set, stars);
            carried = (*set & stars) >> (BITS - 1);
        }
    }
}

fn folded(character: char, case: Case) -> char {
    match case {
        Case::Sensitive => character,
        Case::Insensitive => character.to_ascii_lowercase(),
    }
}

fn set(places: &[usize], words: usize) -> Vec<u64> {
    let mut set = vec![0; words];
    for place in places {
        set[place / BITS] |= 1 << (place % BITS);
    }
    set
}

fn has(set: &[u64], place: usize) -> bool {
    set[place / BITS] >> (place % BITS) & 1 == 1
}
