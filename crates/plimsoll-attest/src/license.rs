//! Licences as packages state them, brought to SPDX where that can be done without guessing.

/// One statement about a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum License {
    /// An identifier of the SPDX list.
    Id(String),
    /// An SPDX expression of more than one identifier.
    Expression(String),
    /// Any other words.
    Name(String),
}

/// Reads what a package states: an SPDX expression, or a list of names parted by commas.
pub(crate) fn read(stated: &str) -> Vec<License> {
    let stated = stated.trim();
    if let Some(license) = spdx_form(stated) {
        return vec![license];
    }
    let mut licenses: Vec<License> = Vec::new();
    for name in stated.split(", ").map(str::trim) {
        if name.is_empty() {
            continue;
        }
        let license = debian_name(name)
            .and_then(|name| spdx_form(&name))
            .filter(|license| matches!(license, License::Id(_)))
            .unwrap_or_else(|| License::Name(name.to_owned()));
        if !licenses.contains(&license) {
            licenses.push(license);
        }
    }
    licenses
}

fn spdx_form(text: &str) -> Option<License> {
    if let Some(id) = spdx::license_id(text) {
        return Some(License::Id(id.name.to_owned()));
    }
    let expression = spdx::Expression::parse(text).ok()?;
    (expression.requirements().count() > 1 || text.contains(" WITH "))
        .then(|| License::Expression(text.to_owned()))
}

/// The SPDX identifier of a short name of Debian's machine-readable copyright files
/// (copyright-format 1.0, "Short name"), where the two lists mean the same licence.
fn debian_name(name: &str) -> Option<String> {
    match name {
        "Expat" => return Some("MIT".to_owned()),
        "BSD-2-clause" => return Some("BSD-2-Clause".to_owned()),
        "BSD-3-clause" => return Some("BSD-3-Clause".to_owned()),
        "BSD-4-clause" => return Some("BSD-4-Clause".to_owned()),
        "ZLIB" => return Some("Zlib".to_owned()),
        _ => {}
    }
    let (base, or_later) = match name.strip_suffix('+') {
        Some(base) => (base, true),
        None => (name, false),
    };
    let (family, version) = base.split_once('-')?;
    if !matches!(family, "GPL" | "LGPL" | "AGPL" | "GFDL") {
        return Some(name.to_owned());
    }
    let version = if version.contains('.') {
        version.to_owned()
    } else {
        format!("{version}.0")
    };
    let tail = if or_later { "or-later" } else { "only" };
    Some(format!("{family}-{version}-{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_identifiers_only_where_they_mean_the_same() {
        let id = |text: &str| License::Id(text.to_owned());
        let name = |text: &str| License::Name(text.to_owned());
        assert_eq!(read("MIT"), [id("MIT")]);
        assert_eq!(
            read("(MIT OR Apache-2.0)"),
            [License::Expression("(MIT OR Apache-2.0)".to_owned())]
        );
        assert_eq!(
            read("Expat, GPL-2+, LGPL-2.1, public-domain"),
            [
                id("MIT"),
                id("GPL-2.0-or-later"),
                id("LGPL-2.1-only"),
                name("public-domain")
            ]
        );
        assert_eq!(read("BSD License"), [name("BSD License")]);
        assert_eq!(read(" "), []);
        assert_eq!(read("GPL-"), [name("GPL-")]);
    }
}
