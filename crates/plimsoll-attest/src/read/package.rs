//! Packages by their package URL (purl-spec 1.0), and what the tools that write them leave there.

use std::str::FromStr as _;

use packageurl::PackageUrl;
use plimsoll_model::{Distribution, Evidence, Package, PackageKind};

/// A package as its package URL tells it, and the distribution it says it is of.
pub(super) fn of_purl(text: &str) -> Option<(Package, Option<Distribution>)> {
    let purl = PackageUrl::from_str(text).ok()?;
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
        PackageKind::Go | PackageKind::Npm => written(text, name),
        _ => name,
    };
    let source = qualifier("upstream").and_then(|source| source_of(source, kind, &version));
    let distribution = qualifier("distro").and_then(|distro| {
        let (id, release) = distro.rsplit_once('-').unwrap_or((distro, ""));
        (kind.is_system() && !id.is_empty()).then(|| Distribution {
            id: distribution_id(id).to_owned(),
            version: release.to_owned(),
            ..Distribution::default()
        })
    });
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
    Some((package, distribution))
}

/// The path of a Go module, or the name of a package of npm, as it is written: the specification puts
/// them into lower case, and there are modules and old packages that are told apart by case.
fn written(purl: &str, path: String) -> String {
    let end = purl.find(['@', '?', '#']).unwrap_or(purl.len());
    let written = purl[..end].split_once('/').map(|(_, path)| path);
    match written {
        Some(written) if written.eq_ignore_ascii_case(&path) => written.to_owned(),
        _ => path,
    }
}

/// Takes such a name as the document writes it beside the package URL, where that is the same but
/// for case.
pub(super) fn name_as(package: &mut Package, name: &str) {
    let has_case = matches!(package.kind, PackageKind::Go | PackageKind::Npm);
    if has_case && name.eq_ignore_ascii_case(&package.name) {
        name.clone_into(&mut package.name);
    }
}

/// The identifier of os-release where a tool writes another: Trivy has names of its own.
pub(super) fn distribution_id(word: &str) -> &str {
    match word {
        "redhat" => "rhel",
        "alma" => "almalinux",
        "amazon" => "amzn",
        "oracle" => "ol",
        "suse linux enterprise server" | "suse" => "sles",
        "opensuse.leap" => "opensuse-leap",
        "opensuse.tumbleweed" => "opensuse-tumbleweed",
        "cbl-mariner" => "mariner",
        _ => word,
    }
}

/// A source package: `name`, `name@version`, or for RPM the source package's file name.
fn source_of(text: &str, kind: PackageKind, version: &str) -> Option<(String, String)> {
    if kind == PackageKind::Rpm {
        return source_rpm(text, version);
    }
    let (name, own) = match text.split_once('@') {
        Some((name, own)) => (name, own),
        None => (text, version),
    };
    (!name.is_empty()).then(|| (name.to_owned(), own.to_owned()))
}

/// `name-version-release.src.rpm`; the epoch is the binary's.
fn source_rpm(file: &str, version: &str) -> Option<(String, String)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, own) = rest.rsplit_once('-')?;
    let epoch = version
        .split_once(':')
        .map_or(String::new(), |(epoch, _)| format!("{epoch}:"));
    (!name.is_empty()).then(|| (name.to_owned(), format!("{epoch}{own}-{release}")))
}
