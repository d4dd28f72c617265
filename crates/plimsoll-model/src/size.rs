//! Numbers of bytes as people read them.

/// `831 B`, `12.3 kB`, `390.6 MB`, `1.05 GB`: powers of 1000 as registries count, rounded half up.
/// Whatever shows a size shows it by this, so that one size reads the same wherever it stands.
pub fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = 1000;
    for (at, name) in UNITS.iter().enumerate() {
        let (parts, digits) = if at < 2 { (10, 1) } else { (100, 2) };
        let value = rounded(bytes, unit, parts);
        if value < 1000 * parts || at + 1 == UNITS.len() {
            return format!("{}.{:0digits$} {name}", value / parts, value % parts);
        }
        unit *= 1000;
    }
    format!("{bytes} B")
}

/// Millions of bytes with one decimal, for columns.
pub fn megabytes(bytes: u64) -> String {
    let tenths = rounded(bytes, 1_000_000, 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `bytes` in parts of `unit`, rounded half up: the one place where sizes lose digits.
fn rounded(bytes: u64, unit: u128, parts: u128) -> u128 {
    (u128::from(bytes) * parts + unit / 2) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_to_tenths() {
        assert_eq!(megabytes(0), "0.0");
        assert_eq!(megabytes(49_999), "0.0");
        assert_eq!(megabytes(950_000), "1.0");
        assert_eq!(megabytes(u64::MAX), "18446744073709.6");
    }

    #[test]
    fn one_size_reads_the_same_in_columns_and_in_sentences() {
        for bytes in (1_000_000..999_949_999).step_by(7_654_321) {
            assert_eq!(format!("{} MB", megabytes(bytes)), human_size(bytes));
        }
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (390_560_338, "390.6 MB"),
            (999_949_999, "999.9 MB"),
            (999_950_000, "1.00 GB"),
            (1_053_040_000, "1.05 GB"),
            (u64::MAX, "18.45 EB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }
}
