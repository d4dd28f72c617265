//! Which of the lines that ask for a package say anything that no line before them does.

use std::collections::HashMap;

use plimsoll_model::PackageKind;

use super::{DeclaredPackage, normal};

/// Different ranges of versions that a project is taken to ask for of one package. Each is held
/// against each version that is installed.
const MOST_RANGES: usize = 200;

/// What is known of the lines that ask for one package.
#[derive(Default)]
struct Known {
    /// Positions among those that are kept.
    kept: Vec<usize>,
    /// Whether there is one whose versions are not looked at.
    has_unread: bool,
}

/// Leaves out what asks for a package as a line before it does: it is the first that advice names.
/// Returns what is left, and how many lines ask for yet other versions of a package that
/// [`MOST_RANGES`] lines ask for. Of those one is kept, as a line that cannot be understood: nobody
/// knows that the project asks for other versions only.
pub fn distinct(declared: Vec<DeclaredPackage>) -> (Vec<DeclaredPackage>, usize) {
    let mut kept: Vec<DeclaredPackage> = Vec::new();
    let mut by_name: HashMap<(PackageKind, String), Known> = HashMap::new();
    let mut left_out = 0;
    for mut one in declared {
        let known = by_name
            .entry((one.kind, normal(one.kind, &one.name)))
            .or_default();
        let mut before = known.kept.iter().filter_map(|at| kept.get(*at));
        if before.any(|other| says_the_same(other, &one)) {
            continue;
        }
        if known.kept.len() >= MOST_RANGES {
            left_out += 1;
            if one.is_lock || known.has_unread {
                continue;
            }
            known.has_unread = true;
            one.range = None;
            kept.push(one);
            continue;
        }
        known.kept.push(kept.len());
        kept.push(one);
    }
    (kept, left_out)
}

/// Whether two lines on one package differ in nothing but where they stand.
fn says_the_same(left: &DeclaredPackage, right: &DeclaredPackage) -> bool {
    left.alias == right.alias
        && left.overrules == right.overrules
        && left.is_lock == right.is_lock
        && left.range == right.range
        && left.pin == right.pin
        && left.standing == right.standing
        && left.is_aside == right.is_aside
        && left.is_word == right.is_word
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourceFile;

    use super::super::declarations;
    use super::*;

    #[test]
    fn of_lines_that_say_the_same_the_first_counts() {
        let text: String = (0..5000)
            .map(|at| format!("Ten_sor==1.{}\nb>=1\n", at / 2))
            .collect();
        let declared = declarations(&SourceFile::new("requirements.txt", text), false);
        assert_eq!(declared.len(), 10_000);
        let (kept, left_out) = distinct(declared.clone());
        assert_eq!(
            (kept.len(), left_out),
            (MOST_RANGES + 2, 5000 - 2 * MOST_RANGES)
        );
        assert_eq!(kept[..2], declared[..2]);
        assert_eq!(kept[2], declared[4]);
        // What is not looked at may ask for any version.
        let last = kept.last().unwrap();
        assert_eq!(
            (&last.place, &last.range),
            (&declared[4 * MOST_RANGES].place, &None)
        );
    }
}
