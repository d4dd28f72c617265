//! The main section of a manifest (JAR File Specification, "JAR Manifest").

use std::collections::BTreeMap;

use super::license;

/// Fields that are kept.
const MAX_FIELDS: usize = 500;
/// The longest value that is kept; lists of packages are longer and not needed.
const MAX_VALUE: usize = 1_000;

/// The fields of a manifest, by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

impl Manifest {
    pub(super) fn read(text: &str) -> Self {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            // A line that begins with a space goes on with the one before.
            if let Some(more) = line.strip_prefix(' ') {
                if let Some(value) = last.as_ref().and_then(|last| fields.get_mut(last))
                    && value.len() + more.len() <= MAX_VALUE
                {
                    value.push_str(more);
                }
                continue;
            }
            if line.trim().is_empty() {
                // What follows is about single files of the archive. Some tools put the fields of
                // the whole into the first such section.
                if fields.contains_key("name") {
                    break;
                }
                continue;
            }
            last = None;
            if let Some((name, value)) = line.split_once(':')
                && fields.len() < MAX_FIELDS
                && value.len() <= MAX_VALUE
            {
                let name = name.trim().to_ascii_lowercase();
                fields
                    .entry(name.clone())
                    .or_insert_with(|| value.trim().to_owned());
                last = Some(name);
            }
        }
        Self(fields)
    }

    /// A field that says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim().trim_matches('"'))
            .filter(|value| !value.is_empty() && !value.contains("${") && !value.contains('@'))
    }

    /// `Bundle-SymbolicName` without its directives.
    pub(super) fn symbolic_name(&self) -> Option<&str> {
        self.get("bundle-symbolicname")
            .and_then(|name| name.split(';').next())
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }

    /// The licence, as it is stated.
    pub(super) fn license(&self) -> Option<String> {
        let header = self.0.get("bundle-license")?;
        let names = license::of_bundle(header);
        license::stated(names.iter().map(String::as_str))
    }
}
