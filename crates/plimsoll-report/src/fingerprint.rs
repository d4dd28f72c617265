//! What makes a finding the same finding after the lines around it moved.

use std::collections::HashMap;

use plimsoll_model::{Finding, Span, hex};
use sha2::{Digest as _, Sha256};

use crate::lookup::Sources;
use crate::mask::{Mask, covers};

/// How much of the source at a finding goes into its fingerprint.
const TEXT: usize = 4096;

/// Makes fingerprints of the findings of one report, in report order.
pub(crate) struct Fingerprinter<'a, 's> {
    sources: &'s Sources<'a>,
    mask: &'s Mask<'a>,
    seen: HashMap<[u8; 32], usize>,
}

impl<'a, 's> Fingerprinter<'a, 's> {
    pub(crate) fn new(sources: &'s Sources<'a>, mask: &'s Mask<'a>) -> Self {
        Self {
            sources,
            mask,
            seen: HashMap::new(),
        }
    }

    /// Rule, file, the text the finding points at without its blanks, package and path; then a
    /// number that tells equal ones apart. No line, no column, no layer digest.
    pub(crate) fn of(&mut self, finding: &Finding) -> String {
        self.of_one(finding, "")
    }

    /// The same of one of several at a place, told apart by what they are called.
    pub(crate) fn of_one(&mut self, finding: &Finding, name: &str) -> String {
        let origin = &finding.origin;
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(finding.rule.as_bytes());
        match &origin.source {
            Some(source) => {
                part(source.file.as_bytes());
                part(&self.text(&source.file, source.span));
            }
            None => part(
                origin
                    .layer
                    .as_ref()
                    .and_then(|layer| layer.instruction.as_deref())
                    .unwrap_or_default()
                    .as_bytes(),
            ),
        }
        part(origin.package.as_deref().unwrap_or_default().as_bytes());
        part(origin.path.as_deref().unwrap_or_default().as_bytes());
        if !name.is_empty() {
            part(name.as_bytes());
        }
        let key: [u8; 32] = hash.finalize().into();
        let number = self.seen.entry(key).or_insert(0);
        *number += 1;
        format!("{}:{number}", hex(&key[..16]))
    }

    fn text(&self, file: &str, span: Span) -> Vec<u8> {
        let Some(source) = self.sources.get(file) else {
            return Vec::new();
        };
        let hidden = self.mask.hidden(file, span);
        span.of(source.bytes())
            .iter()
            .enumerate()
            .filter(|(at, byte)| !byte.is_ascii_whitespace() && !covers(hidden, span.start + at))
            .map(|(_, byte)| *byte)
            .take(TEXT)
            .collect()
    }
}
