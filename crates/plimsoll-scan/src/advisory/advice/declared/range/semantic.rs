//! Ranges of npm (<https://github.com/npm/node-semver#ranges>), Cargo
//! (<https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>), Composer
//! (<https://getcomposer.org/doc/articles/versions.md>) and RubyGems
//! (<https://guides.rubygems.org/patterns/>).

use super::bound::{Bound, Partial, Test};

/// Alternatives, and what each of them asks for at once.
type Bounds = Vec<Vec<Bound>>;

/// What differs between them.
#[derive(Clone, Copy)]
struct Dialect {
    /// What a version without a sign stands for.
    bare: Bare,
    /// What stands behind a release and is less than it and all its pre-releases.
    least: &'static str,
    /// Whether a tilde holds all numbers fast but the last one that is written; else the first two.
    tilde_drops_last: bool,
    /// Whether a version that is cut short means all that begin so: `>1.2` is not 1.2.5.
    short_is_wild: bool,
}

/// What a version without a sign stands for.
#[derive(Clone, Copy)]
enum Bare {
    Caret,
    Exact,
}

const NPM: Dialect = Dialect {
    bare: Bare::Exact,
    least: "-0",
    tilde_drops_last: false,
    short_is_wild: true,
};
const CARGO: Dialect = Dialect {
    bare: Bare::Caret,
    ..NPM
};
const COMPOSER: Dialect = Dialect {
    bare: Bare::Exact,
    least: "-dev",
    tilde_drops_last: true,
    short_is_wild: false,
};
const GEM: Dialect = Dialect {
    bare: Bare::Exact,
    least: ".A",
    tilde_drops_last: true,
    short_is_wild: false,
};

/// Signs, the longer ones of a kind first.
const SIGNS: [(&str, Sign); 13] = [
    ("~>", Sign::Tilde),
    ("~=", Sign::Tilde),
    ("~", Sign::Tilde),
    ("^", Sign::Caret),
    (">=", Sign::Test(Test::AtLeast)),
    ("<=", Sign::Test(Test::AtMost)),
    ("<>", Sign::Test(Test::NotEqual)),
    ("!=", Sign::Test(Test::NotEqual)),
    ("==", Sign::Test(Test::Equal)),
    (">", Sign::Test(Test::More)),
    ("<", Sign::Test(Test::Less)),
    ("=", Sign::Test(Test::Equal)),
    ("", Sign::None),
];

#[derive(Clone, Copy)]
enum Sign {
    Tilde,
    Caret,
    Test(Test),
    None,
}

pub(super) fn npm(words: &str) -> Option<Bounds> {
    let alternatives = words.split("||");
    alternatives
        .map(|words| all_of(NPM, words.trim()))
        .collect()
}

pub(super) fn composer(words: &str) -> Option<Bounds> {
    let alternatives = words.split('|').filter(|words| !words.is_empty());
    alternatives
        .map(|words| {
            // What stands behind the sign says which stability is enough.
            let words = words.split('@').next().unwrap_or_default();
            all_of(COMPOSER, words.trim())
        })
        .collect()
}

pub(super) fn cargo(words: &str) -> Option<Bounds> {
    let mut bounds = Vec::new();
    for one in words.split(',').map(str::trim) {
        comparator(CARGO, one, &mut bounds)?;
    }
    Some(vec![bounds])
}

/// Several are joined by commas.
pub(super) fn gem(words: &str) -> Option<Bounds> {
    let mut bounds = Vec::new();
    for one in words.split(',').map(str::trim) {
        comparator(GEM, one, &mut bounds)?;
    }
    Some(vec![bounds])
}

/// What is asked for at once, parted by blanks or commas.
fn all_of(dialect: Dialect, words: &str) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    if let Some((from, to)) = words.split_once(" - ") {
        let from = Partial::parse(from)?;
        let upper = Partial::parse(to)?;
        let dialect = Dialect {
            short_is_wild: true,
            ..dialect
        };
        bounds.push(Bound::new(Test::AtLeast, from.floor()));
        at_most(dialect, &upper, &mut bounds)?;
        return Some(bounds);
    }
    // A sign may stand apart from its version.
    let mut sign = String::new();
    for word in words
        .split([' ', '\t', ','])
        .filter(|word| !word.is_empty())
    {
        sign.push_str(word);
        if word.ends_with(['<', '>', '=', '~', '^', '!']) {
            continue;
        }
        comparator(dialect, &sign, &mut bounds)?;
        sign.clear();
    }
    sign.is_empty().then_some(bounds)
}

fn comparator(dialect: Dialect, text: &str, bounds: &mut Vec<Bound>) -> Option<()> {
    let (sign, version) = SIGNS
        .iter()
        .find_map(|(sign, meaning)| Some((*meaning, text.strip_prefix(sign)?)))?;
    if version.trim().is_empty() {
        // Nothing at all is no bound; a sign without a version is none that can be read.
        return matches!(sign, Sign::None).then_some(());
    }
    let version = Partial::parse(version)?;
    if version.numbers.is_empty() {
        return Some(());
    }
    let last = version.numbers.len() - 1;
    let floor = version.floor();
    let below = |at: usize| {
        let above = version.above(at)?;
        Some(Bound::new(Test::Less, format!("{above}{}", dialect.least)))
    };
    let is_wild = version.is_wild || dialect.short_is_wild && version.is_short();
    let sign = match (sign, dialect.bare) {
        (Sign::None, Bare::Caret) if !version.is_wild => Sign::Caret,
        (Sign::None, _) => Sign::Test(Test::Equal),
        (sign, _) => sign,
    };
    match sign {
        Sign::Caret => {
            bounds.push(Bound::new(Test::AtLeast, floor));
            bounds.push(below(version.leading())?);
        }
        Sign::Tilde => {
            let held = match dialect.tilde_drops_last {
                true => last.saturating_sub(1),
                false => last.min(1),
            };
            bounds.push(Bound::new(Test::AtLeast, floor));
            bounds.push(below(held)?);
        }
        Sign::Test(Test::Equal) if is_wild => {
            bounds.push(Bound::new(Test::AtLeast, floor));
            bounds.push(below(last)?);
        }
        Sign::Test(Test::More) if is_wild => {
            bounds.push(Bound::new(Test::AtLeast, version.above(last)?));
        }
        Sign::Test(Test::AtMost) => at_most(dialect, &version, bounds)?,
        Sign::Test(Test::Less) if is_wild => {
            bounds.push(Bound::new(Test::Less, format!("{floor}{}", dialect.least)));
        }
        // All that begin so but not these cannot be told by bounds that all must hold.
        Sign::Test(Test::NotEqual) if is_wild => return None,
        Sign::Test(test) => bounds.push(Bound::new(test, floor)),
        Sign::None => return None,
    }
    Some(())
}

fn at_most(dialect: Dialect, version: &Partial<'_>, bounds: &mut Vec<Bound>) -> Option<()> {
    let Some(last) = version.numbers.len().checked_sub(1) else {
        return Some(());
    };
    let is_wild = version.is_wild || dialect.short_is_wild && version.is_short();
    bounds.push(match is_wild {
        true => Bound::new(
            Test::Less,
            format!("{}{}", version.above(last)?, dialect.least),
        ),
        false => Bound::new(Test::AtMost, version.floor()),
    });
    Some(())
}
