//! Times the index of advisories: compiling it, opening it, asking it for thousands of packages;
//! with the records at hand, and with a set that is many times as large.
//!
//!     cargo run --release --manifest-path bench/advisories/Cargo.toml -- [OPTIONS] ZIP...
//!
//! ZIP is an archive of records in OSV form, such as OSV's all.zip of an ecosystem. Options:
//!
//!     --times N      how many times as large the other set is, 10 by default
//!     --packages N   how many packages are asked for, 5000 by default
//!     --rounds N     how often each thing is done, 5 by default; medians are printed
//!     --keep DIR     keep the larger set and both indexes there
//!
//! The larger set holds every record N times, with other names of records and packages. The
//! packages asked for are named by the records at hand, at versions that these name: far more are
//! hit than in any image. Every step is a process of its own, so that its memory is its own.

mod ask;
mod multiply;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use plimsoll_scan::advisory::{Index, compile};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["step", "compile", out, inputs @ ..] => step_compile(Path::new(out), inputs),
        [
            "step",
            "prepare",
            count,
            packages,
            times,
            larger,
            inputs @ ..,
        ] => {
            let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
            let asked = ask::list(&inputs, count.parse()?, Path::new(packages))?;
            multiply::write(&inputs, times.parse()?, Path::new(larger))?;
            println!("{asked} packages to ask for");
            Ok(())
        }
        ["step", "open", index] => step_open(Path::new(index)),
        ["step", "ask", index, packages] => ask::step(Path::new(index), Path::new(packages)),
        _ => measure(&words),
    }
}

fn step_compile(out: &Path, inputs: &[&str]) -> Result<()> {
    let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
    let report = compile(&inputs, out, &|_| {})?;
    let unusable: u64 = report
        .snapshot
        .unusable
        .iter()
        .map(|(_, count)| count)
        .sum();
    println!(
        "{} records read: {} matched, {} unusable, {} broken, {} twice; {} packages, {} bytes",
        report.read,
        report.snapshot.records,
        unusable,
        report.broken,
        report.duplicates,
        report.snapshot.packages,
        report.snapshot.bytes,
    );
    Ok(())
}

fn step_open(index: &Path) -> Result<()> {
    let start = Instant::now();
    let index = Index::open(index)?;
    let opened = start.elapsed();
    println!(
        "{} opened in {:.3} ms",
        &index.id()[..12],
        opened.as_secs_f64() * 1e3
    );
    Ok(())
}

struct Options {
    times: usize,
    packages: usize,
    rounds: usize,
    keep: Option<PathBuf>,
    inputs: Vec<PathBuf>,
}

fn measure(words: &[&str]) -> Result<()> {
    let options = options(words)?;
    let temporary = tempfile::tempdir()?;
    let folder = options.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let packages = folder.join("packages.tsv");
    let larger = folder.join("larger.zip");
    // In a process of its own, too: what a process needs at most, its children begin with.
    let mut prepare = vec![
        "prepare".to_owned(),
        options.packages.to_string(),
        text(&packages)?,
        options.times.to_string(),
        text(&larger)?,
    ];
    for input in &options.inputs {
        prepare.push(text(input)?);
    }
    print!("{}", step(&prepare)?.said);
    let sets = [
        ("as it is".to_owned(), options.inputs.clone()),
        (format!("{} times", options.times), vec![larger]),
    ];
    for (number, (name, inputs)) in sets.iter().enumerate() {
        println!("\n{name}");
        let index = folder.join(format!("{number}.index"));
        let mut compile: Vec<String> = vec!["compile".to_owned(), text(&index)?];
        for input in inputs {
            compile.push(text(input)?);
        }
        steps("compile", &compile, options.rounds)?;
        steps("open", &["open".to_owned(), text(&index)?], options.rounds)?;
        let ask = ["ask".to_owned(), text(&index)?, text(&packages)?];
        steps("ask", &ask, options.rounds)?;
    }
    Ok(())
}

fn options(words: &[&str]) -> Result<Options> {
    let mut options = Options {
        times: 10,
        packages: 5000,
        rounds: 5,
        keep: None,
        inputs: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} needs a value"))
        };
        match *word {
            "--times" => options.times = value()?.parse()?,
            "--packages" => options.packages = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--keep" => options.keep = Some(PathBuf::from(value()?)),
            _ if word.starts_with('-') => bail!("no such option: {word}"),
            path => options.inputs.push(PathBuf::from(path)),
        }
    }
    ensure!(!options.inputs.is_empty(), "which archives?");
    ensure!(options.rounds > 0, "at least one round");
    Ok(options)
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().context("a path that is no text")?;
    Ok(text.to_owned())
}

/// Does one thing some times, and prints what it said last and the medians.
fn steps(name: &str, arguments: &[String], rounds: usize) -> Result<()> {
    let (mut cpu, mut wall, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let mut said = String::new();
    for _ in 0..rounds {
        let run = step(arguments)?;
        cpu.push(run.cpu);
        wall.push(run.wall);
        memory.push(run.memory);
        said = run.said;
    }
    println!(
        "  {name:<8} {:>9.1} ms wall {:>9.1} ms CPU {:>7.1} MiB   {}",
        median(wall) * 1e3,
        median(cpu) * 1e3,
        median(memory),
        said.trim()
    );
    Ok(())
}

struct Run {
    /// Seconds.
    cpu: f64,
    wall: f64,
    /// MiB.
    memory: f64,
    said: String,
}

fn step(arguments: &[String]) -> Result<Run> {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("step")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(mut out) = child.stdout.take() {
        std::io::Read::read_to_string(&mut out, &mut said)?;
    }
    let mut status = 0;
    // SAFETY: both are plain numbers that the call fills in; the child is ours and not yet waited
    // for.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage);
        ensure!(waited > 0, "the step could not be waited for");
        usage
    };
    ensure!(status == 0, "{arguments:?} failed");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Run {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall: start.elapsed().as_secs_f64(),
        memory: usage.ru_maxrss as f64 / 1024.0,
        said,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
