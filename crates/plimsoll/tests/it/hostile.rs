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

/// Most processor time that a run may have taken, in seconds: many times what the longest needs in an
/// unoptimised build, and less than what grows with the square of its input.
const MOST_WORK: u64 = 60;

/// How long what waits is waited for, on a machine that has other things to do.
const MOST_WAIT: Duration = Duration::from_secs(300);

/// Runs a command and ends it when it takes more than its share: what hangs fails its test, and so does
/// what works or takes memory without bound.
#[track_caller]
fn bounded(command: &mut Command) -> Run {
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
    let end = Instant::now() + MOST_WAIT;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(most_memory(child.id()));
        let work = work(child.id());
        if Instant::now() > end || peak > MOST_MEMORY || work > MOST_WORK {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} took {peak} KiB, {work} s of work, or longer than {MOST_WAIT:?}");
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

/// Processor time that a process has taken so far, in seconds; 0 where that is not to be had.
fn work(process: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .ok()
        .and_then(|stat| {
            // What stands in front is its name, which may hold anything. The 14th and 15th field are in
            // hundredths of a second for every program (proc_pid_stat(5)).
            let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
            let ticks = fields.skip(11).take(2).map(str::parse::<u64>);
            Some(ticks.flatten().sum::<u64>() / 100)
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
