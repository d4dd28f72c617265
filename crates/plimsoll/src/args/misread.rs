//! What is told of a command line that cannot be read.

/// Whether a command line that cannot be read asks for JSON on standard output: whoever reads that gets an
/// object all the same.
pub(crate) fn ask_for_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let mut is_form = false;
    for argument in arguments {
        if argument == "--" {
            return false;
        }
        if argument == "--format=json" || is_form && argument == "json" {
            return true;
        }
        is_form = argument == "--format";
    }
    false
}

/// What is wrong with a command line, in one line: it stands in front of the usage, and what it names may
/// be on lines of its own.
pub(crate) fn what_is_wrong(told: &str) -> String {
    let lines = told.lines().map(str::trim);
    let what: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let what = what.join(" ");
    what.strip_prefix("error: ").unwrap_or(&what).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_whole() {
        for (told, what) in [
            (
                "error: the following required arguments were not provided:\n  <IMAGE>\n  <TO>\n\nUsage: x",
                "the following required arguments were not provided: <IMAGE> <TO>",
            ),
            (
                "error: unexpected argument '--x' found\n\nUsage: x",
                "unexpected argument '--x' found",
            ),
            ("", ""),
        ] {
            assert_eq!(what_is_wrong(told), what);
        }
    }
}
