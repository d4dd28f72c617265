//! Variables that are read and never set, or set and never read.

use shuck_ast::Span;

use super::vars;
use super::word::Expansion;
use super::{Lint, Read, is_name, range};

impl<'t> Lint<'t, '_> {
    pub(super) fn heredoc_expansion(&mut self, span: Span) {
        let Some(expansion) = Expansion::read(self.slice(span)) else {
            return;
        };
        let (start, end) = range(span);
        self.bash_expansion(&expansion, span);
        if is_name(expansion.name) {
            self.read.push(Read {
                name: expansion.name,
                start,
                end,
                guarded: false,
            });
        }
    }

    /// Variables that are read and never set, set and never read.
    pub(super) fn unassigned(&mut self) {
        let is_set = |name: &str| (self.around.is_set)(name);
        let mut hints = Vec::new();
        let mut unlike = 0;
        let mut reads = std::mem::take(&mut self.read);
        // Of each name the first place that was come by.
        reads.sort_by_key(|read| read.name);
        reads.dedup_by_key(|read| read.name);
        for read in &reads {
            let name = read.name;
            if read.guarded
                || self.written.iter().any(|(known, ..)| *known == name)
                || is_set(name)
                || vars::is_internal(name)
            {
                continue;
            }
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                hints.push((2154, read.start, read.end, name));
            } else if unlike < CLOSE_LIMIT
                && (self.written.iter().any(|(known, ..)| is_close(name, known))
                    || (self.around.has_close)(name))
            {
                hints.push((2153, read.start, read.end, name));
            } else {
                unlike += 1;
            }
        }
        for (name, start, end) in &self.written {
            let is_read = reads.binary_search_by_key(name, |read| read.name).is_ok();
            if !is_read && !name.starts_with('_') && !is_set(name) && !vars::is_internal(name) {
                hints.push((2034, *start, *end, *name));
            }
        }
        for (code, start, end, name) in hints {
            let subject = self.place_of(name);
            self.hint(code, start, end, subject);
        }
    }
}

/// How many names without a like are compared with all others.
const CLOSE_LIMIT: usize = 64;

/// Whether one variable's name may be the other mistyped.
pub fn is_close(name: &str, known: &str) -> bool {
    if known.len() < 4 || name.len().abs_diff(known.len()) > 2 {
        return false;
    }
    if name.eq_ignore_ascii_case(known) {
        return true;
    }
    let distance = strsim::osa_distance(name, known);
    distance <= 1 || (known.len() > 7 && distance <= 2)
}
