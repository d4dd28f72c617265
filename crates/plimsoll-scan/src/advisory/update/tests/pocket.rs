//! Security pockets: what their releases vouch for, and in which order they are taken.

use super::*;

/// A mirror of a security pocket with one package in this version.
pub(super) fn publish(mirror: &Mirror, version: &str, told: &str) {
    let index = format!("Package: openssl\nVersion: {version}\nArchitecture: amd64\n");
    publish_index(mirror, version, &index, told);
}

/// A mirror of a security pocket with these packages.
pub(super) fn publish_packages(mirror: &Mirror, version: &str, index: &str) {
    publish_index(mirror, version, index, "");
}

pub(super) fn publish_index(mirror: &Mirror, version: &str, index: &str, told: &str) {
    use sha2::Digest as _;
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(index.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let hash = match told {
        "" => plimsoll_model::hex(&sha2::Sha256::digest(&packed)),
        told => told.to_owned(),
    };
    let release = format!(
        "Label: Debian-Security\nCodename: bookworm-security\nDate: Fri, 20 Nov 2026 00:12:41 UTC\n\
         SHA256:\n {hash} {} main/binary-amd64/Packages.gz\n",
        packed.len()
    );
    let suite = "/dists/bookworm-security";
    mirror.put(&format!("{suite}/InRelease"), version, release.into_bytes());
    mirror.put(
        &format!("{suite}/main/binary-amd64/Packages.gz"),
        version,
        packed,
    );
}

#[test]
fn a_pocket_is_fetched_where_its_release_says_that_it_is_new() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[1].ecosystem, "bookworm-security");
    let pockets = || {
        Index::open(&yard.out())
            .unwrap()
            .snapshot()
            .unwrap()
            .pockets
    };
    assert_eq!(
        (pockets()[0].packages, pockets()[0].date),
        (1, Some(1_795_133_561))
    );
    mirror.asked();
    let again = yard.update().unwrap();
    assert!(again.compiled.is_none() && again.fetched[1].bytes.is_none());
    let release = "/dists/bookworm-security/InRelease";
    assert_eq!(
        mirror.asked(),
        ["/PyPI/all.zip 304", &format!("{release} 200")]
    );
    publish(&mirror, "3.0.17-1", "");
    assert!(yard.update().unwrap().compiled.is_some());
    // What is not what the release says is not used, and the index is as it was.
    let before = Index::open(&yard.out()).unwrap().id();
    publish(&mirror, "3.0.99-1", &"a".repeat(64));
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("not what InRelease says"), "{error}");
    assert_eq!(Index::open(&yard.out()).unwrap().id(), before);
}

/// A mirror that was set back has fewer updates that wait.
#[test]
fn an_older_release_of_a_pocket_is_never_taken() {
    let (old, new) = (Mirror::default(), Mirror::default());
    publish(&new, "3.0.17-1", "");
    publish(&old, "3.0.15-1", "");
    let release = "/dists/bookworm-security/InRelease";
    let of_old = old.text(release);
    let dated = |version: &str, date: &str| {
        let text = of_old.replace("Fri, 20 Nov 2026 00:12:41 UTC", date);
        old.put(release, version, text.into_bytes());
    };
    dated("old", "Tue, 27 Jan 2026 00:12:41 UTC");
    let mut yard = Yard::new(&[&new, &old]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    yard.mirrors.reverse();
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].mirror, yard.mirrors[1]);
    let told = &updated.fetched[0].passed_over[0];
    assert!(told.contains("2026-01-27, and one of 2026-11-20"), "{told}");
    yard.mirrors.pop();
    let error = yard.update().unwrap_err();
    assert!(matches!(error, UpdateError::Fetch { .. }));
    assert!(error.to_string().contains("remove "), "{error}");
    dated("none", "soon");
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("does not tell when"), "{error}");
    // A server that is hours behind has nothing newer.
    dated("hours", "Thu, 19 Nov 2026 20:12:41 UTC");
    assert_eq!(yard.update().unwrap().fetched[0].bytes, None);
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    // A release of days to come does not keep all others out.
    dated("to come", "Fri, 20 Nov 2099 00:12:41 UTC");
    yard.update().unwrap();
    dated("now", "Sat, 21 Nov 2026 00:00:00 UTC");
    yard.update().unwrap();
    assert_ne!(fs::read(yard.out()).unwrap(), before);
}

/// What is in place is what later updates of whatever else are made of.
#[test]
fn a_pocket_is_put_in_place_when_all_of_it_was_read() {
    let (bad, good) = (Mirror::default(), Mirror::default());
    let packages = |count: usize| -> String {
        let stanzas =
            (0..count).map(|at| format!("Package: p{at}\nVersion: 1\nArchitecture: all\n\n"));
        stanzas.collect()
    };
    publish_packages(&bad, "1", &packages(9));
    let mut yard = Yard::new(&[&bad]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    for (version, text, why) in [
        (
            "2",
            "Package: a\n",
            "amd64/Packages.gz: line 2: package a: it has no Version",
        ),
        (
            "3",
            "<html>log in</html>",
            "Packages.gz: it is something else",
        ),
        ("4", &packages(3), "holds 3 records, and 9 are here"),
    ] {
        publish_packages(&bad, version, text);
        let error = yard.update().unwrap_err();
        assert!(matches!(error, UpdateError::Fetch { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        let pockets = std::mem::take(&mut yard.pockets);
        assert_eq!(yard.update().unwrap().kept.len(), 1);
        assert_eq!(fs::read(yard.out()).unwrap(), before);
        yard.pockets = pockets;
    }
    publish_packages(&good, "5", &packages(10));
    yard.mirrors.push(good.start());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[1]);
    assert_eq!(snapshot(&yard).pockets[0].packages, 10);
}

/// Killed right behind the moment that counts.
#[test]
fn what_a_release_in_place_vouches_for_follows_it() {
    let mirror = Mirror::default();
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let folder = yard
        .folder
        .path()
        .join("archives/pockets/dists/bookworm-security");
    let index = folder.join("main/binary-amd64/Packages.gz");
    let before = fs::read(&index).unwrap();
    publish(&mirror, "3.0.17-1", "");
    yard.update().unwrap();
    let made = fs::read(yard.out()).unwrap();
    fs::rename(&index, index.with_extension("incoming")).unwrap();
    fs::write(&index, before).unwrap();
    yard.pockets.clear();
    assert_eq!(yard.update().unwrap().kept.len(), 1);
    assert_eq!(fs::read(yard.out()).unwrap(), made);
}

#[test]
fn an_older_list_is_never_taken() {
    let mirror = Mirror::default();
    let publish = |day: &str, rows: usize| {
        let rows: String = (0..rows)
            .map(|at| format!("CVE-2024-{at},0.5,0.9\n"))
            .collect();
        let list = format!("#model_version:v1,score_date:{day}T00:00:00Z\ncve,epss,percentile\n");
        mirror.put(
            "/epss",
            &format!("{day} {}", rows.len()),
            (list + &rows).into_bytes(),
        );
    };
    publish("2026-11-20", 9);
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let mut yard = Yard::new(&[&mirror]);
    yard.scores = Some(format!("{}/epss", yard.mirrors[0]));
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    for (day, rows, why) in [
        (
            "2022-01-02",
            9,
            "as of 2022-01-02, and one of 2026-11-20 is here",
        ),
        ("2026-11-21", 3, "holds 3 records, and 9 are here"),
    ] {
        publish(day, rows);
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    publish("2026-11-19", 9);
    assert_eq!(yard.update().unwrap().fetched[1].bytes, None);
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    publish("2026-11-21", 9);
    yard.update().unwrap();
    assert_ne!(fs::read(yard.out()).unwrap(), before);
}

#[test]
fn only_a_release_of_the_pocket_that_is_still_valid_counts() {
    let (mirror, second) = (Mirror::default(), Mirror::default());
    publish(&mirror, "3.0.15-1", "");
    publish(&second, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems = Vec::new();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    let release = "/dists/bookworm-security/InRelease";
    let good = mirror.text(release);
    let lies = [
        (
            "Label: Debian-Security\nCodename: bookworm-security",
            "Label: Debian\nCodename: bookworm",
            "it is of bookworm, not",
        ),
        (
            "Codename: bookworm-security",
            "Codename: buster",
            "it is of buster, not",
        ),
        (
            "Codename: bookworm-security",
            "Codename: trixie-security",
            "not of bookworm-security",
        ),
        (
            "Codename: bookworm-security",
            "Comment: none",
            "names no suite",
        ),
        (
            "Date:",
            "Valid-Until: Fri, 20 Nov 2026 23:59:59 UTC\nDate:",
            "out of date",
        ),
        ("Date:", "Valid-Until: soon\nDate:", "out of date"),
    ];
    for (number, (from, to, why)) in lies.iter().enumerate() {
        let text = good.replace(from, to).into_bytes();
        mirror.put(release, &format!("lie {number}"), text);
        let error = yard.update().unwrap_err();
        assert!(matches!(
            error,
            UpdateError::Fetch {
                sought: Sought::Pocket,
                ..
            }
        ));
        assert!(error.to_string().contains(why), "{error}");
        assert!(!yard.out().exists());
    }
    // The next mirror has a right one.
    yard.mirrors.push(second.start());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[1]);
    let valid = good.replace("Date:", "Valid-Until: Sun, 22 Nov 2026 00:00:00 UTC\nDate:");
    mirror.put(release, "valid", valid.into_bytes());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[0]);
}

#[test]
fn what_a_mirror_lacks_of_a_pocket_is_told_and_the_rest_is_taken() {
    let mirror = Mirror::default();
    publish(&mirror, "3.0.15-1", "");
    let release = "/dists/bookworm-security/InRelease";
    // Named, and not there; and by hash, where the mirror has no such folders.
    let hash = "b".repeat(64);
    let text = mirror
        .text(release)
        .replace("SHA256:", "Acquire-By-Hash: yes\nSHA256:")
        + &format!(" {hash} 9 main/binary-arm64/Packages.gz\n");
    mirror.put(release, "2", text.into_bytes());
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems = Vec::new();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.architectures = ["amd64", "arm64", "s390x"].map(str::to_owned).to_vec();
    let updated = yard.update().unwrap();
    let [arm, mainframe] = &updated.fetched[0].lacking[..] else {
        panic!("{:?}", updated.fetched)
    };
    assert!(arm.contains("arm64") && arm.contains("404"), "{arm}");
    assert!(
        mainframe.contains("no package index for s390x"),
        "{mainframe}"
    );
    let snapshot = updated.compiled.unwrap().snapshot;
    assert_eq!(snapshot.pockets[0].architectures, ["amd64"]);
    yard.architectures.remove(0);
    assert!(yard.update().is_err());
}
