//! The waivers of `plimsoll.toml`, and what they are guilty of.

use jiff::civil::Date;
use plimsoll_model::Finding;
use plimsoll_rules::CheckOptions;

use super::super::pattern::PathPattern;
use super::super::waiver::{AcceptedRisk, PackagePattern};
use crate::config::{Config, FILE_NAME};
use crate::policy::exceptions;
use crate::project::shown;

/// The waivers of `plimsoll.toml` that are for vulnerabilities.
pub(super) fn own_waivers(config: &Config) -> Vec<AcceptedRisk> {
    let of = |spanned: &toml::Spanned<crate::config::Waiver>| {
        let waiver = spanned.as_ref();
        let place = exceptions::place(config, spanned);
        AcceptedRisk {
            id: waiver.id.as_deref().map(|id| id.trim().to_owned()),
            packages: waiver
                .package
                .as_deref()
                .and_then(PackagePattern::parse)
                .into_iter()
                .collect(),
            paths: waiver
                .path
                .as_deref()
                .map(PathPattern::wildcard)
                .into_iter()
                .collect(),
            reason: Some(waiver.reason.clone()),
            owner: Some(waiver.owner.clone()),
            until: Some(waiver.until),
            subject: waiver.subject(),
            justification: waiver
                .justification
                .map(crate::config::Justification::as_str),
            written_in: match (&place, &config.path) {
                (Some(place), _) => format!("{}:{}", place.file, place.start.line),
                (None, Some(path)) => shown(path),
                (None, None) => FILE_NAME.to_owned(),
            },
            place,
            ..AcceptedRisk::default()
        }
    };
    config
        .policy
        .waiver
        .iter()
        .filter(|waiver| waiver.as_ref().is_for_vulnerabilities())
        .map(of)
        .collect()
}

/// What a waiver of ours is guilty of. Lists of other tools are often shared by many images.
pub(super) fn fault_of(
    waiver: &AcceptedRisk,
    used: bool,
    options: &CheckOptions,
    today: Date,
) -> Option<Finding> {
    let place = waiver.place.as_ref()?;
    let subject = &waiver.subject;
    if let Some(until) = waiver.until.filter(|_| waiver.is_expired(today)) {
        return exceptions::fault(
            options,
            "expired-suppression",
            format!("The waiver for {subject} ended on {until}."),
            "Mend what it accepted, or give it a new end date that its owner answers for.",
            Some(place),
        );
    }
    if used {
        return None;
    }
    exceptions::fault(
        options,
        "unused-suppression",
        format!("The waiver for {subject} covers no known vulnerability of this image."),
        "Remove it, so that it does not hide the next one.",
        Some(place),
    )
}
