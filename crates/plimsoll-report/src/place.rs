//! Where a finding is, for formats that know files and lines only.

use plimsoll_model::{Finding, Origin, Report, SuppressedVulnerability};

/// The file: the source's name, else the path in the image.
pub(crate) fn file(origin: &Origin) -> &str {
    match (&origin.source, &origin.path) {
        (Some(source), _) => source.file.strip_prefix("./").unwrap_or(&source.file),
        (None, Some(path)) => path.trim_start_matches('/'),
        (None, None) => "image",
    }
}

/// The first line; 1 where there is none.
pub(crate) fn line(origin: &Origin) -> usize {
    origin.source.as_ref().map_or(1, |source| source.start.line)
}

/// Message and help in one.
pub(crate) fn whole_message(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{} {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// Groups findings by file, files in order of their first finding; files without any follow.
pub(crate) fn by_file<'a>(
    findings: &'a [Finding],
    checked: &'a [String],
) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    let mut known: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for finding in findings {
        let name = file(&finding.origin);
        let at = *known.entry(name).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(finding);
    }
    for name in checked {
        let name = name.strip_prefix("./").unwrap_or(name);
        if !known.contains_key(name) {
            groups.push((name, Vec::new()));
        }
    }
    groups
}

/// The type of a package URL: `deb` of `pkg:deb/debian/openssl`; `package` where it has none.
pub(crate) fn package_type(purl: &str) -> &str {
    purl.strip_prefix("pkg:")
        .and_then(|rest| rest.split_once('/'))
        .map_or("package", |(kind, _)| kind)
}

/// What the packages of a report are in: the image, or what a bill of materials tells of.
pub(crate) fn subject(report: &Report) -> &str {
    let image = report.image.iter().map(|image| &image.name);
    let bill = report
        .bill
        .iter()
        .flat_map(|bill| [&bill.subject, &bill.name]);
    let mut names = image.chain(bill);
    names
        .find(|name| !name.is_empty())
        .map_or("image", String::as_str)
}

/// The file of the bill of materials that a report is of: what has no place of its own stands in it.
pub(crate) fn bill_file(report: &Report) -> Option<&str> {
    let name = report.bill.as_ref()?.name.as_str();
    Some(name.strip_prefix("sbom:").unwrap_or(name))
}

/// As what a vulnerability was set aside and why: `waived until 2027-01-31 by ops: never called`. Most
/// reasons begin with the word, and it is not said twice.
pub(crate) fn standing(one: &SuppressedVulnerability) -> String {
    let status = one.status.as_str().replace('-', " ");
    match one.reason.strip_prefix(&status) {
        Some(rest) if !rest.starts_with(char::is_alphanumeric) => one.reason.clone(),
        _ => format!("{status}: {}", one.reason),
    }
}
