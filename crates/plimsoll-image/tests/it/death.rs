//! `kill -9` while a layout is being written.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_image::{ImageError, LayerLimits, LayerReader, Layout};

use crate::seed::{image, noise, tar};
use crate::walk_all;

const FOLDER: &str = "PLIMSOLL_TEST_DYING_WRITER";

/// Not a test of its own: what [`a_killed_writer_leaves_the_last_image`] starts and kills.
#[test]
fn writer_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    for round in 0_u64.. {
        image(
            Path::new(&folder),
            "v1",
            &[tar(&[("a", &noise(400_000, round))])],
        );
    }
}

struct Nothing;

impl LayerReader for Nothing {
    fn entry(
        &mut self,
        _: &plimsoll_image::Entry,
        _: &mut dyn std::io::BufRead,
    ) -> Result<(), ImageError> {
        Ok(())
    }
}

#[test]
fn a_killed_writer_leaves_the_last_image() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("layout");
    let mut images = 0;
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "death::writer_that_is_killed", "--nocapture"])
            .env(FOLDER, &root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if round == 0 {
            // However slow the machine is, one image is whole before the killing begins.
            let end = Instant::now() + Duration::from_secs(60);
            let written = || std::fs::read_to_string(root.join("index.json"));
            while !written().is_ok_and(|index| index.contains("sha256:")) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        std::thread::sleep(Duration::from_millis(5 + (round * 37) % 90));
        child.kill().unwrap();
        child.wait().unwrap();
        let Ok(layout) = Layout::open(&root) else {
            // Killed before the first byte.
            assert!(images == 0);
            continue;
        };
        // Whatever the index names is whole.
        for entry in layout.entries().unwrap() {
            let image = layout.image(Some(entry.digest.as_str()), None).unwrap();
            walk_all(&image, LayerLimits::default(), || Nothing).unwrap();
            images += 1;
        }
        assert!(layout.entries().unwrap().len() <= 1);
    }
    assert!(images > 0, "no round lived long enough");
    // The next writer sweeps up.
    drop(Layout::writer(&root).unwrap());
    let hidden = std::fs::read_dir(&root)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with('.')
        })
        .count();
    assert_eq!(hidden, 0);
}
