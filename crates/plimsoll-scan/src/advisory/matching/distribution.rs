//! Which of OSV's ecosystems speak of the packages of a distribution.

use plimsoll_model::{Distribution, PackageKind};

use super::super::{Ecosystem, EcosystemName, pocket};
use super::open_euler;
use super::question::is_version_paid_for;

/// The ecosystems of a distribution's release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    /// What people call them together: `Debian:12`; a distribution that OSV does not know by its
    /// own name.
    pub(super) label: String,
    /// Whether OSV knows it.
    pub(super) published: bool,
    /// Those of them that there are advisories of, with that of records which name no release.
    pub(super) ecosystems: Vec<Ecosystem>,
    /// Those with the fixes that only customers get, likewise.
    pub(super) paid: Vec<Ecosystem>,
    /// Whether one of them is of this very release.
    pub(super) is_covered: bool,
}

/// What advisories call the release of a distribution for packages of `kind` (`Debian:12` of 12.11);
/// nothing where nobody publishes any on it, or it is none.
pub fn release_of(distribution: &Distribution, kind: PackageKind) -> Option<String> {
    let release = Release::of(Some(distribution), kind, std::iter::empty());
    release.published.then_some(release.label)
}

/// How the release of a distribution is found among those that there are advisories of.
enum Wanted {
    /// It is one, by name.
    Exactly(String),
    /// That, and records that name no release mean all.
    OrAll(String),
    /// The streams of Red Hat's products: `enterprise_linux:9::appstream`.
    RedHat(String),
    /// SUSE's products: `Linux Enterprise Module for Basesystem 15 SP5`.
    Suse(String),
    /// There are no releases.
    Rolling,
}

impl Release {
    /// What speaks of packages of `kind` on `distribution`. `known` are the ecosystems that there
    /// are advisories of.
    pub(super) fn of<'k>(
        distribution: Option<&Distribution>,
        kind: PackageKind,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Self {
        let found = distribution.and_then(|distribution| wanted(distribution, kind));
        let Some((name, mut wanted)) = found else {
            return Self {
                label: unknown(distribution, kind),
                ..Self::default()
            };
        };
        if name == EcosystemName::OpenEuler
            && let Wanted::Exactly(version) = &mut wanted
        {
            open_euler::long_term(version, known.clone());
        }
        let is_sap = distribution.is_some_and(|one| one.id.eq_ignore_ascii_case(SLES_SAP));
        let is_wanted = |release: Option<&str>| match (&wanted, release) {
            (Wanted::Exactly(wanted) | Wanted::OrAll(wanted), Some(release)) => release == wanted,
            (Wanted::OrAll(_) | Wanted::Rolling, None) => true,
            (Wanted::RedHat(major), Some(release)) => is_red_hat(release, major),
            (Wanted::Suse(version), Some(release)) => {
                is_suse(release, version) || is_sap && is_suse_for_sap(release, version)
            }
            _ => false,
        };
        let of = |is_wanted: &dyn Fn(Option<&str>) -> bool| {
            known
                .clone()
                .filter(|text| text.starts_with(name.as_str()))
                .filter_map(Ecosystem::parse)
                .filter(|ecosystem| {
                    ecosystem.name == name && is_wanted(ecosystem.release.as_deref())
                })
                .collect::<Vec<Ecosystem>>()
        };
        let ecosystems = of(&is_wanted);
        let paid =
            of(&|known| known.is_some_and(|known| is_paid(known, name, &wanted, distribution)));
        let is_covered = !paid.is_empty()
            || ecosystems
                .iter()
                .any(|one| one.release.is_some() || matches!(wanted, Wanted::Rolling));
        let name = name.as_str();
        let label = match wanted {
            Wanted::Exactly(release) | Wanted::OrAll(release) => format!("{name}:{release}"),
            Wanted::RedHat(major) => format!("{name}:enterprise_linux:{major}"),
            Wanted::Suse(version) => format!("{name}:Linux Enterprise {version}"),
            Wanted::Rolling => name.to_owned(),
        };
        Self {
            label,
            published: true,
            ecosystems,
            paid,
            is_covered,
        }
    }

    /// Whether there are no advisories to ask.
    pub(super) fn is_silent(&self) -> bool {
        self.ecosystems.is_empty() && self.paid.is_empty()
    }

    /// Whether its advisories are on source packages. Red Hat and AlmaLinux name each package that is
    /// built.
    pub(super) fn is_on_sources(&self) -> bool {
        let mut names = self.asked().map(|one| one.name);
        names.any(|name| !matches!(name, EcosystemName::RedHat | EcosystemName::AlmaLinux))
    }

    /// All that are asked.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Ecosystem> + Clone {
        self.ecosystems.iter().chain(&self.paid)
    }

    /// Whether only customers get a fix; `is_of_paid` tells whether what names it is for them.
    /// Canonical's records stay where the newest fix of their package is: that of a flaw may be for
    /// all, and the version tells.
    pub(super) fn is_paid(&self, fix: &str, is_of_paid: bool) -> bool {
        match self.paid.first().or(self.ecosystems.first()) {
            Some(one) if one.name == EcosystemName::Ubuntu => is_version_paid_for(fix),
            _ => is_of_paid,
        }
    }

    /// What customers pay for.
    pub(super) fn offer(&self) -> &'static str {
        match self.asked().next().map(|one| one.name) {
            Some(EcosystemName::Ubuntu) => "Ubuntu Pro",
            Some(EcosystemName::Suse) => "SUSE LTSS",
            Some(EcosystemName::RedHat) => "Red Hat's extended support",
            _ => "paid support",
        }
    }
}

/// Whether a release holds the fixes that customers get for the one that is wanted, when its general
/// support is over: Ubuntu Pro, SUSE's long-term service packs, Red Hat's extended updates of a minor
/// release and the extended life of a major one.
fn is_paid(
    known: &str,
    name: EcosystemName,
    wanted: &Wanted,
    distribution: Option<&Distribution>,
) -> bool {
    match (name, wanted) {
        (EcosystemName::Ubuntu, Wanted::Exactly(release)) => {
            known.strip_prefix("Pro:") == Some(release)
        }
        // `15 SP3-LTSS`, and `LTSS Extended Security 12 SP5`, which comes after it.
        (EcosystemName::Suse, Wanted::Suse(version)) => known
            .strip_prefix("Linux Enterprise Server ")
            .filter(|rest| rest.contains("LTSS"))
            .is_some_and(|rest| {
                let words = rest.split([' ', '-']);
                let support = ["LTSS", "Extended", "Security", "Core"];
                words
                    .filter(|word| !support.contains(word))
                    .eq(version.split(' '))
            }),
        (EcosystemName::RedHat, Wanted::RedHat(major)) => {
            let mut parts = known.split(':');
            let (product, version) = (parts.next(), parts.next().unwrap_or_default());
            match product {
                Some("rhel_els") => version.split('.').next() == Some(major),
                Some("rhel_aus" | "rhel_e4s" | "rhel_eus" | "rhel_eus_long_life" | "rhel_tus") => {
                    distribution.is_some_and(|distribution| distribution.version == version)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// What to call packages that nobody publishes advisories on, or nobody knows whose they are.
fn unknown(distribution: Option<&Distribution>, kind: PackageKind) -> String {
    let nobody = || format!("{} packages of an unknown distribution", kind.as_str());
    let Some(distribution) = distribution.filter(|one| !one.id.is_empty()) else {
        return nobody();
    };
    let any_release = Distribution {
        version: "1".to_owned(),
        ..distribution.clone()
    };
    let has_release = |kind| wanted(&any_release, kind).is_some();
    if has_release(kind) {
        return format!("{} of an unknown release", distribution.id);
    }
    // Packages of another package manager came from elsewhere.
    if [PackageKind::Deb, PackageKind::Apk, PackageKind::Rpm]
        .into_iter()
        .any(has_release)
    {
        return nobody();
    }
    let release = match distribution.version.as_str() {
        "" => distribution.codename.as_deref().unwrap_or_default(),
        version => version,
    };
    [distribution.id.as_str(), release]
        .join(" ")
        .trim_end()
        .to_owned()
}

/// The ecosystem, by the `ID` of os-release; nothing where the release is not known. A distribution
/// that is made of another's packages and changes them is not judged by the other's advisories: its
/// versions are its own.
fn wanted(distribution: &Distribution, kind: PackageKind) -> Option<(EcosystemName, Wanted)> {
    use EcosystemName::{
        AlmaLinux, Alpaquita, Alpine, AzureLinux, BellSoft, Chainguard, CleanStart, Debian, Echo,
        Mageia, MinimOs, OpenEuler, OpenSuse, Photon, RedHat, RockyLinux, Suse, Ubuntu, Wolfi,
    };
    let id = distribution.id.to_ascii_lowercase();
    let rolling = match (kind, id.as_str()) {
        (PackageKind::Deb, "echo") => Some(Echo),
        (PackageKind::Apk, "wolfi") => Some(Wolfi),
        (PackageKind::Apk, "chainguard") => Some(Chainguard),
        (PackageKind::Apk, "minimos") => Some(MinimOs),
        (PackageKind::Apk, "cleanstart" | "clnstrt") => Some(CleanStart),
        _ => None,
    };
    if let Some(name) = rolling {
        return Some((name, Wanted::Rolling));
    }
    if kind == PackageKind::Rpm && id == "opensuse-tumbleweed" {
        return Some((OpenSuse, Wanted::Exactly("Tumbleweed".to_owned())));
    }
    let (id, version) = release(distribution, kind, &id);
    let version = version.as_str();
    let mut numbers = version.split('.');
    let major = numbers.next().filter(|major| !major.is_empty())?;
    let minor = numbers.next().unwrap_or_default();
    Some(match (kind, id) {
        (PackageKind::Deb, "debian") => (Debian, Wanted::OrAll(debian(major, minor))),
        (PackageKind::Deb, "ubuntu") => (Ubuntu, Wanted::Exactly(pocket::ubuntu(version))),
        (PackageKind::Apk, "alpine") => (Alpine, Wanted::Exactly(alpine(version, major, minor))),
        (PackageKind::Apk, "alpaquita") => (Alpaquita, Wanted::Exactly(version.to_owned())),
        (PackageKind::Apk, "bellsoft-hardened-containers") => {
            (BellSoft, Wanted::Exactly(version.to_owned()))
        }
        (PackageKind::Rpm, "almalinux") => (AlmaLinux, Wanted::OrAll(major.to_owned())),
        (PackageKind::Rpm, "rocky") => (RockyLinux, Wanted::OrAll(major.to_owned())),
        // CentOS rebuilt Red Hat's packages without a change, and CentOS Stream becomes them.
        (PackageKind::Rpm, "rhel" | "redhat" | "centos") => {
            (RedHat, Wanted::RedHat(major.to_owned()))
        }
        (PackageKind::Rpm, "sles" | "sled" | "sle_hpc" | SLES_SAP) => {
            (Suse, Wanted::Suse(service_pack(major, minor)))
        }
        (PackageKind::Rpm, "sle-micro" | "suse-microos") => (
            Suse,
            Wanted::Exactly(format!("Linux Enterprise Micro {version}")),
        ),
        (PackageKind::Rpm, "sl-micro") => (Suse, Wanted::Exactly(format!("Linux Micro {version}"))),
        (PackageKind::Rpm, "opensuse-leap-micro") => {
            (OpenSuse, Wanted::Exactly(format!("Leap Micro {version}")))
        }
        (PackageKind::Rpm, "opensuse") if version == "tumbleweed" => {
            (OpenSuse, Wanted::Exactly("Tumbleweed".to_owned()))
        }
        (PackageKind::Rpm, "opensuse-leap" | "opensuse") => {
            (OpenSuse, Wanted::Exactly(format!("Leap {version}")))
        }
        (PackageKind::Rpm, "openeuler") => (
            OpenEuler,
            Wanted::Exactly(open_euler::release(&distribution.name, version)),
        ),
        (PackageKind::Rpm, "mageia") => (Mageia, Wanted::Exactly(major.to_owned())),
        (PackageKind::Rpm, "azurelinux" | "mariner") => {
            (AzureLinux, Wanted::Exactly(major.to_owned()))
        }
        (PackageKind::Rpm, "photon") => (Photon, Wanted::Exactly(version.to_owned())),
        _ => return None,
    })
}

/// Identifier and release: the number where there is one, else what the release is called by; empty
/// where nobody says. `id` is the identifier in lower case.
fn release<'d>(distribution: &Distribution, kind: PackageKind, id: &'d str) -> (&'d str, String) {
    let version = distribution.version.as_str();
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        return (id, version.to_owned());
    }
    let name = distribution.name.to_ascii_lowercase();
    let codename = distribution.codename.as_deref().unwrap_or_default();
    let codename = [version, codename]
        .into_iter()
        .map(|word| word.split('/').next().unwrap_or_default().to_lowercase())
        .find(|word| !word.is_empty());
    let word = codename.unwrap_or_else(|| {
        // Before they were given code names, testing and unstable said `bullseye/sid`.
        let unstable = ["/sid", " edge"]
            .into_iter()
            .find(|end| name.ends_with(end));
        unstable.map_or_else(String::new, |end| end[1..].to_owned())
    });
    let id = match (id, kind) {
        ("", PackageKind::Deb) if pocket::is_of_debian(&word) => "debian",
        ("", PackageKind::Deb) if pocket::ubuntu_number(&word).is_some() => "ubuntu",
        _ => id,
    };
    let number = match id {
        "debian" => pocket::debian(&word),
        "ubuntu" => pocket::ubuntu_number(&word).unwrap_or(&word),
        _ => &word,
    };
    (id, number.to_owned())
}

/// Debian's release number; unstable says only its name.
fn debian(major: &str, minor: &str) -> String {
    match major {
        // Up to Sarge both numbers named a release.
        "1" | "2" | "3" if !minor.is_empty() => format!("{major}.{minor}"),
        major => major.to_owned(),
    }
}

fn alpine(version: &str, major: &str, minor: &str) -> String {
    // `3.22_alpha20250108` is on its way to a release, and has no advisories of its own.
    match version == "edge" || version.contains("_alpha") {
        true => "edge".to_owned(),
        false => format!("v{major}.{minor}"),
    }
}

/// `15 SP5` of `15.5`; from 16 on there are minor releases.
fn service_pack(major: &str, minor: &str) -> String {
    match minor {
        _ if major.parse().is_ok_and(|major: u32| major >= 16) => {
            format!("{major}.{}", if minor.is_empty() { "0" } else { minor })
        }
        "" | "0" => major.to_owned(),
        minor => format!("{major} SP{minor}"),
    }
}

/// Whether a stream is one that every machine of the major release has. The package database does
/// not say from which stream a package came.
fn is_red_hat(release: &str, major: &str) -> bool {
    release
        .strip_prefix("enterprise_linux:")
        .and_then(|rest| rest.split("::").next())
        // From 10 on with the minor release.
        .is_some_and(|version| version.split('.').next() == Some(major))
}

/// What SUSE calls its server for SAP's applications in os-release.
const SLES_SAP: &str = "sles_sap";

/// Whether a product is the server for SAP's applications: it has what the server has, and updates for
/// longer.
fn is_suse_for_sap(release: &str, version: &str) -> bool {
    // From 16 on it is `SAP applications`.
    let product = "Linux Enterprise Server for SAP Applications ";
    let parts = release.split_at_checked(product.len());
    parts.is_some_and(|(named, of)| named.eq_ignore_ascii_case(product) && of == version)
}

/// Whether a product is the server or one of its modules, which its images are made of. What is paid
/// for is named behind the version.
fn is_suse(release: &str, version: &str) -> bool {
    release
        .strip_prefix("Linux Enterprise ")
        .and_then(|rest| rest.strip_suffix(version)?.strip_suffix(' '))
        .is_some_and(|product| {
            matches!(product, "Server" | "Desktop") || product.starts_with("Module for ")
        })
}

#[cfg(test)]
mod tests;
