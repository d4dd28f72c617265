use proptest::prelude::*;

use super::*;

fn assert_takes(kind: PackageKind, words: &str, taken: &[&str], refused: &[&str]) {
    let range = Range::of_manifest(kind, words).unwrap_or_else(|| panic!("{words:?} is none"));
    for version in taken {
        assert!(range.admits(kind, version), "{words:?} takes {version}");
    }
    for version in refused {
        assert!(!range.admits(kind, version), "{words:?} refuses {version}");
    }
}

fn assert_unread(kind: PackageKind, words: &[&str]) {
    for words in words {
        assert_eq!(Range::of_manifest(kind, words), None, "{words:?}");
    }
}

#[test]
fn npm() {
    for (words, taken, refused) in [
        (
            "^4.17.15",
            &["4.17.15", "4.99.0"][..],
            &["3.10.1", "4.17.14", "5.0.0", "5.0.0-rc.1"][..],
        ),
        ("4.17.15", &["4.17.15"], &["4.17.16"]),
        ("=4.17.15", &["4.17.15"], &["4.17.16"]),
        ("^0.2.3", &["0.2.9"], &["0.3.0", "0.2.2"]),
        ("^0.0.3", &["0.0.3"], &["0.0.4"]),
        ("^0.0", &["0.0.9"], &["0.1.0"]),
        ("^1.x", &["1.0.0", "1.9.9"], &["2.0.0", "0.9.0"]),
        ("~1.2.3", &["1.2.9"], &["1.3.0", "1.2.2"]),
        ("~1", &["1.9.0"], &["2.0.0"]),
        ("1.2.x", &["1.2.0", "1.2.9"], &["1.3.0"]),
        ("1.2", &["1.2.7"], &["1.3.0"]),
        ("*", &["0.0.1", "9.0.0"], &[]),
        ("", &["0.0.1", "9.0.0"], &[]),
        (">=1.2.3 <2", &["1.2.3", "1.9.0"], &["2.0.0", "1.2.2"]),
        (">= 1.2.3 < 2", &["1.2.3", "1.9.0"], &["2.0.0"]),
        (">1.2", &["1.3.0"], &["1.2.9"]),
        ("<=1.2", &["1.2.9"], &["1.3.0"]),
        ("1.2.3 - 2.3", &["1.2.3", "2.3.9"], &["2.4.0"]),
        ("^1.0.0 || ^3.0.0", &["1.5.0", "3.0.1"], &["2.0.0"]),
        (
            "^1.2.3-beta.2",
            &["1.2.3-beta.4", "1.2.3"],
            &["1.2.4-beta.1", "1.2.3-beta.1"],
        ),
    ] {
        assert_takes(PackageKind::Npm, words, taken, refused);
    }
    assert_unread(
        PackageKind::Npm,
        &[
            "latest",
            "npm:other@^1",
            "workspace:*",
            "file:../a",
            "git+ssh://git@example.com/a.git#semver:^1",
            "a/b",
            "^1 || next",
            ">=",
            "^99999999999999999999",
        ],
    );
}

#[test]
fn cargo() {
    for (words, taken, refused) in [
        ("1", &["1.0.0", "1.9.0"][..], &["2.0.0", "0.9.0"][..]),
        ("0.3.1", &["0.3.9"], &["0.4.0", "0.3.0"]),
        ("=1.2.3", &["1.2.3"], &["1.2.4"]),
        ("=1.2", &["1.2.4"], &["1.3.0"]),
        ("~1.2", &["1.2.9"], &["1.3.0"]),
        ("1.*", &["1.9.0"], &["2.0.0"]),
        (">=1.2, <1.5", &["1.4.9"], &["1.5.0"]),
        (
            "1.0.0-rc.1",
            &["1.0.0-rc.2", "1.4.0"],
            &["1.0.0-alpha", "1.4.0-rc.1"],
        ),
    ] {
        assert_takes(PackageKind::Cargo, words, taken, refused);
    }
    assert_unread(PackageKind::Cargo, &["one", "1 2"]);
}

#[test]
fn python() {
    for (words, taken, refused) in [
        (
            "==1.5",
            &["1.5", "1.5.0", "1.5+local"][..],
            &["1.5.1", "1.5.post1"][..],
        ),
        ("==1.5.*", &["1.5.7", "1.5rc1"], &["1.6"]),
        (">=3.1.4", &["3.1.4", "4"], &["3.0.1", "3.1.4rc1"]),
        ("~=2.2.1", &["2.2.9"], &["2.3", "2.2.0"]),
        ("~=2.2", &["2.9"], &["3.0", "2.1"]),
        (">1,<2", &["1.5"], &["1", "2", "2.0rc1"]),
        ("!=1.5", &["1.6"], &["1.5"]),
        (
            ">=0.12, !=2.*,!= 4.1.*",
            &["1.0", "3.0", "4.2"],
            &["0.1", "2.0", "2.1rc1", "4.1.3"],
        ),
        ("(>=1.0)", &["1.0"], &["0.9"]),
        ("^1.2", &["1.9"], &["2.0", "1.1"]),
        ("~1.2", &["1.2.9"], &["1.3"]),
        ("^1 || ^3", &["1.5", "3.5"], &["2.0"]),
        ("2.0", &["2.0.0"], &["2.0.1"]),
        ("*", &["0.1"], &[]),
    ] {
        assert_takes(PackageKind::Python, words, taken, refused);
    }
    assert_unread(
        PackageKind::Python,
        &["latest", "~=1", "!=*", ">=", "^1!2.0", "1 2", "=>1"],
    );
}

#[test]
fn gems() {
    for (words, taken, refused) in [
        (
            "~> 2.2",
            &["2.2", "2.9"][..],
            &["3.0", "2.1", "3.0.rc1"][..],
        ),
        ("~> 2.2.0", &["2.2.9"], &["2.3.0"]),
        ("~> 2.0,>= 2.0.1", &["2.0.1"], &["2.0.0"]),
        ("~> 2.0.0.rc1", &["2.0.0.rc2", "2.0.9"], &["2.1"]),
        ("7.0.0", &["7.0.0", "7.0"], &["7.0.1"]),
        ("!= 1.5", &["1.6"], &["1.5"]),
        ("< 5", &["4.9"], &["5.0"]),
    ] {
        assert_takes(PackageKind::Gem, words, taken, refused);
    }
    assert_unread(PackageKind::Gem, &["master", "~>"]);
}

#[test]
fn composer() {
    for (words, taken, refused) in [
        ("^1.2.3", &["1.9.0", "v1.2.3"][..], &["2.0.0", "1.2.2"][..]),
        ("~1.2", &["1.9.0"], &["2.0.0"]),
        ("~1.2.3", &["1.2.9"], &["1.3.0"]),
        ("1.2.*", &["1.2.7"], &["1.3.0"]),
        ("^5.4|^6.0", &["5.4.1", "6.1"], &["7.0"]),
        ("^5.4 || ^6.0", &["5.4.1", "6.1"], &["7.0"]),
        (">=1.0 <2.0", &["1.5"], &["2.0"]),
        (">=1.0,<2.0", &["1.5"], &["2.0"]),
        ("1.0 - 2.0", &["2.0.9"], &["2.1"]),
        ("^1.0@beta", &["1.1"], &["2.0"]),
        ("1.0.2", &["1.0.2"], &["1.0.3"]),
    ] {
        assert_takes(PackageKind::Composer, words, taken, refused);
    }
    assert_unread(
        PackageKind::Composer,
        &["dev-main", "dev-main as 1.0", "self.version"],
    );
}

#[test]
fn what_is_taken_as_written() {
    assert_takes(PackageKind::Go, "v1.2.3", &["v1.2.3", "1.3.0"], &["v1.2.2"]);
    for (words, taken, refused) in [
        ("1.0", &["1.0"][..], &["1.1"][..]),
        ("[1.0,2.0)", &["1.0", "1.9"], &["2.0", "0.9"]),
        ("(,1.0],[1.2,)", &["1.0", "1.2"], &["1.1"]),
        ("[1.5]", &["1.5"], &["1.6"]),
        ("1.+", &["1.9"], &["2.0"]),
        ("1.2.*", &["1.2.9"], &["1.3"]),
        ("*", &["1.2"], &[]),
    ] {
        assert_takes(PackageKind::Maven, words, taken, refused);
        assert_takes(PackageKind::NuGet, words, taken, refused);
        let range = Range::of_manifest(PackageKind::Maven, words).unwrap();
        assert!(!range.resolves_to(PackageKind::Maven, "1.0"), "{words}");
    }
    assert_unread(
        PackageKind::Maven,
        &["${version}", "latest.release", "[1.0", "(1.0)", ""],
    );
    assert_eq!(Range::exactly(PackageKind::Npm, "link:../a"), None);
}

proptest! {
    #[test]
    fn no_words_are_too_odd(
        kind in prop::sample::select(vec![
            PackageKind::Npm, PackageKind::Cargo, PackageKind::Composer, PackageKind::Gem,
            PackageKind::Python, PackageKind::Go, PackageKind::Maven, PackageKind::NuGet,
        ]),
        words in prop_oneof![
            "[\\^~<>=!|,@ *x.0-9a-zé\\[\\]()+-]{0,24}",
            "(\\^|~|~>|>=|<|==|=|\\[)? ?[0-9]{1,3}(\\.[0-9x*]{1,2}){0,4}(-[a-z0-9.]{0,4})?",
        ],
        version in "[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-?rc1)?",
    ) {
        if let Some(range) = Range::of_manifest(kind, &words) {
            let _ = range.admits(kind, &version);
            prop_assert!(!range.resolves_to(kind, &version) || range.admits(kind, &version));
        }
    }

    /// A caret takes what it names and all that npm calls compatible with that.
    #[test]
    fn carets_are_what_npm_says(
        (major, minor, patch) in (0_u64..3, 0_u64..3, 0_u64..3),
        (other_major, other_minor, other_patch) in (0_u64..4, 0_u64..4, 0_u64..4),
    ) {
        let floor = (major, minor, patch);
        let other = (other_major, other_minor, other_patch);
        let is_compatible = match floor {
            (0, 0, _) => other == floor,
            (0, _, _) => (other.0, other.1) == (0, minor) && other >= floor,
            _ => other.0 == major && other >= floor,
        };
        let words = format!("^{major}.{minor}.{patch}");
        let range = Range::of_manifest(PackageKind::Npm, &words).unwrap();
        let version = format!("{other_major}.{other_minor}.{other_patch}");
        prop_assert_eq!(range.admits(PackageKind::Npm, &version), is_compatible, "{} {}", words, version);
    }
}
