//! The one place that asks what day it is.

use plimsoll_rules::CheckOptions;

/// Today, in UTC, so that a waiver ends at the same moment everywhere.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
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
