//! A layer that is known is not read again.

use std::sync::Arc;
use std::sync::Mutex;

use plimsoll_image::{BlobContent, BlobSource, Descriptor, Image, ImageError};
use plimsoll_model::{Digest, ImageConfig};
use plimsoll_scan::{Cache, ScanOptions, inspect};

use crate::image::{Layer, image};

/// Remembers which blobs were opened.
struct Watched {
    inner: Arc<dyn BlobSource>,
    opened: Mutex<Vec<Digest>>,
}

impl BlobSource for Watched {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        self.opened.lock().unwrap().push(descriptor.digest.clone());
        self.inner.blob(descriptor)
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

fn watched(layers: Vec<Layer>) -> (Image, Arc<Watched>) {
    let mut image = image(layers, ImageConfig::default());
    let watched = Arc::new(Watched {
        inner: Arc::clone(&image.blobs),
        opened: Mutex::default(),
    });
    image.blobs = Arc::clone(&watched) as Arc<dyn BlobSource>;
    // The images of these tests share their manifest's bytes; those of the world do not.
    let sum: Vec<&str> = image.diff_ids.iter().map(Digest::as_str).collect();
    image.config_raw = sum.concat().into_bytes().into();
    (image, watched)
}

fn base() -> Layer {
    Layer::new().file(
        "var/lib/dpkg/status",
        "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
    )
}

#[test]
fn only_new_layers_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), 1 << 30);
    let options = ScanOptions::default();
    let (first, reads) = watched(vec![base(), Layer::new().file("app/a", "1")]);
    let fresh = inspect(&first, &options, Some(&cache)).unwrap();
    assert_eq!(reads.opened.lock().unwrap().len(), 2);

    let (again, reads) = watched(vec![base(), Layer::new().file("app/a", "1")]);
    assert_eq!(inspect(&again, &options, Some(&cache)).unwrap(), fresh);
    assert!(reads.opened.lock().unwrap().is_empty());

    let (other, reads) = watched(vec![base(), Layer::new().file("app/b", "2")]);
    let kept = inspect(&other, &options, Some(&cache)).unwrap();
    assert_eq!(*reads.opened.lock().unwrap(), [other.diff_ids[1].clone()]);
    assert_eq!(kept, inspect(&other, &options, None).unwrap());
}

#[test]
fn a_layer_that_broke_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), 1 << 30);
    let options = ScanOptions::default();
    let (mut broken, reads) = watched(vec![base(), Layer::new().file("app/a", "1")]);
    broken.diff_ids[1] = Digest::from_sha256([7; 32]);
    for round in 1..3 {
        let outcome = inspect(&broken, &options, Some(&cache)).unwrap();
        assert!(outcome.skipped.iter().any(|one| one.blocking));
        assert_eq!(outcome.inventory.packages.len(), 1);
        // The sound layer once, the other every time.
        assert_eq!(reads.opened.lock().unwrap().len(), 1 + round);
    }
}
