//! Input that wants to do harm, through the whole program: a clear answer each, in bounded time,
//! exit 0 to 3 and never another code.

mod contents;
mod dockerfiles;
mod images;
mod projects;
mod registries;

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stage::Run;

/// Most memory a run may have taken, in KiB, whatever it was given: a large file that is read as a
/// whole, in an unoptimised build.
const MOST_MEMORY: u64 = 800 << 10;

/// Runs a command and ends it when it takes longer than `limit`: what hangs fails its test, and so
/// does what takes memory without bound.
#[track_caller]
fn bounded(command: &mut Command, limit: Duration) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let drain = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        })
    };
    let stdout = drain(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = drain(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let end = Instant::now() + limit;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(most_memory(child.id()));
        if Instant::now() > end || peak > MOST_MEMORY {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} took {peak} KiB, or longer than {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let run = Run {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout.join().unwrap()).into_owned(),
        stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
    };
    assert!(
        (0..=3).contains(&run.code),
        "{command:?} ended with {}\n{}",
        run.code,
        run.stderr
    );
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

/// Most memory a process has had resident so far, in KiB; 0 where that is not to be had.
fn most_memory(process: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{process}/status"))
        .ok()
        .and_then(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim().strip_suffix(" kB")?.parse().ok()
        })
        .unwrap_or(0)
}

/// As somebody whom file modes bind: root reads everything.
fn as_nobody(command: &mut Command) -> &mut Command {
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    command
}

/// Standard output holds nothing but the object that says why there is no report.
#[track_caller]
fn no_report(stdout: &str) {
    if stdout.is_empty() {
        return;
    }
    let object: serde_json::Value = serde_json::from_str(stdout).expect("one object");
    assert!(object["error"]["message"].is_string(), "{stdout}");
    assert!(object.get("findings").is_none(), "{stdout}");
}

/// Nothing in a text for people speaks to their terminal.
#[track_caller]
fn harmless(text: &str) {
    let spoken = text
        .chars()
        .find(|c| c.is_control() && !"\n\t".contains(*c) || ('\u{202a}'..='\u{202e}').contains(c));
    assert!(spoken.is_none(), "{spoken:?} in {text:?}");
}
