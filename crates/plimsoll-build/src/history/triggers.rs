//! What the ONBUILD instructions of a base made in a build on it: first of all, right behind the base's
//! own.

use jiff::Timestamp;
use plimsoll_model::HistoryEntry;

use super::align::{Entry, Step, are_of};

/// Time between the last of them and the first own within which both are of one build, in seconds.
const ONE_BUILD: u64 = 3_600;

/// Instructions that are compared: no base has that many.
const MOST: usize = 64;

/// How many entries right below the one at `first`, the lowest of a Dockerfile's own, the triggers of
/// its base left. An image that was built on the same base, and that this one is built on, has them
/// too; but it ends with something of its own, or was made earlier: what is an hour older is not taken
/// for this build's.
pub(super) fn triggered(history: &[HistoryEntry], entries: &[Entry<'_>], first: usize) -> usize {
    let steps = history.iter().map(HistoryEntry::step).enumerate();
    let triggers: Vec<(usize, &str)> = steps
        .take(first)
        .filter(|(_, step)| step.keyword == "ONBUILD")
        .map(|(at, step)| (at, step.own))
        .collect();
    let Some((last, _)) = triggers.last() else {
        return 0;
    };
    let behind = first - last - 1;
    let steps: Vec<Step<'_>> = triggers
        .iter()
        .map(|(_, text)| {
            let keyword = text.split_whitespace().next().unwrap_or_default();
            Step::new(keyword, text)
        })
        .collect();
    let most = steps.len().min(behind).min(MOST);
    let time = |entry: &HistoryEntry| entry.created.as_deref()?.parse::<Timestamp>().ok();
    let below = history.get(first - 1).and_then(time);
    let own = history.get(first).and_then(time);
    let apart = below.zip(own);
    let apart = apart.map(|(below, own)| own.as_second().abs_diff(below.as_second()));
    if apart.is_some_and(|seconds| seconds >= ONE_BUILD) {
        return 0;
    }
    (1..=most)
        .rev()
        .find(|count| {
            are_of(
                &steps[steps.len() - count..],
                &entries[first - count..first],
            )
        })
        .unwrap_or(0)
}
