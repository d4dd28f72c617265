//! What holds for every input.

use std::collections::BTreeMap;

use plimsoll_model::{SourceFile, Span};
use plimsoll_syntax::dockerfile::expand::Lexer;
use plimsoll_syntax::dockerfile::{
    CommandForm, Instruction, InstructionKind, ResolveInput, ast_dump, mounts, parse, resolve,
};
use plimsoll_syntax::dockerignore::IgnoreFile;
use plimsoll_syntax::shell::{self, Dialect};
use proptest::prelude::*;

/// Bytes that look like a Dockerfile often enough to get deep into the parser.
fn dockerfile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("FROM a AS b\n".as_bytes().to_vec()),
        Just(b"# escape=`\n".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        prop::sample::select(vec![
            "RUN ",
            "COPY ",
            "ENV ",
            "ARG ",
            "ONBUILD ",
            "HEALTHCHECK CMD ",
            "LABEL ",
            "CMD ",
            "VOLUME ",
            "--from=",
            "--mount=",
            "\\\n",
            "`\n",
            "\r\n",
            "\n",
            "# c\n",
            "<<EOF",
            "<<-'E'",
            "EOF\n",
            "\tE\n",
            "[\"",
            "\", \"",
            "\"]",
            "$A",
            "${A:-",
            "}",
            "=",
            "'",
            "\"",
            "\\",
            " ",
            "\u{a0}",
            "x",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        any::<Vec<u8>>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn spans(instruction: &Instruction) -> Vec<Span> {
    let mut spans = vec![
        instruction.span,
        instruction.keyword.span,
        instruction.text.span,
    ];
    for flag in &instruction.flags {
        spans.push(flag.span);
        spans.extend(flag.value.as_ref().map(|value| value.span));
    }
    for heredoc in &instruction.heredocs {
        spans.extend([heredoc.body.span, heredoc.end]);
    }
    let text = &instruction.text;
    for at in 0..=text.value.len() {
        spans.push(text.source_span(at, text.value.len()));
    }
    match &instruction.kind {
        InstructionKind::Onbuild(inner) => spans.extend(self::spans(inner)),
        InstructionKind::Env(pairs)
        | InstructionKind::Label(pairs)
        | InstructionKind::Arg(pairs) => {
            for pair in pairs {
                spans.extend([pair.span, pair.name.span]);
                spans.extend(pair.value.as_ref().map(|value| value.span));
            }
        }
        InstructionKind::Copy(words)
        | InstructionKind::Add(words)
        | InstructionKind::Volume(words)
        | InstructionKind::Expose(words) => spans.extend(words.iter().map(|word| word.span)),
        InstructionKind::Run(command) | InstructionKind::Cmd(command) => {
            spans.push(command.span);
            if let CommandForm::Exec(words) = &command.form {
                spans.extend(words.iter().map(|word| word.span));
            }
        }
        _ => {}
    }
    spans
}

proptest! {
    #[test]
    fn a_file_prints_back_and_spans_lie_in_their_lines(bytes in dockerfile()) {
        let (file, errors) = parse(SourceFile::new("Dockerfile", bytes.clone()));
        let mut at = 0;
        for item in &file.items {
            prop_assert_eq!(item.span().start, at);
            at = item.span().end;
        }
        prop_assert_eq!(at, bytes.len());
        for instruction in file.instructions() {
            for span in spans(instruction) {
                prop_assert!(instruction.lines.contains(span), "{:?} {:?}", span, instruction);
            }
            mounts(instruction);
        }
        for error in &errors {
            prop_assert!(error.span.end <= bytes.len());
        }
        // Both ways through the grammar agree on what is refused.
        prop_assert_eq!(
            ast_dump(&file).is_err(),
            errors.iter().any(|error| error.refused_by_parser)
        );
        resolve(&file, &ResolveInput::default());
    }

    #[test]
    fn ignore_files_never_panic(bytes in any::<Vec<u8>>(), lines in "([a*?!/\\\\\\[\\]^.{}|\\-]{0,8}\n){0,6}", path in "[a./\\-]{0,12}") {
        for source in [SourceFile::new("i", bytes), SourceFile::new("i", lines)] {
            let (rules, errors) = IgnoreFile::parse(&source);
            rules.matches(&path);
            rules.may_hold_exceptions_below(&path);
            for span in rules.patterns.iter().map(|pattern| pattern.span).chain(errors.iter().map(|error| error.span)) {
                prop_assert!(span.end <= source.bytes().len());
            }
        }
    }

    #[test]
    fn folders_that_may_be_skipped_hold_nothing(lines in "([ab*/]{1,5}\n|![ab*/]{1,5}\n){1,4}", folder in "[ab]{1,2}", below in "[ab](/[ab])?") {
        let (rules, _) = IgnoreFile::parse(&SourceFile::new("i", lines));
        if rules.matches(&folder) && !rules.may_hold_exceptions_below(&folder) {
            let path = format!("{folder}/{below}");
            prop_assert!(rules.matches(&path), "{}", path);
        }
    }

    #[test]
    fn expansion_never_panics(word in "[a$A{}:?+\\-#%/*\\\\'\"` <]{0,24}", raw in any::<bool>(), value in "[a*/é]{0,4}") {
        let variables: BTreeMap<String, String> = [("A".to_owned(), value), ("a".to_owned(), String::new())].into();
        for escape in [b'\\', b'`'] {
            let lexer = Lexer { raw_quotes: raw, raw_escapes: raw, keep_unset: raw, ..Lexer::new(escape) };
            let _ = lexer.expand(&word, &variables);
            let _ = Lexer::heredoc_body(escape).expand(&word, &variables);
        }
    }

    #[test]
    fn shell_words_lie_in_their_text(text in "[a-c;&|(){}<>$`'\"\\\\ \n=#é]{0,40}") {
        for dialect in [Dialect::Posix, Dialect::Bash] {
            for command in shell::parse(&text, dialect).commands {
                for word in command.words.iter().chain(&command.writes) {
                    prop_assert!(word.start <= word.end && word.end <= text.len());
                }
                command.program();
                command.arguments();
            }
        }
    }
}
