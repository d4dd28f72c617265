//! Parts flaws of several CVE numbers that advisories have names in common for.
//!
//! An advisory with a number is about that one. One without is about each that it shares a name with:
//! directly, or through others without a number, by the shortest way.

use std::collections::{BTreeSet, HashMap};

use super::{Flaw, Member, Told, rank};

/// Flaws that one advisory without a number counts for: a name in common with more is hardly one.
pub(super) const MOST_FLAWS: usize = 16;

/// Places among the numbers, sorted.
type Places = Vec<usize>;

/// The flaws that members tell of which have names in common, and more than one number.
pub(super) fn apart(told: &[Told<'_>], members: &[&Member<'_>]) -> Vec<Flaw> {
    let mut numbers: Vec<&str> = members.iter().filter_map(|member| member.number).collect();
    numbers.sort_unstable_by_key(|&number| rank(number));
    numbers.dedup();
    let place = |member: &Member<'_>| {
        let number = member.number.as_ref()?;
        numbers
            .binary_search_by_key(&rank(number), |one| rank(one))
            .ok()
    };
    let mut flaws: Vec<(Vec<&str>, Vec<usize>)> = vec![Default::default(); numbers.len()];
    // Which of them names stand for; what an advisory calls itself, for its own.
    let mut known: HashMap<&str, Places> = HashMap::new();
    let mut own: HashMap<&str, Places> = HashMap::new();
    let mut open: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, member) in members.iter().enumerate() {
        let Some(place) = place(member) else {
            for name in &member.names {
                open.entry(name).or_default().push(at);
            }
            continue;
        };
        if let Some((_, advisories)) = flaws.get_mut(place) {
            advisories.push(member.advisory);
        }
        for name in &member.names {
            let is_own = told
                .get(member.advisory)
                .is_some_and(|told| told.id == *name);
            let of = if is_own { &mut own } else { &mut known };
            of.entry(name).or_default().push(place);
        }
    }
    for (name, places) in own {
        known.insert(name, places);
    }
    known.values_mut().for_each(shorten);
    // From what is placed to what shares a name with it, and on from there.
    let mut front: BTreeSet<&str> = known.keys().copied().collect();
    let mut is_placed = vec![false; members.len()];
    while !front.is_empty() {
        let reached: BTreeSet<usize> = front
            .iter()
            .filter_map(|name| open.remove(name))
            .flatten()
            .filter(|at| !is_placed[*at])
            .collect();
        let mut next: HashMap<&str, Places> = HashMap::new();
        for at in reached {
            is_placed[at] = true;
            let member = members[at];
            let named = member.names.iter().filter_map(|name| known.get(name));
            let mut places: Places = named.flatten().copied().collect();
            shorten(&mut places);
            for place in &places {
                if let Some((_, advisories)) = flaws.get_mut(*place) {
                    advisories.push(member.advisory);
                }
            }
            for name in member
                .names
                .iter()
                .filter(|name| !known.contains_key(*name))
            {
                next.entry(name).or_default().extend(&places);
            }
        }
        next.values_mut().for_each(shorten);
        front = next.keys().copied().collect();
        known.extend(next);
    }
    for (name, places) in known {
        if let [place] = places.as_slice()
            && let Some((names, _)) = flaws.get_mut(*place)
        {
            names.push(name);
        }
    }
    let flaws = flaws.into_iter();
    flaws
        .map(|(names, advisories)| Flaw::new(names, advisories))
        .collect()
}

fn shorten(places: &mut Places) {
    places.sort_unstable();
    places.dedup();
    places.truncate(MOST_FLAWS);
}
