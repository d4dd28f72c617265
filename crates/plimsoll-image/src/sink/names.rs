//! What an image is called at the place it goes to.

use plimsoll_model::{Called, Digest, ImageName, ImageRef};

use crate::ImageError;
use crate::source::file_stem;

/// What an image is called that goes to a place under `tags`: as [`push`](crate::push) names it there.
/// Where that is by its tags alone, it is called after `title`.
///
/// # Errors
/// A text that is no tag or no name, and a place that nothing is written to.
pub fn called_at(to: &ImageRef, tags: &[String], title: &str) -> Result<Called, ImageError> {
    let mut is_made_up = false;
    let mut texts = match to {
        ImageRef::Registry(name) => {
            let repository = format!("{}/{}", name.registry, name.repository);
            let tags = of_registry(name, tags)?;
            match (tags.is_empty(), &name.digest) {
                (true, Some(digest)) => vec![format!("{repository}@{digest}")],
                (true, None) => vec![repository],
                (false, _) => tags
                    .iter()
                    .map(|tag| format!("{repository}:{tag}"))
                    .collect(),
            }
        }
        ImageRef::Daemon(name) | ImageRef::Podman(name) => of_engine(name, tags)?,
        ImageRef::Archive { path, reference } => {
            is_made_up = reference.is_none();
            let names = of_archive(path, reference.as_deref(), tags)?;
            match names.is_empty() {
                true => vec![repository_like(file_stem(path))],
                false => names,
            }
        }
        ImageRef::Layout { reference, .. } => {
            for tag in tags {
                judge_tag(tag)?;
            }
            let mut names = of_layout(reference.as_deref(), tags)?;
            // An entry may be called as no image is.
            let whole = reference
                .as_deref()
                .filter(|name| name.contains(['/', ':']));
            let base = whole.filter(|name| ImageName::parse(name).is_ok());
            is_made_up = base.is_none();
            let base = base.map_or_else(|| repository_like(title), str::to_owned);
            names.retain(|name| ImageName::is_tag(name));
            match names.is_empty() {
                true => vec![base],
                false => of_engine(&base, &names)?,
            }
        }
        ImageRef::Folder(_) | ImageRef::RootFs(_) | ImageRef::Stdin { .. } => {
            return Err(unwritable(to));
        }
    };
    let names = texts.iter().map(|text| ImageName::parse(text));
    let names: Result<Vec<ImageName>, _> = names.collect();
    Ok(Called {
        names: names.map_err(|error| ImageError::Usage(error.to_string()))?,
        text: texts.swap_remove(0),
        is_made_up,
    })
}

/// That images are not written to a place.
pub(super) fn unwritable(to: &ImageRef) -> ImageError {
    ImageError::Usage(format!(
        "{to}: images are read from there, not written; write to a folder with `oci:DIR`, to a file with \
         `docker-archive:FILE`"
    ))
}

/// `org.opencontainers.image.ref.name` of each entry: tags, or whole names as containerd writes them.
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
    for tag in tags {
        let is_name = tag.contains(['/', ':']) && ImageName::parse(tag).is_ok();
        if !is_name {
            judge_tag(tag)?;
        }
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
    path: &str,
    reference: Option<&str>,
    tags: &[String],
) -> Result<Vec<String>, ImageError> {
    match (reference, tags) {
        (Some(reference), _) => of_engine(reference, tags),
        (None, []) => Ok(Vec::new()),
        (None, _) => of_engine(&repository_like(file_stem(path)), tags),
    }
}

/// A repository called like `text`, as far as one can be: what no repository has between words is a dash.
fn repository_like(text: &str) -> String {
    let is_letter = |c: &char| c.is_ascii_alphanumeric();
    let letters: Vec<char> = text.chars().map(|c| c.to_ascii_lowercase()).collect();
    let parts = letters.chunk_by(|a, b| is_letter(a) == is_letter(b));
    let name: String = parts
        .map(|part| match part {
            ['.'] | ['_'] | ['_', '_'] => part.iter().collect(),
            [first, ..] if is_letter(first) => part.iter().collect(),
            _ if part.iter().all(|c| *c == '-') => part.iter().collect(),
            _ => "-".to_owned(),
        })
        .collect();
    let name = name.trim_matches(|c: char| !is_letter(&c));
    match ImageName::parse(name) {
        Ok(_) => name.to_owned(),
        Err(_) => "image".to_owned(),
    }
}

fn with_tag(repository: &str, tag: &str) -> Result<String, ImageError> {
    judge_tag(tag)?;
    let full = format!("{repository}:{tag}");
    match ImageName::parse(&full) {
        Ok(_) => Ok(full),
        Err(error) => Err(ImageError::Usage(error.to_string())),
    }
}

fn judge_tag(tag: &str) -> Result<(), ImageError> {
    match ImageName::is_tag(tag) {
        true => Ok(()),
        false => Err(ImageError::Usage(format!(
            "`{}`: is not a tag: one holds letters, digits, `_`, `.` and `-`, at most 128",
            ImageName::told(tag).escape_debug()
        ))),
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
        for (path, repository) in [
            ("/x/App.tar", "app"),
            ("my app-1.2.tar.gz", "my-app-1.2"),
            ("app_(1).tar", "app-1"),
            ("my.-app.tar", "my-app"),
            ("a__b--c..d.tar", "a__b--c-d"),
            ("._.tar", "image"),
        ] {
            let names = of_archive(path, None, &tags).unwrap();
            assert_eq!(names, tags.clone().map(|tag| format!("{repository}:{tag}")));
        }
        assert!(of_archive("app.tar", None, &[]).unwrap().is_empty());
        let whole = ["acme/app:3".to_owned()];
        for refused in [
            of_archive("y.tar", None, &whole),
            of_archive("y.tar", Some("acme/app"), &whole),
            of_layout(None, &["a b/c".to_owned()]),
            of_engine("app", &whole),
        ] {
            assert!(matches!(refused, Err(ImageError::Usage(_))), "{refused:?}");
        }
        assert_eq!(of_layout(None, &whole).unwrap(), whole);
        assert!(of_engine("app", &["a b".to_owned()]).is_err());
        assert!(of_layout(Some(&format!("sha256:{}", "0".repeat(64))), &[]).is_err());
    }
    #[test]
    fn papers_call_an_image_as_its_place_does() {
        let called = |to: &str, tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
            let called = called_at(&crate::destination(to)?, &tags, "My Raft")?;
            let is_named = !to.starts_with("oci:") && !to.ends_with(".tar");
            assert_eq!(called.is_made_up, !is_named, "{to}");
            let untagged = called.untagged().to_owned();
            Ok::<_, ImageError>((called.text, untagged, called.names.len()))
        };
        for (to, tags, text, untagged, names) in [
            ("oci:new", &["3"][..], "my-raft:3", "my-raft", 1),
            ("oci:new", &[], "my-raft", "my-raft", 1),
            ("oci:new:2", &["3"], "my-raft:2", "my-raft", 2),
            ("docker-archive:z.tar", &["3"], "z:3", "z", 1),
            (
                "docker-archive:registry.tar",
                &["2"],
                "registry:2",
                "registry",
                1,
            ),
            ("docker-archive:z.tar", &[], "z", "z", 1),
            (
                "docker-archive:w.tar:acme/app:3",
                &["3", "4"],
                "acme/app:3",
                "acme/app",
                2,
            ),
            ("docker:acme/app", &[], "acme/app:latest", "acme/app", 1),
            (
                "podman:localhost:5000/a",
                &["5000"],
                "localhost:5000/a:5000",
                "localhost:5000/a",
                1,
            ),
            (
                "registry:acme/app:1",
                &["2"],
                "docker.io/acme/app:1",
                "docker.io/acme/app",
                2,
            ),
        ] {
            let found = called(to, tags).unwrap();
            assert_eq!(found, (text.to_owned(), untagged.to_owned(), names), "{to}");
        }
        for (to, tag) in [
            ("docker-archive:y.tar", "acme/app:3"),
            ("oci:new", "acme/app:3"),
            ("oci:new", ""),
            ("registry:ghcr.io/acme/app", "acme/app:3"),
            ("docker-archive:y.tar:Acme", "3"),
            ("docker:A", "3"),
            ("rootfs:new", "3"),
        ] {
            let refused = called(to, &[tag]);
            assert!(matches!(refused, Err(ImageError::Usage(_))), "{to} {tag}");
        }
    }
}
