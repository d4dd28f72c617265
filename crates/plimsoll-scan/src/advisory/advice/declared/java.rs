//! Maven and Gradle.

use std::collections::HashMap;

use super::{Asked, Line, Wanted, comment};

/// `pom.xml`, with an element a line: the line of the version where it is written there, else that
/// of the artifact.
pub(super) fn pom<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let lines = &comment::outside(lines, comment::XML)[..];
    let properties = properties(lines);
    let mut found = Vec::new();
    let mut group = "";
    let mut artifact: Option<(&str, Line<'t>)> = None;
    let mut version: Option<(&str, Line<'t>)> = None;
    let mut is_inside = false;
    let mut is_excluding = false;
    for line in lines {
        let text = line.text.trim();
        if text.starts_with("<dependency>") || text.starts_with("<parent>") {
            (group, artifact, version) = ("", None, None);
            (is_inside, is_excluding) = (true, false);
        }
        // What is excluded has a group and a name, too.
        is_excluding =
            (is_excluding || text.contains("<exclusions>")) && !text.contains("</exclusions>");
        if !is_inside || is_excluding {
            continue;
        }
        if let Some(value) = element(text, "groupId") {
            group = value;
        }
        if let Some(value) = element(text, "artifactId") {
            artifact.get_or_insert((value, *line));
        }
        if let Some(value) = element(text, "version") {
            let property = value
                .strip_prefix("${")
                .and_then(|name| properties.get(name.strip_suffix('}')?));
            version.get_or_insert(property.copied().unwrap_or((value, *line)));
        }
        if text.ends_with("</dependency>") || text.ends_with("</parent>") {
            is_inside = false;
            if let Some((name, at)) = artifact {
                found.push(Asked::new(
                    format!("{group}:{name}"),
                    Wanted::written(version.map(|(version, _)| version)),
                    version.map_or(at, |(_, line)| line),
                ));
            }
        }
    }
    found
}

/// The properties of the file with their values, for versions that are written as `${name}`: a person
/// raises them there.
fn properties<'t>(lines: &[Line<'t>]) -> HashMap<&'t str, (&'t str, Line<'t>)> {
    let mut found = HashMap::new();
    let mut is_inside = false;
    for line in lines {
        let text = line.text.trim();
        if text.starts_with("<properties>") {
            is_inside = true;
        } else if text.starts_with("</properties>") {
            is_inside = false;
        } else if is_inside
            && let Some((name, rest)) = text.strip_prefix('<').and_then(|text| text.split_once('>'))
            && let Some((value, _)) = rest.split_once("</")
        {
            found.entry(name).or_insert((value.trim(), *line));
        }
    }
    found
}

/// What stands in an element that begins and ends on this line.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(value, _)| value.trim())
}

/// `implementation "group:name:1.0"`.
pub(super) fn gradle<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    comment::outside(lines, comment::GRADLE)
        .iter()
        .filter_map(|line| {
            let (coordinates, _) = super::quoted(line.text)?;
            coordinate(coordinates, *line)
        })
        .collect()
}

/// `group:name:1.0=compileClasspath`.
pub(super) fn gradle_lock<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter(|line| !line.text.starts_with('#'))
        .filter_map(|line| coordinate(line.text.split_once('=')?.0, *line))
        .collect()
}

fn coordinate<'t>(text: &'t str, line: Line<'t>) -> Option<Asked<'t>> {
    let (group, rest) = text.split_once(':')?;
    let (name, version) = rest.split_once(':').unwrap_or((rest, ""));
    // `1.0:classifier@type`
    let version = version.split([':', '@']).next().unwrap_or_default();
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    (is_word(group) && is_word(name)).then(|| {
        Asked::new(
            format!("{group}:{name}"),
            Wanted::written(Some(version).filter(|version| !version.is_empty())),
            line,
        )
    })
}
