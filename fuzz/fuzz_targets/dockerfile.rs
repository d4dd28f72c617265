//! A Dockerfile prints back byte for byte, both ways through the grammar agree, and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile::{ResolveInput, ast_dump, mounts, parse, resolve};

fuzz_target!(|bytes: &[u8]| {
    let (file, errors) = parse(SourceFile::new("Dockerfile", bytes));
    let mut at = 0;
    for item in &file.items {
        assert_eq!(item.span().start, at);
        at = item.span().end;
    }
    assert_eq!(at, bytes.len());
    for instruction in file.instructions() {
        assert!(instruction.lines.contains(instruction.span));
        mounts(instruction);
    }
    assert_eq!(
        ast_dump(&file).is_err(),
        errors.iter().any(|error| error.refused_by_parser)
    );
    resolve(&file, &ResolveInput::default());
});
