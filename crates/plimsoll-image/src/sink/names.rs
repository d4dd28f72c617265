//! What an image is called at the place it goes to.

use std::path::Path;

use plimsoll_model::{Digest, ImageName};

use crate::ImageError;

/// `org.opencontainers.image.ref.name` of each entry.
pub(super) fn of_layout(
    reference: Option<&str>,
    tags: &[String],
) -> Result<Vec<String>, ImageError> {
    if let Some(reference) = reference
        && Digest::parse(reference).is_ok()
    {
        return Err(ImageError::Usage(format!(
            "`{reference}`: a layout is written to under a name, the digest follows from the image"
        )));
    }
    Ok(unique(
        reference.into_iter().chain(tags.iter().map(String::as_str)),
    ))
}

/// Tags in the repository that `name` names.
pub(super) fn of_registry(name: &ImageName, tags: &[String]) -> Result<Vec<String>, ImageError> {
    let tags = unique(
        name.tag
            .as_deref()
            .into_iter()
            .chain(tags.iter().map(String::as_str)),
    );
    for tag in &tags {
        with_tag(&format!("{}/{}", name.registry, name.repository), tag)?;
    }
    Ok(tags)
}

/// `repository:tag` for an engine.
pub(super) fn of_engine(name: &str, tags: &[String]) -> Result<Vec<String>, ImageError> {
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    };
    let tags = unique(tag.into_iter().chain(tags.iter().map(String::as_str)));
    if tags.is_empty() {
        return Ok(vec![with_tag(repository, "latest")?]);
    }
    tags.iter().map(|tag| with_tag(repository, tag)).collect()
}

/// `repository:tag` for an archive. Where no repository is given, tags belong to one called like
/// the file.
pub(super) fn of_archive(
    path: &Path,
    reference: Option<&str>,
    tags: &[String],
) -> Result<Vec<String>, ImageError> {
    match (reference, tags) {
        (Some(reference), _) => of_engine(reference, tags),
        (None, []) => Ok(Vec::new()),
        (None, _) => {
            let stem = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = stem.split('.').next().unwrap_or_default().to_lowercase();
            let repository = if ImageName::parse(&stem).is_ok() {
                stem.as_str()
            } else {
                "image"
            };
            of_engine(repository, tags)
        }
    }
}

fn with_tag(repository: &str, tag: &str) -> Result<String, ImageError> {
    let full = format!("{repository}:{tag}");
    match ImageName::parse(&full) {
        Ok(_) => Ok(full),
        Err(error) => Err(ImageError::Usage(error.to_string())),
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_place() {
        let tags = ["abc".to_owned(), "v1".to_owned()];
        assert_eq!(of_layout(Some("v1"), &tags).unwrap(), ["v1", "abc"]);
        assert_eq!(of_engine("a/b", &[]).unwrap(), ["a/b:latest"]);
        assert_eq!(
            of_engine("localhost:5000/b:v1", &tags).unwrap(),
            ["localhost:5000/b:v1", "localhost:5000/b:abc"]
        );
        assert_eq!(
            of_archive(Path::new("/x/App.tar"), None, &tags).unwrap(),
            ["app:abc", "app:v1"]
        );
        assert!(
            of_archive(Path::new("app.tar"), None, &[])
                .unwrap()
                .is_empty()
        );
        assert!(of_engine("app", &["a b".to_owned()]).is_err());
        assert!(of_layout(Some(&format!("sha256:{}", "0".repeat(64))), &[]).is_err());
    }
}
