//! Licences of Java's archives: `Bundle-License` of a manifest (OSGi Core 8, 3.2.1.6) and `licenses`
//! of a `pom.xml`.

use std::collections::HashSet;

use plimsoll_model::PackageKind;

use crate::license::{MAX_REFERENCE, expression, reference};

/// Licences of one archive that are kept.
const MAX_NAMES: usize = 20;
/// One statement of several licences. Who uses the archive may choose: so Maven says of those of a
/// `pom.xml`, of which its bundle plugin makes those of a manifest.
pub(super) fn stated<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut choices = Vec::new();
    for name in names.filter(|name| is_name(name)).take(MAX_NAMES) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let id = expression(PackageKind::Maven, &name);
        if seen.insert(id.clone().unwrap_or_else(|| name.clone())) {
            choices.push((name, id));
        }
    }
    if choices.len() < 2 {
        return choices.pop().map(|(name, _)| name);
    }
    let is_any_known = choices.iter().any(|(_, id)| id.is_some());
    let choices = choices.into_iter().map(|(name, id)| match id {
        Some(id) if id.contains(' ') => format!("({id})"),
        Some(id) => id,
        // A comma in it, or a word that joins others, joins nothing here.
        None => reference(&name).filter(|_| is_any_known).unwrap_or(name),
    });
    Some(choices.collect::<Vec<_>>().join(" OR "))
}

/// Whether it names a licence: a file of the archive, or a word that stands for one, does not.
fn is_name(name: &str) -> bool {
    let is_file = !name.contains("://")
        && !name.contains(char::is_whitespace)
        && (name.contains('/')
            || [".txt", ".html", ".htm", ".md", "LICENSE"]
                .iter()
                .any(|end| name.ends_with(end)));
    name.contains(char::is_alphanumeric)
        && name.len() <= MAX_REFERENCE
        && !is_file
        && !name.starts_with("<<")
}

/// The names in `Bundle-License`: clauses parted by commas, each a name with attributes behind
/// semicolons; in quotes neither parts anything.
pub(super) fn of_bundle(header: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for clause in parted(header, b',') {
        let name = parted(clause, b';').next().unwrap_or_default();
        let name = name.trim().trim_matches('"').trim();
        let is_version = name
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("version"));
        match names.last_mut().filter(|_| is_version) {
            // `Apache License, Version 2.0`, which should stand in quotes.
            Some(last) => *last = format!("{last}, {name}"),
            None => names.push(name.to_owned()),
        }
    }
    names
}

/// Parts a header at a sign that stands outside of quotes.
fn parted(header: &str, sign: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.bytes().position(|byte| {
            quoted ^= byte == b'"';
            !quoted && byte == sign
        });
        let (part, behind) = match at {
            Some(at) => (&text[..at], text.get(at + 1..)),
            None => (text, None),
        };
        rest = behind;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_header(header: &str) -> Option<String> {
        let names = of_bundle(header);
        stated(names.iter().map(String::as_str))
    }

    #[test]
    fn all_of_a_bundle() {
        for (header, wanted) in [
            ("Apache-2.0", Some("Apache-2.0")),
            (
                "http://www.apache.org/licenses/LICENSE-2.0, https://www.eclipse.org/org/documents/epl-v10.php",
                Some("Apache-2.0 OR EPL-1.0"),
            ),
            (
                "\"Apache-2.0\";link=\"https://a.example/a,b;c\",MIT",
                Some("Apache-2.0 OR MIT"),
            ),
            (
                "Apache License, Version 2.0; see: https://a.example",
                Some("Apache License, Version 2.0"),
            ),
            ("MIT, Ours alone", Some("MIT OR LicenseRef-Ours-alone")),
            ("Theirs, Ours alone", Some("Theirs OR Ours alone")),
            ("Apache-2.0, Apache License 2.0", Some("Apache-2.0")),
            ("LICENSE.txt", None),
            ("META-INF/LICENSE", None),
            ("<<EXTERNAL>>", None),
            ("", None),
            ("\",;", None),
        ] {
            assert_eq!(of_header(header).as_deref(), wanted, "{header}");
        }
    }

    /// What is stated is read once more as a statement.
    #[test]
    fn a_choice_stays_one_whatever_its_licences_are_called() {
        for (names, wanted) in [
            (
                [
                    "Eclipse Public License - v 2.0",
                    "GNU General Public License, version 2\n  with the GNU Classpath Exception",
                ],
                "EPL-2.0 OR LicenseRef-GNU-General-Public-License-version-2-with-the-GNU-Classpath-Exception",
            ),
            (
                ["MIT", "Acme Licence, Version 3"],
                "MIT OR LicenseRef-Acme-Licence-Version-3",
            ),
            (
                ["Acme, Inc. and Sons", "MIT"],
                "LicenseRef-Acme-Inc.-and-Sons OR MIT",
            ),
        ] {
            let stated = stated(names.into_iter()).unwrap();
            let read = expression(PackageKind::Maven, &stated);
            assert_eq!((stated.as_str(), read.as_deref()), (wanted, Some(wanted)));
        }
        let unknown = stated(["Ours, Version 3", "Theirs"].into_iter()).unwrap();
        assert_eq!(unknown, "Ours, Version 3 OR Theirs");
        assert_eq!(expression(PackageKind::Maven, &unknown), None);
    }
}
