//! Dart packages that programs run from: `.pub-cache/hosted/HOST/NAME-VERSION/pubspec.yaml`.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "pubspec.yaml" && {
        let hosted = folder(folder(folder(candidate.path)));
        base_name(hosted) == "hosted" && base_name(folder(hosted)) == ".pub-cache"
    }
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.split(" #").next()?.trim();
            (name == wanted && !value.is_empty()).then(|| value.trim_matches(['"', '\'']))
        })
    };
    let mut package = Proven::new(
        PackageKind::Pub,
        field("name"),
        field("version"),
        Evidence::Metadata,
    )?;
    let host = base_name(folder(folder(path)));
    if !matches!(host, "pub.dev" | "pub.dartlang.org") {
        let host = super::word("host", Some(host))?;
        package
            .qualifiers
            .push(("repository_url".to_owned(), format!("https://{host}")));
    }
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_cache_that_is_run_from() {
        let path = "root/.pub-cache/hosted/pub.dev/args-2.4.2/pubspec.yaml";
        assert!(claims(&Candidate::named(path)));
        assert!(!claims(&Candidate::named(
            "root/.pub-cache/hosted/pub.dev/args-2.4.2/x/pubspec.yaml"
        )));
        let Ok(Document::Packages(packages)) = read(
            path,
            b"name: args\nversion: 2.4.2 # new\ndescription: >-\n  version: no\n",
        ) else {
            panic!("no package")
        };
        assert_eq!(
            (packages[0].name.as_str(), packages[0].version.as_str()),
            ("args", "2.4.2")
        );
    }
}
