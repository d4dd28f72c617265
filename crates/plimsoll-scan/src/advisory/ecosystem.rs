//! Ecosystems as OSV names them, and how each writes the names of its packages.
//!
//! The list: <https://ossf.github.io/osv-schema/#defined-ecosystems>, as of schema 1.7.

use std::borrow::Cow;
use std::fmt;

use super::version::Order;
use crate::catalogue::python;

/// An ecosystem of OSV, with its release where it has one: `PyPI`, `Debian:12`,
/// `Ubuntu:22.04:LTS`, `Red Hat:enterprise_linux:9::appstream`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ecosystem {
    /// What stands before the first colon.
    pub name: EcosystemName,
    /// What stands behind it: a release, a product stream, or the address of a repository.
    pub release: Option<String>,
}

impl Ecosystem {
    /// One without a release.
    pub fn new(name: EcosystemName) -> Self {
        Self {
            name,
            release: None,
        }
    }

    /// Reads what OSV writes; nothing for an ecosystem that is not on its list.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, release) = match text.split_once(':') {
            Some((name, release)) => (name, Some(release)),
            None => (text, None),
        };
        Some(Self {
            name: EcosystemName::parse(name)?,
            release: release
                .filter(|release| !release.is_empty())
                .map(str::to_owned),
        })
    }

    /// The same without its release. Records may leave the release out where they mean all
    /// (AlmaLinux, Debian, Rocky Linux, TuxCare): whoever looks for packages of one release asks for
    /// both.
    pub fn without_release(&self) -> Self {
        Self::new(self.name)
    }

    /// As OSV writes it.
    pub(super) fn text(&self) -> Cow<'static, str> {
        match &self.release {
            Some(_) => Cow::Owned(self.to_string()),
            None => Cow::Borrowed(self.name.as_str()),
        }
    }

    /// A package's name as it is looked up: its ecosystem's own normal form, where it has one.
    pub fn normalize<'n>(&self, name: &'n str) -> Cow<'n, str> {
        use EcosystemName::{
            ConanCenter, DockerHardened, Echo, GitHubActions, Go, NuGet, Packagist, PyPi, Root,
            SwiftUrl, TuxCare, VsCode,
        };
        match self.name {
            PyPi => python::normalise(name),
            // No two modules differ in case alone, and package URLs have them in lower case
            // (<https://github.com/package-url/purl-spec/blob/main/types/golang-definition.json>).
            Go | NuGet | Packagist | VsCode | ConanCenter | GitHubActions => lowercase(name),
            SwiftUrl => {
                let bare = name
                    .split_once("://")
                    .map_or(name, |(_, address)| address)
                    .trim_end_matches('/');
                lowercase(bare.strip_suffix(".git").unwrap_or(bare))
            }
            DockerHardened | Echo | Root | TuxCare => match self.variant_of() {
                Some(variant) => variant.normalize(name),
                None => Cow::Borrowed(name),
            },
            _ => Cow::Borrowed(name),
        }
    }

    /// How its versions are ordered; nothing where it has no order, so that of its records the
    /// enumerated versions alone count. Ranges of the kind
    /// [`Semver`](super::RangeKind::Semver) follow Semantic Versioning in any ecosystem.
    /// (<https://google.github.io/osv.dev/faq/> names those that OSV can order.)
    pub fn order(&self) -> Option<Order> {
        use EcosystemName as Name;
        Some(match self.name {
            Name::Debian | Name::Ubuntu => Order::Dpkg,
            // Its own are made of Debian's; it has some of languages, too: `Echo:PyPI`.
            Name::Echo => match self.variant_of() {
                Some(variant) => return variant.order(),
                None => Order::Dpkg,
            },
            Name::Alpaquita
            | Name::Alpine
            | Name::BellSoft
            | Name::Chainguard
            | Name::CleanStart
            | Name::MinimOs
            | Name::Wolfi => Order::Apk,
            Name::AlmaLinux
            | Name::AzureLinux
            | Name::Mageia
            | Name::OpenEuler
            | Name::OpenSuse
            | Name::Photon
            | Name::RedHat
            | Name::RockyLinux
            | Name::Suse => Order::Rpm,
            Name::PyPi => Order::Pep440,
            Name::CratesIo
            | Name::Ghc
            | Name::Julia
            | Name::Npm
            | Name::SwiftUrl
            | Name::VsCode => Order::Semver,
            Name::Go | Name::Kubernetes => Order::Go,
            Name::Maven => Order::Maven,
            Name::RubyGems => Order::Gem,
            Name::Packagist => Order::Composer,
            Name::NuGet => Order::NuGet,
            Name::Pub => Order::Pub,
            Name::Hex => Order::Hex,
            Name::Cran | Name::Bioconductor => Order::Cran,
            Name::Hackage => Order::Hackage,
            Name::Bitnami => Order::Bitnami,
            Name::Opam => Order::Opam,
            Name::ConanCenter => Order::Conan,
            Name::DockerHardened | Name::Root | Name::TuxCare => {
                return self.variant_of()?.order();
            }
            Name::Android
            | Name::FreeBsd
            | Name::Git
            | Name::GitHubActions
            | Name::Linux
            | Name::OssFuzz => return None,
        })
    }

    /// The ecosystem that its release names, of those that patch packages of others: `Root:PyPI`,
    /// `TuxCare:Alpine:v3.16`, `Docker Hardened Images:Debian:trixie`. One step deep.
    fn variant_of(&self) -> Option<Self> {
        let variant = Self::parse(self.release.as_deref()?)?;
        let again = matches!(
            variant.name,
            EcosystemName::DockerHardened
                | EcosystemName::Echo
                | EcosystemName::Root
                | EcosystemName::TuxCare
        );
        (!again).then_some(variant)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        match &self.release {
            Some(release) => write!(f, ":{release}"),
            None => Ok(()),
        }
    }
}

fn lowercase(name: &str) -> Cow<'_, str> {
    if name
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.to_lowercase())
    }
}

macro_rules! ecosystems {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)*) => {
        /// What stands before the first colon of an OSV ecosystem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EcosystemName {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl EcosystemName {
            /// Every one, in the order of the alphabet.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As OSV writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Reads what OSV writes.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

ecosystems! {
    /// AlmaLinux, source packages.
    AlmaLinux = "AlmaLinux",
    /// BellSoft's Alpaquita Linux.
    Alpaquita = "Alpaquita",
    /// Alpine Linux, source packages.
    Alpine = "Alpine",
    /// Android's git projects.
    Android = "Android",
    /// Azure Linux.
    AzureLinux = "Azure Linux",
    /// BellSoft's images on Alpaquita.
    BellSoft = "BellSoft Hardened Containers",
    /// R packages for biology.
    Bioconductor = "Bioconductor",
    /// Components of Bitnami's images.
    Bitnami = "Bitnami",
    /// R packages.
    Cran = "CRAN",
    /// Chainguard's packages.
    Chainguard = "Chainguard",
    /// CleanStart's packages.
    CleanStart = "CleanStart",
    /// C and C++ packages of Conan.
    ConanCenter = "ConanCenter",
    /// Debian, source packages.
    Debian = "Debian",
    /// Docker's hardened images.
    DockerHardened = "Docker Hardened Images",
    /// Echo's packages, made of Debian's.
    Echo = "Echo",
    /// FreeBSD's base system, kernel and ports.
    FreeBsd = "FreeBSD",
    /// Haskell's compiler.
    Ghc = "GHC",
    /// Commits; no packages.
    Git = "GIT",
    /// GitHub's actions.
    GitHubActions = "GitHub Actions",
    /// Go modules, with `stdlib` and `toolchain`.
    Go = "Go",
    /// Haskell packages.
    Hackage = "Hackage",
    /// Erlang and Elixir packages.
    Hex = "Hex",
    /// Julia packages.
    Julia = "Julia",
    /// Components of Kubernetes by their Go modules.
    Kubernetes = "Kubernetes",
    /// The kernel.
    Linux = "Linux",
    /// Mageia, source packages.
    Mageia = "Mageia",
    /// Java archives: `group:artifact`.
    Maven = "Maven",
    /// MinimOS.
    MinimOs = "MinimOS",
    /// .NET packages.
    NuGet = "NuGet",
    /// Projects of OSS-Fuzz.
    OssFuzz = "OSS-Fuzz",
    /// PHP packages.
    Packagist = "Packagist",
    /// VMware's Photon OS.
    Photon = "Photon OS",
    /// Dart packages.
    Pub = "Pub",
    /// Python packages.
    PyPi = "PyPI",
    /// Red Hat, binary or source packages, the release a part of a CPE.
    RedHat = "Red Hat",
    /// Rocky Linux, source packages.
    RockyLinux = "Rocky Linux",
    /// Root's patched packages, the release another ecosystem.
    Root = "Root",
    /// Ruby gems.
    RubyGems = "RubyGems",
    /// SUSE, source packages, the release a product's name.
    Suse = "SUSE",
    /// Swift packages by their addresses.
    SwiftUrl = "SwiftURL",
    /// TuxCare's packages.
    TuxCare = "TuxCare",
    /// Ubuntu, source packages.
    Ubuntu = "Ubuntu",
    /// Extensions of Visual Studio Code.
    VsCode = "VSCode",
    /// Wolfi's packages.
    Wolfi = "Wolfi",
    /// Rust crates.
    CratesIo = "crates.io",
    /// Node packages.
    Npm = "npm",
    /// OCaml packages.
    Opam = "opam",
    /// openEuler, source packages.
    OpenEuler = "openEuler",
    /// openSUSE, source packages.
    OpenSuse = "openSUSE",
}

impl EcosystemName {
    /// Whether packages of it are in containers.
    pub fn is_in_containers(self) -> bool {
        !matches!(
            self,
            Self::Android
                | Self::FreeBsd
                | Self::Git
                | Self::GitHubActions
                | Self::Linux
                | Self::OssFuzz
                | Self::VsCode
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ecosystem_is_read_as_it_is_written() {
        for name in EcosystemName::ALL {
            assert_eq!(EcosystemName::parse(name.as_str()), Some(*name));
        }
        let texts: Vec<&str> = EcosystemName::ALL
            .iter()
            .map(|name| name.as_str())
            .collect();
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(EcosystemName::parse("pypi"), None);
        assert_eq!(EcosystemName::parse(""), None);
    }

    #[test]
    fn a_release_is_what_stands_behind_the_first_colon() {
        for (text, release) in [
            ("PyPI", None),
            ("Debian:12", Some("12")),
            ("Alpine:v3.19", Some("v3.19")),
            ("Ubuntu:Pro:18.04:LTS", Some("Pro:18.04:LTS")),
            (
                "Red Hat:enterprise_linux:9::appstream",
                Some("enterprise_linux:9::appstream"),
            ),
            (
                "SUSE:Linux Enterprise Server 15 SP5",
                Some("Linux Enterprise Server 15 SP5"),
            ),
            (
                "Maven:https://maven.google.com",
                Some("https://maven.google.com"),
            ),
        ] {
            let ecosystem = Ecosystem::parse(text).unwrap();
            assert_eq!(ecosystem.release.as_deref(), release);
            assert_eq!(ecosystem.to_string(), text);
            assert_eq!(ecosystem.without_release().release, None);
        }
        assert_eq!(Ecosystem::parse("Debian:").unwrap().release, None);
        assert_eq!(Ecosystem::parse("Gentoo:1"), None);
    }

    #[test]
    fn names_get_the_normal_form_of_their_ecosystem() {
        let normal = |ecosystem: &str, name: &str| {
            Ecosystem::parse(ecosystem)
                .unwrap()
                .normalize(name)
                .into_owned()
        };
        assert_eq!(normal("PyPI", "Zope.Interface"), "zope-interface");
        assert_eq!(normal("PyPI", "a-_.-b"), "a-b");
        assert_eq!(normal("PyPI", "requests"), "requests");
        assert_eq!(normal("PyPI", "a--b"), "a-b");
        assert_eq!(normal("NuGet", "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(
            normal("Packagist", "Symfony/HTTP-Kernel"),
            "symfony/http-kernel"
        );
        assert_eq!(
            normal("Go", "github.com/Masterminds/semver"),
            "github.com/masterminds/semver"
        );
        assert_eq!(normal("npm", "JSONStream"), "JSONStream");
        assert_eq!(
            normal("SwiftURL", "https://github.com/Apple/swift-nio.git"),
            "github.com/apple/swift-nio"
        );
        assert_eq!(normal("Root:PyPI", "Root_Django"), "root-django");
        assert_eq!(normal("TuxCare:PyPI", "A_b"), "a-b");
        assert_eq!(normal("Root:Root:PyPI", "A"), "A");
        assert_eq!(normal("Maven", "org.Apache:X"), "org.Apache:X");
    }

    /// Whether its packages are those of a distribution, not of a programming language.
    fn is_of_distribution(name: EcosystemName) -> bool {
        matches!(
            name,
            EcosystemName::AlmaLinux
                | EcosystemName::Alpaquita
                | EcosystemName::Alpine
                | EcosystemName::AzureLinux
                | EcosystemName::BellSoft
                | EcosystemName::Chainguard
                | EcosystemName::CleanStart
                | EcosystemName::Debian
                | EcosystemName::Echo
                | EcosystemName::Mageia
                | EcosystemName::MinimOs
                | EcosystemName::OpenEuler
                | EcosystemName::OpenSuse
                | EcosystemName::Photon
                | EcosystemName::RedHat
                | EcosystemName::RockyLinux
                | EcosystemName::Suse
                | EcosystemName::Ubuntu
                | EcosystemName::Wolfi
        )
    }

    #[test]
    fn what_containers_hold_has_an_order() {
        for name in EcosystemName::ALL
            .iter()
            .filter(|name| name.is_in_containers())
        {
            use EcosystemName::{DockerHardened, Root, TuxCare};
            let order = Ecosystem::new(*name).order();
            let is_variant = matches!(name, DockerHardened | Root | TuxCare);
            assert_eq!(order.is_none(), is_variant, "{name:?}");
            let is_system = matches!(order, Some(Order::Dpkg | Order::Apk | Order::Rpm));
            assert_eq!(is_system, is_of_distribution(*name), "{name:?}");
        }
        let order = |text: &str| Ecosystem::parse(text).unwrap().order();
        assert_eq!(order("Ubuntu:Pro:18.04:LTS"), Some(Order::Dpkg));
        assert_eq!(order("Root:Alpine:3.18"), Some(Order::Apk));
        assert_eq!(
            order("TuxCare:Red Hat:enterprise_linux:9"),
            Some(Order::Rpm)
        );
        assert_eq!(order("TuxCare:Root:PyPI"), None);
        assert_eq!(
            order("Docker Hardened Images:Debian:trixie"),
            Some(Order::Dpkg)
        );
        assert_eq!(order("Echo"), Some(Order::Dpkg));
        assert_eq!(order("Echo:PyPI"), Some(Order::Pep440));
    }
}
