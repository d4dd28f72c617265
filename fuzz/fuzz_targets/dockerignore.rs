//! Matching never panics, and a folder that a walk may skip holds nothing that enters. The last
//! line is the path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerignore::IgnoreFile;

fuzz_target!(|text: &str| {
    let (rules, path) = text.rsplit_once('\n').unwrap_or(("", text));
    let (rules, _) = IgnoreFile::parse(&SourceFile::new(".dockerignore", rules));
    let is_path = path
        .split('/')
        .all(|part| !matches!(part, "" | "." | ".."));
    if let (true, Some((folder, _))) = (is_path, path.rsplit_once('/'))
        && rules.matches(folder)
        && !rules.may_hold_exceptions_below(folder)
    {
        assert!(rules.matches(path));
    }
});
