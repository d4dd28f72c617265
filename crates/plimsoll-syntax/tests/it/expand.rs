//! Variable expansion.

use std::collections::BTreeMap;

use plimsoll_syntax::dockerfile::expand::Lexer;

fn variables() -> BTreeMap<String, String> {
    [
        ("NAME", "app"),
        ("EMPTY", ""),
        ("FILE", "archive.tar.gz"),
        ("LIST", "a  b"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[test]
fn every_modifier() {
    for (word, expected) in [
        ("$NAME-${NAME}", "app-app"),
        ("${NONE}x$NONE", "x"),
        ("\\$NAME '$NAME' \"$NAME\"", "$NAME $NAME app"),
        ("${NONE:-def}${EMPTY:-def}${EMPTY-def}", "defdef"),
        ("${NAME:+set}${EMPTY:+set}${EMPTY+set}${NONE+set}", "setset"),
        ("${NAME:?no}${EMPTY?no}", "app"),
        ("${FILE#*.}|${FILE##*.}", "tar.gz|gz"),
        ("${FILE%.*}|${FILE%%.*}", "archive.tar|archive"),
        ("${FILE/a/A}|${FILE//a/A}", "Archive.tar.gz|ArchIve.tAr.gz"),
        ("${FILE/\\//x}", "archive.tar.gz"),
        ("${NONE:-${NAME:-x}}", "app"),
        ("${NONE:-\"a b\"}", "a b"),
        ("$", "$"),
        ("$$", ""),
        ("100%", "100%"),
    ] {
        let expected = expected.replace("ArchIve", "Archive");
        let found = Lexer::new(b'\\').expand(word, &variables()).unwrap();
        assert_eq!(found.value, expected, "{word}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    for (word, error) in [
        ("${NAME", "missing '}'"),
        ("${}", "bad substitution"),
        ("${NAME:#x}", "unsupported modifier (:#)"),
        ("${NONE:?is needed}", "NONE: is needed"),
        ("'open", "single-quote"),
        ("\"open", "double-quote"),
        ("${FILE/a", "missing '/'"),
        ("${FILE#\\x}", "invalid pattern"),
    ] {
        let found = Lexer::new(b'\\').expand(word, &variables()).unwrap_err();
        assert!(found.to_string().contains(error), "{word}: {found}");
    }
    let deep = "${A:-".repeat(100_000);
    assert!(Lexer::new(b'\\').expand(&deep, &()).is_err());
}

#[test]
fn words_split_where_nothing_is_quoted() {
    let words = |word| Lexer::new(b'\\').expand(word, &variables()).unwrap().words;
    assert_eq!(
        words("x$LIST \"$LIST\" '' y\\ z"),
        ["xa", "b", "a  b", "y z"]
    );
    assert_eq!(words("80${NONE:-80} <<  EOF"), ["8080", "<<  EOF"]);
}

#[test]
fn what_is_unset_is_told_apart_from_what_is_missed() {
    let found = Lexer::new(b'\\')
        .expand("$A${B:-x}${NAME:-$C}${D:+$E}", &variables())
        .unwrap();
    let unset: Vec<_> = found.unset.iter().map(String::as_str).collect();
    assert_eq!(unset, ["A", "B", "C", "D", "E"]);
    assert_eq!(found.missing, ["A"]);
    assert!(found.used.contains("NAME"));
}

#[test]
fn heredoc_bodies_keep_their_quotes() {
    let lexer = Lexer::heredoc_body(b'\\');
    let found = lexer
        .expand("'$NAME' \"it's\" \\$x\n", &variables())
        .unwrap();
    assert_eq!(found.value, "'app' \"it's\" $x\n");
}

#[test]
fn a_result_has_a_limit() {
    let lexer = Lexer {
        limit: 1000,
        ..Lexer::new(b'\\')
    };
    let mut variables = BTreeMap::new();
    variables.insert("A".to_owned(), "x".repeat(600));
    assert!(lexer.expand("$A$A", &variables).is_err());
    assert!(lexer.expand("\"$A$A\"", &variables).is_err());
    assert!(lexer.expand("${A//x/$A}", &variables).is_err());
}
