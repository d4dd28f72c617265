//! Which of the advisories on a package tell of the same flaw, and what to call it.
//!
//! Databases copy from each other: one flaw has a CVE number, an advisory on GitHub, one of its
//! ecosystem and one of each distribution, and each knows some of the other names. What shares a
//! name is one flaw. But an advisory may tell of several flaws at once, as those of distributions on
//! what they mend often do, and a few of Go, RubySec and GitHub: it counts for each of them, and does
//! not make them one. A flaw has one CVE number, and what several are called by is no name of any:
//! what is said of the one would be said of the others.

mod apart;

use std::collections::HashMap;

/// What an advisory says of the flaws it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// Its own id.
    pub(super) id: &'a str,
    /// Other names of the same flaw.
    pub(super) aliases: &'a [String],
    /// The flaws it mends a package of.
    pub(super) upstream: &'a [String],
}

/// One flaw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaw {
    /// The name to show.
    pub(super) id: String,
    /// Its other names, sorted.
    pub(super) aliases: Vec<String>,
    /// Which of the advisories tell of it, sorted.
    pub(super) advisories: Vec<usize>,
}

/// What one advisory tells of one flaw.
#[derive(Clone, Debug)]
struct Member<'a> {
    advisory: usize,
    number: Option<&'a str>,
    names: Vec<&'a str>,
}

/// Sorts advisories on one package by flaw.
pub(super) fn flaws(told: &[Told<'_>]) -> Vec<Flaw> {
    let mut members: Vec<Member<'_>> = Vec::new();
    for (advisory, told) in told.iter().enumerate() {
        of_advisory(advisory, told, &mut members);
    }
    let mut groups = Groups::new(members.len());
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, member) in members.iter().enumerate() {
        for name in &member.names {
            let known = *first.entry(name).or_insert(at);
            groups.join(known, at);
        }
    }
    let mut flaws: Vec<Flaw> = Vec::new();
    // The members of each, one behind the other.
    let mut by_root: Vec<(usize, usize)> = (0..members.len())
        .map(|member| (groups.root(member), member))
        .collect();
    by_root.sort_unstable();
    for members_of in by_root.chunk_by(|a, b| a.0 == b.0) {
        let members_of = members_of.iter().filter_map(|(_, at)| members.get(*at));
        let mut numbers = members_of.clone().filter_map(|member| member.number);
        let first = numbers.next();
        if numbers.any(|number| Some(number) != first) {
            flaws.extend(apart::apart(told, &members_of.collect::<Vec<_>>()));
            continue;
        }
        let mut advisories = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for member in members_of {
            advisories.push(member.advisory);
            names.extend(&member.names);
        }
        flaws.push(Flaw::new(names, advisories));
    }
    flaws.sort_by(|a, b| a.id.cmp(&b.id));
    flaws
}

impl Flaw {
    /// One that has these names, of which there is one at least, and these advisories tell of.
    fn new(mut names: Vec<&str>, mut advisories: Vec<usize>) -> Self {
        advisories.sort_unstable();
        advisories.dedup();
        names.sort_unstable();
        names.dedup();
        let ranked = names.iter().enumerate();
        let shown = ranked.min_by_key(|(_, name)| rank(name));
        let shown = shown.map_or(0, |(at, _)| at);
        let id = names.remove(shown).to_owned();
        Self {
            id,
            aliases: names.into_iter().map(str::to_owned).collect(),
            advisories,
        }
    }
}

/// Adds what an advisory tells of each of its flaws.
fn of_advisory<'a>(advisory: usize, told: &Told<'a>, members: &mut Vec<Member<'a>>) {
    let own = std::iter::once(told.id)
        .chain(told.aliases.iter().map(String::as_str))
        .chain(told.upstream.iter().map(String::as_str));
    let mut numbers: Vec<&str> = own.clone().filter_map(cve).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() > 1 {
        // Which of them its other names belong to is not told, and its own is no name of any.
        members.extend(numbers.into_iter().map(|number| Member {
            advisory,
            number: Some(number),
            names: vec![number],
        }));
        return;
    }
    let number = numbers.first().copied();
    let mut names: Vec<&str> = own.chain(number).collect();
    names.sort_unstable();
    names.dedup();
    members.push(Member {
        advisory,
        number,
        names,
    });
}

/// Whether names are those of several flaws.
pub(super) fn are_of_several<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut numbers = names.filter_map(cve);
    let first = numbers.next();
    numbers.any(|number| Some(number) != first)
}

/// The CVE number that a name is, or ends in, as `DEBIAN-CVE-2024-3094` does.
pub(super) fn cve(name: &str) -> Option<&str> {
    let at = match name.starts_with("CVE-") {
        true => 0,
        false => name.rfind("-CVE-")? + 1,
    };
    let number = name.get(at..)?;
    let mut parts = number.split('-').skip(1);
    let digits = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    (digits(parts.next()) && digits(parts.next()) && parts.next().is_none()).then_some(number)
}

/// Which name of a flaw to show. The CVE number, as policies, exploit lists and people know it;
/// else GitHub's, which most databases repeat; else that of the ecosystem's own database. Of
/// several the oldest.
fn rank(name: &str) -> (u8, u64, u64, &str) {
    let number = |part: Option<&str>| part.and_then(|part| part.parse().ok()).unwrap_or(u64::MAX);
    if name.starts_with("CVE-") {
        let mut parts = name.split('-').skip(1);
        return (0, number(parts.next()), number(parts.next()), name);
    }
    let rank = match name {
        _ if name.starts_with("GHSA-") => 1,
        // Distributions wrap what others found.
        _ if cve(name).is_some() => 3,
        _ => 2,
    };
    (rank, 0, 0, name)
}

/// Members that belong together (union-find).
struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    fn new(members: usize) -> Self {
        Self {
            parent: (0..members).collect(),
        }
    }

    fn root(&mut self, member: usize) -> usize {
        let mut root = member;
        while self.parent[root] != root {
            self.parent[root] = self.parent[self.parent[root]];
            root = self.parent[root];
        }
        root
    }

    fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        // The lower one stays, so that the result does not depend on the way here.
        self.parent[left.max(right)] = left.min(right);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone)]
    struct Advisory {
        id: &'static str,
        aliases: Vec<String>,
        upstream: Vec<String>,
    }

    fn advisory(id: &'static str, aliases: &[&str], upstream: &[&str]) -> Advisory {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Advisory {
            id,
            aliases: owned(aliases),
            upstream: owned(upstream),
        }
    }

    /// `id: aliases; advisories`, a line a flaw.
    fn merged(advisories: &[Advisory]) -> Vec<String> {
        let told: Vec<Told<'_>> = advisories
            .iter()
            .map(|one| Told {
                id: one.id,
                aliases: &one.aliases,
                upstream: &one.upstream,
            })
            .collect();
        flaws(&told)
            .into_iter()
            .map(|flaw| {
                let advisories: Vec<&str> = flaw.advisories.iter().map(|at| told[*at].id).collect();
                format!(
                    "{}: {}; {}",
                    flaw.id,
                    flaw.aliases.join(" "),
                    advisories.join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn what_shares_a_name_is_one_flaw() {
        assert_eq!(
            merged(&[
                advisory("PYSEC-2024-1", &["GHSA-aaaa-bbbb-cccc"], &[]),
                advisory("GHSA-aaaa-bbbb-cccc", &["CVE-2024-1"], &[]),
                advisory("PYSEC-2024-2", &[], &[]),
                advisory("GHSA-dddd-eeee-ffff", &["PYSEC-2024-9"], &[]),
            ]),
            [
                "CVE-2024-1: GHSA-aaaa-bbbb-cccc PYSEC-2024-1; PYSEC-2024-1 GHSA-aaaa-bbbb-cccc",
                "GHSA-dddd-eeee-ffff: PYSEC-2024-9; GHSA-dddd-eeee-ffff",
                "PYSEC-2024-2: ; PYSEC-2024-2",
            ]
        );
    }

    #[test]
    fn an_advisory_on_several_flaws_counts_for_each_and_names_none() {
        assert_eq!(
            merged(&[
                advisory("DSA-5000-1", &[], &["CVE-2024-2", "CVE-2024-1"]),
                advisory("DEBIAN-CVE-2024-1", &[], &["CVE-2024-1"]),
                advisory("DEBIAN-CVE-2024-3", &[], &[]),
                advisory("DLA-1-1", &[], &[]),
                advisory(
                    "CGA-aaaa-bbbb-cccc",
                    &[],
                    &["CVE-2024-7", "GHSA-gggg-hhhh-jjjj"]
                ),
                advisory(
                    "USN-1-1",
                    &[],
                    &["UBUNTU-CVE-2024-8", "CVE-2024-8", "CVE-2024-9"]
                ),
            ]),
            [
                "CVE-2024-1: DEBIAN-CVE-2024-1; DSA-5000-1 DEBIAN-CVE-2024-1",
                "CVE-2024-2: ; DSA-5000-1",
                "CVE-2024-3: DEBIAN-CVE-2024-3; DEBIAN-CVE-2024-3",
                "CVE-2024-7: CGA-aaaa-bbbb-cccc GHSA-gggg-hhhh-jjjj; CGA-aaaa-bbbb-cccc",
                "CVE-2024-8: ; USN-1-1",
                "CVE-2024-9: ; USN-1-1",
                "DLA-1-1: ; DLA-1-1",
            ]
        );
    }

    #[test]
    fn an_advisory_with_several_cve_numbers_makes_no_flaws_one() {
        let records = [
            advisory(
                "GO-2024-2652",
                &["CVE-2024-1", "CVE-2024-2", "GHSA-aaaa", "GHSA-bbbb"],
                &[],
            ),
            advisory("GHSA-aaaa", &["CVE-2024-1"], &[]),
            advisory("GHSA-bbbb", &["CVE-2024-2"], &[]),
        ];
        let expected = [
            "CVE-2024-1: GHSA-aaaa; GO-2024-2652 GHSA-aaaa",
            "CVE-2024-2: GHSA-bbbb; GO-2024-2652 GHSA-bbbb",
        ];
        assert_eq!(merged(&records), expected);
        // As most know each other's names, too: what both are called by is no name of any.
        let mut mutual = records;
        for one in &mut mutual[1..] {
            one.aliases.push("GO-2024-2652".to_owned());
        }
        assert_eq!(merged(&mutual), expected);
        assert_eq!(
            merged(&mutual[1..]),
            [
                "CVE-2024-1: GHSA-aaaa; GHSA-aaaa",
                "CVE-2024-2: GHSA-bbbb; GHSA-bbbb",
            ]
        );
        // Wherever its numbers stand.
        assert_eq!(
            merged(&[
                advisory("RUBYSEC-CVE-2013-1", &["CVE-2013-2"], &[]),
                advisory("X-1", &["CVE-2013-3"], &["CVE-2013-4"]),
                advisory("Y-1", &["CVE-2013-5", "GHSA-cccc"], &["Y-CVE-2013-5"]),
            ]),
            [
                "CVE-2013-1: ; RUBYSEC-CVE-2013-1",
                "CVE-2013-2: ; RUBYSEC-CVE-2013-1",
                "CVE-2013-3: ; X-1",
                "CVE-2013-4: ; X-1",
                "CVE-2013-5: GHSA-cccc Y-1 Y-CVE-2013-5; Y-1",
            ]
        );
    }

    #[test]
    fn an_advisory_without_a_number_counts_for_each_flaw_that_it_names() {
        let flaws = [
            advisory("GHSA-aaaa", &["CVE-2024-1", "GO-1"], &[]),
            advisory("GHSA-bbbb", &["CVE-2024-2", "GO-1"], &[]),
        ];
        let with = |others: &[Advisory]| {
            let all: Vec<Advisory> = flaws.iter().chain(others).cloned().collect();
            merged(&all)
        };
        let of_both = [
            "CVE-2024-1: GHSA-aaaa; GHSA-aaaa GO-1",
            "CVE-2024-2: GHSA-bbbb; GHSA-bbbb GO-1",
        ];
        assert_eq!(
            with(&[advisory("GO-1", &["GHSA-aaaa", "GHSA-bbbb"], &[])]),
            of_both
        );
        assert_eq!(with(&[advisory("GO-1", &[], &[])]), of_both);
        // What names one of them is about that one, and so is what names it.
        assert_eq!(
            with(&[
                advisory("PYSEC-1", &["GHSA-aaaa"], &[]),
                advisory("Y-1", &["PYSEC-1"], &[]),
                advisory("Z-1", &["Y-1"], &[]),
            ]),
            [
                "CVE-2024-1: GHSA-aaaa PYSEC-1 Y-1 Z-1; GHSA-aaaa PYSEC-1 Y-1 Z-1",
                "CVE-2024-2: GHSA-bbbb; GHSA-bbbb",
            ]
        );
        // Two that are called the same are one as long as they have no number.
        assert_eq!(
            merged(&[
                advisory("GHSA-aaaa", &["GO-1"], &[]),
                advisory("GHSA-bbbb", &["GO-1", "CVE-2024-2"], &[]),
            ]),
            ["CVE-2024-2: GHSA-aaaa GHSA-bbbb GO-1; GHSA-aaaa GHSA-bbbb"]
        );
    }

    /// Of Zope: each of the two names what the other is about.
    #[test]
    fn what_an_advisory_calls_itself_is_a_name_of_its_own_flaw() {
        assert_eq!(
            merged(&[
                advisory(
                    "PYSEC-88",
                    &["CVE-2021-32633", "GHSA-5pr9", "GHSA-962m"],
                    &[]
                ),
                advisory(
                    "PYSEC-104",
                    &["CVE-2021-32674", "GHSA-rpcg", "GHSA-5pr9"],
                    &[]
                ),
            ]),
            [
                "CVE-2021-32633: GHSA-962m PYSEC-88; PYSEC-88",
                "CVE-2021-32674: GHSA-rpcg PYSEC-104; PYSEC-104",
            ]
        );
        assert_eq!(
            merged(&[
                advisory("PYSEC-88", &["CVE-2021-32633", "GHSA-5pr9"], &[]),
                advisory("PYSEC-104", &["CVE-2021-32674", "GHSA-5pr9"], &[]),
                advisory("GHSA-5pr9", &["CVE-2021-32633"], &[]),
            ]),
            [
                "CVE-2021-32633: GHSA-5pr9 PYSEC-88; PYSEC-88 GHSA-5pr9",
                "CVE-2021-32674: PYSEC-104; PYSEC-104",
            ]
        );
    }

    #[test]
    fn what_shares_names_with_very_many_is_sorted_in_no_time() {
        let number = 20_000;
        let owned: Vec<(String, Vec<String>)> = (0..number)
            .map(|at| match at {
                _ if at % 2 == 0 => (
                    format!("A-{at}"),
                    vec![format!("CVE-2024-{at}"), "GO-1".to_owned()],
                ),
                1 => ("B-1".to_owned(), vec!["B-3".to_owned(), "GO-1".to_owned()]),
                // Each is known by the one before it alone.
                _ => (format!("B-{at}"), vec![format!("B-{}", at + 2)]),
            })
            .collect();
        let told: Vec<Told<'_>> = owned
            .iter()
            .map(|(id, aliases)| Told {
                id,
                aliases,
                upstream: &[],
            })
            .collect();
        let flaws = flaws(&told);
        assert_eq!(flaws.len(), number / 2);
        let told: usize = flaws.iter().map(|flaw| flaw.advisories.len()).sum();
        assert!(told <= number * apart::MOST_FLAWS, "{told}");
    }

    #[test]
    fn a_cve_number_is_known_when_it_is_seen() {
        for (name, number) in [
            ("CVE-2024-3094", Some("CVE-2024-3094")),
            ("DEBIAN-CVE-2024-3094", Some("CVE-2024-3094")),
            ("RUBYSEC-CVE-2013-0156", Some("CVE-2013-0156")),
            ("CVE-2024", None),
            ("CVE-2024-x", None),
            ("MY-CVE-2024-1-2", None),
            ("GHSA-cve-2024-1", None),
        ] {
            assert_eq!(cve(name), number, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_advisory_is_told_and_the_order_is_no_matter(
            names in proptest::collection::vec(
                (0..8_u8, proptest::collection::vec(0..8_u8, 0..3), proptest::collection::vec(0..8_u8, 0..4)),
                0..8,
            ),
        ) {
            let name = |number: &u8| match number {
                0..4 => format!("CVE-2024-{number}"),
                _ => format!("GHSA-{number}"),
            };
            let owned: Vec<(String, Vec<String>, Vec<String>)> = names
                .iter()
                .map(|(id, aliases, upstream)| (
                    format!("X-{id}"),
                    aliases.iter().map(name).collect(),
                    upstream.iter().map(name).collect(),
                ))
                .collect();
            let told: Vec<Told<'_>> = owned
                .iter()
                .map(|(id, aliases, upstream)| Told { id, aliases, upstream })
                .collect();
            let merged = flaws(&told);
            for advisory in 0..told.len() {
                prop_assert!(merged.iter().any(|flaw| flaw.advisories.contains(&advisory)));
            }
            // A flaw has one number, and a name is that of one flaw.
            let mut named: Vec<&str> = Vec::new();
            for flaw in &merged {
                let names = || flaw.aliases.iter().chain([&flaw.id]).map(String::as_str);
                let mut numbers: Vec<&str> = names().filter_map(cve).collect();
                numbers.sort_unstable();
                numbers.dedup();
                prop_assert!(numbers.len() < 2, "{:?}", flaw);
                named.extend(names());
            }
            let all = named.len();
            named.sort_unstable();
            named.dedup();
            prop_assert_eq!(named.len(), all);
            let reversed: Vec<Told<'_>> = told.iter().rev().cloned().collect();
            let ids = |flaws: &[Flaw]| -> Vec<(String, Vec<String>)> {
                flaws.iter().map(|flaw| (flaw.id.clone(), flaw.aliases.clone())).collect()
            };
            prop_assert_eq!(ids(&merged), ids(&flaws(&reversed)));
        }
    }
}
