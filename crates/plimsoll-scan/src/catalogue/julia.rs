//! Julia packages in a depot: `packages/NAME/SLUG/Project.toml`.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "Project.toml" && {
        let package = folder(folder(candidate.path));
        base_name(folder(package)) == "packages"
    }
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    // Up to the first table: the fields of the project itself.
    let field = |wanted: &str| {
        text.lines()
            .take_while(|line| !line.starts_with('['))
            .find_map(|line| {
                let (name, value) = line.split_once('=')?;
                let value = value.split('#').next()?.trim();
                (name.trim() == wanted).then(|| value.trim_matches('"'))
            })
    };
    // Julia's depot names the folder after the package; another's project is not one of Julia.
    if field("uuid").is_none() || field("name") != Some(base_name(folder(folder(path)))) {
        return Ok(Document::Packages(Vec::new()));
    }
    let mut package = Proven::new(
        PackageKind::Julia,
        field("name"),
        field("version"),
        Evidence::Metadata,
    )?;
    let uuid = super::word("uuid", field("uuid"))?;
    package.qualifiers.push(("uuid".to_owned(), uuid));
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_depot() {
        let path = "root/.julia/packages/JSON/93Ea8/Project.toml";
        assert!(claims(&Candidate::named(path)));
        let text = b"name = \"JSON\"\nuuid = \"682c06a0\"\nversion = \"0.21.4\"\n\n[deps]\nname = \"no\"\n";
        let of = |path: &str| match read(path, text) {
            Ok(Document::Packages(packages)) => packages,
            other => panic!("{other:?}"),
        };
        assert_eq!(of(path)[0].version, "0.21.4");
        assert!(of("src/packages/app/x/Project.toml").is_empty());
    }
}
