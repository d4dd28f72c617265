//! The forms of a report: what each needs, and what it has a place for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_syntax::nearest;

/// What a report is rendered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Source frames and a summary, for people.
    Human,
    /// One line a finding: `file:line:column: severity rule: message`.
    #[value(alias = "gnu")]
    Plain,
    /// One object, the documented contract.
    Json,
    /// One line a package (images only).
    Table,
    /// SARIF 2.1.0.
    Sarif,
    /// Checkstyle XML.
    Checkstyle,
    /// Code Climate issues.
    Codeclimate,
    /// GitLab code quality.
    #[value(alias = "gitlab_codeclimate")]
    Gitlab,
    /// GitLab container scanning (images only).
    GitlabContainerScanning,
    /// JUnit XML.
    Junit,
    /// GitHub workflow annotations.
    #[value(alias = "github-actions")]
    Github,
    /// Reviewdog diagnostics.
    Rdjson,
    /// SonarQube generic issues.
    Sonarqube,
    /// A summary in Markdown.
    Markdown,
    /// CycloneDX 1.6 (images only).
    #[value(alias = "cyclonedx-json")]
    Cyclonedx,
    /// SPDX 2.3 (images only).
    #[value(alias = "spdx-json")]
    Spdx,
    /// SPDX 3.0.1 (images only).
    #[value(alias = "spdx3-json")]
    Spdx3,
    /// OpenVEX 0.2.0: what is known of its vulnerabilities, and accepted (images only).
    Openvex,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// Files of a project.
    Sources,
    /// A bill of materials.
    Bill,
    /// An image.
    Image,
}

/// What must be there for a form to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// Packages, an image's or those that a bill of materials tells.
    Packages,
    /// An image.
    Image,
    /// An image and an index of advisories to hold it against.
    Advisories,
}

/// What of that which its findings rest on a form has a place for. The rest somebody else must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// What was not looked at, and which advisories were asked.
    Everything,
    /// What was not looked at.
    Gaps,
    /// Neither.
    Nothing,
}

/// What is to be known of a form by whoever asks for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// What it is called in a sentence.
    pub(crate) title: &'static str,
    /// What it needs.
    pub(crate) needs: Needs,
    /// What it has a place for.
    pub(crate) room: Room,
}

impl Format {
    /// One row a form.
    pub(crate) fn traits(self) -> Traits {
        let (title, needs, room) = match self {
            Self::Human => ("a report for people", Needs::Nothing, Room::Everything),
            Self::Plain => ("a line a finding", Needs::Nothing, Room::Gaps),
            Self::Json => ("JSON", Needs::Nothing, Room::Everything),
            Self::Table => ("a table of packages", Needs::Packages, Room::Nothing),
            Self::Sarif => ("SARIF", Needs::Nothing, Room::Everything),
            Self::Checkstyle => ("Checkstyle", Needs::Nothing, Room::Nothing),
            Self::Codeclimate => ("Code Climate", Needs::Nothing, Room::Nothing),
            Self::Gitlab => ("GitLab code quality", Needs::Nothing, Room::Nothing),
            Self::GitlabContainerScanning => (
                "a container scanning report",
                Needs::Packages,
                Room::Everything,
            ),
            Self::Junit => ("JUnit", Needs::Nothing, Room::Everything),
            Self::Github => ("GitHub annotations", Needs::Nothing, Room::Gaps),
            Self::Rdjson => ("Reviewdog diagnostics", Needs::Nothing, Room::Nothing),
            Self::Sonarqube => ("SonarQube issues", Needs::Nothing, Room::Nothing),
            Self::Markdown => ("Markdown", Needs::Nothing, Room::Everything),
            // They tell what is there, and claim nothing of what is known about it.
            Self::Cyclonedx | Self::Spdx | Self::Spdx3 => {
                ("a bill of materials", Needs::Image, Room::Everything)
            }
            Self::Openvex => ("OpenVEX", Needs::Advisories, Room::Nothing),
        };
        Traits { title, needs, room }
    }

    /// The word that asks for it.
    pub(crate) fn word(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// How a report leaves.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutputArgs {
    /// Form of the report on standard output.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT",
          help_heading = "Report")]
    pub(crate) format: Format,

    /// Write the report to a file as well; FORMAT=FILE, may be repeated.
    #[arg(long = "output", value_name = "FORMAT=FILE", value_parser = parse_output,
          help_heading = "Report")]
    pub(crate) outputs: Vec<(Format, PathBuf)>,
}

impl OutputArgs {
    /// Every form that is asked for.
    pub(crate) fn formats(&self) -> impl Iterator<Item = Format> {
        let files = self.outputs.iter().map(|(format, _)| *format);
        std::iter::once(self.format).chain(files)
    }
}

fn parse_output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .ok_or("expected FORMAT=FILE, such as sarif=report.sarif")?;
    let format = Format::from_str(format, false).map_err(|_| unknown(format))?;
    if file.is_empty() {
        return Err("the file name behind `=` is empty".to_owned());
    }
    Ok((format, PathBuf::from(file)))
}

/// Says of a word that no form goes by it which there are, and which may have been meant.
fn unknown(word: &str) -> String {
    let words: Vec<String> = Format::value_variants()
        .iter()
        .map(|one| one.word())
        .collect();
    let meant = nearest(word, words.iter().map(String::as_str))
        .map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
    format!(
        "no form is called `{}`{meant}; there are {}",
        word.escape_debug(),
        words.join(", ")
    )
}
