//! Where Plimsoll and another program part on purpose, and who is right.

use super::questions::Question;
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
    if it.judge == "osv-scanner" && it.is_ours && said().any(Affected::begins_with_commits) {
        return Some("osv-scanner reads no range of an entry that has one of commits before it");
    }
    None
}
