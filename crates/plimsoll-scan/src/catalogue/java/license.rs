//! Licences of Java's archives: `Bundle-License` of a manifest (OSGi Core 8, 3.2.1.6) and `licenses`
//! of a `pom.xml`.

use std::collections::HashSet;

use plimsoll_model::PackageKind;

use crate::license::{MAX_REFERENCE, expression, reference};

/// Licences of one archive that are kept.
const MAX_NAMES: usize = 20;
/// The longest name, in bytes; what is longer is the text of a licence.
const MAX_NAME: usize = 200;

/// One statement of several licences. Who uses the archive may choose: so Maven says of those of a
/// `pom.xml`, of which its bundle plugin makes those of a manifest.
pub(super) fn stated<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut choices = Vec::new();
    let names = names.map(on_one_line).filter(|name| is_name(name));
    for name in names.take(MAX_NAMES) {
        let id = match name.len() <= MAX_NAME {
            true => expression(PackageKind::Maven, &name),
            false => None,
        };
        if seen.insert(id.clone().unwrap_or_else(|| name.clone())) {
            choices.push((name, id));
        }
    }
    if choices.len() < 2 {
        let only = choices.pop().map(|(name, _)| name);
        return only.filter(|name| name.len() <= MAX_NAME);
    }
    let is_any_known = choices.iter().any(|(_, id)| id.is_some());
    let choices = choices.into_iter().map(|(name, id)| match id {
        Some(id) if id.contains(' ') => format!("({id})"),
        Some(id) => id,
        // A comma in it, or a word that joins others, joins nothing here. What is left out of a choice
        // is denied to whoever may choose it: of what is too long the beginning stands for it.
        None => reference(cut(&name, MAX_REFERENCE))
            .filter(|_| is_any_known)
            .unwrap_or_else(|| cut(&name, MAX_NAME).to_owned()),
    });
    Some(choices.collect::<Vec<_>>().join(" OR "))
}

/// A name as people lay it out in a document, on one line; of more than a name its beginning.
fn on_one_line(name: &str) -> String {
    let mut line = String::new();
    for word in name.split_whitespace() {
        if line.len() > MAX_NAME {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The first bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    text[..text.floor_char_boundary(most)].trim_end()
}

/// Whether it names a licence: a file of the archive, or a word that stands for one, does not.
fn is_name(name: &str) -> bool {
    let is_file = !name.contains("://")
        && !name.contains(char::is_whitespace)
        && (name.contains('/')
            || [".txt", ".html", ".htm", ".md", "LICENSE"]
                .iter()
                .any(|end| name.ends_with(end)));
    name.contains(char::is_alphanumeric) && !is_file && !name.starts_with("<<")
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
        // However they are laid out, and in whatever script.
        let apache = format!("Apache License,\n{}Version 2.0", " ".repeat(200));
        let both = stated([&*apache, "MIT"].into_iter()).unwrap();
        assert_eq!(both, "Apache-2.0 OR MIT");
        assert_eq!(
            stated(["MIT", "日本語"].into_iter()).unwrap(),
            "MIT OR LicenseRef-u65e5-u672c-u8a9e"
        );
        // What is too long for a name is there all the same.
        for (length, alone) in [
            (121, true),
            (MAX_NAME, true),
            (MAX_NAME + 1, false),
            (9_000, false),
        ] {
            let long = "x".repeat(length);
            let told = stated([&*long].into_iter());
            assert_eq!(told.is_some(), alone, "{length}");
            let wanted = format!("MIT OR LicenseRef-{}", "x".repeat(MAX_REFERENCE));
            assert_eq!(stated(["MIT", &*long].into_iter()).unwrap(), wanted);
        }
        let unknown = stated(["Ours, Version 3", "Theirs"].into_iter()).unwrap();
        assert_eq!(unknown, "Ours, Version 3 OR Theirs");
        assert_eq!(expression(PackageKind::Maven, &unknown), None);
    }
}
