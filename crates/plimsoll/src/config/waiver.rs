//! `[[policy.waiver]]`: accepted risks.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::policy::vulnerabilities::PackagePattern;

/// One accepted risk: findings of a rule, known vulnerabilities by number, package or both, or
/// something in an image that could not be looked at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Waiver {
    /// The rule: its name or what another tool calls it.
    pub(crate) rule: Option<String>,
    /// The vulnerability, by any of its numbers: `CVE-2026-1234`, `GHSA-…`.
    pub(crate) id: Option<String>,
    /// The package that has it: its name or its source package's, `*` matches any run of
    /// characters; or a package URL, of which what is left out may be anything.
    pub(crate) package: Option<String>,
    /// What could not be looked at, as the report names it; `*` matches any run of characters. Only
    /// what lies in the image: nobody accepts an image that no advisories were held against.
    pub(crate) gap: Option<String>,
    /// Only findings in this file or at this path of the image; `*` matches any run of characters.
    pub(crate) path: Option<String>,
    /// For a vulnerability that does no harm here: VEX's label for why.
    pub(crate) justification: Option<Justification>,
    /// Why the risk is accepted.
    pub(crate) reason: String,
    /// Who answers for it.
    pub(crate) owner: String,
    /// Last day it holds, `YYYY-MM-DD`.
    #[serde(deserialize_with = "day")]
    #[schemars(with = "String")]
    pub(crate) until: Date,
}

/// A day in quotes, or TOML's own.
fn day<'de, D: Deserializer<'de>>(source: D) -> Result<Date, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "until: expected a date such as 2027-01-31")]
    enum Day {
        Quoted(String),
        Own(toml::value::Datetime),
    }
    let text = match Day::deserialize(source)? {
        Day::Quoted(text) => text,
        Day::Own(date) => date.to_string(),
    };
    text.parse().map_err(|_| {
        D::Error::custom(format!(
            "until = \"{}\" is not a date such as 2027-01-31",
            text.escape_debug()
        ))
    })
}

/// The same where a day may be left out.
pub(super) fn optional_day<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Date>, D::Error> {
    day(source).map(Some)
}

impl Waiver {
    /// What it is for, as a person would say it.
    pub(crate) fn subject(&self) -> String {
        let named = [&self.rule, &self.id, &self.package, &self.gap];
        let named: Vec<String> = named
            .into_iter()
            .flatten()
            .map(|name| format!("`{}`", name.escape_debug()))
            .collect();
        named.join(" in ")
    }

    /// Whether it is for known vulnerabilities.
    pub(crate) fn is_for_vulnerabilities(&self) -> bool {
        self.id.is_some() || self.package.is_some()
    }

    /// Refuses what covers nothing, or more than one would think.
    pub(super) fn validate(&self, place: &str) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::usage(format!("{place}: {why}")));
        let vulnerability = self.is_for_vulnerabilities();
        let subjects = [self.rule.is_some(), vulnerability, self.gap.is_some()];
        match subjects.into_iter().filter(|is_named| *is_named).count() {
            0 => {
                return refuse(
                    "names neither a rule nor the id or package of a vulnerability nor a gap"
                        .into(),
                );
            }
            1 => {}
            _ => {
                return refuse(
                    "is for a rule, for vulnerabilities or for a gap, not for two of them: make it \
                     two"
                    .into(),
                );
            }
        }
        if !vulnerability && self.justification.is_some() {
            return refuse("justification: is for vulnerabilities".into());
        }
        if self.gap.is_some() && self.path.is_some() {
            return refuse("path: is not for a gap, which is named by itself".into());
        }
        if self.gap.as_ref().is_some_and(|gap| gap.trim().is_empty()) {
            return refuse("gap: is empty".into());
        }
        if self.id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            return refuse("id: is empty".into());
        }
        if let Some(package) = &self.package
            && PackagePattern::parse(package).is_none()
        {
            return refuse(format!(
                "package = \"{}\" is neither a name nor a package URL such as pkg:npm/lodash",
                package.escape_debug()
            ));
        }
        if self.reason.trim().is_empty() || self.owner.trim().is_empty() {
            return refuse("reason and owner must say something".into());
        }
        Ok(())
    }
}

/// Why a vulnerability does no harm (CISA, VEX Status Justifications).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Justification {
    /// The component is not there.
    ComponentNotPresent,
    /// It is there without the code that has the flaw.
    VulnerableCodeNotPresent,
    /// That code is never run.
    VulnerableCodeNotInExecutePath,
    /// It is run, and nobody from outside can steer it.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something in its way keeps it from harm.
    InlineMitigationsAlreadyExist,
}

impl Justification {
    /// VEX's label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn waivers_are_for_one_thing() {
        let tail = "reason = \"x\"\nowner = \"me\"\nuntil = 2027-01-31\n";
        for (head, refused) in [
            ("id = \"CVE-2026-1\"", None),
            ("package = \"linux-*\"", None),
            (
                "id = \"CVE-2026-1\"\npackage = \"pkg:npm/a\"\npath = \"app/*\"",
                None,
            ),
            (
                "id = \"CVE-2026-1\"\njustification = \"vulnerable_code_not_present\"",
                None,
            ),
            ("path = \"app/*\"", Some("names neither")),
            (
                "rule = \"root-user\"\nid = \"CVE-2026-1\"",
                Some("make it two"),
            ),
            (
                "rule = \"root-user\"\njustification = \"component_not_present\"",
                Some("is for vulnerabilities"),
            ),
            ("gap = \"packages of the distribution\"", None),
            ("gap = \"a\"\nid = \"CVE-2026-1\"", Some("make it two")),
            ("gap = \"a\"\nrule = \"root-user\"", Some("make it two")),
            (
                "gap = \"a\"\njustification = \"component_not_present\"",
                Some("is for vulnerabilities"),
            ),
            ("gap = \"a\"\npath = \"b\"", Some("path: is not")),
            ("gap = \" \"", Some("gap: is empty")),
            (
                "package = \"pkg:\"",
                Some("neither a name nor a package URL"),
            ),
            ("id = \" \"", Some("id: is empty")),
        ] {
            let text = format!("[policy]\n[[policy.waiver]]\n{head}\n{tail}");
            let read = Config::read(&text, Path::new("p.toml"));
            match (read, refused) {
                (Ok(_), None) => {}
                (Err(failure), Some(why)) => {
                    let said = failure.to_string();
                    assert!(said.starts_with("p.toml:2: policy.waiver: "), "{said}");
                    assert!(said.contains(why), "{said}");
                }
                (read, _) => panic!("{head}: {:?}", read.map(|_| ())),
            }
        }
    }
}
