//! What every order must hold, and how the cases of each are told.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::Order;

/// Each version is older than every one behind it, both ways round.
#[track_caller]
pub(super) fn ascending(order: Order, versions: &[&str]) {
    for (place, left) in versions.iter().enumerate() {
        for (other, right) in versions.iter().enumerate() {
            assert_eq!(
                order.compare(left, right),
                Ok(place.cmp(&other)),
                "{left:.80} against {right:.80}"
            );
        }
    }
}

/// All versions are the same.
#[track_caller]
pub(super) fn equal(order: Order, versions: &[&str]) {
    for left in versions {
        for right in versions {
            assert_eq!(
                order.compare(left, right),
                Ok(Ordering::Equal),
                "{left} against {right}"
            );
        }
    }
}

/// None is a version, on either side.
#[track_caller]
pub(super) fn refused(order: Order, versions: &[&str]) {
    for version in versions {
        assert!(!order.is_valid(version), "{version:?} is a version");
        assert!(order.compare(version, "1.0.0").is_err());
        assert!(order.compare("1.0.0", version).is_err());
    }
}

/// What versions are made of, anywhere.
const PIECES: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "10",
    "01",
    "00",
    "007",
    "20240131",
    "2147483648",
    "18446744073709551616",
    ".",
    ".",
    ".",
    ".",
    "-",
    "-",
    "+",
    "~",
    "^",
    "_",
    ":",
    "!",
    "=",
    "*",
    "/",
    " ",
    "@",
    "#",
    "é",
    "v",
    "V",
    "go",
    "a",
    "b",
    "c",
    "m",
    "p",
    "x",
    "z",
    "A",
    "RC",
    "rc",
    "alpha",
    "beta",
    "pre",
    "dev",
    "post",
    "final",
    "ga",
    "sp",
    "snapshot",
    "stable",
    "_alpha",
    "_p",
    "-r",
    ".el9",
    "+deb",
    "git",
    "cvs",
    "incompatible",
    "-SNAPSHOT",
    "-dev",
    "release",
    "milestone",
    "preview",
];

/// A version, or nearly one: a number, then anything.
fn nearly() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..7);
    let starts = prop::sample::select(&["1", "1", "1.0", "0", "1.0.0", "1.2.3", "2010.01", ""][..]);
    (starts, pieces).prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()))
}

/// Versions that are close to each other: one start, short ends.
fn close() -> impl Strategy<Value = [String; 3]> {
    let end = || prop::collection::vec(prop::sample::select(PIECES), 0..4);
    (nearly(), end(), end(), end()).prop_map(|(start, one, two, three)| {
        [one, two, three].map(|end| format!("{start}{}", end.concat()))
    })
}

fn laws(versions: &[String; 3]) {
    let [a, b, c] = versions;
    for order in Order::ALL {
        for version in versions {
            let itself = order.compare(version, version);
            assert_eq!(itself.is_ok(), order.is_valid(version));
            assert!(
                itself.is_err() || itself == Ok(Ordering::Equal),
                "{version}"
            );
        }
        let (Ok(ab), Ok(bc), Ok(ac)) = (
            order.compare(a, b),
            order.compare(b, c),
            order.compare(a, c),
        ) else {
            continue;
        };
        assert_eq!(order.compare(b, a), Ok(ab.reverse()), "{order:?}: {a} {b}");
        // Maven's own is no order, see there.
        let expected = match (ab, bc) {
            (ab, bc) if ab == bc => Some(ab),
            (Ordering::Equal, other) | (other, Ordering::Equal) => Some(other),
            _ => None,
        };
        if let Some(expected) = expected
            && order != Order::Maven
        {
            assert_eq!(ac, expected, "{order:?}: {a} {b} {c}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_is_one(versions in [nearly(), nearly(), nearly()]) {
        laws(&versions);
    }

    #[test]
    fn every_order_is_one_among_versions_that_are_close(versions in close()) {
        laws(&versions);
    }

    #[test]
    fn no_text_is_too_strange(left in any::<String>(), right in nearly()) {
        for order in Order::ALL {
            let _ = order.compare(&left, &right);
            let _ = order.compare(&right, &left);
            if let Err(bad) = order.check(&left) {
                prop_assert!(!bad.to_string().contains('\n'));
            }
        }
    }
}

/// What Maven's versions end with.
const ENDS: &[&str] = &[
    "",
    ".Final",
    ".x",
    "-x",
    "-1",
    "-RC1",
    ".RC1",
    "-jre",
    ".jre8",
    "-jre8",
    "-redhat-1",
    ".redhat-1",
    ".Final-redhat-1",
    "-SNAPSHOT",
    ".M1",
    "-M1",
    ".SR1",
    "-android",
    ".1",
    ".2",
    "-b01",
    ".v2021",
    "-0.1",
    "-1.1",
    "-sp",
    "-0.ga",
    "-ga.1",
    "-xyz-1",
    ".foo",
];

/// Versions such as are published on Maven's central repository.
fn published() -> impl Strategy<Value = String> {
    let numbers = &[
        "1", "2", "1.0", "1.1", "1.0.0", "1.0.1", "2.0", "2.0.0", "r09",
    ][..];
    let parts = (prop::sample::select(numbers), prop::sample::select(ENDS));
    parts.prop_map(|(numbers, end)| format!("{numbers}{end}"))
}

/// The versions sorted, which is the same whichever way round they come.
fn sorted(order: Order, versions: &[String]) -> Vec<&str> {
    let mut sorted: Vec<&str> = versions.iter().map(String::as_str).collect();
    let mut back: Vec<&str> = sorted.iter().rev().copied().collect();
    order.sort(&mut sorted, |version| version);
    order.sort(&mut back, |version| version);
    assert_eq!(sorted, back, "{order:?}");
    let mut known: Vec<&str> = versions.iter().map(String::as_str).collect();
    let mut kept = sorted.clone();
    for all in [&mut known, &mut kept] {
        all.sort_unstable();
    }
    known.dedup();
    assert_eq!(known, kept, "{order:?}");
    sorted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Many versions at once: what is no order shows from some twenty on.
    #[test]
    fn every_order_sorts_whatever_there_is(
        versions in prop::collection::vec(nearly(), 20..200),
        close in prop::collection::vec(close(), 7..60),
    ) {
        let close: Vec<String> = close.into_iter().flatten().collect();
        for versions in [versions, close] {
            for order in Order::ALL {
                let sorted = sorted(order, &versions);
                let behind = sorted.iter().skip(1);
                for (version, behind) in sorted.iter().zip(behind) {
                    let found = order.compare(version, behind);
                    prop_assert!(
                        order == Order::Maven || found != Ok(Ordering::Greater),
                        "{:?}: {} {}", order, version, behind
                    );
                }
            }
        }
    }

    #[test]
    fn mavens_versions_are_sorted(versions in prop::collection::vec(published(), 20..200)) {
        sorted(Order::Maven, &versions);
    }
}

#[test]
fn time_is_linear_in_the_texts() {
    // What is quadratic takes minutes over a text of this length.
    for unit in [
        "1", "0", "1.", "0.", "1-", "a1", "1_", "~", "_p1", "-a", "a.", "x-1", ".0",
    ] {
        let text = format!("1{}", unit.repeat(60_000 / unit.len()));
        for order in Order::ALL {
            let _ = order.compare(&text, &format!("{text}1"));
            let _ = order.compare(&format!("{text}.0"), &text);
        }
    }
}

#[test]
fn a_message_shows_the_text_escaped_and_cut() {
    let message = Order::Apk
        .check("1\u{1b}[31m")
        .map_err(|bad| bad.to_string());
    assert_eq!(
        message,
        Err("\"1\\u{1b}[31m\" is no apk version: \
             a character in it may not stand where it does"
            .to_owned())
    );
    let message = Order::Pep440
        .check(&"x".repeat(1000))
        .unwrap_err()
        .to_string();
    assert!(message.len() < 200, "{message}");
    assert!(message.contains("…"), "{message}");
}
