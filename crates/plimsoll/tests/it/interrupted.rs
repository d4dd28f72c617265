//! `kill -9` at any moment of `ship`: the next run succeeds, and no partial image is ever seen.

use std::time::{Duration, Instant};

use crate::ship::{digest_of, seaworthy};
use crate::stage::{engine_tests, tool};

#[test]
fn a_killed_run_leaves_nothing_half_done() {
    if !engine_tests("a_killed_run_leaves_nothing_half_done") {
        return;
    }
    let stage = seaworthy();
    let arguments = [
        "ship",
        ".",
        "--engine",
        "native",
        "--to",
        "oci:out",
        "--tag",
        "1.0.0",
        "--no-cache",
    ];
    let began = Instant::now();
    stage.run(&arguments).expect(0);
    let whole = began.elapsed();
    let out = stage.project().join("out");
    let digest = digest_of(&out);

    // Spread over the run and shaken, so that over many test runs every moment is hit.
    let mut shake = u64::from(std::process::id()) | 1;
    for moment in 0..20_u32 {
        std::fs::remove_dir_all(&out).unwrap();
        shake = shake
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let wait = whole * moment / 20 + Duration::from_micros(shake >> 50);
        let mut child = stage
            .command(&arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        if out.join("index.json").exists() {
            // Either the image is not there yet, or it is whole.
            let index: serde_json::Value =
                serde_json::from_slice(&std::fs::read(out.join("index.json")).unwrap()).unwrap();
            if !index["manifests"].as_array().unwrap().is_empty() {
                let seen = tool(
                    "skopeo",
                    &[
                        "inspect",
                        "--format",
                        "{{.Digest}}",
                        &format!("oci:{}:1.0.0", out.display()),
                    ],
                );
                assert_eq!(seen.trim(), digest);
                let copy = format!(
                    "oci:{}",
                    stage.root().join(format!("copy-{moment}")).display()
                );
                tool(
                    "skopeo",
                    &["copy", "-q", &format!("oci:{}:1.0.0", out.display()), &copy],
                );
            }
        }
        stage.run(&arguments).expect(0);
        assert_eq!(digest_of(&out), digest, "after a kill at {wait:?}");
    }
    // One that was killed before it had its lock is left for an hour, empty: it may be about to take it.
    let staging = std::fs::read_dir(stage.root().join("cache/staging"))
        .unwrap()
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .filter(|entry| entry.as_ref().unwrap().file_name() != "lock.new")
        .count();
    assert_eq!(staging, 0, "killed runs leave staging folders behind");
}
