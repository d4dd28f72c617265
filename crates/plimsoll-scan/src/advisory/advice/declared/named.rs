//! Packages that a command line names: `apt-get install curl=7.88.1-10`, `pip install flask==1.0`.

use plimsoll_model::{PackageKind, SourceOrigin};

use super::{Asked, DeclaredPackage, Line, Range, Reach, Standing, Wanted, javascript, python};

/// The versions of a distribution's package that a command line asks for, and no later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    /// This one; with a star at its end, all that begin so.
    Version(String),
    /// All whose numbers begin so: `~8.4` of apk.
    Beginning(String),
    /// All up to some version.
    UpTo(Range),
}

impl Pin {
    /// Whether it takes a version.
    pub(super) fn admits(&self, kind: PackageKind, version: &str) -> bool {
        match self {
            Self::Version(pin) => {
                let version = match kind {
                    // `dnf install openssl-3.0.7` leaves out the epoch.
                    PackageKind::Rpm if !pin.contains(':') => {
                        version.split_once(':').map_or(version, |(_, rest)| rest)
                    }
                    _ => version,
                };
                if let Some(start) = pin.strip_suffix('*') {
                    return version.starts_with(start);
                }
                let rest = version.strip_prefix(pin.as_str());
                rest.is_some_and(|rest| {
                    rest.is_empty() || kind == PackageKind::Rpm && rest.starts_with('-')
                })
            }
            Self::Beginning(start) => {
                let is_digit = |c: char| c.is_ascii_digit();
                let rest = version.strip_prefix(start.as_str());
                rest.is_some_and(|rest| !(start.ends_with(is_digit) && rest.starts_with(is_digit)))
            }
            Self::UpTo(range) => range.admits(kind, version),
        }
    }

    /// Whether nothing but installing anew is needed to get a version.
    pub(super) fn resolves_to(&self, kind: PackageKind, version: &str) -> bool {
        let is_open = match self {
            // What leaves the release of an RPM open takes each.
            Self::Version(pin) => {
                pin.ends_with('*') || kind == PackageKind::Rpm && !pin.contains('-')
            }
            Self::Beginning(_) | Self::UpTo(_) => true,
        };
        is_open && self.admits(kind, version)
    }
}

impl DeclaredPackage {
    /// The package that a word of a command line names, on the instruction at `line`; `version` is the place
    /// of the variable that it takes its version from. A word of `dnf` does not tell where the name ends:
    /// there is one for each place where it may.
    pub fn named(
        kind: PackageKind,
        word: &str,
        place: &SourceOrigin,
        version: Option<&SourceOrigin>,
        line: usize,
    ) -> Vec<Self> {
        let of = |name: &str, pin: Option<Pin>, wanted: Option<&Wanted<'_>>| Self {
            kind,
            name: name.to_owned(),
            alias: None,
            reach: Reach::Project,
            is_lock: false,
            place: version.unwrap_or(place).clone(),
            also: Vec::new(),
            standing: Standing::Installed(line),
            is_aside: false,
            word: Some(place.clone()),
            range: wanted.and_then(|wanted| wanted.range(kind, false)),
            pin,
        };
        let at_equals = |word: &'_ str| -> Option<Self> {
            let (name, pin) = word.split_once('=')?;
            let is_exact = !name.is_empty() && !name.ends_with(['~', '<', '>', '!']);
            let name = name.split([':', '@']).next().unwrap_or(name);
            let exactly = || of(name, Some(Pin::Version(pin.to_owned())), None);
            (is_exact && !pin.is_empty()).then(exactly)
        };
        match kind {
            PackageKind::Deb => at_equals(word).into_iter().collect(),
            PackageKind::Apk => apk(word)
                .map(|(name, pin)| of(name, Some(pin), None))
                .into_iter()
                .collect(),
            PackageKind::Rpm => match at_equals(word) {
                Some(one) => vec![one],
                None => rpm(word)
                    .map(|(name, pin)| of(name, Some(Pin::Version(pin.to_owned())), None))
                    .collect(),
            },
            PackageKind::Python => {
                let line = Line {
                    text: word,
                    start: 0,
                };
                let asked: Option<Asked<'_>> = python::requirement(word, line);
                let asked = asked.filter(|_| !word.contains('/'));
                asked
                    .map(|asked| of(&asked.name, None, Some(&asked.wanted)))
                    .into_iter()
                    .collect()
            }
            PackageKind::Npm => {
                let line = Line {
                    text: word,
                    start: 0,
                };
                let asked = match javascript::before_version(word) {
                    Some(name) => {
                        let words = word.get(name.len() + 1..).unwrap_or_default();
                        javascript::asked(name, words, line)
                    }
                    None => Asked::new(word, Wanted::Any, line),
                };
                vec![Self {
                    alias: asked.alias.map(str::to_owned),
                    ..of(&asked.name, None, Some(&asked.wanted))
                }]
            }
            PackageKind::Gem => {
                // Without a version in the word, an option may tell it.
                let (name, version) = word.split_once(':').unwrap_or((word, ""));
                let wanted = Wanted::written(Some(version).filter(|text| !text.is_empty()));
                vec![of(name, None, Some(&wanted))]
            }
            _ => Vec::new(),
        }
    }
}

/// The package and the versions that a word of apk asks for (`man 5 apk-world`): `curl=8.5.0-r0`, `curl~8.5`,
/// `curl<9`. What only tells the least version holds nothing back.
fn apk(word: &str) -> Option<(&str, Pin)> {
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '~');
    let (name, rest) = word.split_at_checked(word.find(is_sign)?)?;
    let version = rest.trim_start_matches(is_sign);
    let signs = rest.get(..rest.len() - version.len())?;
    let pin = match signs {
        "=" => Pin::Version(version.to_owned()),
        "~" | "~=" | "=~" => Pin::Beginning(version.to_owned()),
        "<" | "<=" | "=<" => {
            let takes_it = signs.contains('=');
            Pin::UpTo(Range::up_to(PackageKind::Apk, version, takes_it)?)
        }
        _ => return None,
    };
    // Behind the name, the repository.
    let name = name.split('@').next().filter(|name| !name.is_empty())?;
    (!version.is_empty()).then_some((name, pin))
}

/// Names and versions that `name-version-release.arch` may be made of.
fn rpm(word: &str) -> impl Iterator<Item = (&str, &str)> {
    const ARCHITECTURES: [&str; 8] = [
        ".x86_64", ".aarch64", ".noarch", ".i686", ".ppc64le", ".s390x", ".armv7hl", ".riscv64",
    ];
    let mut ends = ARCHITECTURES.iter();
    let word = ends.find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    word.match_indices('-').filter_map(move |(at, _)| {
        let (name, pin) = (word.get(..at)?, word.get(at + 1..)?);
        let is_version = pin.starts_with(|c: char| c.is_ascii_digit());
        (is_version && !name.is_empty()).then_some((name, pin))
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{SourceFile, Span};

    use super::*;

    #[test]
    fn a_word_takes_the_versions_it_says() {
        use PackageKind::{Apk, Deb, Npm, Python, Rpm};
        let file = SourceFile::new("Dockerfile", "RUN x\n");
        let place = SourceOrigin::new(&file, Span::new(0, 5));
        for (kind, word, name, version, takes) in [
            (Deb, "libssl3=3.0.9-1", "libssl3", "3.0.9-1", true),
            (Deb, "libssl3:amd64=3.0.9-1", "libssl3", "3.0.9-1", true),
            (Deb, "libssl3=3.0.9-1", "libssl3", "3.0.9-1+b1", false),
            (Deb, "libssl3=3.0.*", "libssl3", "3.0.9-1", true),
            (Apk, "curl=8.5.0-r0", "curl", "8.5.0-r0", true),
            (Apk, "curl~=8.5", "curl", "8.5.0-r0", true),
            (Apk, "curl~8.5", "curl", "8.50.0-r0", false),
            (Apk, "curl=~8.5.0-r1", "curl", "8.5.0-r10", false),
            (Apk, "curl@edge~8", "curl", "8.5.0-r0", true),
            (Apk, "curl<8.5", "curl", "8.4.0-r0", true),
            (Apk, "curl<8.5", "curl", "8.5.0-r0", false),
            (Apk, "curl<=8.5.0-r0", "curl", "8.5.0-r0", true),
            (Apk, "curl>8", "curl", "8.5.0-r0", false),
            (Apk, "curl>=8", "curl", "8.5.0-r0", false),
            (Apk, "curl<", "curl", "8.5.0-r0", false),
            (
                Rpm,
                "openssl-libs-3.0.7",
                "openssl-libs",
                "1:3.0.7-1.el9",
                true,
            ),
            (
                Rpm,
                "openssl-1:3.0.7-1.el9.x86_64",
                "openssl",
                "1:3.0.7-1.el9",
                true,
            ),
            (
                Rpm,
                "java-11-openjdk-11.0.2",
                "java-11-openjdk",
                "1:11.0.2-1",
                true,
            ),
            (
                Rpm,
                "openssl-3.0.7-2.el9",
                "openssl",
                "1:3.0.7-1.el9",
                false,
            ),
            (Rpm, "openssl", "openssl", "3", false),
            (Python, "flask[x]==1.0", "flask", "1.0", true),
            (Python, "flask", "flask", "1.0", true),
            (Python, "./flask", "flask", "1.0", false),
            (Npm, "@a/b@^1.0.0", "@a/b", "1.2.0", true),
            (Npm, "b@latest", "b", "1.2.0", false),
            (Npm, "b", "b", "1.2.0", true),
        ] {
            let named = DeclaredPackage::named(kind, word, &place, None, 1);
            let found = named
                .iter()
                .any(|one| one.name == name && one.takes(version) == Some(true));
            assert_eq!(found, takes, "{word} {version}");
        }
        let resolves = |kind, word, to| {
            let named = DeclaredPackage::named(kind, word, &place, None, 1);
            named.iter().any(|one| one.resolves_to(to))
        };
        assert!(resolves(Deb, "curl=7.88.*", "7.88.1-10"));
        assert!(!resolves(Deb, "curl=7.88.1-9", "7.88.1-10"));
        assert!(resolves(Rpm, "curl-7.88.1", "7.88.1-10"));
        assert!(resolves(Apk, "curl~8.4", "8.4.1-r0"));
        assert!(!resolves(Apk, "curl~8.4", "8.5.0-r0"));
        assert!(!resolves(Apk, "curl<8.5", "8.5.0-r0"));
    }
}
