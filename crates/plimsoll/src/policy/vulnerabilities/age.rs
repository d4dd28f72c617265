//! How old something is.

use jiff::civil::Date;

use super::decision::day;

/// Days that clocks may differ.
const SKEW: i64 = 1;

/// The age of what was made at a time as RFC 3339 has it. Nothing where that says no time, or one to
/// come: whoever wrote it did not know.
pub(super) fn in_days(time: Option<&str>, today: Date) -> Option<i64> {
    let date = day(time?)?;
    let days = i64::from(today.since(date).ok()?.get_days());
    (days >= -SKEW).then(|| days.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_come_has_no_age() {
        let today = jiff::civil::date(2026, 11, 21);
        for (time, expected) in [
            ("2026-11-21T23:00:00Z", Some(0)),
            ("2026-11-22T00:10:00Z", Some(0)),
            ("2026-11-23T00:10:00Z", None),
            ("2099-01-01T00:00:00Z", None),
            ("2026-10-21T00:00:00Z", Some(31)),
            ("soon", None),
        ] {
            assert_eq!(in_days(Some(time), today), expected, "{time}");
        }
        assert_eq!(in_days(None, today), None);
    }
}
