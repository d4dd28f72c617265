//! Packages by their package URL (purl-spec 1.0), and what the tools that write them leave there.

use std::collections::HashSet;
use std::str::FromStr as _;

use packageurl::PackageUrl;
use plimsoll_model::{Evidence, Package, PackageKind, is_foreign_deb, is_foreign_rpm_of};

use super::{distribution, said, source};

/// Longest text that says what a package is, in bytes: its package URL or version. A report
/// repeats them with each finding.
const MAX_TEXT: usize = 4096;

/// A text that may be repeated, empty where it is longer than any: a package without a version is told
/// as one that could not be judged.
pub(super) fn within_reason(text: &str) -> &str {
    match text.len() > MAX_TEXT {
        true => "",
        false => text,
    }
}

/// A package as its package URL tells it, with the distribution that names; nothing where there is
/// more of it than any has.
pub(super) fn of_purl(text: &str) -> Option<Package> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let purl = parsed(text)?;
    let kind = PackageKind::from_purl_type(purl.ty())?;
    let mut version = purl.version().unwrap_or_default().to_owned();
    let qualifier = |name: &str| purl.qualifiers().get(name).map(AsRef::as_ref);
    // The specification takes a distribution's epoch out of the version; an order needs it back.
    if let Some(epoch) = qualifier("epoch").filter(|epoch| *epoch != "0")
        && kind.is_system()
        && !version.contains(':')
    {
        version = format!("{epoch}:{version}");
    }
    let name = match (purl.namespace(), kind) {
        (Some(namespace), PackageKind::Maven) => format!("{namespace}:{}", purl.name()),
        (
            Some(namespace),
            PackageKind::Npm
            | PackageKind::Go
            | PackageKind::Composer
            | PackageKind::Swift
            | PackageKind::Hex,
        ) => format!("{namespace}/{}", purl.name()),
        _ => purl.name().to_owned(),
    };
    let name = match kind {
        // cyclonedx-gomod calls the standard library by the path it has in Go's source.
        PackageKind::Go if name == "std" => "stdlib".to_owned(),
        PackageKind::Go | PackageKind::Npm => written(text, name),
        _ => name,
    };
    if kind == PackageKind::Gem {
        without_platform(&mut version);
    }
    let source = source::of_purl(&purl, kind, &version);
    let architecture = qualifier("arch").map(str::to_owned);
    let mut package = Package::new(
        kind,
        name,
        version,
        text.to_owned(),
        "",
        match kind.is_system() {
            true => Evidence::Database,
            false => Evidence::Metadata,
        },
        0,
    );
    package.architecture = architecture;
    package.source = source;
    if kind.is_system() {
        package.distribution = distribution::of_purl(&purl).map(Box::new);
    }
    Some(package)
}

/// A package URL. Most have nothing in them that is escaped: those are taken apart without a copy.
pub(super) fn parsed(text: &str) -> Option<PackageUrl<'_>> {
    match plain(text) {
        Some(purl) => purl.ok(),
        None => PackageUrl::from_str(text).ok(),
    }
}

/// The same of one in its plain form; `None` where there may be more to it.
fn plain(text: &str) -> Option<Result<PackageUrl<'_>, packageurl::Error>> {
    let rest = text.strip_prefix("pkg:")?;
    if rest.starts_with("mlflow/") || rest.starts_with('/') || rest.contains(['%', '#']) {
        return None;
    }
    let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
    let (rest, version) = match rest.rsplit_once('@') {
        Some((rest, version)) if !version.contains('/') => (rest, Some(version)),
        _ => (rest, None),
    };
    let (kind, path) = rest.split_once('/')?;
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let (namespace, name) = match path.rsplit_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, path),
    };
    let build = || {
        let mut purl = PackageUrl::new(kind, name)?;
        if let Some(namespace) = namespace {
            purl.with_namespace(namespace)?;
        }
        if let Some(version) = version {
            purl.with_version(version)?;
        }
        for (key, value) in qualifiers
            .split('&')
            .filter_map(|pair| pair.split_once('='))
        {
            if !value.is_empty() {
                purl.add_qualifier(key, value)?;
            }
        }
        purl.validate()?;
        Ok(purl)
    };
    Some(build())
}

/// The path of a Go module, or the name of a package of npm, as it is written: the specification puts
/// them into lower case, and there are modules and old packages that are told apart by case.
fn written(purl: &str, path: String) -> String {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let Some((_, written)) = purl[..end].split_once('/') else {
        return path;
    };
    // A scope begins with the sign that parts the version: `@scope/name@1.0`.
    let written = match written.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && !version.contains('/') => name,
        _ => written,
    };
    let written = unescaped(written.trim_matches('/'));
    match written.eq_ignore_ascii_case(path.as_bytes()) {
        true => String::from_utf8(written).unwrap_or(path),
        false => path,
    }
}

/// `@scope` of `%40scope`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                rest = &behind[2..];
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    out
}

/// Takes a name as the document writes it beside the package URL, where that is the same name: but for
/// case, and of Python's packages but for what parts words (PEP 503).
pub(super) fn name_as(package: &mut Package, name: &str) {
    let plain = |byte: u8| match (package.kind, byte) {
        (PackageKind::Python, b'_' | b'.') => b'-',
        (_, byte) => byte.to_ascii_lowercase(),
    };
    let known = package.name.bytes().map(plain);
    if name.len() == package.name.len() && name.bytes().map(plain).eq(known) {
        name.clone_into(&mut package.name);
    } else if package.kind == PackageKind::Go
        && let Some((_, subpath)) = package.purl.split_once('#')
    {
        // syft puts what follows the repository into the subpath: `go-git@v5.12.0#v5`. By the
        // specification that is a package within the module; the module's name tells which it is.
        let whole = format!("{}/{subpath}", package.name);
        if name.eq_ignore_ascii_case(&whole) {
            name.clone_into(&mut package.name);
        } else if let Some(major) = subpath.split('/').next().filter(|part| is_major(part)) {
            package.name = format!("{}/{major}", package.name);
        }
    }
}

/// Whether an element of a module's path is a major version: `v2` and later.
fn is_major(part: &str) -> bool {
    let number = part.strip_prefix('v').map(str::parse::<u32>);
    matches!(number, Some(Ok(2..)))
}

/// Takes the platform off the version of a gem, as a lock file writes it: `1.16.2-x86_64-linux-gnu`.
/// What can be published has no hyphen in its version.
fn without_platform(version: &mut String) {
    const SYSTEMS: [&str; 14] = [
        "linux", "darwin", "java", "jruby", "mingw", "mingw32", "mswin", "mswin32", "mswin64",
        "freebsd", "openbsd", "solaris", "aix", "dalvik",
    ];
    let system = |platform: &str| platform.split('-').any(|part| SYSTEMS.contains(&part));
    if let Some(at) = version.find('-')
        && system(&version[at + 1..])
    {
        version.truncate(at);
    }
}

/// Words for nobody: where a supplier must be named, tools that know none fill them in.
const NOBODY: [&str; 10] = [
    "",
    "anonymous",
    "n a",
    "na",
    "nil",
    "noassertion",
    "nobody",
    "null",
    "other",
    "tbd",
];

/// Words that some may stand behind, to the same end: `not specified`, `unknown supplier`. `No Magic` and
/// `Unknown Worlds` are names.
const NOBODY_WITH: [&str; 6] = ["no", "none", "not", "undefined", "unknown", "unspecified"];

/// What stands behind those.
const NEGATED: [&str; 21] = [
    "applicable",
    "assertion",
    "author",
    "available",
    "company",
    "data",
    "defined",
    "determined",
    "disclosed",
    "found",
    "information",
    "known",
    "maintainer",
    "organization",
    "origin",
    "provided",
    "publisher",
    "source",
    "specified",
    "supplier",
    "vendor",
];

/// Who is named as publisher or supplier, empty where it is nobody.
pub(super) fn somebody(text: &str) -> &str {
    let text = said(text.trim());
    // Everybody writes it otherwise: `NOT_SPECIFIED`, `(unknown)`, `N/A`.
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_nobody = match words.as_slice() {
        [first] if NOBODY_WITH.contains(first) => true,
        [first, next, ..] if NOBODY_WITH.contains(first) => NEGATED.contains(next),
        words => NOBODY.contains(&&*words.join(" ")),
    };
    match is_nobody {
        true => "",
        false => text,
    }
}

/// Packages that every system of RPM is made of, and nobody but its distribution builds: they hold folders
/// and a few settings.
const OF_THE_SYSTEM: [&str; 3] = ["basesystem", "filesystem", "setup"];

/// Whoever a document names for what a system of RPM is made of, by those names and package URLs: the
/// distribution, whatever it is called there, since some write who passed the image on.
pub(super) fn of_the_system<'t>(
    described: impl Iterator<Item = (&'t str, &'t str, &'t str)>,
) -> HashSet<&'t str> {
    described
        .filter(|(name, purl, who)| {
            !who.is_empty() && OF_THE_SYSTEM.contains(name) && purl.starts_with("pkg:rpm/")
        })
        .map(|(_, _, who)| who)
        .collect()
}

/// Whether the maintainer or vendor, as a document names it, is another than the distribution.
pub(super) fn is_foreign(package: &Package, publisher: &str) -> bool {
    match package.kind {
        PackageKind::Deb => is_foreign_deb(Some(publisher), None, &package.version),
        PackageKind::Rpm => is_foreign_rpm_of(Some(publisher), &package.version),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_are_plain() {
        for text in [
            "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12",
            "pkg:npm/left-pad@1.3.0",
            "pkg:npm/@babel/core@7.0.0",
            "pkg:golang/example.com/a/b@v1.0.0",
            "pkg:pypi/Ruamel_yaml@0.18",
        ] {
            let purl = plain(text).expect(text).expect(text);
            assert_eq!(Some(purl), PackageUrl::from_str(text).ok(), "{text}");
        }
        for text in [
            "pkg:npm/%40a/b@1",
            "pkg:npm/a#b",
            "pkg:/npm/a",
            "pkg:npm",
            "x",
        ] {
            assert!(plain(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_form_means_what_it_means_in_full(
            kind in "(pkg:)?/{0,2}(npm|deb|pypi|cargo|julia|mlflow|oci|[a-zA-Z1+]{0,3})/",
            rest in "([a-zA-Z_./@]{1,4}|[?&=@/.]|é|arch=|uuid=1|repository_url=databricks){0,8}",
        ) {
            let text = format!("{kind}{rest}");
            if let Some(purl) = plain(&text) {
                prop_assert_eq!(purl.ok(), PackageUrl::from_str(&text).ok());
            }
        }
    }
}
