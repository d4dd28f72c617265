//! What was fetched before and is not asked for now.

use super::pocket::*;
use super::*;

/// Who updates one ecosystem does not ask for less of the others.
#[test]
fn what_was_not_asked_for_stays_in_the_index() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    mirror.put(
        "/npm/all.zip",
        "1",
        archive(&[("1.json", &of_npm("2026-11-20"))]),
    );
    let mut yard = Yard::new(&[&mirror]);
    assert_eq!(yard.update().unwrap().kept, []);
    yard.now += 3 * DAY;
    yard.ecosystems = vec!["npm".to_owned()];
    let updated = yard.update().unwrap();
    assert!(updated.compiled.is_some());
    let kept: Vec<_> = updated
        .kept
        .iter()
        .map(|one| (&*one.ecosystem, one.checked))
        .collect();
    assert_eq!(kept, [("PyPI", Some(NOW))]);
    let names = |yard: &Yard| -> Vec<String> {
        let ecosystems = snapshot(yard).ecosystems.into_iter();
        ecosystems.map(|one| one.name).collect()
    };
    assert_eq!(names(&yard), ["PyPI", "npm"]);
    // As old as the oldest of them.
    assert_eq!(snapshot(&yard).checked, Some(NOW));
    // Nothing has changed, and nothing is made again.
    let before = fs::read(yard.out()).unwrap();
    let again = yard.update().unwrap();
    assert_eq!((again.compiled, again.kept.len()), (None, 1));
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    fs::remove_file(&updated.kept[0].archive).unwrap();
    assert_eq!(yard.update().unwrap().kept, []);
    assert_eq!(names(&yard), ["npm"]);
}

/// Nor does who asks for advisories alone ask for less than the lists that are there.
#[test]
fn lists_that_were_not_asked_for_stay_in_the_index() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let scores = "cve,epss,percentile\nCVE-2024-1,0.5,0.9\n";
    mirror.put("/epss", "1", scores.as_bytes().to_vec());
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    let pocket = vec![PocketName::of_release("debian:12").unwrap()];
    yard.scores = Some(format!("{}/epss", yard.mirrors[0]));
    yard.pockets.clone_from(&pocket);
    assert_eq!(yard.update().unwrap().kept, []);
    let before = fs::read(yard.out()).unwrap();
    mirror.asked();
    (yard.scores, yard.pockets) = (None, Vec::new());
    let updated = yard.update().unwrap();
    assert_eq!(mirror.asked(), ["/PyPI/all.zip 304"]);
    let told: Vec<_> = updated
        .kept
        .iter()
        .map(|one| (&*one.ecosystem, one.checked))
        .collect();
    assert_eq!(told, [("bookworm-security", None), ("EPSS", Some(NOW))]);
    // Nothing has changed, and nothing is made again.
    assert!(updated.compiled.is_none());
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    // Nor where something has.
    let newer = RECORD.replace("2.0", "2.1");
    mirror.put("/PyPI/all.zip", "2", archive(&[("1.json", &newer)]));
    assert!(yard.update().unwrap().compiled.is_some());
    let has = |yard: &Yard| {
        let snapshot = snapshot(yard);
        (snapshot.pockets.len(), snapshot.epss.is_some())
    };
    assert_eq!(has(&yard), (1, true));
    // An architecture that is not named now is fetched with the rest of its pocket.
    yard.pockets.clone_from(&pocket);
    yard.architectures = vec!["arm64".to_owned()];
    publish(&mirror, "3.0.17-1", "");
    let suite = "/dists/bookworm-security";
    let text = mirror.text(&format!("{suite}/InRelease"));
    let of_arm = text.lines().last().unwrap().replace("amd64", "arm64");
    let text = format!("{text}{of_arm}\n");
    mirror.put(&format!("{suite}/InRelease"), "4", text.into_bytes());
    let index = |word: &str| format!("{suite}/main/binary-{word}/Packages.gz");
    let packed = mirror.files.lock().unwrap()[&index("amd64")].1.clone();
    mirror.put(&index("arm64"), "4", packed);
    mirror.asked();
    yard.update().unwrap();
    assert!(mirror.asked().contains(&format!("{} 200", index("amd64"))));
    assert_eq!(snapshot(&yard).pockets[0].architectures, ["amd64", "arm64"]);
    // What did not come to its end leaves what was there.
    publish(&mirror, "3.0.99-1", &"a".repeat(64));
    yard.update().unwrap_err();
    yard.pockets.clear();
    assert_eq!(yard.update().unwrap().kept.len(), 2);
    assert_eq!(has(&yard), (1, true));
    // What is damaged later is not kept as if it were whole.
    let path = updated.kept[0]
        .archive
        .join("main/binary-arm64/Packages.gz");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[1..]).unwrap();
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("no longer whole"), "{error}");
    // Whoever wants them no more removes them.
    for one in &updated.kept {
        let is_folder = one.archive.is_dir();
        match is_folder {
            true => fs::remove_dir_all(&one.archive).unwrap(),
            false => fs::remove_file(&one.archive).unwrap(),
        }
    }
    assert_eq!(yard.update().unwrap().kept, []);
    assert_eq!(has(&yard), (0, false));
}

/// Nobody fetches it now, so that an index without it would be made in silence.
#[test]
fn what_was_kept_and_is_broken_is_told_until_it_is_asked_for() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    mirror.put(
        "/npm/all.zip",
        "1",
        archive(&[("1.json", &of_npm("2026-11-20"))]),
    );
    let mut yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    let kept = yard.folder.path().join("archives/PyPI.zip");
    let whole = fs::read(&kept).unwrap();
    fs::write(&kept, &whole[..60]).unwrap();
    yard.ecosystems = vec!["npm".to_owned()];
    for _ in 0..2 {
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains("`--ecosystem \"PyPI\"`"), "{error}");
    }
    // It is fetched whole, though the mirror has nothing newer.
    yard.ecosystems = vec!["PyPI".to_owned()];
    yard.update().unwrap();
    assert_eq!(snapshot(&yard).ecosystems.len(), 2);
    assert_eq!(fs::read(&kept).unwrap(), whole);
}

/// Half a list reads like a shorter one.
#[test]
fn a_kept_list_that_is_broken_is_told_until_it_is_asked_for() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let scores = "cve,epss,percentile\nCVE-2024-1,0.5,0.9\nCVE-2024-2,0.5,0.9\n";
    mirror.put("/epss", "1", scores.as_bytes().to_vec());
    let mut yard = Yard::new(&[&mirror]);
    let address = Some(format!("{}/epss", yard.mirrors[0]));
    yard.scores.clone_from(&address);
    yard.update().unwrap();
    let kept = yard.folder.path().join("archives/EPSS");
    for broken in ["cve,epss,percentile\nCVE-2024-1,0.5,0.9\n", "garbage"] {
        fs::write(&kept, broken).unwrap();
        yard.scores = None;
        for _ in 0..2 {
            let error = yard.update().unwrap_err().to_string();
            assert!(
                error.contains("`--epss`") && error.contains("EPSS:"),
                "{error}"
            );
        }
        // It is fetched whole, though the server has nothing newer.
        yard.scores.clone_from(&address);
        yard.update().unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), scores);
        assert_eq!(snapshot(&yard).epss.unwrap().listed, 2);
        mirror.asked();
        yard.update().unwrap();
        assert_eq!(mirror.asked(), ["/PyPI/all.zip 304", "/epss 304"]);
    }
    // What came newer is whole, though the update did not come to its end.
    let newer = format!("{scores}CVE-2024-3,0.5,0.9\n");
    mirror.put("/epss", "2", newer.into_bytes());
    let mark = yard.folder.path().join("archives/compiled");
    let before = fs::read(&mark).unwrap();
    yard.update().unwrap();
    fs::write(&mark, before).unwrap();
    yard.scores = None;
    yard.update().unwrap();
    assert_eq!(snapshot(&yard).epss.unwrap().listed, 3);
}
