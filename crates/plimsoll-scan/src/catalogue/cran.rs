//! Installed R packages: `PACKAGE/DESCRIPTION` with a `Built` field, which installing adds.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "DESCRIPTION" && candidate.path.contains('/')
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name == wanted).then(|| value.trim())
        })
    };
    let package = field("Package");
    // Many things are called DESCRIPTION; a package that was only unpacked is not installed.
    if field("Built").is_none() || package != Some(base_name(folder(path))) {
        return Ok(Document::Packages(Vec::new()));
    }
    let mut package = Proven::new(
        PackageKind::Cran,
        package,
        field("Version"),
        Evidence::Metadata,
    )?;
    package.license = field("License")
        .filter(|license| !license.is_empty())
        .map(ToOwned::to_owned);
    if let (Some("github"), Some(user), Some(repo), Some(commit)) = (
        field("RemoteType"),
        field("RemoteUsername"),
        field("RemoteRepo"),
        field("RemoteSha"),
    ) {
        package.qualifiers.push((
            "vcs_url".to_owned(),
            format!("git+https://github.com/{user}/{repo}@{commit}"),
        ));
    }
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_is_what_was_built() {
        let text = "Package: zoo\nVersion: 1.8-12\nLicense: GPL-2 | GPL-3\nDescription: many\n    lines: of it\nBuilt: R 4.2.2; x86_64-pc-linux-gnu; 2023; unix\n";
        let of = |path: &str, text: &str| match read(path, text.as_bytes()) {
            Ok(Document::Packages(packages)) => packages,
            other => panic!("{other:?}"),
        };
        let zoo = of("usr/lib/R/site-library/zoo/DESCRIPTION", text);
        assert_eq!(
            (zoo[0].name.as_str(), zoo[0].version.as_str()),
            ("zoo", "1.8-12")
        );
        assert_eq!(zoo[0].license.as_deref(), Some("GPL-2 | GPL-3"));
        assert!(of("src/zoo-main/DESCRIPTION", text).is_empty());
        assert!(of("x/zoo/DESCRIPTION", &text.replace("Built", "Binary")).is_empty());
        assert!(read("x/zoo/DESCRIPTION", b"Package: zoo\nBuilt: R 4\n").is_err());
    }
}
