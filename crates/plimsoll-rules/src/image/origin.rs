//! Traces what is in an image to the layer and the line that put it there.

use plimsoll_model::{LayerOrigin, NotableFile, NotableKind, Origin, SourceOrigin};
use plimsoll_syntax::dockerfile::{self, Instruction};

use crate::rule::ImageFacts;

/// The origin of something in layer `index`.
pub(super) fn of_layer(image: &ImageFacts<'_>, index: usize) -> Origin {
    let layer = image.inventory.layers.get(index);
    Origin {
        source: layer
            .and_then(|layer| layer.source.clone())
            .or_else(|| image.layer_sources.get(index).cloned().flatten()),
        layer: layer.map(|layer| LayerOrigin {
            index,
            diff_id: layer.diff_id.clone(),
            instruction: layer.instruction.clone(),
        }),
        ..Origin::default()
    }
}

/// The origin of the file `path` in layer `index`.
pub(super) fn of_file(image: &ImageFacts<'_>, index: usize, path: &str) -> Origin {
    Origin {
        path: Some(path.to_owned()),
        ..of_layer(image, index)
    }
}

/// The origin of a setting of the configuration: the last `keyword` of the Dockerfile, where that
/// says `word`, not only as part of a longer one. A setting of the base image stands in no line of it.
pub(super) fn of_setting(image: &ImageFacts<'_>, keyword: &str, word: &str) -> Origin {
    let source = image.dockerfile.and_then(|file| {
        let (tree, _) = dockerfile::parse(file.clone());
        let last: Option<&Instruction> = tree
            .instructions()
            .filter(|one| one.keyword.value.eq_ignore_ascii_case(keyword))
            .last();
        last.filter(|one| says(&one.text.value, word))
            .map(|one| SourceOrigin::new(file, one.span))
    });
    Origin {
        source,
        ..Origin::default()
    }
}

fn says(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter)
        })
}

/// Files that one sentence speaks of.
pub(super) struct Group {
    /// Where the first of them lies.
    pub(super) origin: Origin,
    /// The names of the first few.
    pub(super) named: String,
    /// The paths of all.
    pub(super) paths: Vec<String>,
}

/// The notable files of a kind, layer by layer.
pub(super) fn by_layer(image: &ImageFacts<'_>, kind: NotableKind) -> Vec<Group> {
    let all = &image.inventory.notable;
    let mut files: Vec<&NotableFile> = all.iter().filter(|file| file.kind == kind).collect();
    files.sort_by(|a, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
    files
        .chunk_by(|a, b| a.layer == b.layer)
        .filter_map(|group| {
            let first = group.first()?;
            Some(Group {
                origin: of_file(image, first.layer, &first.path),
                named: named(group),
                paths: paths(group),
            })
        })
        .collect()
}

/// The paths of `files`.
pub(super) fn paths(files: &[&NotableFile]) -> Vec<String> {
    files.iter().map(|file| file.path.clone()).collect()
}

/// The first few of `files`, and how many more there are.
pub(super) fn named(files: &[&NotableFile]) -> String {
    let named: Vec<String> = files
        .iter()
        .take(3)
        .map(|file| format!("`/{}`", file.path.escape_debug()))
        .collect();
    match files.len().saturating_sub(3) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
