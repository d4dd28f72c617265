use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::blob::{BlobContent, sha256};
use crate::{index_json, manifest_json};

#[derive(Default)]
struct Blobs {
    bytes: HashMap<Digest, Vec<u8>>,
    read: AtomicUsize,
}

impl Blobs {
    fn put(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::new(media_type, sha256(&bytes), bytes.len() as u64);
        self.bytes.insert(descriptor.digest.clone(), bytes);
        descriptor
    }

    /// An image whose configuration says what it is for, and whose entry does not.
    fn image(&mut self, platform: &str, label: &str) -> Descriptor {
        let platform = Platform::parse(platform).unwrap();
        let config = format!(
            r#"{{"os":"{}","architecture":"{}","config":{{"Labels":{{"x":"{label}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#,
            platform.os, platform.architecture
        );
        let config = self.put(media_type::OCI_CONFIG, config.into_bytes());
        let manifest = manifest_json(&config, &[], None, None, &[]);
        self.put(media_type::OCI_MANIFEST, manifest)
    }

    fn index(&mut self, entries: &[Descriptor]) -> Descriptor {
        self.put(media_type::OCI_INDEX, index_json(entries))
    }
}

impl BlobSource for Blobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        match self.bytes.get(&descriptor.digest) {
            Some(bytes) => Ok(BlobContent::verified(
                std::io::Cursor::new(bytes.clone()),
                descriptor,
                "x",
            )),
            None => Err(ImageError::NotFound("no such blob".to_owned())),
        }
    }

    fn describe(&self) -> String {
        "x".to_owned()
    }
}

fn entry(platform: &str, byte: u8) -> Descriptor {
    Descriptor {
        platform: Platform::parse(platform),
        ..Descriptor::new(media_type::OCI_MANIFEST, Digest::from_sha256([byte; 32]), 1)
    }
}

fn chosen(entries: &[Descriptor], wanted: &str, blobs: &Blobs) -> Result<Digest, String> {
    choose("x", entries, Platform::parse(wanted).as_ref(), blobs)
        .map(|entry| entry.digest)
        .map_err(|error| error.to_string())
}

#[test]
fn platforms_are_chosen_as_people_mean_them() {
    let arms = [
        "linux/arm/v5",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm64/v8",
    ];
    let all = [&arms[..], &["linux/amd64", "unknown/unknown"]].concat();
    for (there, wanted, expected) in [
        (&all[..], "linux/amd64", Some("linux/amd64")),
        (&all, "linux/x86_64", Some("linux/amd64")),
        (&all, "Linux/AMD64", Some("linux/amd64")),
        (&all, "linux/amd64/v2", Some("linux/amd64")),
        (&all, "linux/arm", Some("linux/arm/v7")),
        (&all, "linux/arm/v7", Some("linux/arm/v7")),
        (&all, "linux/arm/v6", Some("linux/arm/v6")),
        (&all, "linux/arm/v5", Some("linux/arm/v5")),
        (&all, "linux/arm/v8", Some("linux/arm/v7")),
        (&all, "linux/armhf", Some("linux/arm/v7")),
        (&all, "linux/arm64", Some("linux/arm64/v8")),
        (&all, "linux/arm64/v8", Some("linux/arm64/v8")),
        (&all, "linux/aarch64", Some("linux/arm64/v8")),
        (&all, "linux/s390x", None),
        (&all, "windows/amd64", None),
        (&arms[..2], "linux/arm", Some("linux/arm/v6")),
        (&arms[1..], "linux/arm/v5", None),
        (&["linux/aarch64"], "linux/arm64", Some("linux/aarch64")),
        (&["linux/arm"], "linux/arm/v7", Some("linux/arm")),
        (&["linux/arm"], "linux/arm/v6", None),
        (
            &["linux/amd64/v3", "linux/amd64"],
            "linux/amd64",
            Some("linux/amd64"),
        ),
        (
            &["linux/amd64/v3", "linux/amd64/v2"],
            "linux/amd64",
            Some("linux/amd64/v2"),
        ),
        (
            &["linux/amd64/v3", "linux/amd64/v2"],
            "linux/amd64/v4",
            Some("linux/amd64/v3"),
        ),
        (&["linux/amd64/v3", "linux/s390x"], "linux/amd64/v2", None),
        (
            &["linux/ppc64le/power9", "linux/s390x"],
            "linux/ppc64le",
            Some("linux/ppc64le/power9"),
        ),
    ] {
        let entries: Vec<Descriptor> = (1..)
            .zip(there)
            .map(|(byte, platform)| entry(platform, byte))
            .collect();
        let expected = expected.and_then(|name| {
            let at = there.iter().position(|one| *one == name)?;
            Some(entries[at].digest.clone())
        });
        let found = chosen(&entries, wanted, &Blobs::default());
        assert_eq!(found.clone().ok(), expected, "{there:?} {wanted}");
        if let Err(error) = found {
            assert!(error.contains(there[0]), "{error}");
        }
    }
}

#[test]
fn a_configuration_serves_who_asks_for_no_less() {
    for (found, wanted, expected) in [
        ("linux/amd64", "linux/amd64", true),
        ("linux/amd64", "linux/amd64/v2", true),
        ("linux/arm", "linux/arm/v6", true),
        ("linux/arm/v6", "linux/arm/v7", true),
        ("linux/arm/v7", "linux/arm/v6", false),
        ("linux/arm64/v8", "linux/arm64", true),
        ("linux/arm64", "linux/aarch64", true),
        ("linux/arm64", "linux/amd64", false),
        ("windows/amd64", "linux/amd64", false),
    ] {
        let platform = |text| Platform::parse(text).unwrap();
        let serves = serves(&platform(found), &platform(wanted));
        assert_eq!(serves, expected, "{found} {wanted}");
    }
}

#[test]
fn entries_that_do_not_say_what_they_are_for_are_asked() {
    let mut blobs = Blobs::default();
    let (amd64, arm64) = (
        blobs.image("linux/amd64", "1"),
        blobs.image("linux/arm64", "1"),
    );
    let bare = [amd64.clone(), arm64.clone()];
    assert_eq!(chosen(&bare, "linux/arm64", &blobs).unwrap(), arm64.digest);
    assert_eq!(chosen(&bare, "linux/x86_64", &blobs).unwrap(), amd64.digest);
    let error = chosen(&bare, "linux/s390x", &blobs).unwrap_err();
    let told = format!(
        "it has linux/amd64 ({}), linux/arm64 ({})",
        amd64.digest, arm64.digest
    );
    assert!(
        error.contains(&told) && error.contains("@DIGEST"),
        "{error}"
    );

    // Indexes inside an index.
    let nested = [&amd64, &arm64].map(|one| blobs.index(std::slice::from_ref(one)));
    assert_eq!(
        chosen(&nested, "linux/arm64", &blobs).unwrap(),
        arm64.digest
    );

    // Two for the same.
    let other = blobs.image("linux/amd64", "2");
    let error = chosen(&[amd64.clone(), other.clone()], "linux/amd64", &blobs).unwrap_err();
    for words in [
        "holds 2 images",
        "@DIGEST",
        amd64.digest.as_str(),
        other.digest.as_str(),
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }

    // What the index says counts for more, and costs nothing.
    let said = Descriptor {
        platform: Platform::parse("linux/amd64"),
        ..entry("", 1)
    };
    blobs.read = AtomicUsize::new(0);
    let digest = chosen(&[other, said.clone()], "linux/amd64", &blobs).unwrap();
    assert_eq!(digest, said.digest);
    assert_eq!(blobs.read.load(Ordering::Relaxed), 0);

    // One that is not here hides no other.
    let gone = entry("", 9);
    let digest = chosen(&[gone.clone(), arm64.clone()], "linux/arm64", &blobs).unwrap();
    assert_eq!(digest, arm64.digest);
    let error = chosen(&[gone.clone(), arm64], "linux/amd64", &blobs).unwrap_err();
    assert!(error.contains(gone.digest.as_str()), "{error}");
}

#[test]
fn an_index_of_papers_holds_no_image() {
    let error = chosen(
        &[entry("unknown/unknown", 1)],
        "linux/amd64",
        &Blobs::default(),
    );
    let error = error.unwrap_err();
    assert!(
        error.contains("holds no image") && !error.contains("choose"),
        "{error}"
    );
}

#[test]
fn a_hostile_index_is_read_within_bounds() {
    let mut blobs = Blobs::default();
    let many: Vec<Descriptor> = (0..100)
        .map(|number| blobs.image("linux/arm64", &number.to_string()))
        .collect();
    let mut top = blobs.index(&many);
    for _ in 0..30 {
        top = blobs.index(&[top.clone(), many[0].clone()]);
    }
    let entries = [top, many[1].clone()];
    let error = chosen(&entries, "linux/amd64", &blobs).unwrap_err();
    assert!(blobs.read.load(Ordering::Relaxed) <= 2 * MAX_READ);
    assert!(error.len() < 4_000, "{}", error.len());
    blobs.read = AtomicUsize::new(0);
    let error = chosen(&many, "linux/amd64", &blobs).unwrap_err();
    assert!(blobs.read.load(Ordering::Relaxed) <= 2 * MAX_READ);
    assert!(error.contains("80 more"), "{error}");
}

#[test]
fn what_an_image_was_chosen_from_is_told_by_the_images_alone() {
    let mut blobs = Blobs::default();
    let one = blobs.image("linux/amd64", "one");
    let other = blobs.image("linux/arm64", "other");
    let config = Descriptor::new("application/vnd.acme.sbom", Digest::from_sha256([9; 32]), 1);
    let paper = manifest_json(&config, &[], None, None, &[]);
    let paper = blobs.put(media_type::OCI_MANIFEST, paper);
    let said = Descriptor {
        artifact_type: Some("application/vnd.acme.sbom".to_owned()),
        ..blobs.put(media_type::OCI_MANIFEST, b"{}".to_vec())
    };
    let of = |platform: &str, entry: &Descriptor| Descriptor {
        platform: Platform::parse(platform),
        ..entry.clone()
    };
    let (amd64, arm64) = (of("linux/amd64", &one), of("linux/arm64", &other));
    let inner = blobs.index(std::slice::from_ref(&amd64));
    let both = blobs.index(&[amd64.clone(), arm64.clone()]);
    let told = |blobs: Blobs, root: &Descriptor| {
        let blobs: std::sync::Arc<dyn BlobSource> = std::sync::Arc::new(blobs);
        let wanted = Platform::parse("linux/amd64");
        let image = crate::Image::from_descriptor("x", root, wanted.as_ref(), blobs).unwrap();
        (image.told_chosen_from().unwrap(), image.indexes)
    };
    for (entries, expected) in [
        (vec![amd64.clone(), paper], vec!["linux/amd64".to_owned()]),
        (vec![amd64.clone(), said], vec!["linux/amd64".to_owned()]),
        (
            vec![amd64.clone(), amd64.clone()],
            vec!["linux/amd64".to_owned()],
        ),
        (vec![inner.clone()], vec!["linux/amd64".to_owned()]),
        (
            vec![both],
            vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()],
        ),
        (
            vec![amd64.clone(), other.clone()],
            vec!["linux/amd64".to_owned(), other.digest.to_string()],
        ),
    ] {
        let mut blobs = Blobs {
            bytes: blobs.bytes.clone(),
            ..Blobs::default()
        };
        let root = blobs.index(&entries);
        let (found, indexes) = told(blobs, &root);
        assert_eq!(found, expected);
        // What is said of an index on the way is said of the image.
        let mut way = vec![root.digest];
        way.extend(
            (entries
                .first()
                .filter(|one| media_type::is_index(&one.media_type)))
            .map(|one| one.digest.clone()),
        );
        assert_eq!(indexes, way);
    }
}
