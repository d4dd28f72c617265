//! The one place that asks what day it is.

use plimsoll_rules::CheckOptions;

/// Today, in UTC, so that a waiver ends at the same moment everywhere.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

/// Whether a moment has come.
pub(crate) fn is_over(moment: jiff::Timestamp) -> bool {
    moment <= jiff::Timestamp::now()
}

/// Lets suppressions expire by today's date.
pub(crate) fn set_today(options: &mut CheckOptions) {
    let today = today();
    options.today = Some((
        today.year(),
        u8::try_from(today.month()).unwrap_or(1),
        u8::try_from(today.day()).unwrap_or(1),
    ));
}

/// The day of a moment in seconds since 1970, in UTC: `2026-11-21`.
pub(crate) fn day(seconds: i64) -> String {
    moment(seconds).chars().take_while(|c| *c != 'T').collect()
}

/// A moment in seconds since 1970, as RFC 3339 writes it.
pub(crate) fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}

/// The moment a report is made: that of `SOURCE_DATE_EPOCH` where it is set, now otherwise.
pub(crate) fn made(epoch: Option<i64>) -> String {
    moment(stated(epoch))
}

/// The second that a statement is made: `SOURCE_DATE_EPOCH` where it is set, now otherwise.
pub(crate) fn stated(epoch: Option<i64>) -> i64 {
    epoch.unwrap_or_else(|| jiff::Timestamp::now().as_second())
}

/// Days of the calendar (UTC) from a moment to now, as reports count them; fewer than none where it
/// is still to come.
pub(crate) fn days_since(seconds: i64) -> i64 {
    const DAY: i64 = 24 * 60 * 60;
    jiff::Timestamp::now().as_second().div_euclid(DAY) - seconds.div_euclid(DAY)
}
