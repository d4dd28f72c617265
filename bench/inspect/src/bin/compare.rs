//! Times `plimsoll inspect` beside trivy, syft, dive and the limit on the same images, in turn.
//!
//!     cargo build --release -p plimsoll
//!     cargo run --release --manifest-path bench/inspect/Cargo.toml -- [OPTIONS] IMAGE...
//!
//! IMAGE is a docker archive (`NAME.tar`) or a folder with an OCI layout. Options:
//!
//!     --rounds N     rounds, 5 by default; every program runs once a round
//!     --slow         syft and `trivy --scanners secret` too: minutes an image
//!     --only NAMES   these programs alone, separated by commas
//!
//! PLIMSOLL, TRIVY, SYFT and DIVE name the programs where they are not on the PATH; one that is
//! absent is said to be. Nobody has a cache: every run has an empty home of its own, and nobody asks
//! the network. trivy ends at a jar without its Java database: TRIVY_JAVA_DB names a folder with
//! one, if only an empty one. Prints the medians of CPU seconds (user + system), of wall seconds and
//! of the largest memory, the least CPU seconds, and how many times ours each is.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

struct Program {
    name: &'static str,
    path: PathBuf,
    /// Arguments for an image, `None` where it cannot read one of this kind.
    arguments: fn(&Image, &Path) -> Option<Vec<OsString>>,
}

struct Image {
    path: String,
    /// A docker archive; an OCI layout otherwise.
    archive: bool,
}

#[derive(Clone, Copy)]
struct Run {
    cpu: f64,
    wall: f64,
    /// MiB.
    memory: f64,
}

fn main() -> Result<()> {
    let mut rounds = 5;
    let mut slow = false;
    let mut only: Option<Vec<String>> = None;
    let mut images = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().context("how many rounds?")?.parse()?,
            "--slow" => slow = true,
            "--only" => {
                let names = arguments.next().context("which programs?")?;
                only = Some(names.split(',').map(str::to_owned).collect());
            }
            _ if argument.starts_with('-') => bail!("no such option: {argument}"),
            path => images.push(Image {
                path: path.to_owned(),
                archive: Path::new(path).is_file(),
            }),
        }
    }
    ensure!(rounds > 0 && !images.is_empty(), "which images?");
    let wanted = |name: &str| match &only {
        Some(only) => only.iter().any(|other| other == name),
        None => slow || !matches!(name, "syft" | "trivy-secret"),
    };
    let mut programs = Vec::new();
    for (name, variable, usual, arguments) in all() {
        if !wanted(name) {
            continue;
        }
        match find(variable, &usual) {
            Some(path) => programs.push(Program {
                name,
                path,
                arguments,
            }),
            None => println!("{name} is absent ({variable} names it)"),
        }
    }
    for image in &images {
        compare(image, &programs, rounds)?;
    }
    Ok(())
}

type Arguments = fn(&Image, &Path) -> Option<Vec<OsString>>;

/// Name, the variable that says where it is, where it is otherwise, and how it is called.
fn all() -> Vec<(&'static str, &'static str, PathBuf, Arguments)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.join("limit")))
        .unwrap_or_default();
    vec![
        (
            "plimsoll",
            "PLIMSOLL",
            root.join("target/release/plimsoll"),
            |image, _| Some(words(&["inspect", "--format", "json", &image.path])),
        ),
        ("limit", "LIMIT", beside, |image, _| {
            Some(words(&[&image.path]))
        }),
        ("trivy", "TRIVY", "trivy".into(), |image, home| {
            Some(trivy(image, home, &["--format", "cyclonedx"]))
        }),
        ("trivy-secret", "TRIVY", "trivy".into(), |image, home| {
            Some(trivy(
                image,
                home,
                &["--scanners", "secret", "--format", "json"],
            ))
        }),
        ("syft", "SYFT", "syft".into(), |image, _| {
            let kind = if image.archive {
                "docker-archive"
            } else {
                "oci-dir"
            };
            let source = format!("{kind}:{}", image.path);
            Some(words(&["scan", "-q", "-o", "cyclonedx-json", &source]))
        }),
        ("dive", "DIVE", "dive".into(), |image, _| {
            let source = format!("docker-archive://{}", image.path);
            image.archive.then(|| words(&["--ci", &source]))
        }),
    ]
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn trivy(image: &Image, home: &Path, more: &[&str]) -> Vec<OsString> {
    let mut arguments = words(&["image", "-q", "--offline-scan", "--skip-db-update"]);
    arguments.extend(words(&["--skip-java-db-update", "--timeout", "60m"]));
    arguments.push("--cache-dir".into());
    arguments.push(home.join("trivy").into());
    arguments.extend(words(more));
    arguments.extend(words(&["--input", &image.path]));
    arguments
}

/// The program that `variable` names, or the usual one: a path, or a name on the PATH.
fn find(variable: &str, usual: &Path) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map_or_else(|| usual.to_owned(), PathBuf::from);
    if named.components().count() > 1 {
        return named.is_file().then_some(named);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&named))
        .find(|path| path.is_file())
}

fn compare(image: &Image, programs: &[Program], rounds: usize) -> Result<()> {
    println!("\n{}, {rounds} rounds", image.path);
    warm(Path::new(&image.path))?;
    let mut runs: Vec<Result<Vec<Run>, String>> = programs.iter().map(|_| Ok(vec![])).collect();
    for _ in 0..rounds {
        for (program, runs) in programs.iter().zip(&mut runs) {
            let Ok(done) = runs else { continue };
            match run(program, image)? {
                Ok(run) => done.push(run),
                Err(why) => *runs = Err(why),
            }
        }
    }
    let ours = programs
        .iter()
        .zip(&runs)
        .find(|(program, _)| program.name == "plimsoll")
        .and_then(|(_, runs)| runs.as_ref().ok())
        .map(|runs| (median(runs, |run| run.cpu), median(runs, |run| run.wall)));
    println!(
        "  {:<13} {:>8} {:>8} {:>8} {:>7} {:>8}  cpu, wall ÷ ours",
        "", "cpu s", "least", "wall s", "busy", "MiB"
    );
    for (program, runs) in programs.iter().zip(&runs) {
        let runs = match runs {
            Ok(runs) => runs,
            Err(why) => {
                println!("  {:<13} {why}", program.name);
                continue;
            }
        };
        let (cpu, wall) = (median(runs, |run| run.cpu), median(runs, |run| run.wall));
        let least = runs.iter().map(|run| run.cpu).fold(f64::MAX, f64::min);
        let memory = median(runs, |run| run.memory);
        print!(
            "  {:<13} {cpu:>8.2} {least:>8.2} {wall:>8.2} {:>7.2} {memory:>8.0}",
            program.name,
            cpu / wall
        );
        match ours {
            Some(ours) => println!("  {:.2}, {:.2}", cpu / ours.0, wall / ours.1),
            None => println!(),
        }
    }
    Ok(())
}

/// Reads all files once, so that nobody pays for the disk.
fn warm(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in path.read_dir()? {
            warm(&entry?.path())?;
        }
        return Ok(());
    }
    std::io::copy(&mut std::fs::File::open(path)?, &mut std::io::sink())?;
    Ok(())
}

/// Runs a program once in an empty home; the inner error says why it has no numbers.
fn run(program: &Program, image: &Image) -> Result<Result<Run, String>> {
    let home = tempfile::tempdir()?;
    let Some(arguments) = (program.arguments)(image, home.path()) else {
        return Ok(Err("does not read this kind".to_owned()));
    };
    if program.name.starts_with("trivy")
        && let Some(database) = std::env::var_os("TRIVY_JAVA_DB")
    {
        let to = home.path().join("trivy/java-db");
        std::fs::create_dir_all(&to)?;
        for file in Path::new(&database).read_dir()? {
            let file = file?;
            std::fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    let errors = home.path().join("stderr");
    let mut command = Command::new(&program.path);
    command
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .env("PLIMSOLL_CACHE", home.path().join("plimsoll"))
        .env("TMPDIR", home.path())
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&errors)?)
        .process_group(0);
    let start = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("{}", program.path.display()))?;
    let (status, usage) = wait(child.id())?;
    let wall = start.elapsed().as_secs_f64();
    // dive and plimsoll say with 1 that an image does not meet their expectations.
    let fine = libc::WIFEXITED(status)
        && (libc::WEXITSTATUS(status) == 0
            || libc::WEXITSTATUS(status) == 1 && program.name == "dive");
    if !fine {
        let errors = std::fs::read_to_string(errors).unwrap_or_default();
        let last = errors.lines().last().unwrap_or("it said nothing");
        return Ok(Err(format!("failed ({status:#x}): {last}")));
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Ok(Run {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall,
        memory: usage.ru_maxrss as f64 / 1024.0,
    }))
}

/// Waits for a child and says what it used; the standard library only waits.
fn wait(child: u32) -> Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: all zeros are a valid `rusage`, which is plain numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the right type.
    let waited = unsafe { libc::wait4(child.cast_signed(), &mut status, 0, &mut usage) };
    if waited < 0 {
        return Err(std::io::Error::last_os_error()).context("wait4");
    }
    Ok((status, usage))
}

fn median(runs: &[Run], what: fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(what).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
