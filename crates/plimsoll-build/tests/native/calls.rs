//! What system calls a step may make, in every processor mode of an x86-64 machine: tiny programs
//! that make one call and end with its error, in a step of ours and in one of a Docker engine.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use plimsoll_image::{Access, Image, LayerLimits};
use plimsoll_model::ImageRef;

use super::differential::docker;
use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[("calls_of_every_mode_as_docker", calls_of_every_mode)];

const DOCKERFILE: &str = "FROM scratch\n\
    COPY busybox /bin/busybox\n\
    COPY calls /calls\n\
    RUN [\"/bin/busybox\", \"sh\", \"-c\", \"for call in /calls/*; do $call; echo $call $?; done >/answers\"]\n";

/// Bit of an x32 call.
const X32: u32 = 0x4000_0000;

/// Name, whether the program is a 32-bit one, number of the call, its error.
const PROGRAMS: &[(&str, bool, u32, u32)] = &[
    ("wide_getuid", false, 102, 0),
    ("wide_add_key", false, 248, 1),
    ("wide_clone3", false, 435, 38),
    ("wide_not_yet_invented", false, 700, 38),
    ("narrow_getuid", true, 199, 0),
    ("narrow_old_getuid", true, 24, 0),
    ("narrow_add_key", true, 286, 1),
    ("narrow_ioperm", true, 101, 1),
    ("narrow_clone3", true, 435, 38),
    ("narrow_not_yet_invented", true, 700, 38),
    // Few kernels have x32 at all; what the filter denies never gets that far.
    ("x32_add_key", false, X32 | 248, 1),
    ("x32_not_yet_invented", false, X32 | 700, 38),
];

fn calls_of_every_mode() {
    if std::env::consts::ARCH != "x86_64" {
        println!("skipped: these programs are x86 ones");
        return;
    }
    let mut project = Project::with_busybox(DOCKERFILE, &[("calls/none", "")]);
    let calls = project.context().join("calls");
    fs::remove_file(calls.join("none")).unwrap();
    let mut wanted: Vec<String> = Vec::new();
    for (name, narrow, number, error) in PROGRAMS {
        let path = calls.join(name);
        fs::write(&path, program(*narrow, *number)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        wanted.push(format!("/calls/{name} {error}\n"));
    }
    wanted.sort();
    project.plan.source_date_epoch = None;
    project.built();
    assert_eq!(answers(&project.image()), wanted.concat());

    let tag = "plimsoll-differential:calls";
    let file = project.folder().join("Dockerfile");
    fs::write(&file, DOCKERFILE).unwrap();
    let built = docker()
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "-q", "--network", "host", "-t", tag, "-f"])
        .arg(&file)
        .arg(project.context())
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let theirs =
        plimsoll_image::open(&ImageRef::Daemon(tag.to_owned()), &Access::default()).unwrap();
    assert_eq!(answers(&theirs), wanted.concat());
    let _: std::io::Result<_> = Command::output(docker().args(["rmi", "-f", tag]));
}

/// The last layer's `answers`.
fn answers(image: &Image) -> String {
    let layer = image.diff_ids.len() - 1;
    let content = image.layer(layer, LayerLimits::default()).unwrap();
    let mut text = String::new();
    for entry in tar::Archive::new(content).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path_bytes().as_ref() == b"answers" {
            entry.read_to_string(&mut text).unwrap();
        }
    }
    text
}

/// A whole program that makes the call, all arguments zero, and exits with its negated result.
fn program(narrow: bool, number: u32) -> Vec<u8> {
    const BASE: u32 = 0x0804_8000;
    // xor of the argument registers; for a 64-bit program the upper halves are cleared with them.
    let mut code = vec![0x31, 0xdb, 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xf6, 0x31, 0xff];
    code.push(0xb8); // mov eax, number
    code.extend(number.to_le_bytes());
    if narrow {
        code.extend([0xcd, 0x80]); // int 0x80
        code.extend([0xf7, 0xd8, 0x89, 0xc3]); // neg eax; mov ebx, eax
        code.extend([0xb8, 1, 0, 0, 0, 0xcd, 0x80]); // exit
    } else {
        code.extend([0x0f, 0x05]); // syscall
        code.extend([0xf7, 0xd8, 0x89, 0xc7]); // neg eax; mov edi, eax
        code.extend([0xb8, 60, 0, 0, 0, 0x0f, 0x05]); // exit
    }
    let (header, entry): (u16, u16) = if narrow { (52, 32) } else { (64, 56) };
    let start = u32::from(header + entry);
    let size = start + u32::try_from(code.len()).unwrap();
    let mut file = b"\x7fELF".to_vec();
    file.extend([if narrow { 1 } else { 2 }, 1, 1]);
    file.resize(16, 0);
    let word = |file: &mut Vec<u8>, value: u32| {
        file.extend(value.to_le_bytes());
        if !narrow {
            file.extend([0; 4]);
        }
    };
    file.extend(2_u16.to_le_bytes()); // an executable
    file.extend(if narrow { 3_u16 } else { 62 }.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    word(&mut file, BASE + start);
    word(&mut file, u32::from(header));
    word(&mut file, 0);
    file.extend(0_u32.to_le_bytes());
    for value in [header, entry, 1, 0, 0, 0] {
        file.extend(value.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes()); // one segment, loaded
    if !narrow {
        file.extend(5_u32.to_le_bytes()); // readable, executable
    }
    for value in [0, BASE, BASE, size, size] {
        word(&mut file, value);
    }
    if narrow {
        file.extend(5_u32.to_le_bytes());
    }
    word(&mut file, 0x1000);
    file.extend(code);
    file
}
