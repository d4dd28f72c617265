//! What the Go linker puts into every program: the version of the toolchain and the modules it was
//! built from (Go's `debug/buildinfo` and `runtime/debug`).

use plimsoll_model::{Evidence, PackageKind};

use super::elf::{Layout, Section};
use super::view::View;
use crate::catalogue::Proven;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The header behind which inline strings lie.
const HEADER: u64 = 32;
/// Bytes of build information that are read; the largest known are some dozen kibibytes.
pub(super) const MAX_INFO: u64 = 1 << 20;
/// Modules that are listed of one program.
const MAX_MODULES: usize = 20_000;
const MAX_WORD: usize = 1_000;

/// What Go calls the version of a module it was not told one of.
pub(crate) const DEVEL: &str = "(devel)";

/// What a Go program says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BuildInfo {
    pub(super) packages: Vec<Proven>,
    /// Whether the modules it was built from are listed.
    pub(super) modules_known: bool,
    /// The import path of its main package.
    pub(super) main: Option<String>,
    /// Modules that another was built in place of: the path of that, and their own, which its
    /// functions have.
    pub(super) replaced: Vec<(String, String)>,
}

/// Where the build information of a program begins.
fn find<'a>(view: View<'a>, layout: &Layout<'a>, sections: &[Section<'a>]) -> Option<u64> {
    if let Some(section) = sections.iter().find(|one| one.name == b".go.buildinfo") {
        let there = view.up_to(section.offset, section.size);
        if let Some(at) = aligned(there) {
            return section.offset.checked_add(at);
        }
    }
    // Where the section headers were stripped: it lies in a data segment.
    layout
        .segments
        .iter()
        .filter(|segment| segment.is_data())
        .find_map(|segment| {
            view.pieces().iter().find_map(|(start, piece)| {
                let end = segment.offset.checked_add(segment.size)?;
                let piece_end = start.checked_add(piece.len() as u64)?;
                let from = segment.offset.max(*start);
                let length = end.min(piece_end).checked_sub(from)?;
                from.checked_add(aligned(view.get(from, length)?)?)
            })
        })
}

/// The first place of the magic bytes in data that begins at an aligned address.
fn aligned(bytes: &[u8]) -> Option<u64> {
    memchr::memmem::find_iter(bytes, MAGIC)
        .find(|at| at % 8 == 0)
        .map(|at| at as u64)
}

/// Whether bytes that stream by hold the magic; gives where.
pub(super) fn magic(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, MAGIC)
}

/// Reads the build information of a program, if it has any.
///
/// # Errors
/// It has some, and it is damaged or not at hand.
pub(super) fn read<'a>(
    view: View<'a>,
    layout: &Layout<'a>,
    sections: &[Section<'a>],
) -> Result<Option<BuildInfo>, &'static str> {
    let Some(at) = find(view, layout, sections) else {
        return Ok(None);
    };
    let broken = "its Go build information is damaged";
    let header = view.get(at, HEADER).ok_or(broken)?;
    let (Some(pointer), Some(flags)) = (header.get(14).copied(), header.get(15).copied()) else {
        return Err(broken);
    };
    let (version, modules) = if flags & 2 != 0 {
        // Since Go 1.18: two strings, each behind its length.
        let bytes = view.up_to(at.saturating_add(HEADER), MAX_INFO);
        let (version, rest) = counted(bytes).ok_or(broken)?;
        let (modules, _) = counted(rest).ok_or(broken)?;
        (version, modules)
    } else {
        let outside = "its Go build information lies in a part of the file that was not kept";
        let pointer = usize::from(pointer);
        if !matches!(pointer, 4 | 8) {
            return Err(broken);
        }
        let order = flags & 1 != 0;
        let number = |bytes: &[u8], at: usize| pointer_at(bytes, at, pointer, order);
        let string = |at: usize| {
            let address = number(header, at)?;
            if address == 0 {
                return Some(&[][..]);
            }
            let own = layout.loaded(address, 2 * pointer as u64)?;
            let (data, length) = (number(own, 0)?, number(own, pointer)?);
            match length {
                0 => Some(&[][..]),
                1..=MAX_INFO => layout.loaded(data, length),
                _ => None,
            }
        };
        (
            string(16).ok_or(outside)?,
            string(16 + pointer).ok_or(outside)?,
        )
    };
    let version = std::str::from_utf8(version).map_err(|_| broken)?;
    Ok(Some(told(version, &unframed(modules))))
}

fn pointer_at(bytes: &[u8], at: usize, length: usize, big_endian: bool) -> Option<u64> {
    let found = bytes.get(at..at.checked_add(length)?)?;
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Some(if big_endian {
        found.iter().fold(0, join)
    } else {
        found.iter().rev().fold(0, join)
    })
}

/// A string behind its length (a varint of Go's `encoding/binary`), and what follows it.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes
                .get(index + 1..)?
                .split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// The module list without the sixteen bytes around it by which tools find it.
fn unframed(modules: &[u8]) -> String {
    let inner = match modules.len().checked_sub(17) {
        Some(end) if end >= 16 && modules.get(end) == Some(&b'\n') => {
            modules.get(16..=end).unwrap_or_default()
        }
        _ => &[],
    };
    String::from_utf8_lossy(inner).into_owned()
}

/// A module of the list.
struct Module<'a> {
    path: &'a str,
    version: &'a str,
}

impl<'a> Module<'a> {
    fn read(fields: &'a str) -> Option<Self> {
        let mut fields = fields.split('\t');
        let path = fields.next().filter(|path| is_word(path))?;
        let version = fields.next().unwrap_or_default();
        (version.is_empty() || is_word(version)).then_some(Self { path, version })
    }

    fn proven(&self) -> Proven {
        let (namespace, name) = match self.path.rsplit_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, self.path),
        };
        Proven {
            kind: PackageKind::Go,
            namespace,
            name: name.to_owned(),
            version: match self.version {
                "" => DEVEL,
                version => version,
            }
            .to_owned(),
            qualifiers: Vec::new(),
            license: None,
            evidence: Evidence::BuildInfo,
            direct: None,
            requires: Vec::new(),
            inner: None,
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_WORD
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn told(version: &str, modules: &str) -> BuildInfo {
    let mut info = BuildInfo::default();
    let mut main: Option<Module<'_>> = None;
    let mut flags = None;
    // The list has lines `path`, `mod`, `dep`, `=>` (what replaces the module before it), `build`.
    let mut listed: Vec<Module<'_>> = Vec::new();
    let mut last_is_main = false;
    for line in modules.lines().take(MAX_MODULES) {
        let Some((kind, rest)) = line.split_once('\t') else {
            continue;
        };
        match kind {
            "path" => info.main = Some(rest.to_owned()).filter(|path| is_word(path)),
            "mod" => {
                main = Module::read(rest);
                last_is_main = true;
            }
            "dep" => {
                listed.extend(Module::read(rest));
                last_is_main = false;
            }
            "=>" => {
                let replaced = if last_is_main {
                    main.as_mut()
                } else {
                    listed.last_mut()
                };
                if let (Some(replaced), Some(by)) = (replaced, Module::read(rest)) {
                    if by.path.starts_with(['.', '/']) {
                        // A folder on the machine it was built on: no version is known.
                        replaced.version = DEVEL;
                    } else {
                        if by.path != replaced.path {
                            let own = replaced.path.to_owned();
                            info.replaced.push((by.path.to_owned(), own));
                        }
                        *replaced = by;
                    }
                }
            }
            "build" => {
                if let Some(value) = rest.strip_prefix("-ldflags=") {
                    flags = Some(value);
                }
            }
            _ => {}
        }
    }
    info.modules_known = main.is_some();
    if let Some(main) = main.filter(|main| main.path != "command-line-arguments") {
        let mut proven = main.proven();
        if proven.version == DEVEL
            && let Some(version) = flags.and_then(stated)
        {
            // The linker was told what to print: a hint, not what was built.
            proven.version = version;
            proven.evidence = Evidence::VersionString;
        }
        info.packages.push(proven);
    }
    info.packages.extend(listed.iter().map(Module::proven));
    if let Some(version) = toolchain(version) {
        info.packages.push(Proven {
            namespace: None,
            name: "stdlib".to_owned(),
            version,
            ..Module {
                path: "stdlib",
                version: "",
            }
            .proven()
        });
    }
    info
}

/// `1.23.4` of `go1.23.4 X:boringcrypto`, `go1.21.0-vendor`, `go1.22rc1 (Red Hat)`; nothing of a
/// toolchain between releases.
fn toolchain(version: &str) -> Option<String> {
    let rest = version.strip_prefix("go").unwrap_or(version);
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(rest.len());
    let number = rest.get(..end)?;
    let release = number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.');
    release.then(|| number.to_owned())
}

/// The version that `-ldflags` say with `-X ….version=v1.2.3`, where they say just one.
fn stated(flags: &str) -> Option<String> {
    let mut found: Option<&str> = None;
    for word in flags.split([' ', '"', '\'', '\\']) {
        let Some((variable, value)) = word.rsplit_once('=') else {
            continue;
        };
        let name = variable.rsplit(['.', '/']).next().unwrap_or_default();
        if !name.to_ascii_lowercase().ends_with("version") || !is_release(value) {
            continue;
        }
        match found {
            None => found = Some(value),
            Some(other) if without_v(other) == without_v(value) => {}
            Some(_) => return None,
        }
    }
    found.map(|version| format!("v{}", without_v(version)))
}

fn without_v(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Whether it has the form of a semantic version.
fn is_release(version: &str) -> bool {
    let numbers = without_v(version)
        .split(['-', '+'])
        .next()
        .unwrap_or_default();
    is_word(version)
        && numbers.split('.').count() == 3
        && numbers
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(info: &BuildInfo) -> Vec<String> {
        info.packages
            .iter()
            .map(|own| match &own.namespace {
                Some(namespace) => format!("{namespace}/{}@{}", own.name, own.version),
                None => format!("{}@{}", own.name, own.version),
            })
            .collect()
    }

    #[test]
    fn modules_as_the_linker_lists_them() {
        let info = told(
            "go1.23.4 X:boringcrypto",
            "path\texample.com/a/cmd/a\nmod\texample.com/a\tv1.2.0\th1:x=\n\
             dep\tgithub.com/Azure/sdk/v2\tv2.0.1\th1:y=\n\
             dep\tgopkg.in/yaml.v3\tv3.0.0\n=>\tgithub.com/other/yaml\tv3.0.9\th1:z=\n\
             dep\tk8s.io/api\tv0.0.0\n=>\t./staging/src/k8s.io/api\t\n\
             dep\texample.com/old\tv2.3.0+incompatible\th1:w=\n\
             build\t-compiler=gc\nbuild\tvcs.revision=abc\n",
        );
        assert!(info.modules_known);
        assert_eq!(info.main.as_deref(), Some("example.com/a/cmd/a"));
        assert_eq!(
            info.replaced,
            [(
                "github.com/other/yaml".to_owned(),
                "gopkg.in/yaml.v3".to_owned()
            )]
        );
        assert_eq!(
            listed(&info),
            [
                "example.com/a@v1.2.0",
                "github.com/Azure/sdk/v2@v2.0.1",
                "github.com/other/yaml@v3.0.9",
                "k8s.io/api@(devel)",
                "example.com/old@v2.3.0+incompatible",
                "stdlib@1.23.4",
            ]
        );
        let bare = told("go1.19.8", "path\tgithub.com/cli/cli/v2/cmd/gh\n");
        assert!(!bare.modules_known);
        // A package is not yet a module: which one it is of is not known.
        assert_eq!(listed(&bare), ["stdlib@1.19.8"]);
        let none = told("go1.19.8", "");
        assert!(!none.modules_known);
        assert_eq!(listed(&none), ["stdlib@1.19.8"]);
        assert_eq!(
            listed(&told("go1.20", "mod\tcommand-line-arguments\t\n")),
            ["stdlib@1.20"]
        );
    }

    #[test]
    fn what_the_linker_was_told_is_a_hint() {
        let info = told(
            "devel +0123abc",
            "mod\texample.com/a\t(devel)\nbuild\t-ldflags=\"-s -w -X 'main.goVersion=go1.22' -X main.version=1.4.0\"\n",
        );
        assert_eq!(listed(&info), ["example.com/a@v1.4.0"]);
        assert_eq!(info.packages[0].evidence, Evidence::VersionString);
        let two = "-X a.Version=v1.0.0 -X b.Version=v2.0.0";
        assert_eq!(stated(two), None);
        assert_eq!(stated("-X a.minVersion=dev"), None);
    }

    #[test]
    fn toolchains() {
        for (text, version) in [
            ("go1.22.3", Some("1.22.3")),
            ("go1.22rc1", Some("1.22rc1")),
            ("go1.21.0-vendor", Some("1.21.0")),
            ("go1.20.14 (Red Hat 1.20.14-1.el9)", Some("1.20.14")),
            ("devel go1.25-abc", None),
            ("", None),
        ] {
            assert_eq!(toolchain(text).as_deref(), version, "{text}");
        }
    }
}
