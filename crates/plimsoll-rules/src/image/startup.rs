//! What the rules about what an image starts have in common.

use plimsoll_model::{Origin, StartupFile, StartupProblem, StartupRole};

use super::origin;
use crate::rule::{ImageFacts, Sink};

/// Reports each problem of what the image starts, health checks left out, that `tell` has a sentence
/// and a help for.
pub(super) fn report(
    image: &ImageFacts<'_>,
    sink: &mut Sink<'_>,
    tell: impl Fn(&StartupFile, &StartupProblem) -> Option<(String, String)>,
) {
    let files = image.inventory.startup.iter();
    for file in files.filter(|file| file.role != StartupRole::HealthCheck) {
        for problem in &file.problems {
            if let Some((message, help)) = tell(file, problem) {
                sink.report_at(origin_of(image, file), message).help(help);
            }
        }
    }
}

/// The file where it is there, or else the instruction that names it.
pub(super) fn origin_of(image: &ImageFacts<'_>, file: &StartupFile) -> Origin {
    match (file.layer, &file.path) {
        (Some(layer), Some(path)) => origin::of_file(image, layer, path),
        _ => origin::of_setting(image, file.role.instruction(), &file.word),
    }
}

/// The file as it is shown: where it lies, or else as it is named.
pub(super) fn shown(file: &StartupFile) -> String {
    match &file.path {
        Some(path) => format!("`/{}`", path.escape_debug()),
        None => format!("`{}`", file.word.escape_debug()),
    }
}
