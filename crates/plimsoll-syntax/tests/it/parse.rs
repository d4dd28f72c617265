//! The tree of a Dockerfile: what stands in it, and where.

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile::{
    CommandForm, Dockerfile, Healthcheck, Instruction, InstructionKind, Item, SyntaxError, parse,
};

fn read(text: impl Into<Vec<u8>>) -> (Dockerfile, Vec<SyntaxError>) {
    parse(SourceFile::new("Dockerfile", text))
}

fn clean(text: impl Into<Vec<u8>>) -> Dockerfile {
    let (file, errors) = read(text);
    assert_eq!(errors, []);
    file
}

fn nth(file: &Dockerfile, index: usize) -> &Instruction {
    let found = file.instructions().nth(index);
    found.expect("the test file has it")
}

fn shell(instruction: &Instruction) -> &str {
    match &instruction.kind {
        InstructionKind::Run(command) => match &command.form {
            CommandForm::Shell(text) => &text.value,
            CommandForm::Exec(_) => panic!("exec form"),
        },
        other => panic!("{other:?} is no RUN"),
    }
}

#[test]
fn continuations_skip_comments_and_blank_lines() {
    let text = "FROM a\nRUN one \\\n  # a word\n\n  two \\ \t\n  three\nUSER x\n";
    let file = clean(text);
    let run = nth(&file, 1);
    assert_eq!(shell(run), "one   two   three");
    assert_eq!(run.comments.len(), 1);
    assert_eq!(run.comments[0].text, "a word");
    assert_eq!(
        run.lines.of(text.as_bytes()),
        &text.as_bytes()[7..text.len() - 7]
    );
    let InstructionKind::Run(command) = &run.kind else {
        panic!()
    };
    let CommandForm::Shell(script) = &command.form else {
        panic!()
    };
    let at = script.value.find("three").unwrap();
    let span = script.source_span(at, at + 5);
    assert_eq!(span.of(text.as_bytes()), b"three");
    assert_eq!(nth(&file, 2).keyword.value, "USER");
}

#[test]
fn directives_stand_at_the_top_only() {
    let file =
        clean("# syntax=docker/dockerfile:1\n# Escape = `\n# a comment\n# escape=\\\nFROM a\n");
    assert_eq!(file.escape, b'`');
    let names: Vec<_> = file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Directive(directive) => {
                Some((directive.name.as_str(), directive.value.value.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(names, [("syntax", "docker/dockerfile:1"), ("escape", "`")]);

    let file = clean("\n# escape=`\nFROM a\nRUN b \\\nc\n");
    assert_eq!(file.escape, b'\\');
    assert_eq!(shell(nth(&file, 1)), "b c");
}

#[test]
fn a_directive_given_twice_is_an_error_and_nothing_more() {
    let (file, errors) = read("# escape=`\n# escape=\\\nFROM a\n");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].refused_by_parser);
    assert_eq!(file.escape, b'`');
    assert_eq!(file.instructions().count(), 1);
}

#[test]
fn heredocs_of_all_kinds() {
    let text = "FROM a\nCOPY <<-\"one\" <<two /dst/\n\t$A\n\tone\n$B\ntwo\nRUN 3<<EOF cat\nx\nEOF\nUSER u\n";
    let file = clean(text);
    let copy = nth(&file, 1);
    assert_eq!(
        copy.span.of(text.as_bytes()),
        b"COPY <<-\"one\" <<two /dst/"
    );
    let [one, two] = copy.heredocs.as_slice() else {
        panic!("{:?}", copy.heredocs)
    };
    assert_eq!(
        (one.name.as_str(), one.expand, one.chomp),
        ("one", false, true)
    );
    assert_eq!(one.body.value, "\t$A\n");
    assert_eq!(one.end.of(text.as_bytes()), b"\tone\n");
    assert_eq!(
        (two.name.as_str(), two.expand, two.chomp),
        ("two", true, false)
    );
    assert_eq!(two.body.value, "$B\n");
    let run = nth(&file, 2);
    assert_eq!(run.heredocs[0].descriptor, 3);
    assert_eq!(run.heredocs[0].body.value, "x\n");
    assert_eq!(nth(&file, 3).keyword.value, "USER");
}

#[test]
fn an_exec_form_opens_no_heredoc_and_onbuild_does() {
    let file = clean("FROM a\nRUN [\"cat\", \"<<EOF\"]\nONBUILD RUN <<EOF\nhi\nEOF\nCMD x <<y\n");
    assert_eq!(nth(&file, 1).heredocs, []);
    let onbuild = nth(&file, 2);
    assert_eq!(onbuild.heredocs, []);
    let InstructionKind::Onbuild(inner) = &onbuild.kind else {
        panic!()
    };
    assert_eq!(inner.heredocs[0].body.value, "hi\n");
    assert_eq!(nth(&file, 3).heredocs, []);
}

#[test]
fn an_open_heredoc_does_not_swallow_the_instructions_below() {
    let (file, errors) = read("FROM a\nRUN <<EOF\necho\nfrom here\nUSER app\nCMD [\"x\"]\n");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].refused_by_parser);
    assert_eq!(nth(&file, 1).heredocs[0].body.value, "echo\nfrom here\n");
    assert_eq!(nth(&file, 2).keyword.value, "USER");
    assert_eq!(file.instructions().count(), 4);
}

#[test]
fn broken_lines_blind_nothing_else() {
    let text = "FROM a\nENV PATH\nENV a=b c\nCMD [\"x\", 1]\nRNU x\nCOPY one\nHEALTHCHECK later\nUSER app\n";
    let (file, errors) = read(text);
    let places: Vec<_> = errors
        .iter()
        .map(|error| {
            let span = String::from_utf8_lossy(error.span.of(text.as_bytes())).into_owned();
            (span, error.refused_by_parser)
        })
        .collect();
    let expected = [
        ("ENV PATH", true),
        ("c", true),
        ("1", true),
        ("RNU", false),
        ("COPY one", false),
        ("later", false),
    ];
    assert_eq!(
        places,
        expected.map(|(span, refused)| (span.to_owned(), refused))
    );
    assert!(errors[3].message.contains("RUN"), "{}", errors[3].message);
    assert!(matches!(&nth(&file, 7).kind, InstructionKind::User(user) if user.value == "app"));
}

#[test]
fn flags_are_read_and_checked() {
    let text = "FROM --platform=linux/amd64 a\nCOPY --from=\"x y\" --link --chown=1:2 a /b\nRUN --mount=type=cache,target=/c --network=none -- true\n";
    let file = clean(text);
    let copy = nth(&file, 1);
    assert_eq!(copy.flag("from").unwrap().value, "x y");
    assert_eq!(copy.flag("chown").unwrap().span.of(text.as_bytes()), b"1:2");
    assert_eq!(copy.flags[1].name, "link");
    assert_eq!(copy.flags[1].value, None);
    assert_eq!(shell(nth(&file, 2)), "true");

    for line in [
        "COPY --form=x a b",
        "COPY --link=maybe a b",
        "COPY --chown a b",
        "COPY --from=a --from=b a b",
        "USER --x y",
    ] {
        let (_, errors) = read(format!("FROM a\n{line}\n"));
        assert_eq!(errors.len(), 1, "{line}");
    }
}

#[test]
fn pairs_in_both_forms() {
    let file =
        clean("FROM a\nENV one two  three\nENV a=\"b c\" d=e\\ f\nARG g h=\"i j\"\nLABEL k=\n");
    let InstructionKind::Env(legacy) = &nth(&file, 1).kind else {
        panic!()
    };
    assert_eq!(legacy[0].value.as_ref().unwrap().value, "two  three");
    assert!(!legacy[0].has_equals);
    let InstructionKind::Env(pairs) = &nth(&file, 2).kind else {
        panic!()
    };
    let values: Vec<_> = pairs
        .iter()
        .map(|pair| {
            (
                pair.name.value.as_str(),
                pair.value.as_ref().unwrap().value.as_str(),
            )
        })
        .collect();
    assert_eq!(values, [("a", "\"b c\""), ("d", "e\\ f")]);
    let InstructionKind::Arg(names) = &nth(&file, 3).kind else {
        panic!()
    };
    assert_eq!(names[0].value, None);
    assert_eq!(names[1].value.as_ref().unwrap().value, "\"i j\"");
}

#[test]
fn exec_forms_fall_back_to_the_shell_and_health_checks_have_both() {
    let file = clean(
        "FROM a\nCMD ['x']\nHEALTHCHECK --interval=5s CMD [\"/ok\"]\nHEALTHCHECK none\nVOLUME [\"/a b\"]\n",
    );
    assert!(
        matches!(&nth(&file, 1).kind, InstructionKind::Cmd(command) if matches!(command.form, CommandForm::Shell(_)))
    );
    assert!(matches!(
        &nth(&file, 2).kind,
        InstructionKind::Healthcheck(Healthcheck::Cmd(command)) if matches!(&command.form, CommandForm::Exec(words) if words[0].value == "/ok")
    ));
    assert!(matches!(
        &nth(&file, 3).kind,
        InstructionKind::Healthcheck(Healthcheck::None)
    ));
    assert!(
        matches!(&nth(&file, 4).kind, InstructionKind::Volume(paths) if paths[0].value == "/a b")
    );
}

#[test]
fn marks_line_ends_and_bytes_that_are_no_text_survive() {
    let text = b"\xef\xbb\xbfFROM a\r\nRUN echo \\\r\n  \xff\r\nCOPY <<E /x\r\nb\xfe\r\nE\r\n";
    let file = clean(text.to_vec());
    assert_eq!(shell(nth(&file, 1)), "echo   \u{fffd}");
    assert_eq!(nth(&file, 2).heredocs[0].body.span.of(text), b"b\xfe\r\n");
    let printed: Vec<u8> = file
        .items
        .iter()
        .flat_map(|item| item.span().of(text).to_vec())
        .collect();
    assert_eq!(printed, text);
}

#[test]
fn a_line_too_long_is_told() {
    let fits = format!("FROM a\nRUN {}\n", "x".repeat(65536 - 5));
    assert_eq!(read(fits).1, []);
    let (file, errors) = read(format!("FROM a\nRUN {}\nUSER x\n", "x".repeat(65536 - 4)));
    assert_eq!(errors.len(), 1);
    assert_eq!(file.instructions().count(), 3);
}

#[test]
fn hostile_files_are_read_in_linear_time() {
    let million = 1 << 20;
    for text in [
        "RUN a \\\n".repeat(million / 8),
        "\\\n".repeat(million / 2),
        format!("RUN {}", "${".repeat(30_000)),
        "ONBUILD ".repeat(million / 8),
        (0..million / 16).map(|n| format!("RUN <<E{n}\n")).collect(),
        format!("RUN {}", "<<E ".repeat(16_000)),
        format!("CMD {}", "[".repeat(60_000)),
        format!("COPY {}", "--a=b ".repeat(10_000)),
        "#\n".repeat(million / 2),
    ] {
        let (file, _) = read(text);
        assert!(file.items.len() <= file.source.lines().line_count());
    }
}
