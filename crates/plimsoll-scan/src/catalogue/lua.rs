//! Installed Lua rocks: `rocks-5.4/NAME/VERSION/NAME-VERSION.rockspec` in a tree of LuaRocks.
//!
//! A rockspec is Lua code; its place names the rock, and only literals are read from it.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".rockspec") && place(candidate.path).is_some()
}

/// Name and version, as the place of a rockspec tells them.
fn place(path: &str) -> Option<(&str, &str)> {
    let (above, version) = folder(path).rsplit_once('/')?;
    let (tree, name) = above.rsplit_once('/')?;
    let file = base_name(path).strip_suffix(".rockspec")?;
    let is_tree = base_name(tree)
        .strip_prefix("rocks")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    (is_tree && file.strip_prefix(name)?.strip_prefix('-')? == version).then_some((name, version))
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let (name, version) = place(path).unzip();
    let mut package = Proven::new(PackageKind::LuaRocks, name, version, Evidence::Metadata)?;
    let text = String::from_utf8_lossy(bytes);
    package.license = text.lines().find_map(|line| {
        let value = line.trim().strip_prefix("license")?.trim_start();
        let value = value.strip_prefix('=')?.trim().trim_end_matches(',').trim();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let license = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!license.is_empty()).then(|| license.to_owned())
    });
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rocks_of_a_tree() {
        let path = "usr/local/lib/luarocks/rocks-5.1/lua-cjson/2.1.0-1/lua-cjson-2.1.0-1.rockspec";
        assert!(claims(&Candidate::named(path)));
        assert!(!claims(&Candidate::named("src/lua-cjson-2.1.0-1.rockspec")));
        let Ok(Document::Packages(packages)) = read(
            path,
            b"package = 'lua-cjson'\ndescription = {\n   license = \"MIT\"\n}\n",
        ) else {
            panic!("no package")
        };
        assert_eq!(
            (packages[0].name.as_str(), packages[0].version.as_str()),
            ("lua-cjson", "2.1.0-1")
        );
        assert_eq!(packages[0].license.as_deref(), Some("MIT"));
    }
}
