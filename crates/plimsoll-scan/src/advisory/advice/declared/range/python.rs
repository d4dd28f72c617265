//! Python's version specifiers (PEP 440,
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/>), and what Poetry has
//! beside them: carets, tildes, alternatives, versions without a sign.

use super::bound::{Bound, Partial, Test};

/// Comes before a release and all its pre-releases.
const LEAST: &str = ".dev0";

/// Ranges that one may fall into by what it leaves out; each such word doubles them.
const MOST_SIDES: usize = 16;

pub(super) fn specifiers(words: &str) -> Option<Vec<Vec<Bound>>> {
    let words = words.trim();
    let words = words
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(words);
    words
        .split("||")
        .map(|words| {
            let mut any_of = vec![Vec::new()];
            for one in words
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
            {
                let excluded = one.strip_prefix("!=").filter(|text| text.contains('*'));
                if let Some(version) = excluded {
                    any_of = around(version.trim(), &any_of)?;
                    continue;
                }
                let mut bounds = Vec::new();
                specifier(one, &mut bounds)?;
                for all_of in &mut any_of {
                    all_of.extend(bounds.iter().cloned());
                }
            }
            Some(any_of)
        })
        .collect::<Option<Vec<_>>>()
        .map(|any_of| any_of.concat())
}

/// What some bounds take on both sides of all that begins with the same numbers, `2.*`.
fn around(version: &str, any_of: &[Vec<Bound>]) -> Option<Vec<Vec<Bound>>> {
    let version = wild(version).filter(|_| any_of.len() <= MOST_SIDES)?;
    let last = version.numbers.len().checked_sub(1)?;
    let below = Bound::new(Test::Less, format!("{}{LEAST}", version.floor()));
    let above = Bound::new(Test::AtLeast, format!("{}{LEAST}", version.above(last)?));
    let sides = any_of.iter().flat_map(|all_of| {
        [&below, &above].map(|side| {
            let mut all_of = all_of.clone();
            all_of.push(side.clone());
            all_of
        })
    });
    Some(sides.collect())
}

fn specifier(text: &str, bounds: &mut Vec<Bound>) -> Option<()> {
    let end = text.find(|c: char| !matches!(c, '=' | '<' | '>' | '!' | '~' | '^'))?;
    let (sign, version) = text.split_at_checked(end)?;
    let version = version.trim();
    // Several of them, parted by a blank, are nobody's.
    if version.contains(char::is_whitespace) {
        return None;
    }
    let plain = |test| Some(Bound::new(test, version));
    match sign {
        ">=" => bounds.extend(plain(Test::AtLeast)),
        "<=" => bounds.extend(plain(Test::AtMost)),
        ">" => bounds.extend(plain(Test::More)),
        // What came before a release is none of it, unless it is what is named.
        "<" => {
            let is_release = Partial::parse(version).is_some_and(|one| one.rest.is_empty());
            let least = if is_release { LEAST } else { "" };
            bounds.push(Bound::new(Test::Less, format!("{version}{least}")));
        }
        "!=" => bounds.extend(plain(Test::NotEqual)),
        "===" => bounds.extend(plain(Test::Equal)),
        "==" | "" | "=" if version.contains('*') => {
            let version = wild(version)?;
            if let Some(last) = version.numbers.len().checked_sub(1) {
                within(
                    &version,
                    last,
                    &format!("{}{LEAST}", version.floor()),
                    bounds,
                )?;
            }
        }
        "==" | "" | "=" => bounds.extend(plain(Test::Equal)),
        "~=" => {
            let partial = whole(version)?;
            let held = partial.numbers.len().checked_sub(2)?;
            within(&partial, held, version, bounds)?;
        }
        "~" => {
            let partial = whole(version)?;
            let held = partial.numbers.len().checked_sub(1)?.min(1);
            within(&partial, held, version, bounds)?;
        }
        "^" => {
            let partial = whole(version)?;
            within(&partial, partial.leading(), version, bounds)?;
        }
        _ => return None,
    }
    Some(())
}

/// From `floor` on, as long as the numbers up to the position are the same.
fn within(version: &Partial<'_>, held: usize, floor: &str, bounds: &mut Vec<Bound>) -> Option<()> {
    bounds.push(Bound::new(Test::AtLeast, floor));
    let above = version.above(held)?;
    bounds.push(Bound::new(Test::Less, format!("{above}{LEAST}")));
    Some(())
}

fn wild(version: &str) -> Option<Partial<'_>> {
    whole(version).filter(|version| version.is_wild)
}

/// The numbers of a version without an epoch: nobody has needed the two together.
fn whole(version: &str) -> Option<Partial<'_>> {
    Partial::parse(version).filter(|_| !version.contains('!'))
}
