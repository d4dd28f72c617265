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
        let value = (u128::from(bytes) * parts + unit / 2) / unit;
        if value < 1000 * parts || at + 1 == UNITS.len() {
            return format!("{}.{:0digits$} {name}", value / parts, value % parts);
        }
        unit *= 1000;
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

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
