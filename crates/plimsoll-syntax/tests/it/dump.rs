//! The tree in BuildKit's form.

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile::{ast_dump, parse};

fn dump(text: impl Into<Vec<u8>>) -> Result<String, String> {
    ast_dump(&parse(SourceFile::new("Dockerfile", text)).0)
}

#[test]
fn every_instruction_has_its_form() {
    let text = "from a AS b\nENV x y z\nENV a=b\nARG c d=e\nRUN --mount=type=cache,target=/c go\nCOPY [\"a\", \"b\"]\nONBUILD RUN [\"x\"]\nHEALTHCHECK CMD curl  x\nCMD []\nBOGUS line\nMAINTAINER me & you\n";
    assert_eq!(
        dump(text).unwrap(),
        "(from \"a\" \"AS\" \"b\")\n\
         (env \"x\" \"y z\" \"\")\n\
         (env \"a\" \"b\" \"=\")\n\
         (arg \"c\" \"d=e\")\n\
         (run [\"--mount=type=cache,target=/c\"] \"go\")\n\
         (copy \"a\" \"b\")\n\
         (onbuild (run \"x\"))\n\
         (healthcheck \"CMD\" \"curl  x\")\n\
         (cmd)\n\
         (bogus \"\")\n\
         (maintainer \"me & you\")\n"
    );
}

#[test]
fn texts_are_quoted_as_go_quotes() {
    assert_eq!(
        dump(b"RUN \"\\x\"\t\x01\x7f\xff \xc3\xa9 \xe2\x80\x8b\n".to_vec()).unwrap(),
        "(run \"\\\"\\\\x\\\"\\t\\x01\\x7f\\xff é \\u200b\")\n"
    );
}

#[test]
fn the_first_refusal_is_the_answer() {
    for (text, error) in [
        ("", "file with no instructions"),
        ("# only\n\n", "file with no instructions"),
        ("FROM a\nENV x\nRUN <<E\n", "ENV must have two arguments"),
        ("FROM a\nRUN <<E\nENV x\n", "unterminated heredoc"),
        (
            "CMD [1]\n",
            "when using JSON array syntax, arrays must be comprised of strings only",
        ),
        (
            "# escape=x\nFROM a\n",
            "invalid escape token 'x' does not match ` or \\",
        ),
        (
            "# check=a\n# check=b\nFROM a\n",
            "only one check parser directive can be used",
        ),
    ] {
        assert_eq!(dump(text), Err(error.to_owned()), "{text}");
    }
}
