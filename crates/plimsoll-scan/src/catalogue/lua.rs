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
    package.license = text.lines().find_map(license).map(str::to_owned);
    Ok(Document::Packages(vec![package]))
}

/// What a line sets `license` to, wherever in it: `description = { license = "MIT", homepage = … }`.
fn license(line: &str) -> Option<&str> {
    let mut names = line.match_indices("license");
    names.find_map(|(at, name)| {
        let (before, behind) = (&line[..at], &line[at + name.len()..]);
        let is_name = !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let value = behind.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (license, _) = value.strip_prefix(quote)?.split_once(quote)?;
        let is_set = is_name && !before.contains("--") && !license.is_empty();
        is_set.then_some(license)
    })
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

    #[test]
    fn licenses_stand_anywhere_in_a_line() {
        for (line, expected) in [
            ("   license = \"MIT\",", Some("MIT")),
            (
                "description={summary='x',license='MIT/X11'}",
                Some("MIT/X11"),
            ),
            ("license = \"MIT\" -- as Lua", Some("MIT")),
            ("-- license = \"MIT\"", None),
            ("sublicense = \"MIT\"", None),
            ("license = \"\"", None),
            ("license == \"MIT\"", None),
        ] {
            assert_eq!(license(line), expected, "{line}");
        }
    }
}
