//! Packages: what is installed, by whom, and what proves it.

use serde::{Deserialize, Serialize};

use super::Distribution;

/// The ecosystem a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PackageKind {
    /// Debian's dpkg.
    Deb,
    /// Alpine's apk.
    Apk,
    /// RPM.
    Rpm,
    /// Arch's pacman.
    Alpm,
    /// A Python distribution.
    Python,
    /// A conda package.
    Conda,
    /// A Node package.
    Npm,
    /// A Ruby gem.
    Gem,
    /// A PHP package.
    Composer,
    /// A .NET package.
    NuGet,
    /// A Go module.
    Go,
    /// A Rust crate.
    Cargo,
    /// A Java archive.
    Maven,
    /// An Erlang or Elixir package.
    Hex,
    /// A Dart package.
    Pub,
    /// A Swift package.
    Swift,
    /// An R package.
    Cran,
    /// A Haskell package.
    Hackage,
    /// A Lua rock.
    LuaRocks,
    /// A Perl distribution.
    Cpan,
    /// An OCaml package.
    Opam,
    /// A Julia package.
    Julia,
    /// An application of Erlang's own distribution.
    Otp,
    /// A PEAR or PECL package.
    Pear,
    /// A plugin or theme of WordPress.
    WordPress,
    /// A C or C++ package of Conan.
    Conan,
    /// A C or C++ package of vcpkg.
    Vcpkg,
    /// A component of Bitnami's images.
    Bitnami,
    /// A program that no package manager owns, known by what it says of itself.
    Generic,
}

impl PackageKind {
    const ALL: [Self; 29] = [
        Self::Deb,
        Self::Apk,
        Self::Rpm,
        Self::Alpm,
        Self::Python,
        Self::Conda,
        Self::Npm,
        Self::Gem,
        Self::Composer,
        Self::NuGet,
        Self::Go,
        Self::Cargo,
        Self::Maven,
        Self::Hex,
        Self::Pub,
        Self::Swift,
        Self::Cran,
        Self::Hackage,
        Self::LuaRocks,
        Self::Cpan,
        Self::Opam,
        Self::Julia,
        Self::Otp,
        Self::Pear,
        Self::WordPress,
        Self::Conan,
        Self::Vcpkg,
        Self::Bitnami,
        Self::Generic,
    ];

    /// The ecosystem whose package URLs are of this type.
    pub fn from_purl_type(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word used in every format: the type of its package URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Alpm => "alpm",
            Self::Python => "pypi",
            Self::Conda => "conda",
            Self::Npm => "npm",
            Self::Gem => "gem",
            Self::Composer => "composer",
            Self::NuGet => "nuget",
            Self::Go => "golang",
            Self::Cargo => "cargo",
            Self::Maven => "maven",
            Self::Hex => "hex",
            Self::Pub => "pub",
            Self::Swift => "swift",
            Self::Cran => "cran",
            Self::Hackage => "hackage",
            Self::LuaRocks => "luarocks",
            Self::Cpan => "cpan",
            Self::Opam => "opam",
            Self::Julia => "julia",
            Self::Otp => "otp",
            Self::Pear => "pear",
            Self::WordPress => "wordpress",
            Self::Conan => "conan",
            Self::Vcpkg => "vcpkg",
            Self::Bitnami => "bitnami",
            Self::Generic => "generic",
        }
    }

    /// Whether the distribution's own package manager installs it.
    pub fn is_system(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Rpm | Self::Alpm)
    }
}

/// What proves that a package is there, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Evidence {
    /// The package manager's database.
    Database,
    /// Metadata that an installation leaves beside the code.
    Metadata,
    /// A list that the compiler put into the program.
    BuildInfo,
    /// A lock file beside what it installs.
    LockFile,
    /// A version the program's bytes tell.
    VersionString,
    /// The file's name alone.
    FileName,
}

impl Evidence {
    /// The kind of proof that this word of a format stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Database,
            Self::Metadata,
            Self::BuildInfo,
            Self::LockFile,
            Self::VersionString,
            Self::FileName,
        ]
        .into_iter()
        .find(|evidence| evidence.as_str() == word)
    }

    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Metadata => "metadata",
            Self::BuildInfo => "build-info",
            Self::LockFile => "lock-file",
            Self::VersionString => "version-string",
            Self::FileName => "file-name",
        }
    }
}

/// A package that another one needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Its name.
    pub name: String,
    /// The versions that will do, in the words of its package manager.
    pub versions: String,
    /// Where it is needed only under a condition, that one, in the same words.
    pub condition: Option<String>,
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// Its name as its ecosystem writes it.
    pub name: String,
    /// Its version as its ecosystem writes it.
    pub version: String,
    /// Its package URL.
    pub purl: String,
    /// Processor architecture, where the package manager tells.
    pub architecture: Option<String>,
    /// Source package and version, where the ecosystem has them.
    pub source: Option<(String, String)>,
    /// The distribution it is of, where that is another than the inventory's. One without an `id`
    /// is not known.
    pub distribution: Option<Box<Distribution>>,
    /// Whether somebody else than the distribution published it for the system's package manager: no
    /// advisory of the distribution knows it.
    pub is_foreign: bool,
    /// Licence as the package states it.
    pub license: Option<String>,
    /// The same as an SPDX expression, where it can be read as one.
    pub license_expression: Option<String>,
    /// The file that proves the installation, without a leading slash; `outer!inner` inside an
    /// archive.
    pub path: String,
    /// What kind of proof that is.
    pub evidence: Evidence,
    /// Index of the layer whose bytes put it there.
    pub layer: usize,
    /// Installed size in bytes, where known.
    pub size: Option<u64>,
    /// Files it owns that are in the image, where known.
    pub files: Option<u32>,
    /// Whether somebody asked for it by name (`true`) or another package did, where known.
    pub direct: Option<bool>,
    /// What it says it needs, as far as that is read: of packages of npm and Python.
    pub requires: Vec<Requirement>,
    /// Owned by a package of the distribution: listed, but not counted as a second install.
    pub owned_by: Option<String>,
    /// The layer that removed it again. It is not installed, but its bytes still ship.
    pub removed_in: Option<usize>,
}

impl Package {
    /// A package of which nothing more is known than this.
    pub fn new(
        kind: PackageKind,
        name: impl Into<String>,
        version: impl Into<String>,
        purl: String,
        path: impl Into<String>,
        evidence: Evidence,
        layer: usize,
    ) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            purl,
            architecture: None,
            source: None,
            distribution: None,
            is_foreign: false,
            license: None,
            license_expression: None,
            path: path.into(),
            evidence,
            layer,
            size: None,
            files: None,
            direct: None,
            requires: Vec::new(),
            owned_by: None,
            removed_in: None,
        }
    }
}
