//! Installed Haskell libraries: a GHC package database holds one `.conf` file for each.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".conf") && {
        let place = base_name(folder(candidate.path));
        matches!(place, "package.conf.d" | "package.db" | "pkgdb")
    }
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            (name.eq_ignore_ascii_case(wanted) && !value.is_empty()).then_some(value)
        })
    };
    // An internal library belongs to its package, which is listed by its own file.
    let package = field("package-name").or_else(|| field("name"));
    let mut package = Proven::new(
        PackageKind::Hackage,
        package,
        field("version"),
        Evidence::Database,
    )?;
    package.license = field("license").map(ToOwned::to_owned);
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_a_database() {
        assert!(claims(&Candidate::named(
            "root/.ghcup/ghc/9.4.7/lib/ghc-9.4.7/lib/package.conf.d/text-2.0.2.conf"
        )));
        assert!(!claims(&Candidate::named("etc/apt/apt.conf")));
        let text = b"name:                 text\nversion:              2.0.2\nid: text-2.0.2\nlicense: BSD-2-Clause\n";
        let Ok(Document::Packages(packages)) = read("", text) else {
            panic!("no package")
        };
        assert_eq!(
            (packages[0].name.as_str(), packages[0].version.as_str()),
            ("text", "2.0.2")
        );
        assert_eq!(packages[0].license.as_deref(), Some("BSD-2-Clause"));
        assert!(read("", b"name: x\n").is_err());
    }
}
