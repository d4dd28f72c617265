//! What is asked: versions of the packages that advisories speak of, in the places where a matcher
//! can be wrong. At every version that is named, just before it and just behind it.

use std::collections::BTreeSet;

use plimsoll_scan::advisory::{Ecosystem, Order};

use super::records::Records;
use crate::parity::versions::random::Random;

/// Is this version of this package affected?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    /// With its release.
    pub(super) ecosystem: String,
    pub(super) name: String,
    pub(super) version: String,
}

/// Most versions of one package.
const MOST_VERSIONS: usize = 24;

/// How an ecosystem orders. Bitnami's versions are written as others write Semantic Versions.
pub(super) fn order(ecosystem: &str) -> Option<Order> {
    match Ecosystem::parse(ecosystem)?.order()? {
        Order::Bitnami => Some(Order::Semver),
        order => Some(order),
    }
}

/// At most so many questions on packages of an ecosystem, drawn by `seed`.
pub(super) fn make(records: &Records, ecosystem: &str, most: usize, seed: u64) -> Vec<Question> {
    let Some(order) = order(ecosystem) else {
        return Vec::new();
    };
    let mut random = Random::new(seed);
    let packages = records.packages();
    let mut names: Vec<&str> = packages
        .filter_map(|(of, name)| (of == ecosystem).then_some(name))
        .collect();
    let mut questions = Vec::new();
    while !names.is_empty() && questions.len() < most {
        let name = names.swap_remove(random.below(names.len()));
        let mut versions: Vec<String> = versions(records, ecosystem, name, order)
            .into_iter()
            .collect();
        for _ in 0..MOST_VERSIONS {
            if versions.is_empty() {
                break;
            }
            let version = versions.swap_remove(random.below(versions.len()));
            questions.push(Question {
                ecosystem: ecosystem.to_owned(),
                name: name.to_owned(),
                version,
            });
        }
    }
    questions.sort();
    questions.truncate(most);
    questions
}

/// The versions that advisories name of a package, and those around them.
fn versions(records: &Records, ecosystem: &str, name: &str, order: Order) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, affected) in records.of(ecosystem, name) {
        for range in affected.ranges() {
            for version in range.events.iter().flat_map(|event| event.values()) {
                if version == "0" {
                    found.insert("0.0.1".to_owned());
                    continue;
                }
                found.extend(around(order, version));
                found.insert(version.clone());
            }
        }
        let listed = affected.versions();
        found.extend(listed.first().cloned());
        found.extend(listed.last().cloned());
    }
    found
}

/// Versions beside another one, as people of that ecosystem write them.
fn around(order: Order, version: &str) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(step(version, false));
    found.extend(step(version, true));
    let ends_in_digit = version.ends_with(|last: char| last.is_ascii_digit());
    let more: &[&str] = match order {
        Order::Dpkg => &["~rc1", "+deb9u1", "+b1", "ubuntu1"],
        Order::Rpm => &[".1", "_1", "~rc1", "^git1"],
        Order::Apk if version.contains("-r") => &["0"],
        Order::Apk => &["-r0", "_rc1", "a"],
        Order::Pep440 if ends_in_digit => &["rc1", ".post1", ".dev1", "+local", ".0"],
        Order::Gem => &[".pre1", ".1", ".0"],
        Order::Go if !version.contains('-') => {
            &["-rc.1", "-0.20200102030405-abcdefabcdef", "+incompatible"]
        }
        Order::Semver if !version.contains('-') => &["-rc.1", "-0", "+build"],
        _ => &[],
    };
    found.extend(more.iter().map(|suffix| format!("{version}{suffix}")));
    found
}

/// The version with its last number one higher or one lower.
fn step(version: &str, up: bool) -> Option<String> {
    let end = version.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let begins = version[..end]
        .rfind(|letter: char| !letter.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let number: u64 = version[begins..end].parse().ok()?;
    let number = match up {
        true => number.checked_add(1)?,
        false => number.checked_sub(1)?,
    };
    Some(format!("{}{number}{}", &version[..begins], &version[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_goes_up_and_down() {
        assert_eq!(step("1.2.9", true).as_deref(), Some("1.2.10"));
        assert_eq!(step("1.2.10", false).as_deref(), Some("1.2.9"));
        assert_eq!(
            step("1:2.0-1+deb9u3", true).as_deref(),
            Some("1:2.0-1+deb9u4")
        );
        assert_eq!(step("1.0.0", false), None);
        assert_eq!(step("7", true).as_deref(), Some("8"));
        assert_eq!(step("1.0.2k", true).as_deref(), Some("1.0.3k"));
        assert_eq!(step("none", true), None);
    }
}
