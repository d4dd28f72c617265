//! Which flaws packages have, where nobody asks for more than their names: what advice tries is many
//! packages in many versions.

use plimsoll_model::{Inventory, Platform};

use super::advisory::Advisories;
use super::words::Words;
use super::work::Work;
use super::{Inquiry, MOST_FINDINGS, records};
use crate::advisory::{Index, IndexError};

/// A flaw of a package, by its names alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFlaw {
    /// The position of the package.
    pub package: usize,
    /// What the flaw is known by; see [`Vulnerability::names()`](plimsoll_model::Vulnerability::names).
    pub names: Vec<String>,
}

/// The flaws that [`judge_inventory()`](super::judge_inventory) finds of the packages that are installed,
/// by their names alone and in no order; nothing where there are too many to look for.
///
/// # Errors
/// The index is damaged.
pub fn name_flaws(
    index: &Index,
    inventory: &Inventory,
    platform: Option<&Platform>,
) -> Result<Option<Vec<NamedFlaw>>, IndexError> {
    let mut inquiry = Inquiry::new(index, inventory, Work::default())?;
    let hit = inquiry.ask_all()?;
    if inquiry.left_out > 0 {
        return Ok(None);
    }
    let advisories = Advisories::read(index, records(&hit, false))?;
    let words = Words {
        platform,
        advisories: &advisories,
        of_own: false,
    };
    let mut work = Work::default();
    let mut named = Vec::new();
    let installed = hit.iter().filter(|(_, of, _)| of.removed_in.is_none());
    for (package, of, answer) in installed {
        let found = words.flaws(of, answer, &mut work);
        let Some(found) = found.filter(|_| named.len() < MOST_FINDINGS) else {
            return Ok(None);
        };
        named.extend(found.into_iter().map(|mut flaw| {
            flaw.aliases.push(flaw.id);
            NamedFlaw {
                package: *package,
                names: flaw.aliases,
            }
        }));
    }
    Ok(Some(named))
}
