//! Which of the lines that ask for a package say anything that no line before them does.

use std::collections::HashMap;

use plimsoll_model::PackageKind;

use super::{DeclaredPackage, normal};

/// Different ranges of versions that a project is taken to ask for of one package. Each is held
/// against each version that is installed.
const MOST_RANGES: usize = 200;

/// Leaves out what asks for a package as a line before it does: it is the first that advice names.
/// Returns what is left, and how many lines were left out that ask for yet other versions of a
/// package that [`MOST_RANGES`] lines ask for.
pub fn distinct(declared: Vec<DeclaredPackage>) -> (Vec<DeclaredPackage>, usize) {
    let mut kept: Vec<DeclaredPackage> = Vec::new();
    let mut by_name: HashMap<(PackageKind, String), Vec<usize>> = HashMap::new();
    let mut left_out = 0;
    for one in declared {
        let known = by_name
            .entry((one.kind, normal(one.kind, &one.name)))
            .or_default();
        let mut before = known.iter().filter_map(|at| kept.get(*at));
        if before.any(|other| other.is_lock == one.is_lock && other.range == one.range) {
            continue;
        }
        if known.len() >= MOST_RANGES {
            left_out += 1;
            continue;
        }
        known.push(kept.len());
        kept.push(one);
    }
    (kept, left_out)
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
        let declared = declarations(&SourceFile::new("requirements.txt", text));
        assert_eq!(declared.len(), 10_000);
        let (kept, left_out) = distinct(declared.clone());
        assert_eq!(
            (kept.len(), left_out),
            (MOST_RANGES + 1, 5000 - 2 * MOST_RANGES)
        );
        assert_eq!(kept[..2], declared[..2]);
        assert_eq!(kept[2], declared[4]);
        assert_eq!(distinct(kept.clone()), (kept, 0));
    }
}
