//! Whether a version lies in what an advisory calls affected: the evaluation of OSV's schema
//! (<https://ossf.github.io/osv-schema/#evaluation>).

use std::cmp::Ordering;

use super::super::{Event, EventKind, Version};

/// How a version stands to those that advisories name.
pub(super) trait Position {
    /// Why it cannot be told.
    type Error;

    /// How the version stands to one that an advisory names.
    ///
    /// # Errors
    /// One of the two is no version.
    fn to(&mut self, named: Version<'_>) -> Result<Ordering, Self::Error>;

    /// Whether the version lies behind the last one that has the flaw.
    ///
    /// # Errors
    /// One of the two is no version.
    fn is_past(&mut self, last: Version<'_>) -> Result<bool, Self::Error> {
        Ok(self.to(last)?.is_gt())
    }

    /// How two versions that advisories name stand to each other.
    ///
    /// # Errors
    /// One of the two is no version.
    fn between(&mut self, left: Version<'_>, right: Version<'_>) -> Result<Ordering, Self::Error>;
}

/// Whether a range holds the version.
///
/// The schema sorts the events and goes through them; the last one that the version has reached
/// decides. That one is found here without sorting. Of events at the same version the one that is
/// written last is the last, as in a sort that keeps equals in place.
///
/// # Errors
/// A version that the order does not take.
pub(super) fn holds<'i, P: Position>(
    events: impl Iterator<Item = Event<'i>>,
    position: &mut P,
) -> Result<bool, P::Error> {
    let mut decides: Option<(Option<Version<'i>>, bool)> = None;
    let mut limited = false;
    let mut within_limit = false;
    for event in events {
        let at = event.version;
        let (at, affected) = match event.kind {
            // Before every version, and no version itself.
            EventKind::Introduced if at.text == "0" => (None, true),
            EventKind::Introduced if position.to(at)?.is_ge() => (Some(at), true),
            EventKind::Fixed if position.to(at)?.is_ge() => (Some(at), false),
            EventKind::LastAffected if position.is_past(at)? => (Some(at), false),
            EventKind::Limit => {
                limited = true;
                within_limit = within_limit || at.text == "*" || position.to(at)?.is_lt();
                continue;
            }
            _ => continue,
        };
        let later = match (decides, at) {
            (None | Some((None, _)), _) => true,
            (Some((Some(_), _)), None) => false,
            (Some((Some(known), _)), Some(at)) => position.between(at, known)?.is_ge(),
        };
        if later {
            decides = Some((at, affected));
        }
    }
    Ok((!limited || within_limit) && decides.is_some_and(|(_, affected)| affected))
}

#[cfg(test)]
mod tests {
    use std::num::ParseIntError;

    use proptest::prelude::*;

    use super::*;

    struct Number(i32);

    impl Position for Number {
        type Error = ParseIntError;

        fn to(&mut self, named: Version<'_>) -> Result<Ordering, ParseIntError> {
            Ok(self.0.cmp(&named.text.parse()?))
        }

        fn between(
            &mut self,
            left: Version<'_>,
            right: Version<'_>,
        ) -> Result<Ordering, ParseIntError> {
            Ok(left.text.parse::<i32>()?.cmp(&right.text.parse()?))
        }
    }

    fn event(kind: EventKind, text: &str) -> Event<'_> {
        Event {
            kind,
            version: Version { slot: 0, text },
        }
    }

    fn introduced(text: &str) -> Event<'_> {
        event(EventKind::Introduced, text)
    }

    fn fixed(text: &str) -> Event<'_> {
        event(EventKind::Fixed, text)
    }

    fn affects(events: &[Event<'_>], version: i32) -> bool {
        holds(events.iter().copied(), &mut Number(version)).unwrap()
    }

    #[test]
    fn the_examples_of_the_schema() {
        let open = [introduced("0")];
        assert!(affects(&open, 0) && affects(&open, -7));
        let two = [
            introduced("100"),
            fixed("102"),
            introduced("300"),
            fixed("325"),
        ];
        let affected: Vec<i32> = [99, 100, 101, 102, 299, 300, 324, 325]
            .into_iter()
            .filter(|version| affects(&two, *version))
            .collect();
        assert_eq!(affected, [100, 101, 300, 324]);
        let last = [introduced("0"), event(EventKind::LastAffected, "5")];
        assert!(affects(&last, 5) && !affects(&last, 6));
        let limit = |text| event(EventKind::Limit, text);
        let limited = [introduced("1"), limit("3"), limit("5")];
        assert!(affects(&limited, 4) && !affects(&limited, 5));
        assert!(affects(&[introduced("1"), limit("*")], 4));
        assert!(!affects(&[], 4));
    }

    #[test]
    fn events_at_one_version_keep_their_order() {
        // How Wolfi and Alpine say that a package never had the flaw.
        let never = [introduced("0"), fixed("0")];
        assert!(!affects(&never, 0) && !affects(&never, 9));
        let touching = [introduced("1"), fixed("2"), introduced("2"), fixed("3")];
        assert!(affects(&touching, 2));
        let empty = [introduced("2"), fixed("2")];
        assert!(!affects(&empty, 2) && !affects(&empty, 3));
    }

    #[test]
    fn a_version_that_is_none_is_told() {
        let events = [introduced("0"), fixed("two")];
        assert!(holds(events.into_iter(), &mut Number(1)).is_err());
    }

    /// The schema's own words, sorting and all.
    fn by_the_letter(events: &[Event<'_>], version: i32) -> bool {
        let number = |event: &Event<'_>| event.version.text.parse::<i32>().unwrap();
        let (limits, mut sorted): (Vec<Event<'_>>, Vec<Event<'_>>) = events
            .iter()
            .copied()
            .partition(|event| event.kind == EventKind::Limit);
        let before_limits = limits.is_empty()
            || limits
                .iter()
                .any(|limit| limit.version.text == "*" || version < number(limit));
        sorted.sort_by_key(|event| match (event.kind, event.version.text) {
            (EventKind::Introduced, "0") => i32::MIN,
            _ => number(event),
        });
        let mut vulnerable = false;
        for event in sorted {
            match (event.kind, event.version.text) {
                (EventKind::Introduced, "0") => vulnerable = true,
                (EventKind::Introduced, _) if version >= number(&event) => vulnerable = true,
                (EventKind::Fixed, _) if version >= number(&event) => vulnerable = false,
                (EventKind::LastAffected, _) if version > number(&event) => vulnerable = false,
                _ => {}
            }
        }
        before_limits && vulnerable
    }

    proptest! {
        #[test]
        fn no_other_answer_than_that_of_the_schema(
            events in proptest::collection::vec((0..4_u8, 0..12_i32), 0..9),
            version in -2..14_i32,
        ) {
            let events: Vec<(EventKind, String)> = events
                .into_iter()
                .map(|(kind, at)| match (kind, at) {
                    (0, at) => (EventKind::Introduced, at.to_string()),
                    (1, at) => (EventKind::Fixed, at.to_string()),
                    (2, at) => (EventKind::LastAffected, at.to_string()),
                    (_, 11) => (EventKind::Limit, "*".to_owned()),
                    (_, at) => (EventKind::Limit, at.to_string()),
                })
                .collect();
            let events: Vec<Event<'_>> =
                events.iter().map(|(kind, text)| event(*kind, text)).collect();
            prop_assert_eq!(affects(&events, version), by_the_letter(&events, version));
        }
    }
}
