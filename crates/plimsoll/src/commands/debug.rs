//! `plimsoll debug dockerfile-ast`: syntax trees in BuildKit's dump form, one JSON line a file.

use std::path::Path;

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile;

use crate::failure::{Failure, Outcome, finish};
use crate::project;
use crate::terminal::print;

/// Prints one line a file, `{"file":…,"ast":…}` or `{"file":…,"error":…}`. A file that does not
/// parse is an answer, not a failure; one that cannot be read is a failure, after all the others.
pub(crate) fn run(files: &[String]) -> Result<Outcome, Failure> {
    let mut failures = Vec::new();
    for file in files {
        let source = match file.as_str() {
            "-" => project::read_stdin(project::DOCKERFILE_LIMIT)
                .map(|bytes| SourceFile::new("-", bytes)),
            path => project::read_bounded(Path::new(path), project::DOCKERFILE_LIMIT)
                .map(|bytes| SourceFile::new(path, bytes)),
        };
        let source = match source {
            Ok(source) => source,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let (tree, _) = dockerfile::parse(source);
        let line = match dockerfile::ast_dump(&tree) {
            Ok(ast) => serde_json::json!({ "file": file, "ast": ast }),
            Err(error) => serde_json::json!({ "file": file, "error": error.to_string() }),
        };
        print(&format!("{line}\n"))?;
    }
    finish(failures, Outcome::Holds)
}
