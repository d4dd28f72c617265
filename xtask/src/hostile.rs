//! `cargo xtask hostile`: every image of the hostile corpus in its full size, one by one, looked at
//! by a program; what each costs and what is said of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use plimsoll_testkit::image::hostile::{self, HostileContent, Scale};
use serde_json::Value;

const USAGE: &str =
    "usage: cargo xtask hostile [--suite] [--plimsoll PROGRAM] [--argument WORD]... [NAME]...";

/// No case may take longer.
const LIMIT: Duration = Duration::from_secs(600);

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut scale = Scale::Full;
    let mut program = std::env::current_exe()?.with_file_name("plimsoll");
    let mut names = Vec::new();
    let mut words = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--suite" => scale = Scale::Suite,
            "--plimsoll" => program = PathBuf::from(rest.next().context(USAGE)?),
            "--argument" => words.push(rest.next().context(USAGE)?.clone()),
            flag if flag.starts_with('-') => bail!(USAGE),
            name => names.push(name.to_owned()),
        }
    }
    if words.is_empty() {
        words = ["inspect", "{}", "--no-cache"].map(str::to_owned).to_vec();
        words.push("--format=json".to_owned());
    }
    println!(
        "{:>8} {:>8} {:>7}  {:4} case",
        "seconds", "CPU", "MB", "exit"
    );
    let mut wrong = 0;
    for case in hostile::contents() {
        if names.is_empty() || names.iter().any(|name| name == case.name) {
            wrong += usize::from(!measure(&case, scale, &program, &words)?);
        }
    }
    if wrong > 0 {
        bail!("{wrong} cases are not as they should be");
    }
    Ok(())
}

/// Looks at one case and prints a line about it; whether all is as it should be.
fn measure(
    case: &HostileContent,
    scale: Scale,
    program: &Path,
    words: &[String],
) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let layers = case.layers(scale);
    let above = layers.len() + 1;
    let place = folder.path().join("image");
    hostile::between(layers).build().write_layout(&place, "x")?;
    let place = format!("oci:{}:x", place.display());
    let output = folder.path().join("output");
    let words = words.iter().map(|word| word.replace("{}", &place));
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(words)
        .stdout(Stdio::from(File::create(&output)?))
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    let mut spent = Spent::default();
    let status: ExitStatus = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        spent = Spent::of(child.id()).unwrap_or(spent);
        if began.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            println!("{:>8} {}: took longer than {LIMIT:?}", "", case.name);
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = began.elapsed().as_secs_f64();
    let verdict = verdict(case, above, &std::fs::read(&output)?);
    println!(
        "{seconds:>8.2} {:>8.2} {:>7}  {:<4} {}{}",
        spent.seconds,
        spent.peak >> 10,
        status.code().unwrap_or(-1),
        case.name,
        verdict
            .as_deref()
            .map_or(String::new(), |verdict| format!(": {verdict}")),
    );
    Ok(verdict.is_none() && matches!(status.code(), Some(0..=3)))
}

/// What is wrong about a report; nothing where it is no report in JSON.
fn verdict(case: &HostileContent, above: usize, output: &[u8]) -> Option<String> {
    let report: Value = serde_json::from_slice(output).ok()?;
    let packages = report["packages"].as_array()?;
    let has = |name: &str, layer: usize| {
        packages
            .iter()
            .any(|one| one["name"] == name && one["layer"] == layer)
    };
    if !has("left-pad", above) {
        return Some("left-pad is missing".to_owned());
    }
    if !case.replaces_database && !has("bash", 0) {
        return Some("bash is missing".to_owned());
    }
    let words = case.told?;
    let skipped = report["skipped"].to_string();
    (!skipped.contains(words)).then(|| format!("`{words}` is not told of"))
}

/// What a process took so far.
#[derive(Clone, Copy, Default)]
struct Spent {
    /// Most memory resident, in KiB.
    peak: u64,
    /// Of all processors, user and system.
    seconds: f64,
}

impl Spent {
    fn of(process: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // Behind the program's name, which may hold blanks: fields 14 and 15 of proc(5), in ticks
        // of a hundredth of a second.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some(Self {
            peak,
            seconds: (ticks()? + ticks()?) / 100.0,
        })
    }
}
