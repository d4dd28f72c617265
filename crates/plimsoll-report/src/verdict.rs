//! The policy's word, in the same words wherever it is told.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

/// What keeps an image from sailing, and so whether it may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What holds it back, one sentence each.
    pub reasons: Vec<String>,
    /// What the judgement needs and nobody looked at, a line each.
    pub unseen: Vec<String>,
    /// The command to type next.
    pub next: Option<String>,
}

/// Whether it may sail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Holds,
    /// Something holds it back.
    HeldBack,
    /// Nothing that was seen holds it back, and not all was seen.
    NotJudged,
}

impl Verdict {
    /// A verdict by what holds back and what was not looked at.
    pub fn new(reasons: Vec<String>, unseen: Vec<String>) -> Self {
        Self {
            reasons,
            unseen,
            next: None,
        }
    }

    /// What was found to be wrong counts first; where nothing was, all of it must have been seen.
    pub fn standing(&self) -> Standing {
        match (self.reasons.is_empty(), self.unseen.is_empty()) {
            (false, _) => Standing::HeldBack,
            (true, false) => Standing::NotJudged,
            (true, true) => Standing::Holds,
        }
    }

    /// Whether it may sail.
    pub fn holds(&self) -> bool {
        self.standing() == Standing::Holds
    }

    /// All that keeps it from that, a sentence each: what holds it back comes first.
    pub(crate) fn told(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let unseen = self.unseen.iter();
        let unseen = unseen.map(|gap| Cow::from(format!("not looked at: {gap}")));
        self.reasons.iter().map(Cow::from).chain(unseen)
    }
}

impl Standing {
    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HeldBack => "held back",
            Self::NotJudged => "not judged",
        }
    }

    /// The word for scripts.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HeldBack => "held-back",
            Self::NotJudged => "not-judged",
        }
    }

    pub(crate) fn style(self) -> Style {
        let color = match self {
            Self::Holds => AnsiColor::BrightGreen,
            Self::HeldBack | Self::NotJudged => AnsiColor::BrightRed,
        };
        color.on_default().bold()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_looked_at_is_not_clean() {
        let told = |reasons: &[&str], unseen: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let verdict = Verdict::new(owned(reasons), owned(unseen));
            let lines: Vec<String> = verdict.told().map(Cow::into_owned).collect();
            (verdict.standing(), lines.join("; "))
        };
        for (reasons, unseen, standing, lines) in [
            (&[][..], &[][..], Standing::Holds, ""),
            (&["a key"], &[], Standing::HeldBack, "a key"),
            (
                &[],
                &["layer 1: torn"],
                Standing::NotJudged,
                "not looked at: layer 1: torn",
            ),
            (
                &["a key"],
                &["layer 1: torn"],
                Standing::HeldBack,
                "a key; not looked at: layer 1: torn",
            ),
        ] {
            assert_eq!(told(reasons, unseen), (standing, lines.to_owned()));
        }
    }
}
