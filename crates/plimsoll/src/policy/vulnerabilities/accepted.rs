//! Which accepted risks cover a vulnerability. Lists may have very many of them, and an image very
//! many vulnerabilities: they are not compared pair by pair.

use std::collections::HashMap;

use super::decision::Case;
use super::purl::python_name;
use super::waiver::{AcceptedRisk, PackagePattern, numbers};
use super::work::{Spent, Work};

/// Waivers by what they ask for.
pub(crate) struct Accepted<'w> {
    waivers: &'w [AcceptedRisk],
    /// By number in capital letters.
    by_number: HashMap<String, Vec<usize>>,
    /// Those without a number that name packages one by one, by those names in the loosest of all normal
    /// forms.
    by_name: HashMap<String, Vec<usize>>,
    /// All others: they may mean any.
    any: Vec<usize>,
    work: Work,
}

impl<'w> Accepted<'w> {
    /// Of these, with so much to be compared.
    pub(crate) fn new(waivers: &'w [AcceptedRisk], work: Work) -> Self {
        let mut accepted = Self {
            waivers,
            by_number: HashMap::new(),
            by_name: HashMap::new(),
            any: Vec::new(),
            work,
        };
        for (at, waiver) in waivers.iter().enumerate() {
            let names: Option<Vec<&str>> = waiver
                .packages
                .iter()
                .map(PackagePattern::only_name)
                .collect();
            match (&waiver.id, names) {
                (Some(id), _) => {
                    let number = id.to_ascii_uppercase();
                    accepted.by_number.entry(number).or_default().push(at);
                }
                (None, Some(names)) if !names.is_empty() => {
                    for name in names {
                        let key = python_name(name);
                        accepted.by_name.entry(key).or_default().push(at);
                    }
                }
                _ => accepted.any.push(at),
            }
        }
        accepted
    }

    /// Calls `each` with the position of every waiver that covers a vulnerability, in their order.
    ///
    /// # Errors
    /// There is too much to compare: further ones may cover it.
    pub(crate) fn each(
        &mut self,
        subject: &Case<'_>,
        each: &mut dyn FnMut(usize),
    ) -> Result<(), Spent> {
        if self.waivers.is_empty() {
            return Ok(());
        }
        let numbers = numbers(subject.vulnerability).map(str::to_ascii_uppercase);
        let by_number = numbers.filter_map(|number| self.by_number.get(&number));
        let identity = &subject.identity;
        let names = [
            Some(identity.name),
            identity.purl.as_ref().map(|purl| purl.name()),
            identity.source.map(|one| one.0.as_str()),
        ];
        let by_name = names
            .into_iter()
            .flatten()
            .filter_map(|name| self.by_name.get(&python_name(name)));
        let mut candidates: Vec<usize> = Vec::new();
        for list in by_number.chain(by_name).chain([&self.any]) {
            self.work.spend(list.len())?;
            candidates.extend(list);
        }
        candidates.sort_unstable();
        candidates.dedup();
        for at in candidates {
            let Some(waiver) = self.waivers.get(at) else {
                continue;
            };
            self.work.spend(waiver.cost(subject))?;
            if waiver.covers(subject) {
                each(at);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::vulnerabilities::Patterns;
    use crate::policy::vulnerabilities::testing::{subject, vulnerability};

    fn of(packages: &[&str]) -> AcceptedRisk {
        let packages = packages.iter();
        AcceptedRisk {
            packages: packages
                .filter_map(|one| PackagePattern::parse(one))
                .collect(),
            ..AcceptedRisk::default()
        }
    }

    #[test]
    fn of_thousands_of_names_few_are_looked_at() {
        let mut waivers: Vec<AcceptedRisk> = (0..5000).map(|at| of(&[&format!("x{at}")])).collect();
        waivers.push(of(&["pkg:npm/left-pad"]));
        waivers.push(of(&["x9999", "@a/left-pad"]));
        waivers.push(of(&["pkg:npm/%40a/left-pad", "left-*"]));
        let mut accepted = Accepted::new(&waivers, Work::of(5000));
        let mut found = Vec::new();
        let mut one = vulnerability("C-1", "@a/left-pad");
        one.purl = "pkg:npm/%40a/left-pad@1.0.0".to_owned();
        let two = vulnerability("C-1", "left-pad");
        for one in [&one, &two].into_iter().cycle().take(200) {
            let covers = &mut |at| found.push(at);
            accepted.each(&subject(one), covers).unwrap();
        }
        assert_eq!(found[..4], [5001, 5002, 5000, 5002]);
    }

    /// Grype knows Java's packages by the names of their artifacts.
    #[test]
    fn an_artifact_of_java_goes_by_its_own_name() {
        let mut found = vulnerability("C-1", "org.apache:log4j-core");
        found.purl = "pkg:maven/org.apache/log4j-core@2.14.1".to_owned();
        for (name, covers) in [
            ("log4j-core", true),
            ("log4j-.*", true),
            ("org.apache:log4j-core", true),
            ("log4j-api", false),
            ("core", false),
        ] {
            let pattern = Patterns::default().name_of_grype(name).unwrap();
            let waivers = [AcceptedRisk {
                packages: vec![PackagePattern::Own(pattern)],
                ..AcceptedRisk::default()
            }];
            let mut accepted = Accepted::new(&waivers, Work::of(1000));
            let mut is_covered = false;
            let cover = &mut |_| is_covered = true;
            accepted.each(&subject(&found), cover).unwrap();
            assert_eq!(is_covered, covers, "{name}");
        }
    }

    #[test]
    fn what_would_take_too_long_is_not_decided() {
        let mut patterns = Patterns::default();
        let pattern = patterns.name_of_grype("(x|y)+").unwrap();
        let waivers = vec![
            AcceptedRisk {
                packages: vec![PackagePattern::Own(pattern)],
                ..AcceptedRisk::default()
            };
            100
        ];
        let mut accepted = Accepted::new(&waivers, Work::of(30_000));
        let one = vulnerability("C-1", "a");
        let decided = (0..1000).filter(|_| accepted.each(&subject(&one), &mut |_| {}).is_ok());
        // Each takes one step to list, one to begin with, one for the pattern.
        assert_eq!(decided.count(), 100);
    }
}
