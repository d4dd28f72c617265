//! What became of bounds, as `layers` and `diff` tell it.

use anstyle::{AnsiColor, Style};

use crate::Verdict;

/// What became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Holds,
    HeldBack,
    /// Something that they need was not looked at.
    NotJudged,
}

/// The same with the reasons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruling<'a> {
    pub(crate) standing: Standing,
    pub(crate) reasons: &'a [String],
}

impl<'a> Ruling<'a> {
    /// Nothing where nobody asked.
    pub(crate) fn of(verdict: Option<&'a Verdict>, not_judged: &'a [String]) -> Option<Self> {
        let (standing, reasons) = match verdict {
            Some(verdict) if verdict.holds => (Standing::Holds, &*verdict.reasons),
            Some(verdict) => (Standing::HeldBack, &*verdict.reasons),
            None if not_judged.is_empty() => return None,
            None => (Standing::NotJudged, not_judged),
        };
        Some(Self { standing, reasons })
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self.standing {
            Standing::Holds => "holds",
            Standing::HeldBack => "held back",
            Standing::NotJudged => "not judged: not looked at",
        }
    }

    pub(crate) fn style(self) -> Style {
        let color = match self.standing {
            Standing::Holds => AnsiColor::BrightGreen,
            Standing::HeldBack | Standing::NotJudged => AnsiColor::BrightRed,
        };
        color.on_default().bold()
    }
}
