mod ways;

use std::fmt::Debug;
use std::io::Read;
use std::sync::Mutex;

use plimsoll_model::Digest;

use super::*;
use crate::seed::{gzip, image, image_of, noise, tar};
use crate::{media_type, sha256};

/// So many cores that nobody helps, that some do, and that layers are read ahead wherever they lie.
const CORES: [usize; 3] = [1, 2, 4];

/// Remembers what it is given.
#[derive(Debug, Default, PartialEq)]
struct Recorder(Vec<(String, EntryKind, Vec<u8>)>);

impl LayerReader for Recorder {
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError> {
        let mut bytes = Vec::new();
        content
            .take(1 << 20)
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::from_read(&entry.path, error))?;
        self.0.push((entry.path.clone(), entry.kind.clone(), bytes));
        Ok(())
    }
}

fn walked(image: &Image, limits: LayerLimits) -> Result<Vec<(Recorder, LayerStats)>, ImageError> {
    all(image, limits, Recorder::default)
}

/// Every layer, or the first error: the same, however many cores there are.
fn all<R: LayerReader + Debug + PartialEq>(
    image: &Image,
    limits: LayerLimits,
    reader: impl Fn() -> R + Sync,
) -> Result<Vec<(R, LayerStats)>, ImageError> {
    let layers: Vec<usize> = (0..image.manifest.layers.len()).collect();
    let on = |cores| {
        walk_on(cores, image, limits, &layers, |_| reader())?
            .into_iter()
            .map(|one| Ok((one.reader, one.outcome?)))
            .collect()
    };
    let [first, others @ ..]: [Result<Vec<(R, LayerStats)>, ImageError>; 3] = CORES.map(on);
    for other in &others {
        match (&first, other) {
            (Ok(first), Ok(other)) => assert!(first == other),
            (first, other) => {
                let told =
                    |one: &Result<_, ImageError>| one.as_ref().err().map(ToString::to_string);
                assert_eq!(told(first), told(other));
            }
        }
    }
    first
}

/// The error of an image with one layer.
fn failure(kind: &str, bytes: Vec<u8>, diff_id: Digest, limits: LayerLimits) -> String {
    let folder = tempfile::tempdir().unwrap();
    let image = image_of(folder.path(), "x", vec![(kind, bytes, diff_id)]);
    match walked(&image, limits) {
        Ok(_) => panic!("the layer passed"),
        Err(error) => error.to_string(),
    }
}

fn refused(tar: &[u8]) -> String {
    failure(
        media_type::OCI_LAYER,
        tar.to_vec(),
        sha256(tar),
        LayerLimits::default(),
    )
}

#[test]
fn every_compression_gives_the_same_entries() {
    let plain = tar(&[
        ("./a", b"1"),
        ("/etc/b", b"22"),
        ("d/.wh.gone", b""),
        ("d/.wh..wh..opq", b""),
    ]);
    let diff_id = sha256(&plain);
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The media type of the last lies; the bytes do not.
    let image = image_of(
        folder.path(),
        "x",
        vec![
            (media_type::OCI_LAYER, plain.clone(), diff_id.clone()),
            (media_type::OCI_LAYER_GZIP, gzip(&plain), diff_id.clone()),
            (media_type::OCI_LAYER_GZIP, zstd, diff_id),
        ],
    );
    for (recorder, stats) in walked(&image, LayerLimits::default()).unwrap() {
        let expected = [
            ("a", EntryKind::File, &b"1"[..]),
            ("etc/b", EntryKind::File, b"22"),
            ("d/gone", EntryKind::Whiteout, b""),
            ("d", EntryKind::Opaque, b""),
        ];
        let found: Vec<_> = recorder
            .0
            .iter()
            .map(|(p, k, c)| (p.as_str(), k.clone(), c.as_slice()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!((stats.entries, stats.bytes), (4, plain.len() as u64));
    }
}

#[test]
fn a_layer_may_be_read_as_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let plain = tar(&[("a", &noise(700_000, 1))]);
    let image = image(folder.path(), "x", std::slice::from_ref(&plain));
    let mut bytes = Vec::new();
    image
        .layer(0, LayerLimits::default())
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(bytes, plain);
    assert!(image.layer(1, LayerLimits::default()).is_err());
}

#[test]
fn what_is_left_unread_is_verified_all_the_same() {
    #[derive(Debug, PartialEq)]
    struct Lazy;
    impl LayerReader for Lazy {
        fn entry(&mut self, _: &Entry, _: &mut dyn BufRead) -> Result<(), ImageError> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let big = tar(&[("a", &noise(3 << 20, 2)), ("b", b"")]);
    let image = image(folder.path(), "x", &[big]);
    let layer = image.manifest.layers[0].clone();
    let path = folder.path().join("blobs/sha256").join(layer.digest.hex());
    assert_eq!(
        all(&image, LayerLimits::default(), || Lazy).unwrap()[0]
            .1
            .entries,
        2
    );
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = all(&image, LayerLimits::default(), || Lazy)
        .err()
        .unwrap()
        .to_string();
    // Damage breaks gzip too, but the digest is the reason.
    assert!(error.contains("holds other bytes"), "{error}");
    bytes.truncate(1000);
    std::fs::write(&path, &bytes).unwrap();
    let error = all(&image, LayerLimits::default(), || Lazy)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("ends after 1000 of"), "{error}");
}

#[test]
fn paths_out_of_the_image_are_refused_by_name() {
    for (name, word) in [
        ("../../etc/passwd", "leads out of the image"),
        ("a/../../b", "leads out of the image"),
        (".wh..", "whiteout of a folder it lies in"),
    ] {
        let error = refused(&tar(&[("ok", b""), (name, b"x")]));
        assert!(error.contains(word) && error.contains(name), "{error}");
        assert!(error.contains("layer 0 ("), "{error}");
    }
}

/// No system can make them, and what goes through every folder of every path would never end.
#[test]
fn paths_that_no_system_has_are_refused() {
    let named = |name: &str| {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_size(1);
        builder.append_data(&mut header, name, &b"x"[..]).unwrap();
        builder.into_inner().unwrap()
    };
    let long = "a/".repeat(2_047) + "b";
    let error = refused(&named(&format!("{long}cc")));
    assert!(error.contains("longer than 4096"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), "x", &[named(&long)]);
    let found = &walked(&image, LayerLimits::default()).unwrap()[0].0.0;
    assert_eq!(found[0].0, long);
}

#[test]
fn hard_links_out_of_the_image_are_refused_and_symlinks_are_data() {
    let linked = |kind, target: &str| {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.as_old_mut().name[..4].copy_from_slice(b"link");
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
        builder.into_inner().unwrap()
    };
    let error = refused(&linked(::tar::EntryType::Link, "../../etc/shadow"));
    assert!(error.contains("links to a path that leads out"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let image = image(
        folder.path(),
        "x",
        &[linked(::tar::EntryType::Symlink, "../../etc/shadow")],
    );
    let found = &walked(&image, LayerLimits::default()).unwrap()[0].0.0;
    assert_eq!(
        found[0].1,
        EntryKind::Symlink("../../etc/shadow".to_owned())
    );
}

#[test]
fn lies_about_bytes_are_found() {
    let plain = tar(&[("a", b"1")]);
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        gzip(&plain),
        sha256(b"another"),
        LayerLimits::default(),
    );
    assert!(error.contains("unpacks to sha256:"), "{error}");
    let mut cut = gzip(&plain);
    cut.truncate(cut.len() - 6);
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        cut,
        sha256(&plain),
        LayerLimits::default(),
    );
    assert!(error.contains("cannot be decompressed"), "{error}");
    let error = refused(&plain[..512]);
    assert!(error.contains("ends in the middle"), "{error}");
    let error = refused(b"this is no tar, but it is longer than nothing");
    assert!(error.contains("ends in the middle"), "{error}");
}

/// The configuration speaks for the bytes, but they are not those that the manifest names.
#[test]
fn a_blob_that_is_another_is_refused_though_its_layer_is_the_right_one() {
    for size in [1_000, 3 << 20] {
        let before = tar(&[("a", &noise(size, 2))]);
        let mut plain = before.clone();
        plain[600] ^= 1;
        let packed = gzip(&before);
        let mut gzipped = packed.clone();
        // When it was packed (RFC 1952, MTIME): unpacks to the same.
        gzipped[4] ^= 1;
        let cases = [
            (media_type::OCI_LAYER, before.clone(), plain.clone(), plain),
            (media_type::OCI_LAYER_GZIP, packed, gzipped, before),
        ];
        for (kind, named, there, layer) in cases {
            let folder = tempfile::tempdir().unwrap();
            let layers = vec![(kind, named, sha256(&layer))];
            let image = image_of(folder.path(), "x", layers);
            let digest = &image.manifest.layers[0].digest;
            let path = folder.path().join("blobs/sha256").join(digest.hex());
            std::fs::write(&path, &there).unwrap();
            let error = walked(&image, LayerLimits::default()).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(
                error.contains("holds other bytes"),
                "{kind} {size}: {error}"
            );
        }
    }
}

#[test]
fn bounds_hold() {
    let small = LayerLimits {
        bytes: 100_000,
        entries: 3,
        ratio: 10,
    };
    let mut header = ::tar::Header::new_ustar();
    header.set_path("huge").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    let huge = [&header.as_bytes()[..], &[0; 512]].concat();
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        gzip(&huge),
        sha256(&huge),
        small,
    );
    assert!(
        error.contains("`huge`: claims 1099511627776 bytes"),
        "{error}"
    );
    let many = tar(&[("1", b""), ("2", b""), ("3", b""), ("4", b"")]);
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        gzip(&many),
        sha256(&many),
        small,
    );
    assert!(error.contains("more than 3 entries"), "{error}");
    // The tar ends at once, the zeros behind it do not.
    let tail = vec![0; 200_000];
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        gzip(&tail),
        sha256(&tail),
        small,
    );
    assert!(error.contains("more than 100000 bytes"), "{error}");
    let bomb = vec![0; 65 << 20];
    let limits = LayerLimits {
        ratio: 10,
        ..LayerLimits::default()
    };
    let error = failure(
        media_type::OCI_LAYER_GZIP,
        gzip(&bomb),
        sha256(&bomb),
        limits,
    );
    assert!(error.contains("is a bomb"), "{error}");
}

#[test]
fn the_lowest_failing_layer_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let good = tar(&[("a", &noise(100_000, 3))]);
    let bad = |name: &str| tar(&[(name, b"")]);
    let layers = [
        good.clone(),
        bad("../low"),
        good.clone(),
        bad("../high"),
        good,
    ];
    let image = image(folder.path(), "x", &layers);
    for _ in 0..20 {
        let error = walked(&image, LayerLimits::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("../low"), "{error}");
    }
    // The good ones are walked all the same.
    for cores in CORES {
        let limits = LayerLimits::default();
        let recorder = |_| Recorder::default();
        let one = walk_on(cores, &image, limits, &[4, 1, 2, 3], recorder).unwrap();
        let told: Vec<_> = one
            .iter()
            .map(|one| (one.layer, one.outcome.is_ok(), one.reader.0.len()))
            .collect();
        assert_eq!(
            told,
            [(4, true, 1), (1, false, 0), (2, true, 1), (3, false, 0)]
        );
    }
}

#[test]
fn a_readers_own_error_ends_the_walk() {
    struct Full;
    impl LayerReader for Full {
        fn entry(&mut self, _: &Entry, _: &mut dyn BufRead) -> Result<(), ImageError> {
            Err(ImageError::Usage("enough".to_owned()))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), "x", &[tar(&[("a", &noise(5 << 20, 4))])]);
    for cores in CORES {
        let made = Mutex::new(0);
        let error = walk_on(cores, &image, LayerLimits::default(), &[0], |_| {
            *made.lock().unwrap() += 1;
            Full
        });
        assert_eq!(error.err().unwrap().to_string(), "enough");
        assert_eq!(made.into_inner().unwrap(), 1);
    }
}

/// Some files of one byte and some of more than a piece, three megabytes together.
fn big_files() -> Vec<(String, Vec<u8>)> {
    let size = |turn: usize| match turn % 10 {
        3 => 700_000 + turn,
        _ => turn * 17 % 3000,
    };
    (0..40)
        .map(|turn| (format!("d/{turn}"), noise(size(turn), turn as u64)))
        .collect()
}

fn big_tar() -> Vec<u8> {
    let files = big_files();
    let files: Vec<_> = files.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
    tar(&files)
}

#[test]
fn large_layers_pass_through_threads_unharmed() {
    let plain = big_tar();
    let diff_id = sha256(&plain);
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = image_of(
        folder.path(),
        "x",
        vec![
            (media_type::OCI_LAYER, plain.clone(), diff_id.clone()),
            (media_type::OCI_LAYER_GZIP, gzip(&plain), diff_id.clone()),
            (media_type::OCI_LAYER_GZIP, zstd, diff_id),
        ],
    );
    for _ in 0..2 {
        for (recorder, stats) in walked(&image, LayerLimits::default()).unwrap() {
            let found = recorder.0.into_iter().map(|(path, _, bytes)| (path, bytes));
            assert!(found.eq(big_files()));
            assert_eq!(stats.bytes, plain.len() as u64);
        }
    }
    for index in 0..3 {
        let mut bytes = Vec::new();
        let mut stream = image.layer(index, LayerLimits::default()).unwrap();
        stream.read_to_end(&mut bytes).unwrap();
        assert!(bytes == plain);
    }
}

#[test]
fn a_readers_panic_leaves_nobody_waiting() {
    struct Clumsy;
    impl LayerReader for Clumsy {
        fn entry(&mut self, _: &Entry, _: &mut dyn BufRead) -> Result<(), ImageError> {
            panic!("at the first entry");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), "x", &[big_tar()]);
    for cores in CORES {
        let image = image.clone();
        let walking = std::thread::spawn(move || {
            let _ = walk_on(cores, &image, LayerLimits::default(), &[0], |_| Clumsy);
        });
        assert!(walking.join().is_err());
    }
}

#[test]
fn what_came_by_before_the_damage_is_kept() {
    let plain = big_tar();
    for (packed, word) in [
        (gzip(&plain), "cannot be decompressed"),
        (
            zstd::encode_all(plain.as_slice(), 1).unwrap(),
            "cannot be decompressed",
        ),
        (plain.clone(), "ends in the middle"),
    ] {
        let half = packed[..packed.len() / 2].to_vec();
        let folder = tempfile::tempdir().unwrap();
        let layers = vec![(media_type::OCI_LAYER, half, sha256(&plain))];
        let image = image_of(folder.path(), "x", layers);
        for cores in CORES {
            let limits = LayerLimits::default();
            let walked = walk_on(cores, &image, limits, &[0], |_| Recorder::default()).unwrap();
            let error = walked[0].outcome.as_ref().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
            let came = walked[0].reader.0.len();
            assert!(came > 10, "{came}");
        }
    }
}
