//! Packages of one project that are installed together: the workspaces of npm, Yarn, Bun and pnpm.

use plimsoll_model::SourceFile;
use plimsoll_syntax::{glob, yaml};
use serde_json::Value;

/// Patterns that are looked at; nobody writes more.
const MOST: usize = 100;

/// Which folders a file says the packages lie in that are installed with its own, as patterns of paths
/// below the project's folder; none where it is no such file.
pub(super) fn patterns(path: &str, file: &SourceFile) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let text = str::from_utf8(file.bytes()).unwrap_or_default();
    let patterns = match name {
        "package.json" => of_manifest(text),
        "pnpm-workspace.yaml" => of_pnpm(text),
        _ => None,
    };
    let patterns = patterns.into_iter().flatten().take(MOST);
    patterns
        .map(|pattern| {
            let beside = glob::clean(&format!("/{folder}/{pattern}"));
            beside.trim_start_matches('/').to_owned()
        })
        .collect()
}

/// A list, or an object with one: `"workspaces": ["packages/*"]`.
fn of_manifest(text: &str) -> Option<Vec<String>> {
    let manifest: Value = serde_json::from_str(text).ok()?;
    let workspaces = manifest.get("workspaces")?;
    let list = workspaces.get("packages").unwrap_or(workspaces);
    let items = list.as_array()?.iter();
    Some(
        items
            .filter_map(|one| Some(one.as_str()?.to_owned()))
            .collect(),
    )
}

fn of_pnpm(text: &str) -> Option<Vec<String>> {
    let document = yaml::parse(text).ok()?;
    let mut fields = document.root()?.map()?;
    let (_, list) = fields.find(|(key, _)| key.text() == Some("packages"))?;
    Some(
        list.list()?
            .filter_map(|one| Some(one.text()?.to_owned()))
            .collect(),
    )
}

/// Whether the package whose manifest lies at `path` is one of those.
pub(super) fn is_member(patterns: &[String], path: &str) -> bool {
    let Some(folder) = path.strip_suffix("/package.json") else {
        return false;
    };
    patterns
        .iter()
        .any(|pattern| match pattern.split_once("**") {
            // Those in any depth.
            Some((above, _)) => folder.starts_with(above),
            None => glob::matches(pattern, folder) == Ok(true),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_members_where_a_pattern_says_so() {
        for (path, text, members) in [
            (
                "package.json",
                r#"{"workspaces": ["packages/*", "./web/", "!packages/no"]}"#,
                &["packages/a", "packages/no", "web"][..],
            ),
            (
                "app/package.json",
                r#"{"workspaces": {"packages": ["libs/**"], "nohoist": ["x"]}}"#,
                &["app/libs/a", "app/libs/b/c"],
            ),
            (
                "pnpm-workspace.yaml",
                "packages:\n  - 'packages/*'\ncatalog:\n  a: 1\n",
                &["packages/a", "packages/no"],
            ),
            ("package.json", r#"{"workspaces": 1}"#, &[]),
            ("package.json", "{", &[]),
            ("pnpm-workspace.yaml", "packages", &[]),
            ("composer.json", r#"{"workspaces": ["packages/*"]}"#, &[]),
        ] {
            let patterns = patterns(path, &SourceFile::new(path, text));
            let all = [
                "packages/a",
                "packages/a/b",
                "packages/no",
                "web",
                "app/libs/a",
                "app/libs/b/c",
            ];
            let found: Vec<&str> = all
                .into_iter()
                .filter(|folder| is_member(&patterns, &format!("{folder}/package.json")))
                .collect();
            assert_eq!(found, members, "{path} {text}");
        }
    }
}
