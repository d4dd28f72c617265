//! Where files end up in the image: paths as a step sees them.

use plimsoll_syntax::dockerfile::{InstructionKind, State};

use crate::project::{ProjectFile, StepView, unwrapped};

/// A path as a step in this state sees it, cleaned; `None` where the working directory is not known
/// and matters.
pub(crate) fn absolute(path: &str, state: &State) -> Option<String> {
    if path.starts_with('/') {
        return Some(joined("/", path));
    }
    Some(joined(state.workdir.as_deref()?, path))
}

/// `path` below the absolute folder `folder`, without `.`, `..` and doubled slashes.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let folder = if path.starts_with('/') { "" } else { folder };
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or("")
}

/// Whether `path` is `folder` or below it, both absolute and clean.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    folder == "/"
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One source of a COPY or ADD and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The source, variables replaced.
    pub(crate) source: String,
    /// The destination as an absolute path.
    pub(crate) destination: String,
    /// Whether the destination is a folder for sure: it ends in a slash, or takes several sources.
    pub(crate) into_folder: bool,
}

/// What a COPY or ADD places where, as far as it is known: sources and destinations that hang on
/// variables nobody knows, and heredocs, are left out.
pub(crate) fn placed(file: &ProjectFile<'_>, view: StepView<'_>) -> Vec<Placed> {
    let (InstructionKind::Copy(words) | InstructionKind::Add(words)) =
        &unwrapped(view.instruction).kind
    else {
        return Vec::new();
    };
    let state = &view.step.before;
    let Some((destination, sources)) = words.split_last() else {
        return Vec::new();
    };
    let Some(text) = file.expand(&destination.value, state) else {
        return Vec::new();
    };
    let Some(absolute) = absolute(&text, state) else {
        return Vec::new();
    };
    let into_folder =
        text.ends_with('/') || text == "." || text.ends_with("/.") || sources.len() > 1;
    sources
        .iter()
        .filter(|source| !source.value.starts_with("<<"))
        .filter_map(|source| file.expand(&source.value, state))
        .map(|source| Placed {
            source,
            destination: absolute.clone(),
            into_folder,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_a_kernel_would() {
        for (folder, path, result) in [
            ("/srv", "a/b", "/srv/a/b"),
            ("/srv", "./a/", "/srv/a"),
            ("/srv/x", "../a", "/srv/a"),
            ("/", "..//a", "/a"),
            ("/srv", "/a/./b", "/a/b"),
            ("/srv", ".", "/srv"),
        ] {
            assert_eq!(joined(folder, path), result, "{folder} {path}");
        }
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && is_within("/a", "/"));
        assert!(!is_within("/ab", "/a"));
        assert_eq!(base_name("a/b/"), "b");
    }
}
