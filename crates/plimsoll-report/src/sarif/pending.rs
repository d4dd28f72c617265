//! Security updates as SARIF has them: one rule, a result for each package that no vulnerability
//! speaks of already.

use std::borrow::Cow;

use plimsoll_model::{PendingUpdate, Report};

use super::location;
use super::vulnerability::hashed;
use super::wire::{
    Configuration, Descriptor, DescriptorProperties, Fingerprints, Help, ResultProperties,
    SarifResult,
};

const RULE: &str = "pending-security-update";

const SEVERITY: &str = "medium";

fn news(report: &Report) -> impl Iterator<Item = &PendingUpdate> {
    let pending = report.pending_updates.iter();
    pending.filter(|one| one.is_news())
}

/// The rule, where it has a result.
pub(super) fn descriptor(report: &Report) -> Option<Descriptor<'_>> {
    news(report).next()?;
    Some(Descriptor {
        id: RULE,
        short_description: "A package is older than the distribution's security update of it"
            .to_owned()
            .into(),
        full_description: Some(
            "What the security pocket of the distribution has mends known flaws of the package."
                .to_owned()
                .into(),
        ),
        help: Some(Help {
            markdown: None,
            text: Cow::Borrowed(
                "The security pocket of the distribution has a newer version. Build on a newer \
                 base image, or run the instruction that installs packages again without a cache.",
            ),
        }),
        help_uri: None,
        default_configuration: Configuration { level: "warning" },
        properties: DescriptorProperties {
            severity: SEVERITY,
            tags: vec!["security", "container"],
            security_severity: None,
            aliases: &[],
        },
    })
}

/// One result a package, at the line that brought it. `rule` is the place of [`descriptor`] among
/// all rules.
pub(super) fn results(report: &Report, rule: usize) -> Vec<SarifResult<'_>> {
    news(report)
        .map(|one| {
            let layer = one.origin.layer.as_ref();
            SarifResult {
                rule_id: RULE,
                rule_index: Some(rule),
                level: "warning",
                message: format!(
                    "{} {} has a security update waiting in {}: {}.",
                    one.name, one.installed, one.pocket, one.available
                )
                .into(),
                locations: location(&one.origin, None, None).into_iter().collect(),
                related_locations: Vec::new(),
                partial_fingerprints: Fingerprints {
                    plimsoll: hashed([RULE, &one.name, &one.available]),
                },
                fixes: Vec::new(),
                suppressions: Vec::new(),
                properties: ResultProperties {
                    severity: SEVERITY,
                    confidence: "high",
                    layer: layer.map(|layer| layer.index),
                    instruction: layer.and_then(|layer| layer.instruction.as_deref()),
                    package: Some(&one.purl),
                    path: one.origin.path.as_deref(),
                    reachable: None,
                    epss: None,
                    exploited: None,
                },
            }
        })
        .collect()
}
