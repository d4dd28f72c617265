//! Shell never panics, and its words lie in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_syntax::shell::{Dialect, parse};

// The parser of another crate may panic: that is caught behind our wall. The fuzzer's own hook would
// not wait for it; a panic that is not caught ends the run all the same.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |text: &str| {
    for dialect in [Dialect::Posix, Dialect::Bash] {
        for command in parse(text, dialect).commands {
            for word in command.words.iter().chain(&command.writes) {
                assert!(word.start <= word.end && word.end <= text.len());
            }
            command.program();
        }
    }
});
