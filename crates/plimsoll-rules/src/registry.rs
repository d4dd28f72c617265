//! All rules. A rule stands in the list of its folder's `mod.rs`, a folder in the list here.

use std::sync::LazyLock;

use plimsoll_model::Finding;

use crate::rule::{Meta, Rule};
use crate::{
    base, context, download, ecosystem, image, instruction, label, package, runtime, secret, shell,
    stage, suppression, user,
};

/// The folders of rules.
static FOLDERS: &[(&str, &[&dyn Rule])] = &[
    ("instruction", instruction::RULES),
    ("stage", stage::RULES),
    ("base", base::RULES),
    ("package", package::RULES),
    ("download", download::RULES),
    ("shell", shell::RULES),
    ("secret", secret::RULES),
    ("user", user::RULES),
    ("runtime", runtime::RULES),
    ("label", label::RULES),
    ("context", context::RULES),
    ("ecosystem", ecosystem::RULES),
    ("image", image::RULES),
    ("suppression", suppression::RULES),
];

static RULES: LazyLock<Vec<&dyn Rule>> = LazyLock::new(|| {
    FOLDERS
        .iter()
        .flat_map(|(_, rules)| rules.iter().copied())
        .collect()
});

/// Every rule there is.
pub fn all() -> &'static [&'static dyn Rule] {
    &RULES
}

/// The folders of rules, by what they are about.
pub fn folders() -> &'static [(&'static str, &'static [&'static dyn Rule])] {
    FOLDERS
}

/// Whether a finding is what `name` speaks of: its rule's name, or one of its own aliases.
pub fn goes_by(finding: &Finding, name: &str) -> bool {
    name.eq_ignore_ascii_case(finding.rule) || carries(finding.aliases, name)
}

/// The rules that go by `name` or alias, in any spelling other tools use. More than one where two
/// rules share an alias.
pub fn find(name: &str) -> Vec<&'static dyn Rule> {
    RULES
        .iter()
        .copied()
        .filter(|rule| names(rule.meta(), name))
        .collect()
}

/// Whether `name` is any rule's name or alias.
pub(crate) fn is_known(name: &str) -> bool {
    RULES.iter().any(|rule| names(rule.meta(), name))
}

/// Whether `name` is this rule's name or one of its aliases.
pub(crate) fn names(meta: &Meta, name: &str) -> bool {
    if name.eq_ignore_ascii_case(meta.name) {
        return true;
    }
    carries(meta.aliases, name)
}

/// Whether `name` is one of these aliases, in any spelling other tools use.
pub(crate) fn carries(aliases: &[&str], name: &str) -> bool {
    match trivy_number(name) {
        Some(number) => aliases
            .iter()
            .any(|alias| trivy_number(alias) == Some(number)),
        None => aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name)),
    }
}

/// The number in Trivy's Dockerfile check ids, which it has written `DS002`, `DS-0002` and
/// `AVD-DS-0002` over the years.
fn trivy_number(name: &str) -> Option<u32> {
    fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
        let head = text.get(..prefix.len())?;
        let is_prefix = head.eq_ignore_ascii_case(prefix);
        is_prefix.then(|| &text[prefix.len()..])
    }
    let rest = strip(name, "AVD-").unwrap_or(name);
    let rest = strip(rest, "DS")?;
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trivy_ids_are_one_in_all_spellings() {
        for spelling in ["DS002", "DS-0002", "AVD-DS-0002", "ds2", "avd-ds-0002"] {
            assert_eq!(trivy_number(spelling), Some(2), "{spelling}");
        }
        for other in ["DS", "DSA", "DL3002", "DS-", "DS-1x", "DS99999999999", "ä"] {
            assert_eq!(trivy_number(other), None, "{other}");
        }
    }

    #[test]
    fn an_alias_finds_every_rule_that_shares_it() {
        let names: Vec<_> = find("CIS-DI-0001")
            .iter()
            .map(|rule| rule.meta().name)
            .collect();
        assert_eq!(names, ["root-user", "image-runs-as-root"]);
    }
}
