//! What Maven leaves in an archive: `pom.properties` and the `pom.xml` it was built from.

use super::license;

/// What identifies an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// The longest coordinate.
const MAX_WORD: usize = 300;
/// Licences of one project that are read.
const MAX_LICENSES: usize = 20;
/// How deep elements are followed.
const MAX_DEPTH: usize = 200;

/// Whether it can be a coordinate: letters, digits, and what stands between them in names and
/// versions.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_WORD
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-+~".contains(&byte))
}

fn coordinates(
    group: Option<&str>,
    artifact: Option<&str>,
    version: Option<&str>,
) -> Option<Coordinates> {
    let artifact = artifact.filter(|word| is_word(word))?;
    let version = version.filter(|word| is_word(word))?;
    Some(Coordinates {
        group: group.filter(|word| is_word(word)).map(str::to_owned),
        artifact: artifact.to_owned(),
        version: version.to_owned(),
    })
}

/// Reads `pom.properties`.
pub(super) fn of_properties(text: &str) -> Option<Coordinates> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(['=', ':'])?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    coordinates(field("groupId"), field("artifactId"), field("version"))
}

/// Reads `pom.xml` of the folder `GROUP/ARTIFACT`; what a project does not say its parent does.
pub(super) fn of_xml(text: &str, folder: &str) -> Option<Coordinates> {
    let project = Project::read(text);
    let (group, artifact) = folder.split_once('/').unzip();
    let version = match project.version {
        Some("${project.parent.version}" | "${parent.version}") | None => project.parent_version,
        version => version,
    };
    coordinates(
        project.group.or(project.parent_group).or(group),
        project.artifact.or(artifact),
        version,
    )
}

/// The licences that a `pom.xml` states.
pub(super) fn licenses(text: &str) -> Option<String> {
    let names = Project::read(text).licenses;
    license::stated(names.into_iter())
}

/// The fields of a project that identify it, and its licences.
#[derive(Debug, Default)]
struct Project<'a> {
    group: Option<&'a str>,
    artifact: Option<&'a str>,
    version: Option<&'a str>,
    parent_group: Option<&'a str>,
    parent_version: Option<&'a str>,
    licenses: Vec<&'a str>,
}

impl<'a> Project<'a> {
    /// Follows elements by their names alone: attributes, entities and what is not well formed
    /// change nothing about the few fields wanted here.
    fn read(text: &'a str) -> Self {
        let mut project = Self::default();
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let content = rest.get(..at).unwrap_or_default().trim();
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, later)| later);
                continue;
            }
            let Some((tag, later)) = rest.split_once('>') else {
                break;
            };
            rest = later;
            if tag.starts_with(['!', '?']) {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                if open.last().copied() == Some(name.trim()) {
                    project.take(&open, content);
                    open.pop();
                }
            } else if !tag.ends_with('/') {
                if open.len() >= MAX_DEPTH {
                    break;
                }
                open.push(tag.split_whitespace().next().unwrap_or_default());
            }
        }
        project
    }

    fn take(&mut self, open: &[&str], content: &'a str) {
        let field = match open {
            ["project", "groupId"] => &mut self.group,
            ["project", "artifactId"] => &mut self.artifact,
            ["project", "version"] => &mut self.version,
            ["project", "parent", "groupId"] => &mut self.parent_group,
            ["project", "parent", "version"] => &mut self.parent_version,
            ["project", "licenses", "license", "name"] => {
                if self.licenses.len() < MAX_LICENSES {
                    self.licenses.push(content);
                }
                return;
            }
            _ => return,
        };
        if field.is_none() && !content.is_empty() {
            *field = Some(content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_ones_to_choose_from() {
        let of = |names: &[&str]| {
            let all: String = names
                .iter()
                .map(|name| format!("<license><name>{name}</name><url>u</url></license>"))
                .collect();
            licenses(&format!(
                "<project><licenses>{all}</licenses><developers><name>x</name></developers></project>"
            ))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["Ours"]).as_deref(), Some("Ours"));
        let both = ["The Apache Software License, Version 2.0", "MIT License"];
        assert_eq!(of(&both).as_deref(), Some("Apache-2.0 OR MIT"));
        assert_eq!(of(&["MIT"; 100]).as_deref(), Some("MIT"));
    }

    #[test]
    fn projects_and_their_parents() {
        let text = "<?xml version=\"1.0\"?><!-- <version>9</version> --><project xmlns=\"x\">
            <parent><groupId>g</groupId><artifactId>p</artifactId><version>1.0</version></parent>
            <artifactId>a</artifactId>
            <dependencies><dependency><groupId>other</groupId><version>2</version></dependency></dependencies>
            </project>";
        let own = of_xml(text, "g/a").unwrap();
        assert_eq!(own.group.as_deref(), Some("g"));
        assert_eq!((own.artifact.as_str(), own.version.as_str()), ("a", "1.0"));
        assert_eq!(
            of_xml("<project><version>${revision}</version></project>", "g/a"),
            None
        );
        assert_eq!(of_xml("<project><project><project", "g/a"), None);
        assert!(of_properties("version=1\nartifactId=a b\n").is_none());
    }
}
