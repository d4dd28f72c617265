//! `.grype.yaml`: its `ignore` rules.

use plimsoll_model::{FixState, PackageKind};
use plimsoll_syntax::yaml::{self, Value};

use super::{Reading, TOO_MANY_PATTERNS};
use crate::failure::Failure;
use crate::policy::vulnerabilities::{AcceptedRisk, Lister, NoPattern, PackagePattern};

/// Settings that decide what counts, and are ours to set elsewhere.
const SAID_ELSEWHERE: [&str; 4] = [
    "only-fixed",
    "only-notfixed",
    "fail-on-severity",
    "vex-documents",
];

/// Reads it.
pub(super) fn read(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let text = std::mem::take(&mut reading.text);
    let document = yaml::parse(&text).map_err(|error| reading.fail(error.line, &error.message))?;
    let Some(root) = document.root().filter(|root| !root.is_null()) else {
        return Ok(());
    };
    let Some(entries) = root.map() else {
        return Err(reading.fail(root.line(), "keys and values are expected"));
    };
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        match name {
            _ if value.is_null() => {}
            "ignore" => {
                let Some(rules) = value.list() else {
                    return Err(reading.fail(value.line(), "ignore: a list is expected"));
                };
                for rule in rules {
                    read_rule(reading, rule)?;
                }
            }
            _ if SAID_ELSEWHERE.contains(&name) && value.truth() != Some(false) => {
                let why = format!("`{name}`: say it in plimsoll.toml or on the command line");
                reading.drop(key.line(), why);
            }
            // How Grype searches and prints.
            _ => {}
        }
    }
    Ok(())
}

/// One rule: everything it asks for must hold, so one that asks for what is not understood is left
/// out as a whole.
fn read_rule(reading: &mut Reading<'_>, rule: Value<'_>) -> Result<(), Failure> {
    let Some(fields) = rule.map() else {
        return Err(reading.fail(rule.line(), "a rule with keys and values is expected"));
    };
    let mut waiver = AcceptedRisk::default();
    let mut asks = false;
    for (key, value) in fields {
        let name = key.text().unwrap_or_default();
        let Some(text) = value.text().map(str::trim) else {
            if name == "package" && !value.is_null() {
                asks = true;
                match read_package(reading, value, &mut waiver)? {
                    Ok(()) => continue,
                    Err((line, why)) => {
                        reading.drop(line, why);
                        return Ok(());
                    }
                }
            }
            if !value.is_null() {
                let why = format!("{}: a text is expected", name.escape_debug());
                return Err(reading.fail(value.line(), &why));
            }
            continue;
        };
        if text.is_empty() {
            continue;
        }
        let not_here = match name {
            "vulnerability" => {
                waiver.id = Some(text.to_owned());
                None
            }
            "reason" => {
                waiver.reason = Some(text.to_owned());
                continue;
            }
            // Any number of a vulnerability means it.
            "include-aliases" => continue,
            "fix-state" => {
                waiver.fix_state = match text {
                    "fixed" => Some(FixState::Fixed),
                    "not-fixed" => Some(FixState::NotFixed),
                    "wont-fix" => Some(FixState::WillNotFix),
                    _ => None,
                };
                waiver
                    .fix_state
                    .is_none()
                    .then(|| format!("fix-state: `{}` is no state here", text.escape_debug()))
            }
            // What these documents say counts by itself.
            "vex-status" if matches!(text, "not_affected" | "fixed") => {
                Some("vex-status: --vex FILE sets these aside without a rule".to_owned())
            }
            _ => Some(format!("`{}`: nothing here asks that", name.escape_debug())),
        };
        asks = true;
        if let Some(why) = not_here {
            reading.drop(key.line(), format!("this rule is left out: {why}"));
            return Ok(());
        }
    }
    if !asks {
        return Err(reading.fail(rule.line(), "a rule that asks for nothing"));
    }
    waiver.subject = match &waiver.id {
        Some(id) => format!("`{}`", id.escape_debug()),
        None => "a package".to_owned(),
    };
    reading.waive(rule.line(), waiver)
}

type NotHere = (usize, String);

fn read_package(
    reading: &mut Reading<'_>,
    value: Value<'_>,
    waiver: &mut AcceptedRisk,
) -> Result<Result<(), NotHere>, Failure> {
    let Some(fields) = value.map() else {
        return Err(reading.fail(value.line(), "package: keys and values are expected"));
    };
    let unusable = |reading: &Reading<'_>, line: usize, key: &str, why, what: &str| match why {
        NoPattern::IllFormed => Err(reading.fail(line, &format!("package.{key}: not {what}"))),
        NoPattern::TooMany => Ok(Err((
            line,
            format!("this rule is left out: {TOO_MANY_PATTERNS}"),
        ))),
    };
    for (key, value) in fields {
        let name = key.text().unwrap_or_default();
        let line = value.line();
        let Some(text) = value.text() else {
            if !value.is_null() {
                let why = format!("package.{}: a text is expected", name.escape_debug());
                return Err(reading.fail(line, &why));
            }
            continue;
        };
        if text.is_empty() {
            continue;
        }
        match name {
            "name" => match reading.foreign.patterns.name_of_grype(text) {
                Ok(pattern) => waiver.packages.push(PackagePattern::Own(pattern)),
                Err(why) => return unusable(reading, line, name, why, "an expression"),
            },
            "upstream-name" => match reading.foreign.patterns.name_of_grype(text) {
                Ok(pattern) => waiver.source = Some(pattern),
                Err(why) => return unusable(reading, line, name, why, "an expression"),
            },
            "version" => waiver.version = Some(text.to_owned()),
            "location" => match reading.foreign.patterns.glob(text, Lister::Grype) {
                Ok(pattern) => waiver.paths.push(pattern),
                Err(why) => return unusable(reading, line, name, why, "a pattern"),
            },
            "type" => match kind(text) {
                Some(kind) => waiver.kind = Some(kind),
                None => {
                    let why = format!(
                        "this rule is left out: package.type: `{}` is no kind here",
                        text.escape_debug()
                    );
                    return Ok(Err((line, why)));
                }
            },
            other => {
                let why = format!(
                    "this rule is left out: `package.{}`: nothing here asks that",
                    other.escape_debug()
                );
                return Ok(Err((line, why)));
            }
        }
    }
    Ok(Ok(()))
}

/// Syft's words for kinds of packages.
fn kind(word: &str) -> Option<PackageKind> {
    Some(match word {
        "deb" => PackageKind::Deb,
        "apk" => PackageKind::Apk,
        "rpm" => PackageKind::Rpm,
        "alpm" => PackageKind::Alpm,
        "python" => PackageKind::Python,
        "conda" => PackageKind::Conda,
        "npm" => PackageKind::Npm,
        "gem" => PackageKind::Gem,
        "php-composer" => PackageKind::Composer,
        "php-pear" | "php-pecl" => PackageKind::Pear,
        "dotnet" => PackageKind::NuGet,
        "go-module" => PackageKind::Go,
        "rust-crate" => PackageKind::Cargo,
        "java-archive" | "jenkins-plugin" => PackageKind::Maven,
        "hex" => PackageKind::Hex,
        "erlang-otp" => PackageKind::Otp,
        "dart-pub" => PackageKind::Pub,
        "swift" => PackageKind::Swift,
        "R-package" => PackageKind::Cran,
        "hackage" => PackageKind::Hackage,
        "lua-rocks" => PackageKind::LuaRocks,
        "opam" => PackageKind::Opam,
        "wordpress-plugin" => PackageKind::WordPress,
        "conan" => PackageKind::Conan,
        "bitnami" => PackageKind::Bitnami,
        "binary" => PackageKind::Generic,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::foreign::{Foreign, Purpose};

    fn read_text(text: &str, reader: crate::foreign::Reader) -> Result<Foreign, Failure> {
        let mut foreign = Foreign::default();
        reader(&mut Reading {
            foreign: &mut foreign,
            purpose: Purpose::Vulnerabilities,
            path: Path::new("x.yaml"),
            text: text.to_owned(),
            parts: 0,
            dropped: 0,
        })?;
        Ok(foreign)
    }

    #[test]
    fn rules_are_read_and_those_not_understood_left_out() {
        let text = "
only-fixed: true
output: [json]
ignore:
  - vulnerability: CVE-2008-4318
    fix-state: not-fixed
    reason: nobody reaches it
    package:
      name: libcurl
      version: 1.5.1
      type: npm
      location: \"/usr/local/lib/node_modules/**\"
  - package: {type: gem}
  - package: {name: 'linux-.*'}
  - vulnerability: CVE-2026-1
    namespace: github:language:go
  - vulnerability: CVE-2026-2
    package: {language: go}
  - fix-state: unknown
  - vex-status: not_affected
";
        let foreign = read_text(text, read).unwrap();
        assert_eq!(foreign.waivers.len(), 3);
        let first = &foreign.waivers[0];
        assert_eq!(first.id.as_deref(), Some("CVE-2008-4318"));
        assert_eq!(first.fix_state, Some(FixState::NotFixed));
        assert_eq!(first.kind, Some(PackageKind::Npm));
        assert_eq!(first.written_in, "x.yaml:5");
        let lines: Vec<_> = foreign.dropped.iter().map(|one| &one.what).collect();
        assert_eq!(
            lines,
            [
                "x.yaml:2",
                "x.yaml:16",
                "x.yaml:18",
                "x.yaml:19",
                "x.yaml:20"
            ]
        );
    }

    #[test]
    fn of_what_cannot_be_honoured_only_so_much_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".grype.yaml");
        let rules: String = (0..3000)
            .map(|at| format!("  - package: {{name: 'x{at}.*'}}\n"))
            .collect();
        std::fs::write(&path, format!("ignore:\n{rules}")).unwrap();
        let mut foreign = Foreign::default();
        foreign.take(path, read, Purpose::Vulnerabilities).unwrap();
        assert_eq!(foreign.waivers.len(), 2048);
        let told = &foreign.dropped;
        assert!(told[0].what.ends_with(".grype.yaml:2050"), "{:?}", told[0]);
        assert!(told[0].why.starts_with("this rule is left out: "));
        let last = told.last().map(|one| one.why.as_str());
        assert_eq!(last, Some("452 more of it cannot be honoured"));
        assert_eq!(told.len(), 501);
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        for (text, said) in [
            ("ignore: x\n", "x.yaml:1: ignore: a list"),
            ("a: 1\nignore:\n  - x\n", "x.yaml:3: a rule with keys"),
            (
                "ignore:\n  - reason: x\n",
                "x.yaml:2: a rule that asks for nothing",
            ),
            (
                "ignore:\n  - package: {name: '('}\n",
                "x.yaml:2: package.name",
            ),
            (
                "ignore:\n  - {vulnerability: C-1, namespace: {a: b}}\n",
                "x.yaml:2: namespace: a text",
            ),
            (
                "ignore:\n  - {vulnerability: C-1, package: {name: [foo]}}\n",
                "x.yaml:2: package.name: a text",
            ),
            ("- x\n", "x.yaml:1: keys and values"),
        ] {
            let failure = read_text(text, read).map(|_| ()).unwrap_err();
            assert!(failure.to_string().starts_with(said), "{failure}");
        }
    }

    #[test]
    fn trivys_lists_are_read_for_vulnerabilities() {
        let list = "# port 53\nAVD-DS-0002\n\nCVE-2026-1 exp:2027-01-01 # soon\nCVE-2026-2\n";
        let foreign = read_text(list, crate::foreign::trivy::read_list).unwrap();
        let told: Vec<_> = foreign
            .waivers
            .iter()
            .map(|one| (one.id.as_deref().unwrap(), one.reason.as_deref(), one.until))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "CVE-2026-1",
                    Some("soon"),
                    Some(jiff::civil::date(2026, 12, 31))
                ),
                ("CVE-2026-2", None, None)
            ]
        );
        assert!(foreign.dropped.is_empty());
        let yaml = "
misconfigurations: [{id: DS-0002}]
vulnerabilities:
  - id: CVE-2026-1
    paths: [\"app/**\"]
    purls: [\"pkg:npm/lodash\"]
    expired_at: 2027-01-01T18:00:00Z
    statement: soon
  - {id: CVE-2026-2, version: 1}
";
        let foreign = read_text(yaml, crate::foreign::trivy::read_yaml).unwrap();
        assert_eq!(foreign.waivers.len(), 1);
        assert_eq!(
            foreign.waivers[0].until,
            Some(jiff::civil::date(2027, 1, 1))
        );
        assert_eq!(foreign.dropped[0].what, "x.yaml:9");
        assert_eq!(foreign.waivers[0].written_in, "x.yaml:4");
        for (entry, said) in [
            ("{paths: [a]}", "without an `id`"),
            ("{id: C-1, purls: [lodash]}", "not a package URL"),
            ("{id: C-1, paths: ['[']}", "not a pattern"),
            ("{id: C-1, expired_at: soon}", "not a date"),
        ] {
            let text = format!("vulnerabilities:\n  - {entry}\n");
            let failure = read_text(&text, crate::foreign::trivy::read_yaml)
                .map(|_| ())
                .unwrap_err();
            let failure = failure.to_string();
            assert!(failure.starts_with("x.yaml:2: "), "{failure}");
            assert!(failure.contains(said), "{failure}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(
            lines in proptest::collection::vec(
                "(ignore:|vulnerabilities:|  - id: |  - vulnerability: |    package: |    paths: |    purls: |      name: )?[a-zA-Z0-9 :\\[\\]{}&*!|>'\"#é@/.-]{0,20}",
                0..8,
            )
        ) {
            let text = lines.join("\n");
            for reader in [read, crate::foreign::trivy::read_list, crate::foreign::trivy::read_yaml] {
                let _ = read_text(&text, reader);
            }
        }
    }
}
