//! Pairs of versions: by the grammar of an ecosystem, changed a little, cut and joined, and junk.

use plimsoll_scan::advisory::Order;

use super::grammar::{self, Grammar};
use super::random::Random;

/// Makes so many pairs for an order, the same ones for the same seed.
pub(super) fn make(order: Order, seed: u64, count: usize) -> Vec<(String, String)> {
    let grammar = grammar::of(order);
    let mut random = Random::new(seed);
    (0..count).map(|_| pair(&grammar, &mut random)).collect()
}

fn pair(grammar: &Grammar, random: &mut Random) -> (String, String) {
    let one = one(grammar, random);
    let other = match random.below(100) {
        0..40 => {
            let mut changed = one.clone();
            for _ in 0..=random.below(3) {
                changed = change(grammar, random, &changed);
            }
            changed
        }
        40..65 => join(&one, &grammar.version(random), random),
        65..70 => one.clone(),
        _ => self::one(grammar, random),
    };
    if random.percent(50) {
        (one, other)
    } else {
        (other, one)
    }
}

fn one(grammar: &Grammar, random: &mut Random) -> String {
    match random.below(100) {
        0..12 => random.pick(grammar.nasty).to_owned(),
        12..16 => junk(grammar, random),
        _ => grammar.version(random),
    }
}

/// What no grammar has.
const STRANGE: &[&str] = &[
    "é", "１", "٣", "%", "$", "\\", "'", "\"", "/", "(", ",", ";", " ", "\u{2028}",
];

fn junk(grammar: &Grammar, random: &mut Random) -> String {
    (0..random.below(8))
        .map(|_| {
            if random.percent(8) {
                random.pick(STRANGE)
            } else {
                grammar.piece(random)
            }
        })
        .collect()
}

/// The beginning of one and the end of another version.
fn join(one: &str, other: &str, random: &mut Random) -> String {
    let (begin, _) = cut(one, random);
    let (_, end) = cut(other, random);
    format!("{begin}{end}")
}

fn cut<'a>(text: &'a str, random: &mut Random) -> (&'a str, &'a str) {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let place = if places.is_empty() {
        0
    } else {
        random.pick(&places)
    };
    text.split_at(place)
}

/// Changes one thing.
fn change(grammar: &Grammar, random: &mut Random, text: &str) -> String {
    let (begin, end) = cut(text, random);
    let rest: String = end.chars().skip(1).collect();
    match random.below(9) {
        0 => format!("{begin}{rest}"),
        1 => begin.to_owned(),
        2 => format!("{begin}{}{end}", grammar.piece(random)),
        3 => format!("{begin}{}{rest}", grammar.piece(random)),
        4 => format!("{text}{}", grammar.piece(random)),
        5 => format!("{}{text}", grammar.piece(random)),
        6 => {
            let first: String = end.chars().take(1).collect();
            format!("{begin}{first}{end}")
        }
        7 => text.to_uppercase(),
        _ => {
            // Another number where one begins.
            let rest = end.trim_start_matches(|letter: char| letter.is_ascii_digit());
            format!("{begin}{}{rest}", grammar::number(random))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_pairs_and_enough_are_versions() {
        for order in Order::ALL {
            let pairs = make(order, 7, 500);
            assert_eq!(pairs, make(order, 7, 500));
            assert_ne!(pairs, make(order, 8, 500));
            assert!(pairs.iter().all(|(left, right)| {
                !left.contains(char::is_control) && !right.contains(char::is_control)
            }));
            let valid = pairs
                .iter()
                .filter(|(left, right)| order.compare(left, right).is_ok())
                .count();
            assert!(valid > 125, "{order:?}: {valid} of 500");
        }
    }
}
