//! One name of a licence, in whatever way it is written, and its SPDX identifier.

/// The identifier a name means, where it means one only.
pub(super) fn spdx(name: &str) -> Option<String> {
    let name = name.trim();
    if let Some((_, address)) = name.split_once("://") {
        return of_address(address);
    }
    // The sign is no part of what is looked up.
    let (base, plus) = match name.strip_suffix('+') {
        Some(base) => (base, "+"),
        None => (name, ""),
    };
    if let Some(id) = spdx::license_id(base) {
        return Some(current(&format!("{}{plus}", id.name.trim_end_matches('+'))));
    }
    if name.starts_with("LicenseRef-") || name.starts_with("DocumentRef-") {
        return spdx::Expression::parse(name)
            .is_ok()
            .then(|| name.to_owned());
    }
    // `GPL-3+-with-GCC-exception`, as Debian writes it.
    if let Some(at) = name.to_ascii_lowercase().find("-with-")
        && let Some(exception) = exception(&name[at + "-with-".len()..])
    {
        return Some(format!("{} WITH {exception}", spdx(&name[..at])?));
    }
    let words = words(name);
    let id = NAMES
        .binary_search_by(|(known, _)| (*known).cmp(words.as_str()))
        .ok()
        .and_then(|index| NAMES.get(index))
        .map(|(_, id)| (*id).to_owned());
    id.or_else(|| gnu(&words)).or_else(|| {
        // The same with another case (`bsd-4-clause-uc`).
        let compact = words.replace(' ', "-");
        spdx::identifiers::LICENSES
            .iter()
            .find(|license| license.name.eq_ignore_ascii_case(&compact))
            .map(|license| current(license.name))
    })
}

/// Where the texts of licences are published, without what may stand before and behind it.
const ADDRESSES: &[(&str, &str)] = &[
    ("apache.org/licenses/license-1.1", "Apache-1.1"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("boost.org/license_1_0", "BSL-1.0"),
    ("creativecommons.org/licenses/by/4.0", "CC-BY-4.0"),
    ("creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"),
    ("eclipse.org/legal/epl-2.0", "EPL-2.0"),
    ("eclipse.org/legal/epl-v10", "EPL-1.0"),
    ("eclipse.org/legal/epl-v20", "EPL-2.0"),
    ("eclipse.org/org/documents/edl-v10", "BSD-3-Clause"),
    ("eclipse.org/org/documents/epl-v10", "EPL-1.0"),
    ("mozilla.org/en-us/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/mpl/mpl-1.1", "MPL-1.1"),
    ("opensource.org/licenses/bsd-license", "BSD-2-Clause"),
    ("opensource.org/licenses/cddl1", "CDDL-1.0"),
    ("opensource.org/licenses/mit-license", "MIT"),
    ("unlicense.org", "Unlicense"),
    ("wtfpl.net", "WTFPL"),
];

/// Folders of such places that name licences by their identifiers.
const FOLDERS: &[&str] = &[
    "opensource.org/license/",
    "opensource.org/licenses/",
    "spdx.org/licenses/",
    "gnu.org/licenses/old-licenses/",
    "gnu.org/licenses/",
];

/// The identifier of the licence that is published at an address.
fn of_address(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let address = lower.trim_start_matches("www.").trim_end_matches('/');
    let address = [".txt", ".html", ".htm", ".php", "-standalone"]
        .iter()
        .fold(address, |address, end| address.trim_end_matches(end));
    let known = ADDRESSES.iter().find(|(known, _)| *known == address);
    known.map(|(_, id)| (*id).to_owned()).or_else(|| {
        let named = FOLDERS
            .iter()
            .find_map(|folder| address.strip_prefix(folder))?;
        let mut licenses = spdx::identifiers::LICENSES.iter();
        let license = licenses.find(|license| license.name.eq_ignore_ascii_case(named))?;
        Some(current(license.name))
    })
}

/// The exception some words mean.
pub(super) fn exception(words: &str) -> Option<&'static str> {
    if let Some(id) = spdx::exception_id(words.trim()) {
        return Some(id.name);
    }
    let words = words.to_ascii_lowercase();
    let name: String = words
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| {
            !matches!(
                *word,
                "" | "exception" | "exceptions" | "the" | "runtime" | "library"
            )
        })
        .collect::<Vec<_>>()
        .join(" ");
    Some(match name.as_str() {
        "gcc" | "gcc 3.1" => "GCC-exception-3.1",
        "autoconf" => "Autoconf-exception-generic",
        "autoconf 3.0" => "Autoconf-exception-3.0",
        "bison" | "bison 2.2" => "Bison-exception-2.2",
        "classpath" | "classpath 2.0" => "Classpath-exception-2.0",
        "font" => "Font-exception-2.0",
        "libtool" => "Libtool-exception",
        "llvm" => "LLVM-exception",
        "linux syscall note" | "linux syscall" => "Linux-syscall-note",
        _ => {
            let name = format!("{}-exception", name.replace(' ', "-"));
            return spdx::identifiers::EXCEPTIONS
                .iter()
                .map(|exception| exception.name)
                .find(|known| known.eq_ignore_ascii_case(&name));
        }
    })
}

/// An identifier as the list has it now: the older ones of GNU's licences said less clearly which
/// versions they mean.
pub(super) fn current(id: &str) -> String {
    let family = ["GPL-", "LGPL-", "AGPL-", "GFDL-"];
    if family.iter().any(|family| id.starts_with(family))
        && !id.ends_with("-only")
        && !id.ends_with("-or-later")
        && id.bytes().filter(|byte| *byte == b'-').count() == 1
    {
        return match id.strip_suffix('+') {
            Some(base) => format!("{base}-or-later"),
            None => format!("{id}-only"),
        };
    }
    id.to_owned()
}

/// A name as words: small letters, no signs but `.` and `+`, without words that tell nothing and
/// without the `v` of a version.
fn words(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace(">=", " or later ");
    let mut words = String::with_capacity(lower.len());
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '+')) {
        let word = word.trim_end_matches('.');
        let word = match word.strip_prefix('v') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
            _ => word,
        };
        if matches!(
            word,
            "" | "the"
                | "license"
                | "licence"
                | "licensed"
                | "licenses"
                | "version"
                | "v"
                | "under"
        ) {
            continue;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// GNU's licences: a family, one version, and whether later ones will do.
fn gnu(words: &str) -> Option<String> {
    let mut families: Vec<&str> = Vec::new();
    let mut version: Option<String> = None;
    let mut later = false;
    let mut invariants = "";
    let mut set_version = |text: &str| -> Option<()> {
        let text = text.trim_end_matches('+');
        let valid = !text.is_empty()
            && text.len() <= 3
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let text = match text.contains('.') {
            true => text.to_owned(),
            false => format!("{text}.0"),
        };
        (valid && version.as_ref().is_none_or(|known| *known == text)).then(|| {
            version = Some(text);
        })
    };
    for word in words.split(' ') {
        later |= word.ends_with('+');
        match word {
            "gnu" | "general" | "public" | "only" | "or" | "any" | "free" | "documentation"
            | "as" | "published" | "by" | "fsf" => {}
            // Debian writes short that there are no invariant sections.
            "niv" => invariants = "-no-invariants",
            "lesser" | "library" => families.push("LGPL"),
            "affero" => families.push("AGPL"),
            "later" | "newer" | "greater" | "above" => later = true,
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => set_version(word)?,
            _ => {
                let name = word.trim_end_matches('+');
                let end = name
                    .find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(name.len());
                let (family, rest) = name.split_at(end);
                let (family, rest) = match family.strip_suffix('v') {
                    Some(family) if !rest.is_empty() => (family, rest),
                    _ => (family, rest),
                };
                families.push(match family {
                    "gpl" => "GPL",
                    "lgpl" => "LGPL",
                    "agpl" => "AGPL",
                    "gfdl" | "fdl" => "GFDL",
                    _ => return None,
                });
                if !rest.is_empty() {
                    set_version(rest)?;
                }
            }
        }
    }
    if words.contains("free documentation") {
        families.push("GFDL");
    } else if families.is_empty() && words.contains("general public") {
        families.push("GPL");
    }
    let family = *families.first()?;
    if families.iter().any(|other| *other != family) {
        return None;
    }
    let version = match version {
        Some(version) => version,
        // Any version at all.
        None if later && family == "GPL" => "1.0".to_owned(),
        None => return None,
    };
    let tail = if later { "or-later" } else { "only" };
    let id = format!("{family}-{version}{invariants}-{tail}");
    spdx::license_id(&id).map(|id| id.name.to_owned())
}

/// Names as [`words`] makes them, and what they mean; sorted.
const NAMES: &[(&str, &str)] = &[
    ("0bsd", "0BSD"),
    ("2 clause bsd", "BSD-2-Clause"),
    ("3 clause bsd", "BSD-3-Clause"),
    ("afl 2.1", "AFL-2.1"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache software 2.0", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache2.0", "Apache-2.0"),
    ("artistic", "Artistic-1.0"),
    ("artistic 1", "Artistic-1.0"),
    ("artistic 2", "Artistic-2.0"),
    ("artistic 2.0", "Artistic-2.0"),
    ("asl 1.1", "Apache-1.1"),
    ("asl 2.0", "Apache-2.0"),
    ("boost", "BSL-1.0"),
    ("boost 1.0", "BSL-1.0"),
    ("boost software", "BSL-1.0"),
    ("boost software 1.0", "BSL-1.0"),
    ("boost software 1.0 bsl 1.0", "BSL-1.0"),
    ("bsd 2", "BSD-2-Clause"),
    ("bsd 2 clause", "BSD-2-Clause"),
    ("bsd 2 clause simplified", "BSD-2-Clause"),
    ("bsd 3", "BSD-3-Clause"),
    ("bsd 3 clause", "BSD-3-Clause"),
    ("bsd 3 clause new or revised", "BSD-3-Clause"),
    ("bsd 4 clause", "BSD-4-Clause"),
    ("bsd with advertising", "BSD-4-Clause"),
    ("bsd2", "BSD-2-Clause"),
    ("bsd3", "BSD-3-Clause"),
    ("cc by 3.0", "CC-BY-3.0"),
    ("cc by 4.0", "CC-BY-4.0"),
    ("cc by sa 3.0", "CC-BY-SA-3.0"),
    ("cc by sa 4.0", "CC-BY-SA-4.0"),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0", "CC0-1.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    (
        "cc0 1.0 universal cc0 1.0 public domain dedication",
        "CC0-1.0",
    ),
    ("cddl 1.0", "CDDL-1.0"),
    ("cddl 1.1", "CDDL-1.1"),
    ("eclipse public 1.0", "EPL-1.0"),
    ("eclipse public 1.0 epl 1.0", "EPL-1.0"),
    ("eclipse public 2.0", "EPL-2.0"),
    ("eclipse public 2.0 epl 2.0", "EPL-2.0"),
    ("epl 1.0", "EPL-1.0"),
    ("epl 2.0", "EPL-2.0"),
    ("expat", "MIT"),
    ("freebsd", "BSD-2-Clause"),
    ("fsf unlimited", "FSFUL"),
    ("ftl", "FTL"),
    ("historical permission notice and disclaimer hpnd", "HPND"),
    ("isc iscl", "ISC"),
    ("mit expat", "MIT"),
    ("mit mit", "MIT"),
    ("mit x11", "MIT"),
    ("modified bsd", "BSD-3-Clause"),
    ("mozilla public 1.1 mpl 1.1", "MPL-1.1"),
    ("mozilla public 2.0", "MPL-2.0"),
    ("mozilla public 2.0 mpl 2.0", "MPL-2.0"),
    ("mpl 1.1", "MPL-1.1"),
    ("mpl 2", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("mpl2", "MPL-2.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2.0", "MPL-2.0"),
    ("new bsd", "BSD-3-Clause"),
    ("ofl", "OFL-1.1"),
    ("ofl 1.1", "OFL-1.1"),
    ("ofl 1.1 sil open font", "OFL-1.1"),
    ("openldap 2.8", "OLDAP-2.8"),
    ("openssl", "OpenSSL"),
    ("original bsd", "BSD-4-Clause"),
    ("psf", "PSF-2.0"),
    ("psf 2.0", "PSF-2.0"),
    ("psfl", "PSF-2.0"),
    ("python software foundation", "PSF-2.0"),
    ("revised bsd", "BSD-3-Clause"),
    ("sil open font 1.1", "OFL-1.1"),
    ("simplified bsd", "BSD-2-Clause"),
    ("unlicense unlicense", "Unlicense"),
    ("x11 mit", "MIT"),
    ("zlib libpng", "Zlib"),
    ("zope public 2.1", "ZPL-2.1"),
    ("zplv2.1", "ZPL-2.1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched_and_names_real_licences() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        for (name, id) in NAMES {
            assert!(spdx::license_id(id).is_some(), "{id}");
            assert_eq!(words(name), *name);
        }
    }

    #[test]
    fn licences_are_known_by_where_they_are_published() {
        for (_, id) in ADDRESSES {
            assert!(spdx::license_id(id).is_some(), "{id}");
        }
        for (address, expected) in [
            (
                "https://www.apache.org/licenses/LICENSE-2.0.txt",
                Some("Apache-2.0"),
            ),
            (
                "http://apache.org/licenses/LICENSE-2.0.html",
                Some("Apache-2.0"),
            ),
            ("https://opensource.org/licenses/MIT", Some("MIT")),
            (
                "http://www.opensource.org/licenses/mit-license.php",
                Some("MIT"),
            ),
            (
                "https://www.gnu.org/licenses/gpl-3.0-standalone.html",
                Some("GPL-3.0-only"),
            ),
            (
                "https://www.gnu.org/licenses/old-licenses/lgpl-2.1.txt",
                Some("LGPL-2.1-only"),
            ),
            (
                "https://spdx.org/licenses/BSD-3-Clause.html",
                Some("BSD-3-Clause"),
            ),
            ("http://unlicense.org/", Some("Unlicense")),
            ("https://github.com/x/y/blob/main/LICENSE", None),
        ] {
            let all = super::super::expression(plimsoll_model::PackageKind::Maven, address);
            assert_eq!(spdx(address).as_deref(), expected, "{address}");
            assert_eq!(all.as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn versions_of_gnu_licences() {
        for (name, expected) in [
            ("GPL-2+", Some("GPL-2.0-or-later")),
            ("GPLv2", Some("GPL-2.0-only")),
            ("LGPLv2.1+", Some("LGPL-2.1-or-later")),
            ("GPL+", Some("GPL-1.0-or-later")),
            ("GNU GPL v3", Some("GPL-3.0-only")),
            ("GFDL-1.3", Some("GFDL-1.3-only")),
            ("Affero GPL 3", None),
            ("AGPLv3+", Some("AGPL-3.0-or-later")),
            (
                "GNU Affero General Public License v3",
                Some("AGPL-3.0-only"),
            ),
            ("GPL", None),
            ("GPL 2 3", None),
            ("GPL-99", None),
            ("gplv", None),
        ] {
            assert_eq!(spdx(name).as_deref(), expected, "{name}");
        }
    }
}
