//! Expansion never panics and stays within its limit.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plimsoll_syntax::dockerfile::HeredocOpener;
use plimsoll_syntax::dockerfile::expand::Lexer;

fuzz_target!(|word: &str| {
    let variables: BTreeMap<String, String> = [("A", "one two"), ("B", ""), ("C", "a*b/ü\\")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let plain = Lexer {
        limit: 4096,
        ..Lexer::new(b'\\')
    };
    let raw = Lexer {
        raw_quotes: true,
        raw_escapes: true,
        keep_unset: true,
        ..plain
    };
    let body = Lexer {
        ignore_quotes: true,
        ..plain
    };
    for lexer in [plain, raw, body] {
        if let Ok(expansion) = lexer.expand(word, &variables) {
            assert!(expansion.value.len() <= 4096);
        }
    }
    HeredocOpener::parse(word);
});
