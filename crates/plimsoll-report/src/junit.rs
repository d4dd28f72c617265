//! JUnit's XML: each file is a suite, each finding a case that failed. So is each kind of package of
//! an image, and each of its known vulnerabilities: the class is the package, the name the
//! vulnerability's number, so that one that is mended is seen to go.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_model::{AdvisoryCoverage, Finding, Report, Vulnerability};

use crate::RenderInput;
use crate::place::{by_file, line, package_type, standing, subject, whole_message};
use crate::tally;
use crate::text::{count, xml};

/// Web pages named of a vulnerability.
const REFERENCES: usize = 3;

/// Renders the report. A file without findings is one case that passed, and so is an image whose
/// packages were held against advisories and have no known vulnerability; what was not looked at is
/// a case that was skipped.
pub fn render(input: &RenderInput<'_>) -> String {
    let report = input.report;
    let groups = by_file(&report.findings, &report.checked);
    let suites = vulnerable_suites(report);
    let passed = groups.iter().filter(|(_, found)| found.is_empty()).count()
        + suites.iter().filter(|suite| suite.found.is_empty()).count();
    let failed = report.findings.len() + report.vulnerabilities.len();
    let skipped = skipped(report);
    let aside = report.suppressed.len() + report.suppressed_vulnerabilities.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    line_of(
        &mut out,
        &format!(
            "<testsuites name=\"plimsoll\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
            failed + skipped.len() + aside + passed,
            failed,
        ),
    );
    for (file, findings) in groups {
        let file = xml(file);
        line_of(
            &mut out,
            &format!(
                "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
                findings.len().max(1),
                findings.len()
            ),
        );
        if findings.is_empty() {
            line_of(
                &mut out,
                &format!("    <testcase classname=\"{file}\" name=\"plimsoll\"/>"),
            );
        }
        for finding in findings {
            case(&mut out, &file, finding);
        }
        out.push_str("  </testsuite>\n");
    }
    for suite in &suites {
        suite.write(&mut out, report);
    }
    set_aside(&mut out, report);
    if !skipped.is_empty() {
        let number = skipped.len();
        line_of(
            &mut out,
            &format!(
                "  <testsuite name=\"not looked at\" tests=\"{number}\" failures=\"0\" errors=\"0\" skipped=\"{number}\">"
            ),
        );
        for (what, why) in &skipped {
            line_of(
                &mut out,
                &format!(
                    "    <testcase classname=\"not looked at\" name=\"{}\"><skipped message=\"{}\"/></testcase>",
                    xml(what),
                    xml(why)
                ),
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, file: &str, finding: &Finding) {
    let rule = xml(finding.rule);
    let place = match &finding.origin.source {
        Some(source) => format!("{file}:{}:{}", source.start.line, source.start.column),
        None => file.to_owned(),
    };
    line_of(
        out,
        &format!(
            "    <testcase classname=\"{file}\" name=\"{rule} (line {})\">",
            line(&finding.origin)
        ),
    );
    line_of(
        out,
        &format!(
            "      <failure type=\"{}\" message=\"{}\">{place}: {}</failure>",
            finding.severity.as_str(),
            xml(&finding.message),
            xml(&whole_message(finding))
        ),
    );
    out.push_str("    </testcase>\n");
}

/// What was set aside: cases that were skipped, and say why, and where that is written.
fn set_aside(out: &mut String, report: &Report) {
    let number = report.suppressed.len() + report.suppressed_vulnerabilities.len();
    if number == 0 {
        return;
    }
    line_of(
        out,
        &format!(
            "  <testsuite name=\"set aside\" tests=\"{number}\" failures=\"0\" errors=\"0\" skipped=\"{number}\">"
        ),
    );
    for one in &report.suppressed {
        let finding = &one.finding;
        let place = match &finding.origin.source {
            Some(source) => source.file.as_str(),
            None => subject(report),
        };
        line_of(
            out,
            &format!(
                "    <testcase classname=\"{}\" name=\"{} (line {})\">",
                xml(place),
                xml(finding.rule),
                line(&finding.origin)
            ),
        );
        line_of(
            out,
            &format!("      <skipped message=\"{}\">", xml(&one.reason)),
        );
        let mut tell = |name: &str, value: &str| line_of(out, &format!("{name}: {}", xml(value)));
        tell("severity", finding.severity.as_str());
        tell("message", &whole_message(finding));
        tell("by", one.by.as_str());
        out.push_str("      </skipped>\n    </testcase>\n");
    }
    for one in &report.suppressed_vulnerabilities {
        let found = &one.vulnerability;
        open_case(out, found);
        line_of(
            out,
            &format!("      <skipped message=\"{}\">", xml(&standing(one))),
        );
        let mut tell = |name: &str, value: &str| line_of(out, &format!("{name}: {}", xml(value)));
        tell("written in", &one.written_in);
        if let Some(label) = &one.justification {
            tell("justification", label);
        }
        tell("severity", found.severity.as_str());
        if let Some(title) = &found.title {
            tell("title", title);
        }
        facts(out, found);
        out.push_str("      </skipped>\n    </testcase>\n");
    }
    out.push_str("  </testsuite>\n");
}

/// What was not looked at, and why: packages that no advisory could be held against, too.
fn skipped(report: &Report) -> Vec<(String, String)> {
    let mut skipped: Vec<(String, String)> = report
        .skipped
        .iter()
        .map(|one| (one.what.clone(), one.reason().into_owned()))
        .collect();
    if report.is_unjudged() {
        skipped.push((
            AdvisoryCoverage::SUBJECT.to_owned(),
            "no advisory could be held against any of the packages".to_owned(),
        ));
    }
    if let Some(coverage) = &report.advisories {
        skipped.extend(coverage.missing.iter().map(|one| {
            (
                format!("vulnerabilities of {}", one.ecosystem),
                format!(
                    "no advisories: nothing is known of {}",
                    count(one.packages, "package")
                ),
            )
        }));
        skipped.extend(
            coverage
                .unjudged
                .iter()
                .map(|one| (one.purl.clone(), one.why.clone())),
        );
    }
    skipped
}

/// The vulnerabilities of one kind of package.
struct VulnerableSuite<'a> {
    name: String,
    found: Vec<&'a Vulnerability>,
}

/// One suite a kind of package; one that passes where all were judged and none is vulnerable.
fn vulnerable_suites(report: &Report) -> Vec<VulnerableSuite<'_>> {
    let image = subject(report);
    let mut kinds: BTreeMap<&str, Vec<&Vulnerability>> = BTreeMap::new();
    for vulnerability in &report.vulnerabilities {
        kinds
            .entry(package_type(&vulnerability.purl))
            .or_default()
            .push(vulnerability);
    }
    let distribution = report.inventory.distribution.as_ref();
    let mut suites: Vec<VulnerableSuite<'_>> = kinds
        .into_iter()
        .map(|(kind, found)| VulnerableSuite {
            name: match distribution.filter(|_| matches!(kind, "deb" | "apk" | "rpm" | "alpm")) {
                Some(distribution) => {
                    let release = format!("{} {}", distribution.id, distribution.version);
                    format!("{image} ({})", release.trim_end())
                }
                None => format!("{image} ({kind})"),
            },
            found,
        })
        .collect();
    if suites.is_empty() && report.advisories.is_some() && !report.is_unjudged() {
        suites.push(VulnerableSuite {
            name: format!("{image} (vulnerabilities)"),
            found: Vec::new(),
        });
    }
    suites
}

impl VulnerableSuite<'_> {
    fn write(&self, out: &mut String, report: &Report) {
        let name = xml(&self.name);
        line_of(
            out,
            &format!(
                "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
                self.found.len().max(1),
                self.found.len()
            ),
        );
        if let Some(coverage) = &report.advisories {
            out.push_str("    <properties>\n");
            for (key, value) in [
                ("advisories", Some(coverage.snapshot.as_str())),
                ("advisories-date", coverage.date.as_deref()),
            ] {
                if let Some(value) = value {
                    line_of(
                        out,
                        &format!("      <property name=\"{key}\" value=\"{}\"/>", xml(value)),
                    );
                }
            }
            out.push_str("    </properties>\n");
        }
        if self.found.is_empty() {
            let told = match report.suppressed_vulnerabilities.is_empty() {
                true => "no known vulnerabilities",
                false => "no known vulnerabilities but those set aside",
            };
            line_of(
                out,
                &format!("    <testcase classname=\"{name}\" name=\"{told}\"/>"),
            );
        }
        for vulnerability in &self.found {
            vulnerable_case(out, vulnerability);
        }
        out.push_str("  </testsuite>\n");
    }
}

fn vulnerable_case(out: &mut String, vulnerability: &Vulnerability) {
    let title = vulnerability.title.as_deref().unwrap_or(&vulnerability.id);
    open_case(out, vulnerability);
    line_of(
        out,
        &format!(
            "      <failure type=\"{}\" message=\"{}\">",
            vulnerability.severity.as_str(),
            xml(title)
        ),
    );
    facts(out, vulnerability);
    out.push_str("      </failure>\n    </testcase>\n");
}

fn open_case(out: &mut String, vulnerability: &Vulnerability) {
    line_of(
        out,
        &format!(
            "    <testcase classname=\"{}-{}\" name=\"{}\">",
            xml(&vulnerability.name),
            xml(&vulnerability.installed),
            xml(&vulnerability.id)
        ),
    );
}

/// What is known of a vulnerability, a line each.
fn facts(out: &mut String, vulnerability: &Vulnerability) {
    let mut tell = |name: &str, value: &str| line_of(out, &format!("{name}: {}", xml(value)));
    tell("package", &vulnerability.purl);
    match &vulnerability.fixed {
        Some(fixed) => tell("fixed in", fixed),
        None => tell("fix", &vulnerability.without_fix()),
    }
    let origin = &vulnerability.origin;
    if let Some(source) = &origin.source {
        tell("from", &format!("{}:{}", source.file, source.start.line));
    } else if vulnerability.in_base == Some(true) {
        tell("from", "the base image");
    }
    if let Some(layer) = &origin.layer {
        tell("layer", &layer.index.to_string());
    }
    if let Some(path) = &origin.path {
        tell("path", &format!("/{path}"));
    }
    if let Some(layer) = vulnerability.removed_in {
        tell("removed in layer", &layer.to_string());
    }
    let urgency = tally::urgency(vulnerability);
    if !urgency.is_empty() {
        tell("urgent", &urgency);
    }
    if let Some(reachable) = &vulnerability.reachable {
        let why = reachable.explanation();
        tell("reachable", &format!("{} ({why})", reachable.as_str()));
    }
    if !vulnerability.aliases.is_empty() {
        tell("also", &vulnerability.aliases.join(" "));
    }
    for reference in vulnerability.references.iter().take(REFERENCES) {
        tell("see", reference);
    }
}

fn line_of(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}
