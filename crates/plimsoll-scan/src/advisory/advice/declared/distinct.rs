//! Which of the lines that ask for a package say anything that no line before them does.

use std::collections::HashMap;

use plimsoll_model::PackageKind;

use super::{DeclaredPackage, normal};

/// Different ranges of versions that a project is taken to ask for of one package. Each is held
/// against each version that is installed.
const MOST_RANGES: usize = 200;

/// Lines that are taken to say the same beside another one.
const MOST_BESIDE: usize = 200;

/// What is known of the lines that ask for one package.
#[derive(Default)]
struct Known {
    /// Positions among those that are kept.
    kept: Vec<usize>,
    /// Whether there is one whose versions are not looked at.
    has_unread: bool,
}

/// Leaves out what asks for a package as a line before it does: it is the first that advice names, with
/// those beside it. Returns what is left, and how many lines more ask for a package that hundreds
/// ask for: [`MOST_BESIDE`] for the same versions, or [`MOST_RANGES`] for others. Of these one is kept, as a
/// line that cannot be understood: nobody knows that the project asks for other versions only.
pub fn distinct(declared: Vec<DeclaredPackage>) -> (Vec<DeclaredPackage>, usize) {
    let mut kept: Vec<DeclaredPackage> = Vec::new();
    let mut by_name: HashMap<(PackageKind, String), Known> = HashMap::new();
    let mut left_out = 0;
    for mut one in declared {
        let known = by_name
            .entry((one.kind, normal(one.kind, &one.name)))
            .or_default();
        let same = known.kept.iter().copied().find(|at| {
            kept.get(*at)
                .is_some_and(|other| says_the_same(other, &one))
        });
        if let Some(other) = same.and_then(|at| kept.get_mut(at)) {
            match other.stands_beside(&one) {
                true if other.also.len() >= MOST_BESIDE => left_out += 1,
                true => other.also.push(one.place),
                false => {}
            }
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
        && left.reach == right.reach
        && left.is_lock == right.is_lock
        && left.range == right.range
        && left.pin == right.pin
        && left.standing == right.standing
        && left.is_aside == right.is_aside
        && left.word.is_some() == right.word.is_some()
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
            (
                MOST_RANGES + 2,
                (5000 - 2 * MOST_RANGES) + (5000 - 1 - MOST_BESIDE)
            )
        );
        // Those beside it are named with it.
        assert_eq!(kept[0].place, declared[0].place);
        assert_eq!(kept[0].also, [declared[2].place.clone()]);
        assert_eq!(kept[1].place, declared[1].place);
        assert_eq!(kept[1].also.len(), MOST_BESIDE);
        assert_eq!(kept[2].place, declared[4].place);
        // What is not looked at may ask for any version.
        let last = kept.last().unwrap();
        assert_eq!(
            (&last.place, &last.range),
            (&declared[4 * MOST_RANGES].place, &None)
        );
    }
}
