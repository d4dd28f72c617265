//! What is written where the version of an installed package belongs, and is none: nothing, a word
//! (`unknown`, `latest`, `(devel)`), a variable that nobody filled in (`${log4j.version}`), a range, a
//! digest. Orders that place any text would find it older than everything, and clean.

use super::{Order, Reason};

/// Signs of variables, of ranges, and of lists: no ecosystem has them in versions.
const SIGNS: [char; 17] = [
    '$', '%', '@', '{', '}', '[', ']', '(', ')', '<', '>', '*', '|', ',', ';', '"', '\'',
];

/// Lengths of digests and of Git's commits, in hexadecimal digits.
const DIGESTS: [usize; 3] = [40, 64, 128];

/// Why a text is the version of no installed package, before its order is asked; nothing where it may
/// be one.
pub(super) fn why_none(order: Order, text: &str) -> Option<Reason> {
    let bare = text.trim();
    if bare.is_empty() {
        return Some("nothing is written");
    }
    if !bare.bytes().any(|byte| byte.is_ascii_digit()) {
        return Some("there is no number in it");
    }
    if bare.contains(SIGNS) || bare.contains(char::is_whitespace) {
        return Some("it stands for one that is not known");
    }
    let is_digest = DIGESTS.contains(&bare.len())
        && bare.bytes().all(|byte| byte.is_ascii_hexdigit())
        && bare.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_digest {
        return Some("it is a digest");
    }
    let (epoch, upstream) = bare.split_once(':').unwrap_or(("", bare));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let refused = match order {
        // deb-version(7): it starts with a digit.
        Order::Dpkg => !upstream.starts_with(|c: char| c.is_ascii_digit()),
        Order::Rpm => !is_number(epoch) || !upstream.contains(|c: char| c.is_ascii_digit()),
        // It places any text. Versions begin with a number, or a word that has one behind it (`r09`,
        // `v1`, `Finchley.SR2`); a colon parts coordinates, and algorithms from digests.
        Order::Maven => {
            !bare.starts_with(|c: char| c.is_ascii_alphanumeric()) || bare.contains([':', '/', '='])
        }
        _ => false,
    };
    refused.then_some("no package has such a one")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tools and people write where they know no version.
    const NONE: [&str; 42] = [
        "",
        " ",
        "${log4j.version}",
        "${log4j2.version}",
        "1.0-${revision}",
        "@log4j2.version@",
        "%VERSION_2%",
        "{{ version2 }}",
        "$version1",
        "unspecified",
        "UNKNOWN",
        "unknown",
        "latest",
        "latest.release",
        "RELEASE",
        "null",
        "None",
        "(devel)",
        "devel",
        "N/A",
        "n/a",
        "NOASSERTION",
        "undefined",
        "main",
        "master",
        "HEAD",
        "dev",
        "SNAPSHOT",
        "-",
        "?",
        "*",
        "1.*",
        ">=1.0",
        "<2.0",
        "^1.0 || ^2.0",
        "[1.0,2.0)",
        "(,1.0]",
        "1.0, 2.0",
        "1.0 or later",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ];

    #[test]
    fn what_stands_for_a_version_is_none_in_any_order() {
        for order in Order::ALL {
            for text in NONE {
                assert!(order.check_installed(text).is_err(), "{order:?} {text:?}");
            }
        }
    }

    #[test]
    fn what_is_installed_is_a_version() {
        for (order, versions) in [
            (
                Order::Maven,
                &[
                    "1",
                    "r09",
                    "v1",
                    "Finchley.SR2",
                    "Hoxton.SR12",
                    "2.0.1.Final-redhat-1",
                    "31.1-jre",
                    "3.x",
                    "1.0-SNAPSHOT",
                    "1_1",
                    "20040616",
                    "5.0.0+build.7",
                    "0.1~+svn49",
                ][..],
            ),
            (
                Order::Rpm,
                &[
                    "1:3.0.7-1.el9",
                    "svn12345-1",
                    "8483c65d-5ccc5b19",
                    "2024a-1.fc40",
                    "1.0~rc1^git1-2",
                ],
            ),
            (Order::Dpkg, &["2:1.0-1+b1", "1.0~rc1-1", "20070526-7"]),
            (Order::Opam, &["v0.16.0", "4.14.1", "~1.0"]),
            (Order::Apk, &["1.2.3-r0", "20240131-r1"]),
            (Order::Pep440, &["1.0", "1!2.0", "0.0.0+unknown", " 1.0 "]),
            (Order::Semver, &["1.0.0", "v1.0.0-rc.1+build"]),
            (Order::Composer, &["v1.0.0", "2.x-dev"]),
            (Order::Go, &["1.2.3", "0.0.0-20240101000000-abcdef123456"]),
        ] {
            for version in versions {
                let found = order.check_installed(version);
                assert!(found.is_ok(), "{order:?} {version:?}: {found:?}");
            }
        }
    }
}
