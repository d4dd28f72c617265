//! Findings that a configuration sets aside below some paths.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use plimsoll_model::{Confidence, Finding, Origin, SourceFile, SourceOrigin, Span};
use plimsoll_model::{Suppressed, SuppressedBy};
use plimsoll_rules::{CheckOptions, CheckOutcome};
use plimsoll_syntax::dockerignore::IgnoreFile;

use crate::config::{Allow, Config, FILE_NAME};
use crate::failure::Failure;

/// The exceptions of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    allow: Allow,
    /// The folder its patterns are below, and the patterns; every file without.
    paths: Option<(PathBuf, IgnoreFile)>,
    /// Where it stands, for what it may be guilty of: only in `plimsoll.toml`.
    place: Option<SourceOrigin>,
    /// For each of its rules whether it set something aside.
    used: Vec<bool>,
}

impl Exceptions {
    /// Those of a `plimsoll.toml`, or of what is read in its place.
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        let mut exceptions = Self::default();
        let folder = config.folder().map(Path::to_path_buf).unwrap_or_default();
        for allow in &config.check.allow {
            exceptions.add(allow.as_ref().clone(), &folder, place(config, allow))?;
        }
        for (allow, folder) in &config.foreign_allow {
            exceptions.add(allow.clone(), folder, None)?;
        }
        Ok(exceptions)
    }

    /// Adds one whose patterns are below `folder`.
    fn add(
        &mut self,
        allow: Allow,
        folder: &Path,
        place: Option<SourceOrigin>,
    ) -> Result<(), Failure> {
        let paths = if allow.paths.is_empty() {
            None
        } else {
            let folder =
                std::path::absolute(folder).map_err(|error| Failure::file(folder, &error))?;
            let patterns = SourceFile::new(FILE_NAME, allow.paths.join("\n"));
            let (patterns, errors) = IgnoreFile::parse(&patterns);
            if let Some(error) = errors.first() {
                return Err(Failure::usage(format!(
                    "{}/{FILE_NAME}: check.allow: {}",
                    folder.display(),
                    error.message
                )));
            }
            Some((folder, patterns))
        };
        self.entries.push(Entry {
            used: vec![false; allow.rules.len()],
            allow,
            paths,
            place,
        });
        Ok(())
    }

    /// Takes out of a file's findings what is allowed there.
    pub(crate) fn apply(&mut self, outcome: &mut CheckOutcome, today: Option<Date>) {
        if self.entries.is_empty() {
            return;
        }
        let (kept, aside): (Vec<_>, Vec<_>) = std::mem::take(&mut outcome.findings)
            .into_iter()
            .map(|finding| (self.reason(&finding, today), finding))
            .partition(|(reason, _)| reason.is_none());
        outcome.findings = kept.into_iter().map(|(_, finding)| finding).collect();
        outcome
            .suppressed
            .extend(aside.into_iter().map(|(reason, finding)| Suppressed {
                finding,
                reason: reason.unwrap_or_default(),
                by: SuppressedBy::Configuration,
            }));
        outcome
            .suppressed
            .sort_by(|a, b| a.finding.sort_key().cmp(&b.finding.sort_key()));
    }

    fn reason(&mut self, finding: &Finding, today: Option<Date>) -> Option<String> {
        let mut reason = None;
        for entry in &mut self.entries {
            if entry.ended(today).is_some() || !entry.reaches(finding) {
                continue;
            }
            let named = entry
                .allow
                .rules
                .iter()
                .position(|name| plimsoll_rules::goes_by(finding, name));
            if let Some(at) = named {
                entry.used[at] = true;
                reason.get_or_insert_with(|| match entry.allow.reason.as_deref() {
                    Some(reason) if !reason.trim().is_empty() => reason.trim().to_owned(),
                    _ => format!("no reason given ({FILE_NAME})"),
                });
            }
        }
        reason
    }

    /// What they are guilty of: `whole` tells whether everything they reach was checked.
    pub(crate) fn faults(
        &self,
        options: &CheckOptions,
        today: Option<Date>,
        whole: bool,
    ) -> Vec<Finding> {
        let mut faults = Vec::new();
        for entry in &self.entries {
            let Some(place) = &entry.place else {
                continue;
            };
            let mut fault = |rule: &str, message: String, help: &str| {
                faults.extend(fault(options, rule, message, help, Some(place)));
            };
            let names = |names: &[String]| {
                let names: Vec<String> = names
                    .iter()
                    .map(|name| format!("`{}`", name.escape_debug()))
                    .collect();
                names.join(", ")
            };
            let reason = entry.allow.reason.as_deref().unwrap_or_default();
            if options.require_reason && reason.trim().is_empty() {
                fault(
                    "unexplained-suppression",
                    format!(
                        "Nothing says why {} is allowed here.",
                        names(&entry.allow.rules)
                    ),
                    "Add `reason = \"…\"`.",
                );
            }
            if let Some(until) = entry.ended(today) {
                fault(
                    "expired-suppression",
                    format!("Allowing {} ended on {until}.", names(&entry.allow.rules)),
                    "Mend what it allowed, or give a new end date with a reason that still holds.",
                );
                continue;
            }
            for (name, used) in entry.allow.rules.iter().zip(&entry.used) {
                let judged = plimsoll_rules::find(name).iter().all(|rule| {
                    let meta = rule.meta();
                    meta.depth != plimsoll_rules::Depth::Image && options.runs(meta.name)
                });
                if whole && !used && judged {
                    fault(
                        "unused-suppression",
                        format!(
                            "{} finds nothing that this exception could allow.",
                            names(std::slice::from_ref(name))
                        ),
                        "Remove it, so that it does not hide the next one.",
                    );
                }
            }
        }
        faults
    }
}

/// What an exception is guilty of, by the rule that watches over exceptions; nothing where that
/// does not run.
pub(crate) fn fault(
    options: &CheckOptions,
    rule: &str,
    message: String,
    help: &str,
    place: Option<&SourceOrigin>,
) -> Option<Finding> {
    let found = plimsoll_rules::find(rule);
    let meta = found.first().filter(|_| options.runs(rule))?.meta();
    Some(Finding {
        rule: meta.name,
        aliases: meta.aliases,
        severity: meta.severity,
        confidence: Confidence::High,
        message,
        help: Some(help.to_owned()),
        origin: Origin {
            source: place.cloned(),
            ..Origin::default()
        },
        related: Vec::new(),
        fix: None,
        subjects: Vec::new(),
    })
}

/// Where an exception of a `plimsoll.toml` stands: its first line.
pub(crate) fn place<T>(config: &Config, exception: &toml::Spanned<T>) -> Option<SourceOrigin> {
    config.source.as_ref().map(|source| {
        let span = exception.span();
        SourceOrigin::new(source, first_line(source, span.start, span.end))
    })
}

impl Entry {
    /// The last day it held, where that has gone by.
    fn ended(&self, today: Option<Date>) -> Option<Date> {
        self.allow.until.filter(|until| today > Some(*until))
    }

    fn reaches(&self, finding: &Finding) -> bool {
        let Some((folder, patterns)) = &self.paths else {
            return true;
        };
        let Some(place) = &finding.origin.source else {
            return false;
        };
        let Ok(path) = std::path::absolute(&place.file) else {
            return false;
        };
        path.strip_prefix(folder)
            .is_ok_and(|below| patterns.matches(&below.to_string_lossy()))
    }
}

/// The first line of a stretch of a file.
fn first_line(source: &SourceFile, start: usize, end: usize) -> Span {
    let bytes = source.bytes();
    let start = start.min(bytes.len());
    let end = end.clamp(start, bytes.len());
    let line = bytes[start..end].iter().position(|byte| *byte == b'\n');
    Span::new(start, line.map_or(end, |at| start + at))
}
