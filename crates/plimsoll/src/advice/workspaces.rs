//! Packages of one project that are installed together: the workspaces of npm, Yarn, Bun and pnpm.

use plimsoll_model::SourceFile;
use plimsoll_syntax::glob::{self, Pattern};
use plimsoll_syntax::yaml;
use serde_json::Value;

/// Patterns that are looked at; nobody writes more.
const MOST: usize = 100;

/// Which packages are installed with that of a file.
pub(super) struct Workspaces {
    members: Vec<Folders>,
    /// What is none of them all the same.
    others: Vec<Folders>,
}

/// A pattern of folders below that of the project, name by name.
struct Folders(Vec<Part>);

enum Part {
    /// As many folders in one another as there are: `**`.
    Any,
    One(Pattern),
}

impl Workspaces {
    /// What a file says of that; nothing where it is no such file.
    pub(super) fn of(path: &str, file: &SourceFile) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let text = str::from_utf8(file.bytes()).unwrap_or_default();
        let patterns = match name {
            "package.json" => of_manifest(text),
            "pnpm-workspace.yaml" => of_pnpm(text),
            _ => None,
        };
        let read = |pattern: &str| Folders::new(&glob::clean(&format!("/{folder}/{pattern}")));
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for pattern in patterns?.iter().take(MOST) {
            match pattern.strip_prefix('!') {
                Some(pattern) => others.extend(read(pattern)),
                None => members.extend(read(pattern)),
            }
        }
        (!members.is_empty()).then_some(Self { members, others })
    }

    /// How many patterns there are.
    pub(super) fn len(&self) -> usize {
        self.members.len() + self.others.len()
    }

    /// Whether the package in a folder is one of those.
    pub(super) fn has(&self, folder: &str) -> bool {
        let names: Vec<&str> = folder.split('/').collect();
        let any = |all: &[Folders]| all.iter().any(|pattern| pattern.matches(&names));
        any(&self.members) && !any(&self.others)
    }
}

impl Folders {
    /// Reads a pattern; none that is ill-formed.
    fn new(pattern: &str) -> Option<Self> {
        let names = pattern.split('/').filter(|name| !name.is_empty());
        let part = |name| match name {
            "**" => Ok(Part::Any),
            name => Pattern::new(name).map(Part::One),
        };
        names.map(part).collect::<Result<_, _>>().ok().map(Self)
    }

    /// Only the last `**` needs to be tried again: what one before it could give back, the last can take.
    fn matches(&self, names: &[&str]) -> bool {
        let (mut at, mut rest) = (0, names);
        let mut retry: Option<(usize, &[&str])> = None;
        loop {
            match (self.0.get(at), rest) {
                (None, []) => return true,
                (Some(Part::Any), _) => {
                    at += 1;
                    retry = Some((at, rest));
                    continue;
                }
                (Some(Part::One(pattern)), [name, behind @ ..]) if pattern.matches(name) => {
                    at += 1;
                    rest = behind;
                    continue;
                }
                _ => {}
            }
            let Some((part, [_, behind @ ..])) = retry else {
                return false;
            };
            (at, rest, retry) = (part, behind, Some((part, behind)));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_members_where_a_pattern_says_so() {
        for (path, text, members) in [
            (
                "package.json",
                r#"{"workspaces": ["packages/*", "./web/", "!packages/no"]}"#,
                &["packages/a", "web"][..],
            ),
            (
                "app/package.json",
                r#"{"workspaces": {"packages": ["libs/**"], "nohoist": ["x"]}}"#,
                &["app/libs/a", "app/libs/b/c"],
            ),
            (
                "package.json",
                r#"{"workspaces": ["**/b", "packages/**/a", "app/**/libs/*", "["]}"#,
                &["packages/a", "packages/a/b", "app/libs/a"],
            ),
            ("package.json", r#"{"workspaces": ["!packages/a"]}"#, &[]),
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
            let workspaces = Workspaces::of(path, &SourceFile::new(path, text));
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
                .filter(|folder| workspaces.as_ref().is_some_and(|all| all.has(folder)))
                .collect();
            assert_eq!(found, members, "{path} {text}");
        }
    }
}
