//! What an inventory does not cover, file by file.

use serde::{Deserialize, Serialize};

/// The files that one line of what was not looked at ([`Skipped`](crate::Skipped)) stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UncoveredFiles {
    /// The line's [`what`](crate::Skipped::what).
    pub what: String,
    /// The line's [`why`](crate::Skipped::why).
    pub why: String,
    /// Their paths without a leading slash, sorted; at most 10,000.
    pub files: Vec<String>,
    /// How many more there are.
    pub left_out: usize,
}
