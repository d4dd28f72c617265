use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::base::end_of_life::{self, Day};
use crate::base::name;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage stands on a release of a distribution, a language or a database that gets no
    /// security fixes any more: by the tag of the image, on the day of the check. A tag that names
    /// both is judged by both: `python:3.12-slim-buster` stands on Debian 10.
    ///
    /// The days come from <https://endoflife.date> and the projects' own tables, and are part of the
    /// program: a day that was not set when it was built is not known, and such a base passes.
    ///
    /// ## Why it hurts in production
    /// Every vulnerability found from that day on stays open, whatever is rebuilt, and after some
    /// months the archive is moved away, so that an install fails on an ordinary day.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:9
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:13
    /// ```
    ///
    /// ## Fix
    /// None: a newer release may need changes of the program.
    ///
    /// ## References
    /// - <https://endoflife.date>
    EndOfLifeBase = "end-of-life-base",
    summary: "A base image is of a release that gets no security fixes any more",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/ruby/eol-ruby-version"],
    audience: Default,
    edition: 2026,
}

impl Rule for EndOfLifeBase {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(today) = file.today else { return };
        for stage in &file.resolution.stages {
            let Base::Image(written) = &stage.base else {
                continue;
            };
            let Some(name) = name::read(&stage.base) else {
                continue;
            };
            let Some((what, end)) = ended(&name.repository, &name.tag, today) else {
                continue;
            };
            let from = file.from(stage);
            let place = match &from.kind {
                InstructionKind::From(from) => from.image.span,
                _ => from.span,
            };
            let (year, month, day) = end;
            sink.report(
                file.place(place),
                match &what {
                    Some(what) => format!(
                        "`{written}` stands on {what}, which has had no security fixes since {year:04}-{month:02}-{day:02}."
                    ),
                    None => format!(
                        "`{written}` has had no security fixes since {year:04}-{month:02}-{day:02}."
                    ),
                },
            )
            .help("Move to a release that is supported; https://endoflife.date tells which are.")
            .aliases(if name.repository == "ruby" && what.is_none() {
                Self::META.aliases
            } else {
                &[]
            })
            .confidence(if stage.reaches_target {
                Confidence::High
            } else {
                Confidence::Low
            });
        }
    }
}

/// What of an image has ended, where it is not the image itself, and when.
fn ended(repository: &str, tag: &str, today: Day) -> Option<(Option<String>, Day)> {
    let version = tag.split(['-', '_']).next().unwrap_or(tag);
    let itself = end_of_life::releases(repository)
        .and_then(|releases| end_of_life::find(releases, version))
        .filter(|(_, _, end)| *end < today);
    if let Some((_, _, end)) = itself {
        return Some((None, *end));
    }
    // Only official images are sure to mean a distribution by such a word.
    let official = !repository.contains('/') || repository.starts_with("mcr.microsoft.com/dotnet/");
    let (distribution, (version, _, end)) =
        official.then(|| end_of_life::distribution(tag)).flatten()?;
    (*end < today).then(|| (Some(format!("{distribution} {version}")), *end))
}

#[cfg(test)]
mod tests {
    use crate::check::check_project;
    use crate::testing::{fires, options, project, silent, unsure};

    const RULE: &str = "end-of-life-base";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a distribution", "FROM debian:9-slim\n", &[1]),
                ("by its name", "FROM docker.io/library/ubuntu:xenial-20210804\n", &[1]),
                ("a point release", "FROM alpine:3.12.7\n", &[1]),
                ("a dated one", "FROM centos:7.9.2009\n", &[1]),
                ("a language", "FROM python:3.8-slim-bookworm\n", &[1]),
                ("the distribution of a language", "FROM python:3.12-slim-buster\n", &[1]),
                ("Alpine of a language", "FROM node:22-alpine3.16\n", &[1]),
                ("elsewhere", "FROM mcr.microsoft.com/dotnet/core/sdk:3.1\n", &[1]),
                ("given up as a whole", "FROM openjdk:17\n", &[1]),
                ("through a variable", "ARG V=14\nFROM node:${V}\n", &[2]),
                (
                    "with a digest beside",
                    "FROM debian:9@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef\n",
                    &[1],
                ),
                ("a build stage", "FROM golang:1.18 AS b\nFROM scratch\nCOPY --from=b /x /\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("supported", "FROM debian:12\n"),
                ("supported on the day of the check", "FROM debian:bullseye\n"),
                ("no version", "FROM python:3-slim\n"),
                ("not known", "FROM node:$V\n"),
                ("somebody else's", "FROM someone/debian:9\n"),
                ("a stage", "FROM debian:12 AS debian\nFROM debian\n"),
            ],
        );
        unsure(
            RULE,
            &[("a stage that is not built", "FROM debian:9 AS t\nFROM scratch\n")],
        );
    }

    #[test]
    fn the_day_decides() {
        let count = |today| {
            let mut options = options(RULE);
            options.today = today;
            check_project(&project("FROM debian:11\n", &[]), &options).findings.len()
        };
        assert_eq!(count(None), 0);
        assert_eq!(count(Some((2026, 8, 31))), 0, "the last day counts");
        assert_eq!(count(Some((2026, 9, 1))), 1);
    }
}
