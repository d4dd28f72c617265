//! Layers come through the same whether they are read ahead or in line: files of this machine and
//! bytes from elsewhere, on any number of cores.

use std::io::Cursor;
use std::sync::Arc;

use super::*;
use crate::{BlobContent, BlobSource, Descriptor};

/// Blobs that somebody waits for, as those of a registry.
struct Elsewhere {
    blobs: Arc<dyn BlobSource>,
    /// Where reading a layer fails.
    breaks_at: Option<u64>,
    is_at_hand: bool,
}

impl BlobSource for Elsewhere {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let mut bytes = Vec::new();
        let mut inner = self.blobs.blob(descriptor)?;
        let read = inner.read_to_end(&mut bytes);
        let Some(at) = self.breaks_at else {
            read.map_err(|error| ImageError::from_read("elsewhere", error))?;
            let place = self.describe();
            return Ok(BlobContent::verified(
                Cursor::new(bytes),
                descriptor,
                &place,
            ));
        };
        let inner = Cursor::new(bytes).take(at).chain(Broken);
        Ok(BlobContent::verified(inner, descriptor, &self.describe()))
    }

    fn describe(&self) -> String {
        self.blobs.describe()
    }

    fn is_at_hand(&self) -> bool {
        self.is_at_hand
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the line is dead",
        ))
    }
}

/// The image, its blobs elsewhere.
fn elsewhere(image: &Image, is_at_hand: bool, breaks_at: Option<u64>) -> Image {
    let mut image = image.clone();
    let blobs = Arc::clone(&image.blobs);
    image.blobs = Arc::new(Elsewhere {
        blobs,
        breaks_at,
        is_at_hand,
    });
    image
}

/// What comes of a layer, the same from both places.
fn outcome(kind: &str, packed: Vec<u8>, diff_id: Digest) -> Result<Recorder, String> {
    let folder = tempfile::tempdir().unwrap();
    let here = image_of(folder.path(), "x", vec![(kind, packed, diff_id)]);
    let of = |image: &Image| match walked(image, LayerLimits::default()) {
        Ok(mut walked) => Ok(walked.pop().unwrap().0),
        Err(error) => Err(error.to_string()),
    };
    let found = of(&here);
    assert!(found == of(&elsewhere(&here, false, None)));
    found
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Frame behind frame, and what they are at the end, where readers that do not know it skip it.
fn chunked_zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed: Vec<u8> = bytes.chunks(300_000).flat_map(zstd).collect();
    let contents = noise(5_000, 8);
    packed.extend(0x184d_2a50_u32.to_le_bytes());
    packed.extend((contents.len() as u32).to_le_bytes());
    packed.extend(contents);
    packed
}

/// Small files and some of more than a piece, with little for a slow machine to hash.
fn files_of_pieces() -> Vec<(String, Vec<u8>)> {
    let sizes = [10, 300_000, 0, 3_000, 400_000, 1];
    let files = sizes.iter().enumerate();
    files
        .map(|(turn, size)| (format!("d/{turn}"), noise(*size, turn as u64)))
        .collect()
}

fn files_tar() -> Vec<u8> {
    let files = files_of_pieces();
    let files: Vec<_> = files.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
    tar(&files)
}

type Pack = fn(&[u8]) -> Vec<u8>;

/// Every form of a layer.
const FORMS: [(&str, Pack); 4] = [
    (media_type::OCI_LAYER, <[u8]>::to_vec),
    (media_type::OCI_LAYER_GZIP, gzip),
    (media_type::OCI_LAYER_ZSTD, zstd),
    (media_type::OCI_LAYER_ZSTD, chunked_zstd),
];

#[test]
fn every_form_comes_through() {
    let plain = files_tar();
    for (kind, pack) in FORMS {
        let found = outcome(kind, pack(&plain), sha256(&plain)).unwrap();
        let files = found.0.into_iter().map(|(path, _, bytes)| (path, bytes));
        assert!(files.eq(files_of_pieces()), "{kind}");
    }
}

#[test]
fn a_layer_of_another_diff_id_is_refused() {
    let plain = files_tar();
    for (kind, pack) in &FORMS[1..] {
        let error = outcome(kind, pack(&plain), sha256(b"another")).unwrap_err();
        assert!(error.contains("unpacks to sha256:"), "{kind}: {error}");
    }
    let error = outcome(media_type::OCI_LAYER, plain, sha256(b"another")).unwrap_err();
    assert!(error.contains("unpacks to sha256:"), "{error}");
}

#[test]
fn a_blob_of_another_digest_is_refused() {
    let plain = files_tar();
    for (kind, pack) in FORMS {
        let folder = tempfile::tempdir().unwrap();
        let packed = pack(&plain);
        let layers = vec![(kind, packed.clone(), sha256(&plain))];
        let here = image_of(folder.path(), "x", layers);
        let name = here.manifest.layers[0].digest.hex();
        let mut bytes = packed;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        std::fs::write(folder.path().join("blobs/sha256").join(name), bytes).unwrap();
        let error = walked(&here, LayerLimits::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("holds other bytes"), "{kind}: {error}");
    }
}

#[test]
fn a_layer_that_is_cut_off_is_refused() {
    let plain = files_tar();
    for (kind, pack) in &FORMS[..3] {
        let mut cut = pack(&plain);
        cut.truncate(cut.len() - 70_000);
        let error = outcome(kind, cut, sha256(&plain)).unwrap_err();
        let says = ["cannot be decompressed", "ends in the middle"];
        assert!(
            says.iter().any(|one| error.contains(one)),
            "{kind}: {error}"
        );
    }
}

/// Behind the end of a tar anything may stand, and is part of the layer; behind the end of what is
/// packed it is part of nothing that is unpacked.
#[test]
fn what_stands_behind_the_end_is_told_by_its_form() {
    let plain = files_tar();
    let longer = [&plain[..], &noise(300_000, 9)].concat();
    for (kind, pack) in FORMS {
        assert!(
            outcome(kind, pack(&longer), sha256(&longer)).is_ok(),
            "{kind}"
        );
        let error = outcome(kind, pack(&longer), sha256(&plain)).unwrap_err();
        assert!(error.contains("unpacks to sha256:"), "{kind}: {error}");
    }
    let trailing = [gzip(&plain), noise(300_000, 9)].concat();
    let error = outcome(media_type::OCI_LAYER_GZIP, trailing, sha256(&plain)).unwrap_err();
    assert!(error.contains("cannot be decompressed"), "{error}");
}

#[test]
fn an_empty_layer_has_no_entries() {
    let empty = tar(&[]);
    for (kind, pack) in FORMS {
        let found = outcome(kind, pack(&empty), sha256(&empty)).unwrap();
        assert_eq!(found.0, [], "{kind}");
    }
}

#[test]
fn a_foreign_layer_that_is_not_there_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let plain = files_tar();
    let good = (media_type::OCI_LAYER_GZIP, gzip(&plain), sha256(&plain));
    let foreign = (kind, gzip(&tar(&[("a", b"1")])), sha256(b"x"));
    let here = image_of(folder.path(), "x", vec![good, foreign]);
    let digest = here.manifest.layers[1].digest.hex().to_owned();
    std::fs::remove_file(folder.path().join("blobs/sha256").join(digest)).unwrap();
    for image in [here.clone(), elsewhere(&here, false, None)] {
        let error = walked(&image, LayerLimits::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("it is a foreign layer"), "{error}");
    }
}

/// Nothing is said of the layer then, and nothing of what came before is used.
#[test]
fn a_source_that_fails_in_the_middle_is_an_error_of_its_own() {
    let plain = files_tar();
    for (kind, pack) in FORMS {
        for is_at_hand in [true, false] {
            for at in [0, 1_000, 400_000] {
                let folder = tempfile::tempdir().unwrap();
                let layers = vec![(kind, pack(&plain), sha256(&plain))];
                let here = image_of(folder.path(), "x", layers);
                let image = elsewhere(&here, is_at_hand, Some(at));
                for cores in CORES {
                    let limits = LayerLimits::default();
                    let walked = walk_on(cores, &image, limits, &[0], |_| Recorder::default());
                    let error = match walked {
                        Ok(walked) => panic!("{kind} {at}: {:?}", walked[0].outcome),
                        Err(error) => error,
                    };
                    assert!(
                        matches!(error, ImageError::Io { .. }),
                        "{kind} {at}: {error}"
                    );
                }
            }
        }
    }
}
