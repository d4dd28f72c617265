//! Where Plimsoll and another program part on purpose, and who is right.

use std::cmp::Ordering;

use plimsoll_scan::advisory::Order;

use super::questions::{Question, order};
use super::records::{Affected, Records};

/// One record that only one side holds against a version.
pub(super) struct Difference<'d> {
    pub(super) judge: &'d str,
    pub(super) question: &'d Question,
    pub(super) record: &'d str,
    /// Whether it is ours that has it.
    pub(super) is_ours: bool,
    /// Whether we could hold the record against the version at all.
    pub(super) is_judged: bool,
    /// Whether the package is of an image, whose system is known: Linux on amd64.
    pub(super) is_of_image: bool,
}

/// Why the two differ, where they should.
pub(super) fn why(it: &Difference<'_>, records: &Records) -> Option<&'static str> {
    let Question {
        ecosystem,
        name,
        version,
    } = it.question;
    let said = || {
        let said = records.of(ecosystem, name);
        said.filter(|(record, _)| record.id == it.record)
            .map(|(_, affected)| affected)
    };
    if !it.is_ours && !it.is_judged {
        return Some("the version is none by the ecosystem's rules: not judged, and said so");
    }
    if ecosystem == "Bitnami" && version.contains('-') {
        return Some("the number behind a dash is Bitnami's own revision, and no pre-release");
    }
    if ecosystem == "PyPI" && it.is_ours && version.contains('+') {
        return Some("a local version of the last one affected is that one: `<=` of PEP 440");
    }
    if it.judge == "osv-scanner" && it.is_ours && said().any(Affected::begins_with_commits) {
        return Some("osv-scanner reads no range of an entry that has one of commits before it");
    }
    if it.judge == "osv-scanner" && it.is_ours && said().any(|said| !said.is_named(name)) {
        return Some("osv-scanner looks for the normal form of a name, and the record has another");
    }
    if it.judge == "osv-scanner" && !it.is_ours && said().any(Affected::has_events_at_one_version) {
        return Some("osv-scanner sorts events at one version into any order");
    }
    let is_odd = |text: &String| {
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        text != "0" && numbers.split('.').count() != 3
    };
    if it.judge == "osv-scanner"
        && order(ecosystem) == Some(Order::Semver)
        && (is_odd(version) || said().any(|said| said.events().any(is_odd)))
    {
        return Some("Semantic Versions have three numbers: of others each reads what it can");
    }
    let is_on_bugs = || {
        let mut kinds = ["ALBA-", "ALEA-"].iter();
        let mut all = records.all.iter();
        kinds.any(|kind| it.record.starts_with(kind))
            && !all.any(|one| one.id == it.record && one.text.contains("CVE-"))
    };
    if !it.is_ours && is_on_bugs() {
        return Some("an erratum on bugs or enhancements that names no flaw is no advisory");
    }
    let of_module = |text: &String| text.contains(".module");
    if ecosystem.starts_with("AlmaLinux")
        && !it.is_ours
        && said().all(|said| said.events().any(of_module) != of_module(version))
    {
        return Some("a package of a module stream and one outside of modules are two packages");
    }
    let is_word_for_word = |said: &Affected| said.versions().contains(version);
    let is_spelled_so = |said: &Affected| {
        let mut listed = said.versions().iter();
        let order = order(ecosystem);
        order.is_some_and(|order| {
            listed.any(|one| order.compare(one, version) == Ok(Ordering::Equal))
        })
    };
    if it.is_ours && !said().any(is_word_for_word) && said().any(is_spelled_so) {
        return Some("the version is on the record's list, spelled another way");
    }
    if it.judge == "pip-audit" && it.is_ours && said().any(|said| said.ranges().count() > 0) {
        return Some("in a range of the record, and not on the list beside it, which is older");
    }
    let of_others = || said().all(|said| !said.is_about("linux", "amd64"));
    if it.is_of_image && !it.is_ours && of_others() {
        return Some("the record is about other systems than the image's");
    }
    None
}
