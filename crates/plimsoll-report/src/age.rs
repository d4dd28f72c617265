//! How old what a report rests on was when the report was made.

/// Days from one time to a later one, both as RFC 3339 has them. Nothing where one of them is no
/// time, or the first is to come: whoever wrote it did not know.
pub(crate) fn days(from: &str, to: &str) -> Option<u64> {
    day(to)?.checked_sub(day(from)?)
}

/// `today's`, `1 day old`, `92 days old`.
pub(crate) fn words(days: u64) -> String {
    match days {
        0 => "today's".to_owned(),
        1 => "1 day old".to_owned(),
        days => format!("{days} days old"),
    }
}

/// The number of a day, counted from 1 March of the year 0 (proleptic Gregorian), so that the leap
/// day is the last of its year.
fn day(time: &str) -> Option<u64> {
    let (date, _) = time.split_at_checked(10)?;
    let mut parts = date.split('-');
    let mut part = |length: usize| -> Option<u64> {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    if year == 0 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    // Months from March on have 31, 30, 31, 30, 31 days, and again.
    Some(365 * year + leap_days + (153 * month + 2) / 5 + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        for (from, to, expected) in [
            ("2026-11-21T23:59:59Z", "2026-11-22T00:00:00Z", Some(1)),
            ("2026-08-22", "2026-11-22T01:00:00Z", Some(92)),
            ("2024-02-28", "2024-03-01", Some(2)),
            ("2023-02-28", "2023-03-01", Some(1)),
            ("1900-02-28", "1900-03-01", Some(1)),
            ("2000-01-01", "2026-01-01", Some(9_497)),
            ("2025-12-31", "2026-01-01", Some(1)),
            ("2026-11-22", "2026-11-22", Some(0)),
            ("2026-11-23", "2026-11-22", None),
            ("soon", "2026-11-22", None),
            ("2026-13-01", "2027-11-22", None),
            ("2026-1-001", "2027-11-22", None),
            ("\u{1b}[31m2026\u{202e}", "2027-11-22", None),
            ("+026-01-01", "2027-11-22", None),
        ] {
            assert_eq!(days(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn an_age_is_a_phrase() {
        assert_eq!(
            [0, 1, 92].map(words),
            ["today's", "1 day old", "92 days old"]
        );
    }
}
