//! Which rules are asked: what a person typed, and what the configuration says.

use plimsoll_rules::{CheckOptions, CredentialLookup, RuleSettings};

use crate::args::RuleArgs;
use crate::config::{Audience, Config};
use crate::failure::Failure;

/// The rules a person selected: the command line's words, else the configuration's. How an image is
/// built is none of them: that is said of one Dockerfile, and the caller knows which.
pub(crate) fn rule_options(arguments: &RuleArgs, config: &Config) -> Result<CheckOptions, Failure> {
    let known = |names: &[String], place: &str| {
        plimsoll_rules::validate_names(names)
            .map_err(|error| crate::commands::unknown_rule(Some(place), &error))
    };
    known(&arguments.select, "--select")?;
    known(&arguments.extend_select, "--extend-select")?;
    known(&arguments.ignore, "--ignore")?;
    let place = config.path.as_ref().map_or_else(
        || "configuration".to_owned(),
        |path| path.display().to_string(),
    );
    known(&config.check.select, &place)?;
    known(&config.check.extend_select, &place)?;
    known(&config.check.ignore, &place)?;
    let severities: Vec<String> = config.check.severity.keys().cloned().collect();
    known(&severities, &format!("{place}: check.severity"))?;
    for allow in &config.check.allow {
        known(&allow.as_ref().rules, &format!("{place}: check.allow"))?;
    }
    let both = |one: &[String], other: &[String]| [one, other].concat();
    let asked = arguments.require_label.iter();
    let configured = config.check.labels.iter();
    let labels = configured
        .map(|(name, form)| (name, form.0))
        .chain(asked.map(|(name, form)| (name, *form)));
    let mut options = CheckOptions {
        select: if arguments.select.is_empty() {
            config.check.select.clone()
        } else {
            arguments.select.clone()
        },
        extend_select: both(&config.check.extend_select, &arguments.extend_select),
        ignore: both(&config.check.ignore, &arguments.ignore),
        strict: arguments.strict || config.check.audience == Some(Audience::Strict),
        edition: arguments.edition.or(config.check.edition),
        severity: config
            .check
            .severity
            .iter()
            .map(|(name, severity)| (name.clone(), severity.0))
            .collect(),
        require_reason: arguments.require_reason || config.check.require_reason,
        ignore_comments: config.check.ignore_comments,
        settings: RuleSettings {
            trusted_registries: both(
                &config.check.trusted_registries,
                &arguments.trusted_registry,
            ),
            labels: labels.map(|(name, form)| (name.clone(), form)).collect(),
            strict_labels: arguments.strict_labels || config.check.strict_labels,
        },
        credentials: Some(CredentialLookup {
            in_text: plimsoll_scan::credentials_in,
            in_file: plimsoll_scan::credentials_in_file,
        }),
        ..CheckOptions::default()
    };
    crate::clock::set_today(&mut options);
    Ok(options)
}
