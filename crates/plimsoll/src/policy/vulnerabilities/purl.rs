//! Package URLs (purl-spec 1.0) as patterns: what one leaves out, it does not ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr as _;

use packageurl::PackageUrl;
use plimsoll_attest::read::{distribution_identifier, named_distribution};
use plimsoll_model::{Package, PackageKind, Vulnerability};
use plimsoll_scan::advisory::{normal_name, release_of};

/// One that is longer names nothing.
const MAX_LENGTH: usize = 4 << 10;
/// Qualifiers by which tools tell components of one document apart (syft's `package-id`): no package has
/// them.
const OF_DOCUMENTS: [&str; 3] = ["package-id", "bom-ref", "uuid"];

/// What Maven's packages are where nothing else is said.
const JAR: (&str, &str) = ("type", "jar");

/// What a package is called, without version and qualifiers: type, namespace and name.
pub(crate) type Family<'a> = (&'a str, Option<&'a str>, &'a str);

/// A package URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purl {
    kind: String,
    namespace: Option<String>,
    name: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    subpath: Option<String>,
    /// The release that its `distro` means, as advisories have it: one is held against very many.
    release: Option<String>,
}

impl Purl {
    /// Reads one; `None` for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH || !text.starts_with("pkg:") {
            return None;
        }
        // A scope's `@` is to be escaped, and people do not: it would be read as a version.
        let text = match text.strip_prefix("pkg:npm/@") {
            Some(rest) => Cow::Owned(format!("pkg:npm/%40{rest}")),
            None => Cow::Borrowed(text),
        };
        let purl = PackageUrl::from_str(&text).ok()?;
        let kind = purl.ty().to_owned();
        let mut name = name_of(&kind, purl.name());
        let mut namespace = purl.namespace().map(|namespace| match kind.as_str() {
            "composer" => name_of(&kind, namespace),
            _ => namespace.to_owned(),
        });
        let mut subpath = purl.subpath().map(str::to_owned);
        // A module's path is its name, wherever a tool cuts it; that of a package in a module is
        // another one.
        if kind == "golang" {
            let parts = [namespace.take(), Some(name), subpath.take()];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            name = parts.join("/").to_ascii_lowercase();
        }
        // Some escape the whole of it, slashes and all.
        if namespace.is_none()
            && matches!(kind.as_str(), "golang" | "npm" | "composer")
            && let Some((before, last)) = name.rsplit_once('/')
        {
            namespace = Some(before.to_owned());
            name = last.to_owned();
        }
        match kind.as_str() {
            // A scope is in small letters.
            "npm" if namespace.is_some() => {
                name.make_ascii_lowercase();
                namespace
                    .iter_mut()
                    .for_each(|one| one.make_ascii_lowercase());
            }
            // A vendor's name is the distribution's identifier, or another tool's word for it.
            "rpm" => {
                namespace = namespace.map(|one| distribution_identifier(&one).to_owned());
            }
            _ => {}
        }
        let qualifier = |wanted: &str| {
            let mut qualifiers = purl.qualifiers().iter();
            let found = qualifiers.find(|(key, _)| *key == wanted);
            found.map(|(_, value)| value.as_ref())
        };
        let release = qualifier("distro").and_then(|distro| {
            let kind = PackageKind::from_purl_type(&kind)?;
            let namespace = namespace.as_deref().unwrap_or_default();
            release_of(&named_distribution(namespace, distro)?, kind)
        });
        Some(Self {
            release,
            version: purl
                .version()
                .map(|version| version_of(&kind, &name, version))
                .filter(|version| !version.is_empty())
                .map(str::to_owned),
            qualifiers: purl
                .qualifiers()
                .iter()
                .filter(|(key, _)| !OF_DOCUMENTS.contains(&key.as_ref()))
                // What is not said is that.
                .filter(|(key, value)| kind != "maven" || (key.as_ref(), value.as_ref()) != JAR)
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
            namespace,
            name,
            subpath,
            kind,
        })
    }

    /// Bytes of it, about.
    pub(crate) fn length(&self) -> usize {
        let parts = [&self.namespace, &self.version, &self.subpath];
        let parts = parts.into_iter().flatten().map(String::len);
        let qualifiers = self
            .qualifiers
            .iter()
            .map(|(key, value)| key.len() + value.len());
        self.name.len() + parts.chain(qualifiers).sum::<usize>()
    }

    /// The type: `deb`, `npm`, `oci`.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// A qualifier.
    pub(crate) fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.get(key).map(String::as_str)
    }

    /// Without version and qualifiers: what the package is called.
    pub(crate) fn family(&self) -> Family<'_> {
        (&self.kind, self.namespace.as_deref(), &self.name)
    }

    /// Whether a package is one that this asks for: as the package it is, or, since many write
    /// the source package's name, as what it was built from.
    pub(crate) fn asks_for(&self, subject: &Identity<'_>) -> bool {
        let Some(purl) = &subject.purl else {
            return false;
        };
        if self.kind != purl.kind || self.namespace != purl.namespace {
            return false;
        }
        // A part of a package is not all of it.
        if self.subpath.is_some() && self.subpath != purl.subpath {
            return false;
        }
        let epoch = purl.qualifier("epoch");
        let itself = self.name == purl.name
            && self.takes_version(&[purl.version(), subject.version], epoch)
            && self.takes_qualifiers(purl, &["upstream"])
            && self.takes_source(subject);
        itself
            || subject.source.is_some_and(|(name, version)| {
                self.name == *name
                    && self.qualifier("arch").is_none_or(|arch| arch == "source")
                    && self.takes_version(&[Some(version)], epoch)
                    && self.takes_qualifiers(purl, &["arch", "upstream"])
            })
    }

    /// Whether the package was built from the source that this asks for, as syft writes it
    /// (`upstream=openssl@3.0.15-1`).
    fn takes_source(&self, subject: &Identity<'_>) -> bool {
        let Some(wanted) = self.qualifier("upstream") else {
            return true;
        };
        let own = subject.purl.as_ref();
        if own.and_then(|purl| purl.qualifier("upstream")) == Some(wanted) {
            return true;
        }
        let (name, version) = match wanted.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (wanted, None),
        };
        let source = subject.source;
        source.is_some_and(|(source, built)| {
            source == name && version.is_none_or(|version| version == built)
        })
    }

    /// Whether one of these is the version that is asked for. Distributions' epochs stand in the
    /// version or, as `epoch`, beside it; who asks for none takes any.
    fn takes_version(&self, versions: &[Option<&str>], epoch: Option<&str>) -> bool {
        let wanted_epoch = self.qualifier("epoch");
        let mut versions = versions.iter().flatten();
        match (self.version(), wanted_epoch) {
            (None, None) => true,
            (Some(wanted), None) => versions.any(|version| *version == wanted),
            (wanted, Some(_)) => {
                let wanted = wanted.map(|wanted| with_epoch(wanted, wanted_epoch));
                versions.any(|version| {
                    let there = with_epoch(version, epoch);
                    match wanted {
                        Some(wanted) => there == wanted,
                        None => Some(there.0) == wanted_epoch,
                    }
                })
            }
        }
    }

    fn takes_qualifiers(&self, other: &Self, but: &[&str]) -> bool {
        self.qualifiers
            .iter()
            .filter(|(key, _)| *key != "epoch" && !but.contains(&key.as_str()))
            .all(|(key, value)| {
                other.qualifier(key) == Some(value)
                    || key == "distro" && self.is_of_release_of(other)
            })
    }

    /// Whether both are of one release of a distribution, as advisories have it: tools write the same one
    /// as `debian-12`, `debian-12.11` and `bookworm`.
    fn is_of_release_of(&self, other: &Self) -> bool {
        self.release.is_some() && self.release == other.release
    }
}

/// Epoch and the rest of a version that may have its epoch `beside` it; without one it is 0.
fn with_epoch<'v>(version: &'v str, beside: Option<&'v str>) -> (&'v str, &'v str) {
    version
        .split_once(':')
        .unwrap_or((beside.unwrap_or("0"), version))
}

/// What two versions have in common wherever one takes the other: all but the epoch.
pub(crate) fn version_key(version: &str) -> &str {
    with_epoch(version, None).1
}

/// A name in the form that its type takes for the same as others: PyPI `-`, `_` and `.`, and large
/// letters for small ones (PEP 503), Composer, NuGet and others large letters.
fn name_of(kind: &str, name: &str) -> String {
    match kind {
        "pypi" | "composer" | "nuget" | "cargo" | "conan" => {
            match PackageKind::from_purl_type(kind) {
                Some(kind) => normal_name(kind, name).into_owned(),
                None => name.to_owned(),
            }
        }
        _ => name.to_owned(),
    }
}

/// A version as it is compared: tools write those of Go's modules with their `v` and without, and its own
/// library's as the toolchain names itself, too.
fn version_of<'v>(kind: &str, name: &str, version: &'v str) -> &'v str {
    match kind {
        "golang" if name == "stdlib" => version.trim_start_matches("go").trim_start_matches('v'),
        "golang" => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    }
}

/// The normal form of a Python package's name.
pub(crate) fn python_name(name: &str) -> String {
    normal_name(PackageKind::Python, name).into_owned()
}

/// What a package of an image goes by.
#[derive(Clone, Debug)]
pub(crate) struct Identity<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its package URL, where that is one.
    pub(crate) purl: Option<Purl>,
    /// Its version as its ecosystem writes it.
    pub(crate) version: Option<&'a str>,
    /// The source package it was built from, and that one's version.
    pub(crate) source: Option<&'a (String, String)>,
}

impl<'a> Identity<'a> {
    /// What kind of package it is.
    pub(crate) fn kind(&self) -> Option<PackageKind> {
        PackageKind::from_purl_type(self.purl.as_ref()?.kind())
    }

    /// The package that a vulnerability lies in, where nobody asks for more than its name.
    pub(crate) fn unnamed(vulnerability: &'a Vulnerability) -> Self {
        Self {
            name: &vulnerability.name,
            purl: None,
            version: Some(&vulnerability.installed),
            source: None,
        }
    }

    /// The package that a vulnerability lies in.
    pub(crate) fn of(vulnerability: &'a Vulnerability, package: Option<&'a Package>) -> Self {
        Self {
            name: &vulnerability.name,
            purl: Purl::parse(&vulnerability.purl),
            version: Some(&vulnerability.installed),
            source: package.and_then(|package| package.source.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_out_is_not_asked_for() {
        let source = ("openssl".to_owned(), "3.0.15-1~deb12u1".to_owned());
        let identity = |purl: &str| Identity {
            name: "libssl3",
            purl: Purl::parse(purl),
            version: Some("3.0.15-1~deb12u1"),
            source: Some(&source),
        };
        let libssl =
            identity("pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12");
        for (pattern, takes) in [
            ("pkg:deb/debian/libssl3", true),
            ("pkg:deb/debian/libssl3@3.0.15-1~deb12u1", true),
            ("pkg:deb/debian/libssl3@3.0.15-1%7Edeb12u1?arch=amd64", true),
            ("pkg:deb/debian/libssl3?distro=debian-12", true),
            ("pkg:deb/debian/libssl3?distro=debian-12.11", true),
            ("pkg:deb/debian/libssl3?distro=bookworm", true),
            ("pkg:deb/debian/libssl3?distro=12", true),
            ("pkg:deb/debian/libssl3?distro=debian-1", false),
            ("pkg:deb/debian/libssl3?distro=ubuntu-12.04", false),
            ("pkg:deb/debian/libssl3?distro=x", false),
            ("pkg:deb/debian/libssl3?package-id=57a1f0bd9c0f7a4b", true),
            ("pkg:deb/debian/libssl3?arch=arm64&package-id=57a1", false),
            ("pkg:deb/debian/libssl3?upstream=openssl", true),
            (
                "pkg:deb/debian/libssl3?upstream=openssl%403.0.15-1~deb12u1",
                true,
            ),
            ("pkg:deb/debian/libssl3?upstream=openssl%403.0.14-1", false),
            ("pkg:deb/debian/libssl3?upstream=other", false),
            ("pkg:deb/debian/openssl", true),
            ("pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=source", true),
            ("pkg:deb/debian/openssl?arch=amd64", false),
            ("pkg:deb/debian/openssl?arch=source&distro=debian-12", true),
            ("pkg:deb/debian/openssl?distro=debian-11", false),
            ("pkg:deb/debian/libssl3#usr/lib", false),
            ("pkg:deb/debian/libssl3@3.0.14", false),
            ("pkg:deb/debian/libssl3?arch=arm64", false),
            ("pkg:deb/debian/libssl3?distro=debian-11", false),
            ("pkg:deb/ubuntu/libssl3", false),
            ("pkg:rpm/debian/libssl3", false),
            ("pkg:deb/debian/libssl", false),
        ] {
            let pattern = Purl::parse(pattern).expect(pattern);
            assert_eq!(pattern.asks_for(&libssl), takes, "{pattern:?}");
        }
    }

    #[test]
    fn names_and_versions_in_other_spellings() {
        let scoped = Identity {
            name: "@babel/core",
            purl: Purl::parse("pkg:npm/%40babel/core@7.0.0"),
            version: Some("7.0.0"),
            source: None,
        };
        let takes = |pattern: &str| Purl::parse(pattern).is_some_and(|one| one.asks_for(&scoped));
        assert!(takes("pkg:npm/@babel/core"));
        assert!(takes("pkg:npm/%40babel/core@7.0.0"));
        assert!(!takes("pkg:npm/@babel/core@7.0.1"));
        assert!(!takes("pkg:npm/core"));
        let python = Identity {
            name: "ruamel.yaml",
            purl: Purl::parse("pkg:pypi/ruamel-yaml@0.18"),
            version: Some("0.18"),
            source: None,
        };
        let pattern = Purl::parse("pkg:pypi/Ruamel_YAML").unwrap();
        assert!(pattern.asks_for(&python));
        let module = |purl| Identity {
            name: "",
            purl: Purl::parse(purl),
            version: None,
            source: None,
        };
        let takes = |pattern: &str, purl| Purl::parse(pattern).unwrap().asks_for(&module(purl));
        let cut = "pkg:golang/github.com/Acme/tool@v1.0.0#service/S3";
        let whole = "pkg:golang/github.com/acme/tool/service/s3";
        assert!(takes(whole, cut) && takes(cut, cut) && takes(whole, whole));
        assert!(!takes("pkg:golang/github.com/acme/tool", cut));
        assert!(!takes(
            "pkg:golang/golang.org/x/net#html",
            "pkg:golang/golang.org/x/net@v0.1.0"
        ));
        for (pattern, purl) in [
            (
                "pkg:golang/github.com%2FAcme%2Ftool@v1.0.0",
                "pkg:golang/github.com/Acme/tool@v1.0.0",
            ),
            (
                "pkg:golang/github.com/Acme/tool@1.0.0",
                "pkg:golang/github.com/Acme/tool@v1.0.0",
            ),
            ("pkg:golang/stdlib@v1.19.8", "pkg:golang/stdlib@1.19.8"),
            ("pkg:golang/stdlib@go1.19.8", "pkg:golang/stdlib@1.19.8"),
            ("pkg:npm/%40Scope%2Fx@0.9.0", "pkg:npm/%40scope/x@0.9.0"),
            ("pkg:npm/%40scope%2Fx", "pkg:npm/%40scope/x@0.9.0"),
            (
                "pkg:rpm/alma/x@1-1.el9?distro=alma-9.3",
                "pkg:rpm/almalinux/x@1-1.el9?distro=almalinux-9.3",
            ),
            (
                "pkg:rpm/rhel/x@1-1.el9",
                "pkg:rpm/redhat/x@1-1.el9?distro=rhel-9.3",
            ),
            ("pkg:rpm/cbl-mariner/x", "pkg:rpm/mariner/x@1-1.cm2"),
        ] {
            assert!(takes(pattern, purl), "{pattern}");
        }
        assert!(!takes(
            "pkg:golang/github.com/acme/tool@v1.0.1",
            "pkg:golang/github.com/acme/tool@v1.0.0"
        ));
        assert!(!takes("pkg:rpm/rocky/x", "pkg:rpm/almalinux/x@1-1.el9"));
        let rpm = Identity {
            name: "bind-libs",
            purl: Purl::parse("pkg:rpm/rocky/bind-libs@9.16.23-1.el9?arch=x86_64&epoch=32"),
            version: Some("32:9.16.23-1.el9"),
            source: None,
        };
        let takes = |pattern: &str| Purl::parse(pattern).is_some_and(|one| one.asks_for(&rpm));
        assert!(takes("pkg:rpm/rocky/bind-libs@9.16.23-1.el9?epoch=32"));
        assert!(takes("pkg:rpm/rocky/bind-libs@32:9.16.23-1.el9"));
        assert!(takes("pkg:rpm/rocky/bind-libs@9.16.23-1.el9"));
        assert!(takes("pkg:rpm/rocky/bind-libs?epoch=32"));
        assert!(!takes("pkg:rpm/rocky/bind-libs?epoch=31"));
        assert!(!takes("pkg:rpm/rocky/bind-libs@9.16.23-1.el9?epoch=99"));
        assert!(!takes("pkg:rpm/rocky/bind-libs@9.16.23-1.el9?epoch=0"));
        let apk = Identity {
            name: "libssl3",
            purl: Purl::parse("pkg:apk/alpine/libssl3@3.1.3-r0?distro=alpine-3.18.4"),
            version: Some("3.1.3-r0"),
            source: None,
        };
        let takes = |pattern: &str| Purl::parse(pattern).is_some_and(|one| one.asks_for(&apk));
        assert!(takes("pkg:apk/alpine/libssl3?distro=3.18.4"));
        assert!(takes("pkg:apk/alpine/libssl3?distro=alpine-3.18"));
        assert!(!takes("pkg:apk/alpine/libssl3?distro=3.19.4"));
        // What the tools of Maven say of each is what is meant where nothing is said.
        let jar = |purl| Identity {
            name: "g:a",
            purl: Purl::parse(purl),
            version: Some("1"),
            source: None,
        };
        let takes = |pattern: &str, purl| Purl::parse(pattern).unwrap().asks_for(&jar(purl));
        assert!(takes("pkg:maven/g/a@1?type=jar", "pkg:maven/g/a@1"));
        assert!(takes("pkg:maven/g/a@1", "pkg:maven/g/a@1?type=jar"));
        assert!(takes("pkg:maven/g/a?type=jar", "pkg:maven/g/a@1?type=jar"));
        assert!(!takes("pkg:maven/g/a@1?type=war", "pkg:maven/g/a@1"));
        assert!(!takes(
            "pkg:maven/g/a@1?classifier=sources",
            "pkg:maven/g/a@1"
        ));
        for none in [
            "",
            "pkg:",
            "libssl3",
            "cpe:/a:b:c",
            "pkg:deb",
            &"pkg:a/b".repeat(9999),
        ] {
            assert_eq!(Purl::parse(none), None, "{none:.20}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "pkg:(npm/@?|deb/|x)[a-zA-Z0-9%@/.?&=:#é-]{0,40}") {
            let purl = Purl::parse(&text);
            if let Some(purl) = purl {
                let same = Identity {
                    name: purl.name(),
                    version: purl.version(),
                    source: None,
                    purl: Some(purl.clone()),
                };
                prop_assert!(purl.asks_for(&same));
            }
        }
    }
}
