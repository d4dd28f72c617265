//! Which distribution an image is of: `os-release(5)`, and the older files of each distribution
//! where that is missing.

use plimsoll_model::Distribution;

use super::{Candidate, Document, base_name};

/// Where the files lie, in the order in which they count. Derived distributions keep the files of
/// what they are derived from, so those come last.
pub(crate) const PATHS: [&str; 22] = [
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/rocky-release",
    "etc/almalinux-release",
    "etc/oracle-release",
    "etc/photon-release",
    "etc/azurelinux-release",
    "etc/mariner-release",
    "etc/amazon-linux-release",
    "etc/fedora-release",
    "etc/centos-release",
    "etc/redhat-release",
    "etc/system-release",
    "usr/lib/system-release",
    "etc/SuSE-release",
    "etc/lsb-release",
    "etc/upstream-release/lsb-release",
    "etc/openwrt_release",
    "etc/debian_version",
    "etc/arch-release",
    "etc/gentoo-release",
];

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    // Nearly every path differs in these already.
    (candidate.name.contains("release") || candidate.name == "debian_version")
        && PATHS.contains(&candidate.path)
}

/// Whether packages cannot be told from those of other distributions without the file.
pub(super) fn claims_first(candidate: &Candidate<'_>) -> bool {
    matches!(candidate.path, "etc/os-release" | "usr/lib/os-release")
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    match base_name(path) {
        "os-release" => os_release(text),
        "alpine-release" => Ok(of("alpine", text, format!("Alpine Linux {text}"))),
        "debian_version" => Ok(debian_version(text)),
        "arch-release" => Ok(of("arch", "", "Arch Linux".to_owned())),
        "lsb-release" | "openwrt_release" => lsb_release(text),
        "SuSE-release" => suse_release(text),
        _ => release_line(text),
    }
    .map(Document::OsRelease)
}

fn of(id: &str, version: &str, name: String) -> Distribution {
    Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        name,
        ..Distribution::default()
    }
}

/// The value of the last assignment of a variable.
fn value(text: &str, wanted: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .filter(|(key, _)| key.trim() == wanted)
        .map(|(_, value)| unquote(value))
        .next_back()
        .filter(|value| !value.is_empty())
}

fn os_release(text: &str) -> Result<Distribution, String> {
    let id = super::word("ID", value(text, "ID").as_deref())?;
    Ok(Distribution {
        version: value(text, "VERSION_ID").unwrap_or_default(),
        name: value(text, "PRETTY_NAME")
            .or_else(|| value(text, "NAME"))
            .unwrap_or_else(|| id.clone()),
        codename: value(text, "VERSION_CODENAME"),
        like: value(text, "ID_LIKE")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        id,
    })
}

/// `12.5`, or the names of what is to come (`trixie/sid`). The release is the number before the
/// point, as `os-release` has it.
fn debian_version(text: &str) -> Distribution {
    let version = text.split('.').next().unwrap_or_default();
    let version = match version.bytes().all(|byte| byte.is_ascii_digit()) {
        true => version,
        false => "",
    };
    of("debian", version, format!("Debian GNU/Linux {text}"))
}

fn lsb_release(text: &str) -> Result<Distribution, String> {
    let id = super::word("DISTRIB_ID", value(text, "DISTRIB_ID").as_deref())?;
    Ok(Distribution {
        version: value(text, "DISTRIB_RELEASE").unwrap_or_default(),
        name: value(text, "DISTRIB_DESCRIPTION").unwrap_or_else(|| id.clone()),
        codename: value(text, "DISTRIB_CODENAME"),
        like: Vec::new(),
        id: id.to_ascii_lowercase(),
    })
}

/// `SUSE Linux Enterprise Server 11 (x86_64)`, then `VERSION = 11` and `PATCHLEVEL = 4`.
fn suse_release(text: &str) -> Result<Distribution, String> {
    let name = super::word("first line", text.lines().next())?;
    let id = if name.starts_with("openSUSE") {
        "opensuse"
    } else if name.contains("Desktop") {
        "sled"
    } else {
        "sles"
    };
    let mut version = value(text, "VERSION").unwrap_or_default();
    if let Some(level) = value(text, "PATCHLEVEL").filter(|level| level != "0") {
        version = format!("{version}.{level}");
    }
    Ok(of(id, &version, name))
}

/// `Rocky Linux release 9.3 (Blue Onyx)`.
fn release_line(text: &str) -> Result<Distribution, String> {
    const NAMES: [(&str, &str); 16] = [
        ("Red Hat Enterprise Linux", "rhel"),
        ("CentOS", "centos"),
        ("Rocky Linux", "rocky"),
        ("AlmaLinux", "almalinux"),
        ("Oracle Linux", "ol"),
        ("Fedora", "fedora"),
        ("Amazon Linux", "amzn"),
        ("Scientific Linux", "scientific"),
        ("VMware Photon", "photon"),
        ("CBL-Mariner", "mariner"),
        ("Microsoft Azure Linux", "azurelinux"),
        ("Azure Linux", "azurelinux"),
        ("MIRACLE LINUX", "miraclelinux"),
        ("EuroLinux", "eurolinux"),
        ("openEuler", "openEuler"),
        ("Gentoo", "gentoo"),
    ];
    let line = super::word("first line", text.lines().next())?;
    let id = NAMES
        .iter()
        .find(|(name, _)| line.starts_with(name))
        .map(|(_, id)| *id)
        .ok_or("it names a distribution that is not known")?;
    let version = line
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default();
    let like = match id {
        "rhel" => vec!["fedora".to_owned()],
        "centos" | "rocky" | "almalinux" | "ol" | "scientific" => {
            vec!["rhel".to_owned(), "fedora".to_owned()]
        }
        _ => Vec::new(),
    };
    Ok(Distribution {
        like,
        ..of(id, version, line.clone())
    })
}

/// A value as the shell would read it: outer quotes off, backslashes resolved.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(path: &str, text: &str) -> Distribution {
        match read(path, text.as_bytes()) {
            Ok(Document::OsRelease(distribution)) => distribution,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn quotes_and_missing_fields() {
        let os_release = |text: &str| distribution("etc/os-release", text);
        let debian = os_release(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
        );
        assert_eq!(
            (debian.id.as_str(), debian.version.as_str()),
            ("debian", "12")
        );
        assert_eq!(debian.name, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(debian.codename.as_deref(), Some("bookworm"));
        let sid = os_release("# comment\nNAME='Debian \\$x'\nID=debian\n");
        assert_eq!((sid.version.as_str(), sid.name.as_str()), ("", "Debian $x"));
        let rocky = os_release("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n");
        assert_eq!(rocky.like, ["rhel", "centos", "fedora"]);
        assert!(read("etc/os-release", b"NAME=x\n\xff=\n").is_err());
    }

    #[test]
    fn older_files() {
        for (path, text, id, version) in [
            ("etc/alpine-release", "3.19.1\n", "alpine", "3.19.1"),
            ("etc/debian_version", "12.5\n", "debian", "12"),
            ("etc/debian_version", "trixie/sid\n", "debian", ""),
            (
                "etc/redhat-release",
                "Rocky Linux release 9.3 (Blue Onyx)\n",
                "rocky",
                "9.3",
            ),
            (
                "etc/redhat-release",
                "CentOS release 6.10 (Final)\n",
                "centos",
                "6.10",
            ),
            (
                "etc/redhat-release",
                "Red Hat Enterprise Linux Server release 7.9 (Maipo)",
                "rhel",
                "7.9",
            ),
            (
                "etc/system-release",
                "Amazon Linux release 2 (Karoo)",
                "amzn",
                "2",
            ),
            ("etc/arch-release", "", "arch", ""),
            (
                "etc/lsb-release",
                "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n",
                "ubuntu",
                "22.04",
            ),
            (
                "etc/openwrt_release",
                "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05'\n",
                "openwrt",
                "23.05",
            ),
            (
                "etc/SuSE-release",
                "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
                "sles",
                "11.4",
            ),
        ] {
            let found = distribution(path, text);
            assert_eq!(
                (found.id.as_str(), found.version.as_str()),
                (id, version),
                "{path}: {text}"
            );
        }
        assert!(read("etc/redhat-release", b"Something else").is_err());
    }
}
