//! Which known vulnerabilities a package has, against other programs over the same advisories.

mod cargo;
mod explained;
mod ours;
mod pip;
mod questions;
mod records;
mod scanner;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use self::cargo::RustSec;
use self::ours::Answer;
use self::questions::Question;
use self::records::Records;
use self::scanner::Scanner;
use self::tools::Said;
use super::inspect::{beside_this_program, short_name};
use super::text;

/// What was asked for.
struct Request {
    /// Images, in addition.
    images: Vec<PathBuf>,
    plimsoll: PathBuf,
    /// Folder of OSV's archives.
    osv: Option<PathBuf>,
    /// Repository of RustSec's database.
    rustsec: Option<PathBuf>,
    /// Checkout of osv-scalibr.
    scalibr: Option<PathBuf>,
    seed: u64,
    questions: usize,
    verbose: bool,
}

/// Differences that are shown of one judge, unless all were asked for.
const SHOWN: usize = 12;

/// Runs the measure.
pub(super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let request = read(arguments)?;
    let folder = tempfile::tempdir()?;
    let mut report = Report::new(request.verbose);
    match &request.rustsec {
        Some(repository) => of_rustsec(&request, repository, folder.path(), &mut report)?,
        None => report.skip(
            "cargo-audit",
            "--rustsec names a repository of its database",
        ),
    }
    match &request.osv {
        Some(osv) => of_osv(&request, osv, folder.path(), &mut report)?,
        None => report.skip("the rest", "--osv names a folder of OSV's archives"),
    }
    report.finish()
}

fn read(arguments: &[String]) -> anyhow::Result<Request> {
    let mut request = Request {
        images: Vec::new(),
        plimsoll: beside_this_program()?,
        osv: None,
        rustsec: None,
        scalibr: None,
        seed: 1,
        questions: 3_000,
        verbose: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().context(super::USAGE);
        match argument.as_str() {
            "--plimsoll" => request.plimsoll = std::path::absolute(value()?)?,
            "--osv" => request.osv = Some(value()?.into()),
            "--rustsec" => request.rustsec = Some(value()?.into()),
            "--osv-scalibr" => request.scalibr = Some(value()?.into()),
            "--seed" => request.seed = value()?.parse()?,
            "--questions" => request.questions = value()?.parse()?,
            "-v" | "--verbose" => request.verbose = true,
            flag if flag.starts_with('-') => bail!(super::USAGE),
            image => request.images.push(std::path::absolute(image)?),
        }
    }
    Ok(request)
}

/// Lock files, against `cargo audit`.
fn of_rustsec(
    request: &Request,
    repository: &Path,
    folder: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let rustsec = RustSec::check_out(repository)?;
    let records = Records::read(&rustsec.exported())?;
    let index = folder.join("rustsec.index");
    ours::compile(&request.plimsoll, &[&rustsec.exported()], &index)?;
    let own = crate::project_root().join("Cargo.lock");
    let locks = [
        ("a lock file of every crate", {
            questions::make(&records, "crates.io", usize::MAX, request.seed)
        }),
        ("a lock file of well-known crates", cargo::well_known()),
        ("our own Cargo.lock", cargo::read_lock(&own)?),
    ];
    for (what, questions) in locks {
        let ours = ours::ask(&request.plimsoll, &index, &questions)?;
        let said = rustsec.ask(&questions)?;
        report.compare("cargo-audit", what, &records, &questions, &ours, said);
    }
    Ok(())
}

/// Packages of every ecosystem and of images, against the rest.
fn of_osv(request: &Request, osv: &Path, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let records = Records::read(osv)?;
    let index = folder.join("all.index");
    ours::compile(&request.plimsoll, &[osv], &index)?;
    let scanner = Scanner::compile(request.scalibr.as_deref())?;
    let ask_all = |what: &str,
                   questions: &[Question],
                   ours: &[Answer],
                   report: &mut Report|
     -> anyhow::Result<()> {
        let said = tools::ask(&records, questions)?;
        report.compare(
            "the ecosystem's tool",
            what,
            &records,
            questions,
            ours,
            said,
        );
        let said = match &scanner {
            Ok(scanner) => scanner.ask(&records, questions)?,
            Err(why) => Said::Absent(why.clone()),
        };
        report.compare("osv-scanner", what, &records, questions, ours, said);
        Ok(())
    };
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (ecosystem, _) in records.packages() {
        let name = ecosystem.split(':').next().unwrap_or(ecosystem);
        let releases = by_name.entry(name).or_default();
        if releases.last() != Some(&ecosystem) {
            releases.push(ecosystem);
        }
    }
    for (name, releases) in &by_name {
        let most = request.questions / releases.len();
        let questions: Vec<Question> = releases
            .iter()
            .flat_map(|release| questions::make(&records, release, most, request.seed))
            .collect();
        let ours = ours::ask(&request.plimsoll, &index, &questions)?;
        ask_all(name, &questions, &ours, report)?;
    }
    let questions = pip::questions(&records);
    let ours = ours::ask(&request.plimsoll, &index, &questions)?;
    ask_all("requirements", &questions, &ours, report)?;
    let said = pip::ask(&records, &questions)?;
    report.compare(
        "pip-audit",
        "requirements",
        &records,
        &questions,
        &ours,
        said,
    );
    report.is_of_image = true;
    for image in &request.images {
        let what = short_name(image);
        let told = ours::inspect(&request.plimsoll, &index, image)?;
        let asked = of_image(&told)?;
        if asked.is_empty() {
            report.skip(
                &what,
                "no package of it is of an ecosystem that there are records of",
            );
        }
        // One tool orders one ecosystem.
        for (ecosystem, asked) in asked {
            let (questions, ours): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
            ask_all(&format!("{ecosystem} of {what}"), &questions, &ours, report)?;
        }
    }
    Ok(())
}

/// What an image's report asks and answers, by ecosystem.
fn of_image(report: &Value) -> anyhow::Result<BTreeMap<String, Vec<(Question, Answer)>>> {
    let said = ours::of_report(report)?;
    let release = |name: &str| {
        let version = text(&report["distribution"], "version").unwrap_or_default();
        let mut parts = version.split('.');
        let major = parts.next().unwrap_or_default();
        match name {
            "Alpine" => format!("Alpine:v{major}.{}", parts.next().unwrap_or_default()),
            "Wolfi" => name.to_owned(),
            name => format!("{name}:{major}"),
        }
    };
    let distribution = text(&report["distribution"], "id").unwrap_or_default();
    let mut found: BTreeMap<String, BTreeMap<Question, Answer>> = BTreeMap::new();
    for package in report["packages"].as_array().context("no packages")? {
        let word = |key: &str| text(package, key).context("a package without its name");
        let (kind, purl) = (word("kind")?, word("purl")?);
        let (mut name, mut version) = (word("name")?, word("version")?);
        let source = (
            text(&package["source"], "name"),
            text(&package["source"], "version"),
        );
        let ecosystem = match (kind.as_str(), distribution.as_str()) {
            ("deb", "debian") => release("Debian"),
            ("apk", "alpine") => release("Alpine"),
            ("apk", "wolfi") => release("Wolfi"),
            ("rpm", "almalinux") => release("AlmaLinux"),
            // What the distribution brought is the distribution's.
            _ if package["owned_by"].is_string() => continue,
            ("pypi", _) => "PyPI".to_owned(),
            ("npm", _) => "npm".to_owned(),
            ("gem", _) => "RubyGems".to_owned(),
            ("golang", _) => "Go".to_owned(),
            ("cargo", _) => "crates.io".to_owned(),
            ("bitnami", _) => "Bitnami".to_owned(),
            _ => continue,
        };
        if let ("deb" | "apk", (Some(of), own)) = (kind.as_str(), source) {
            name = of;
            version = own.filter(|own| !own.is_empty()).unwrap_or(version);
        }
        if kind == "golang" {
            version = version.trim_start_matches('v').to_owned();
        }
        let question = Question {
            ecosystem: ecosystem.clone(),
            name,
            version,
        };
        let answer = said.get(&purl).cloned().unwrap_or_default();
        let known = found.entry(ecosystem).or_default();
        known.entry(question).or_default().hits.extend(answer.hits);
    }
    Ok(found
        .into_iter()
        .map(|(ecosystem, asked)| (ecosystem, asked.into_iter().collect()))
        .collect())
}

/// What was found, as it is found.
struct Report {
    verbose: bool,
    is_of_image: bool,
    differences: usize,
    skipped: usize,
}

impl Report {
    fn new(verbose: bool) -> Self {
        Self {
            verbose,
            is_of_image: false,
            differences: 0,
            skipped: 0,
        }
    }

    fn skip(&mut self, what: &str, why: &str) {
        self.skipped += 1;
        println!("{what}: skipped: {why}");
    }

    fn compare(
        &mut self,
        judge: &str,
        what: &str,
        records: &Records,
        questions: &[Question],
        ours: &[Answer],
        said: Said,
    ) {
        let (tool, theirs) = match said {
            Said::Answers(tool, theirs) => (tool, theirs),
            Said::Absent(why) => return self.skip(&format!("{what} by {judge}"), &why),
        };
        let (mut hits, mut unknown) = (0, 0);
        let mut differences = Vec::new();
        let mut on_purpose: BTreeMap<&str, usize> = BTreeMap::new();
        for ((question, ours), theirs) in questions.iter().zip(ours).zip(&theirs) {
            hits += ours.hits.intersection(&theirs.hits).count();
            let apart: BTreeSet<&String> = ours.hits.symmetric_difference(&theirs.hits).collect();
            for record in apart {
                if !theirs.knows(record) {
                    unknown += 1;
                    continue;
                }
                let is_ours = ours.hits.contains(record);
                let said = explained::Difference {
                    judge,
                    question,
                    record,
                    is_ours,
                    is_judged: ours.knows(record),
                    is_of_image: self.is_of_image,
                };
                match explained::why(&said, records) {
                    Some(why) => *on_purpose.entry(why).or_default() += 1,
                    None => differences.push(format!(
                        "{} {} {:?}: {record} only {}",
                        question.ecosystem,
                        question.name,
                        question.version,
                        if is_ours { "here" } else { "there" },
                    )),
                }
            }
        }
        self.differences += differences.len();
        println!(
            "{what}: {} packages, {hits} hits on both sides, {} differences; {tool}",
            questions.len(),
            differences.len(),
        );
        if unknown > 0 {
            println!("    {unknown} hits here that the tool has no word on");
        }
        for (why, count) in on_purpose {
            println!("    {count} more are on purpose: {why}");
        }
        let shown = if self.verbose { usize::MAX } else { SHOWN };
        for difference in differences.iter().take(shown) {
            println!("    {difference}");
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        if self.skipped > 0 {
            println!(
                "{} comparisons were skipped: what they would say is not known",
                self.skipped
            );
        }
        if self.differences > 0 {
            bail!("{} differences", self.differences);
        }
        Ok(())
    }
}
