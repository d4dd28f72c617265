//! Shell never panics, and its words lie in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_syntax::shell::{Dialect, parse};

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Posix, Dialect::Bash] {
        for command in parse(text, dialect).commands {
            for word in command.words.iter().chain(&command.writes) {
                assert!(word.start <= word.end && word.end <= text.len());
            }
            command.program();
        }
    }
});
