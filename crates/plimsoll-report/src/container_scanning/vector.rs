//! CVSS vectors that the schema takes: versions 2 and 3.

use plimsoll_model::CvssScore;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Vector<'a> {
    vendor: &'a str,
    vector: &'a str,
}

impl<'a> Vector<'a> {
    /// Nothing for what the schema does not take: version 4, and what is no vector.
    pub(super) fn new(score: &'a CvssScore) -> Option<Self> {
        let vector = score.vector.as_deref()?;
        let (least, metrics, known) = match vector.strip_prefix("CVSS:3.") {
            Some(rest) => (
                32,
                rest.strip_prefix(['0', '1'])?.strip_prefix('/')?,
                &METRICS_3[..],
            ),
            None => (16, vector, &METRICS_2[..]),
        };
        let is_known = metrics.split('/').all(|metric| {
            metric.split_once(':').is_some_and(|(name, value)| {
                known
                    .iter()
                    .any(|(names, values)| names.contains(&name) && values.contains(&value))
            })
        });
        ((least..=128).contains(&vector.len()) && is_known).then_some(Self {
            vendor: match score.source.as_str() {
                "" => "unknown",
                source => source,
            },
            vector,
        })
    }
}

/// Metrics with their values.
type Metrics = (&'static [&'static str], &'static [&'static str]);

/// CVSS v2: <https://www.first.org/cvss/v2/guide>.
const METRICS_2: [Metrics; 10] = [
    (&["AV"], &["N", "A", "L"]),
    (&["AC"], &["L", "M", "H"]),
    (&["Au"], &["M", "S", "N"]),
    (&["C", "I", "A"], &["N", "P", "C"]),
    (&["E"], &["U", "POC", "F", "H", "ND"]),
    (&["RL"], &["OF", "TF", "W", "U", "ND"]),
    (&["RC"], &["UC", "UR", "C", "ND"]),
    (&["CDP"], &["N", "L", "LM", "MH", "H", "ND"]),
    (&["TD"], &["N", "L", "M", "H", "ND"]),
    (&["CR", "IR", "AR"], &["L", "M", "H", "ND"]),
];

/// CVSS v3: <https://www.first.org/cvss/v3.1/specification-document>.
const METRICS_3: [Metrics; 16] = [
    (&["AV"], &["N", "A", "L", "P"]),
    (&["AC"], &["L", "H"]),
    (&["PR"], &["N", "L", "H"]),
    (&["UI"], &["N", "R"]),
    (&["S"], &["U", "C"]),
    (&["C", "I", "A"], &["N", "L", "H"]),
    (&["E"], &["X", "U", "P", "F", "H"]),
    (&["RL"], &["X", "O", "T", "W", "U"]),
    (&["RC"], &["X", "U", "R", "C"]),
    (&["CR", "IR", "AR"], &["X", "L", "M", "H"]),
    (&["MAV"], &["X", "N", "A", "L", "P"]),
    (&["MAC"], &["X", "L", "H"]),
    (&["MPR"], &["X", "N", "L", "H"]),
    (&["MUI"], &["X", "N", "R"]),
    (&["MS"], &["X", "U", "C"]),
    (&["MC", "MI", "MA"], &["X", "N", "L", "H"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn score(vector: &str) -> CvssScore {
        CvssScore {
            version: "3.1",
            vector: Some(vector.to_owned()),
            tenths: 0,
            source: "nvd".to_owned(),
        }
    }

    #[test]
    fn only_vectors_that_the_schema_takes() {
        for (vector, taken) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", true),
            (
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/MAV:X",
                true,
            ),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", true),
            ("CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", false),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:", false),
            ("CVSS:3.1/AV:N", false),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(Vector::new(&score(vector)).is_some(), taken, "{vector}");
        }
    }
}
