//! apk: `number{.number}{letter}{_suffix{number}}{~hash}{-rNumber}`, as apk-tools 3 orders it
//! (`apk-package(5)`).
//!
//! Numbers count modulo 2^64, as in apk.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a>(Tokens<'a>);

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let tokens = Tokens {
            rest: text.as_bytes(),
            last: None,
        };
        let mut check = tokens.clone();
        while check.next()?.kind != Kind::End {}
        Ok(Self(tokens))
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.0.clone(), other.0.clone());
        loop {
            // Both texts were walked through when they were read, so none of this fails.
            let (Ok(one), Ok(two)) = (left.next(), right.next()) else {
                return Ordering::Equal;
            };
            let order = one.rank().cmp(&two.rank()).then_with(|| one.compare(&two));
            if order.is_ne() || one.kind == Kind::End {
                return order;
            }
        }
    }
}

/// The kinds of tokens, in the order they may stand in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    FirstNumber,
    Number,
    Letter,
    Suffix(Suffix),
    SuffixNumber,
    Hash,
    Revision,
    End,
}

/// The known suffixes, from the least to the greatest; a version without any stands between `Rc`
/// and `Cvs`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix {
    Alpha,
    Beta,
    Pre,
    Rc,
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

impl Suffix {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"alpha" => Self::Alpha,
            b"beta" => Self::Beta,
            b"pre" => Self::Pre,
            b"rc" => Self::Rc,
            b"cvs" => Self::Cvs,
            b"svn" => Self::Svn,
            b"git" => Self::Git,
            b"hg" => Self::Hg,
            b"p" => Self::P,
            _ => return None,
        })
    }

    fn is_before_release(self) -> bool {
        self < Self::Cvs
    }
}

struct Token<'a> {
    kind: Kind,
    text: &'a [u8],
}

impl Token<'_> {
    /// What a token of this kind is against one of another kind where both versions were the same
    /// so far: a suffix of a pre-release before the end, and after it the later a kind may stand in
    /// a version, the less it is.
    fn rank(&self) -> u8 {
        match self.kind {
            Kind::Suffix(suffix) if suffix.is_before_release() => 0,
            Kind::End => 1,
            Kind::Revision => 2,
            Kind::Hash => 3,
            Kind::SuffixNumber => 4,
            Kind::Suffix(_) => 5,
            Kind::Letter => 6,
            Kind::Number => 7,
            Kind::FirstNumber => 8,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.kind, other.kind) {
            (Kind::Suffix(one), Kind::Suffix(two)) => one.cmp(&two),
            // As in Gentoo: where a zero stands in front, the digits are those of a fraction.
            (Kind::Number, _) if self.text.starts_with(b"0") || other.text.starts_with(b"0") => {
                self.text.cmp(other.text)
            }
            (Kind::FirstNumber | Kind::Number | Kind::SuffixNumber | Kind::Revision, _) => {
                wrapped(self.text).cmp(&wrapped(other.text))
            }
            (Kind::Letter | Kind::Hash, _) => self.text.cmp(other.text),
            (Kind::Suffix(_) | Kind::End, _) => Ordering::Equal,
        }
    }
}

fn wrapped(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |number, digit| {
        number
            .wrapping_mul(10)
            .wrapping_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

#[derive(Clone)]
struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Token<'a>, Reason> {
        let token = self.read()?;
        self.last = Some(token.kind);
        Ok(token)
    }

    fn read(&mut self) -> Result<Token<'a>, Reason> {
        let Some(last) = self.last else {
            return self.number(Kind::FirstNumber, "it does not begin with a digit");
        };
        let Some((&first, behind)) = self.rest.split_first() else {
            return Ok(Token {
                kind: Kind::End,
                text: b"",
            });
        };
        match first {
            b'a'..=b'z' if last <= Kind::Number => {
                let (text, rest) = self.rest.split_at(1);
                self.rest = rest;
                Ok(Token {
                    kind: Kind::Letter,
                    text,
                })
            }
            b'.' if last <= Kind::Number => {
                self.rest = behind;
                self.number(Kind::Number, "no digit follows a dot")
            }
            b'0'..=b'9' if matches!(last, Kind::Suffix(_)) => {
                self.number(Kind::SuffixNumber, "no digit follows a suffix")
            }
            b'_' if last <= Kind::SuffixNumber => {
                self.rest = behind;
                let text = number::take_while(&mut self.rest, u8::is_ascii_lowercase);
                let suffix = Suffix::named(text).ok_or("apk knows no such suffix behind _")?;
                Ok(Token {
                    kind: Kind::Suffix(suffix),
                    text,
                })
            }
            b'~' if last < Kind::Hash => {
                self.rest = behind;
                let text = number::take_while(
                    &mut self.rest,
                    |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                );
                if text.is_empty() {
                    return Err("no hexadecimal hash follows ~");
                }
                Ok(Token {
                    kind: Kind::Hash,
                    text,
                })
            }
            b'-' if last < Kind::Revision => {
                self.rest = behind
                    .strip_prefix(b"r")
                    .ok_or("only a revision, -r and a number, may follow a hyphen")?;
                self.number(Kind::Revision, "no digit follows -r")
            }
            _ => Err("a character in it may not stand where it does"),
        }
    }

    fn number(&mut self, kind: Kind, missing: Reason) -> Result<Token<'a>, Reason> {
        let text = number::take(&mut self.rest);
        if text.is_empty() {
            return Err(missing);
        }
        Ok(Token { kind, text })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Apk;

    #[test]
    fn suffixes_before_and_after_the_release() {
        ascending(
            ORDER,
            &[
                "3.1_alpha",
                "3.1_alpha2",
                "3.1_alpha10",
                "3.1_beta",
                "3.1_pre1",
                "3.1_rc3",
                "3.1",
                "3.1-r1",
                "3.1_cvs",
                "3.1_svn7",
                "3.1_git20240101",
                "3.1_hg1",
                "3.1_p1",
                "3.1a",
                "3.1.1",
            ],
        );
        ascending(ORDER, &["3.1_rc1_alpha", "3.1_rc1", "3.1_rc1_p1"]);
    }

    #[test]
    fn revisions_hashes_and_letters() {
        ascending(
            ORDER,
            &["1.1.1k-r0", "1.1.1l-r0", "1.1.1l-r8", "1.1.1l-r11"],
        );
        ascending(ORDER, &["2.0", "2.0-r3", "2.0~0a", "2.0~0a-r1", "2.0~ff"]);
    }

    #[test]
    fn a_zero_in_front_makes_a_fraction() {
        ascending(ORDER, &["1.01", "1.02", "1.1", "1.2", "1.10"]);
        ascending(ORDER, &["1.001", "1.01"]);
        equal(ORDER, &["01.2", "1.2"]);
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "a",
                "1.",
                "1..2",
                "1_",
                "1_gamma",
                "1_alpha.1",
                "1ab",
                "1a1",
                "1-1",
                "1-r",
                "1-r1-r2",
                "1-r1_p1",
                "1~",
                "1~xyz",
                "1~AB",
                "1.2-R1",
                "1+2",
                "1.2é",
            ],
        );
    }
}
