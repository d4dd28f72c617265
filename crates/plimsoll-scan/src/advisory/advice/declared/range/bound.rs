//! One side of a range, and the numbers that ranges are made of.

use std::cmp::Ordering;

use super::super::super::super::version::Order;

/// How a version must stand to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// One side of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    test: Test,
    pub(super) version: String,
}

impl Bound {
    pub(super) fn new(test: Test, version: impl Into<String>) -> Self {
        Self {
            test,
            version: version.into(),
        }
    }

    /// Whether it takes one version alone.
    pub(super) fn is_exact(&self) -> bool {
        self.test == Test::Equal
    }

    /// Whether it takes no version above its own.
    pub(super) fn is_ceiling(&self) -> bool {
        matches!(self.test, Test::Equal | Test::Less | Test::AtMost)
    }

    /// Whether a version is on this side; what has no place in the order is on none.
    pub(super) fn holds(&self, order: Order, version: &str) -> bool {
        // What names no build takes all of them (PEP 440, version matching).
        let is_build = || order == Order::Pep440 && order.is_build_of(version, &self.version);
        let Ok(found) = order.compare(version, &self.version) else {
            return false;
        };
        match self.test {
            Test::Equal => found.is_eq() || is_build(),
            Test::NotEqual => found.is_ne() && !is_build(),
            Test::Less => found.is_lt(),
            Test::AtMost => found.is_le() || is_build(),
            Test::More => found.is_gt() && !is_build(),
            Test::AtLeast => found != Ordering::Less,
        }
    }
}

/// Whether a version may be taken for what it is: a pre-release only where one of the same release is
/// named (<https://github.com/npm/node-semver#prerelease-tags>).
pub(super) fn takes_pre(all_of: &[Bound], version: &str) -> bool {
    let parts = |text: &str| {
        let text = text.split('+').next().unwrap_or_default();
        let (release, pre) = text.split_once('-')?;
        Some((release.to_owned(), pre.to_owned()))
    };
    let Some((release, _)) = parts(version) else {
        return true;
    };
    let mut named = all_of.iter().filter_map(|bound| parts(&bound.version));
    // `-0` ends a range, and nobody wrote it.
    named.any(|(of, pre)| of == release && pre != "0")
}

/// A version that may be cut short or end in a wildcard: `1.2`, `1.x`, `1.2.3-beta`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partial<'t> {
    /// The numbers that are written; none of `*`.
    pub(super) numbers: Vec<u64>,
    /// Whether a wildcard stands behind them.
    pub(super) is_wild: bool,
    /// What follows the numbers, without build metadata.
    pub(super) rest: &'t str,
}

impl<'t> Partial<'t> {
    /// Reads one.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let is_wildcard = |c: char| matches!(c, 'x' | 'X' | '*');
        let mut rest = text.trim().trim_start_matches(['v', '=']).trim_start();
        let mut numbers = Vec::new();
        let mut is_wild = false;
        loop {
            let digits = rest.find(|c: char| !c.is_ascii_digit());
            let (number, behind) = rest.split_at_checked(digits.unwrap_or(rest.len()))?;
            if number.is_empty() {
                let (_, behind) = rest
                    .split_at_checked(1)
                    .filter(|_| rest.starts_with(is_wildcard))?;
                is_wild = true;
                rest = behind.trim_start_matches(['.', 'x', 'X', '*']);
                break;
            }
            numbers.push(number.parse().ok()?);
            rest = behind;
            match behind.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit() || is_wildcard(c)) => {
                    rest = next;
                }
                _ => break,
            }
        }
        let rest = rest.split('+').next().unwrap_or_default();
        (!is_wild || rest.is_empty()).then_some(Self {
            numbers,
            is_wild,
            rest,
        })
    }

    /// Whether numbers are missing that a whole version has.
    pub(super) fn is_short(&self) -> bool {
        self.is_wild || self.numbers.len() < 3
    }

    /// The smallest version that it may be.
    pub(super) fn floor(&self) -> String {
        format!("{}{}", joined(&self.numbers), self.rest)
    }

    /// The smallest release behind all that share the numbers up to this position.
    pub(super) fn above(&self, at: usize) -> Option<String> {
        let mut numbers = self.numbers.get(..=at)?.to_vec();
        let last = numbers.last_mut()?;
        *last = last.checked_add(1)?;
        Some(joined(&numbers))
    }

    /// The position of the number that a caret holds fast: the first that is not zero.
    pub(super) fn leading(&self) -> usize {
        let known = self.numbers.len().saturating_sub(1);
        let leading = self.numbers.iter().position(|number| *number != 0);
        leading.unwrap_or(known).min(known)
    }
}

/// Numbers as a version of three at least.
fn joined(numbers: &[u64]) -> String {
    let missing = std::iter::repeat_n(&0, 3_usize.saturating_sub(numbers.len()));
    let numbers: Vec<String> = numbers.iter().chain(missing).map(u64::to_string).collect();
    numbers.join(".")
}
