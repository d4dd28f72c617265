//! Sharing what is to be done for very many packages among the cores.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

/// Most threads: each gets its share of what may be looked at and kept, however many have little to do.
const MOST: usize = 8;

/// Least work for a thread, in items that take a microsecond or some: with less it is nearly done before
/// another one has started.
const LEAST: usize = 256;

/// Has some items gone through on all cores, each a range of them of the same weight, and gives what is
/// made of each range, in order; `part` is told how many there are. Nothing where one core is as fast, and
/// where nothing is made of one of them: then whoever asks goes through them one by one, and what comes of
/// that does not depend on how many cores there are.
pub(super) fn on_all_cores<'t, T: Sync, R: Send>(
    items: &'t [T],
    weight: impl Fn(&T) -> usize,
    part: impl Fn(&'t [T], usize) -> Option<R> + Sync,
) -> Option<Vec<R>> {
    static CORES: OnceLock<usize> = OnceLock::new();
    let all: usize = items.iter().map(&weight).sum();
    if all < 2 * LEAST {
        return None;
    }
    let cores = CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get));
    on(*cores, all, items, weight, part)
}

/// The same on so many cores, of items that weigh so much in all.
fn on<'t, T: Sync, R: Send>(
    cores: usize,
    all: usize,
    items: &'t [T],
    weight: impl Fn(&T) -> usize,
    part: impl Fn(&'t [T], usize) -> Option<R> + Sync,
) -> Option<Vec<R>> {
    let parts = (all / LEAST).min(cores).min(MOST);
    if parts < 2 {
        return None;
    }
    let ranges = ranges(items, weight, all.div_ceil(parts));
    let (first, others) = ranges.split_first()?;
    let part = &part;
    thread::scope(|scope| {
        let others = others.iter().map(|range| {
            let range: &'t [T] = range;
            thread::Builder::new().spawn_scoped(scope, move || part(range, parts))
        });
        // Where no more threads may be started, there is one all the same.
        let others: Vec<_> = others.collect::<Result<_, _>>().ok()?;
        let first = part(first, parts);
        let others = others.into_iter().map(|other| match other.join() {
            Ok(made) => made,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(first).chain(others).collect()
    })
}

/// Items in ranges of at least some weight each, but for the last.
fn ranges<T>(items: &[T], weight: impl Fn(&T) -> usize, least: usize) -> Vec<&[T]> {
    let mut ranges = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        sum += weight(item);
        if sum >= least {
            ranges.push(&items[start..=at]);
            (start, sum) = (at + 1, 0);
        }
    }
    // What weighs nothing behind the last goes with it.
    match ranges.last_mut() {
        Some(last) if sum == 0 => *last = &items[start - last.len()..],
        _ => ranges.push(&items[start..]),
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What each of so many cores was given.
    fn parts(cores: usize, items: &[usize]) -> Option<Vec<Vec<usize>>> {
        let all = items.iter().sum();
        let part = |range: &[usize], _| Some(range.to_vec());
        on(cores, all, items, |item| *item, part)
    }

    #[test]
    fn what_one_core_does_as_fast_is_left_to_it() {
        for cores in [1, 2, 64] {
            assert_eq!(parts(cores, &[]), None);
            assert_eq!(parts(cores, &[2 * LEAST - 1]), None);
        }
        assert_eq!(parts(1, &[LEAST; 100]), None);
        assert_eq!(parts(2, &[LEAST; 100]).map(|parts| parts.len()), Some(2));
        assert_eq!(
            parts(64, &[LEAST; 100]).map(|parts| parts.len()),
            Some(MOST)
        );
    }

    #[test]
    fn nothing_is_made_where_one_part_fails() {
        let items: Vec<usize> = (0..64).map(|at| LEAST + at).collect();
        let all_but_last = |range: &[usize], _| (range.last() != items.last()).then_some(());
        for cores in [1, 2, 3, 64] {
            let all = items.iter().sum();
            assert_eq!(on(cores, all, &items, |item| *item, all_but_last), None);
        }
    }

    proptest! {
        #[test]
        fn ranges_are_all_items_in_order(
            items in proptest::collection::vec(0..50_usize, 0..60),
            wanted in 1..9_usize,
        ) {
            let all: usize = items.iter().sum();
            let least = all.div_ceil(wanted).max(1);
            let ranges = ranges(&items, |item| *item, least);
            prop_assert!(ranges.len() <= wanted, "{} of {wanted}", ranges.len());
            prop_assert_eq!(ranges.concat(), items);
        }

        #[test]
        fn parts_are_in_order(
            items in proptest::collection::vec(0..2 * LEAST, 0..60),
            cores in 1..20_usize,
        ) {
            if let Some(parts) = parts(cores, &items) {
                prop_assert!(parts.len() <= cores.min(MOST));
                prop_assert_eq!(parts.concat(), items);
            }
        }
    }
}
