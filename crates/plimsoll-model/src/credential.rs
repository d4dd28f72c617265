//! Credentials in text.

use crate::{Severity, Span};

/// A credential in a text. Its value is not in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextCredential {
    /// What it is, such as `github-token`.
    pub kind: &'static str,
    /// How much it hurts.
    pub severity: Severity,
    /// Where its value stands, in bytes of the text.
    pub span: Span,
}
