//! The file that an interpreter is told to run.

/// The file that an interpreter is given first; `None` where options may mean something else.
pub(super) fn given_file<'w>(interpreter: &str, words: &'w [String]) -> Option<&'w str> {
    let name = interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    // Options that leave which file it runs, and those that take a value besides: behind them in the same
    // word, or as the next.
    let (bare, valued): (&[&str], &[&str]) = match name {
        "python" | "pypy" => (
            &["-u", "-B", "-E", "-s", "-S", "-I", "-O", "-OO", "-q", "-b"],
            &["-W", "-X"],
        ),
        "node" | "nodejs" => (
            &["--enable-source-maps", "--no-deprecation", "--no-warnings"],
            &[],
        ),
        "ruby" => (&["-w", "-W", "-W0", "-W1", "-W2"], &["-I"]),
        "perl" => (&["-w", "-T"], &[]),
        "php" => (&["-q"], &[]),
        "java" => return java_archive(words),
        "dotnet" => return dotnet_program(words),
        _ => return None,
    };
    let is_node = interpreter.starts_with("node");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let option_with_value = is_node && word.starts_with("--") && word.contains('=');
        if bare.contains(&word.as_str()) || option_with_value {
            continue;
        }
        if valued.contains(&word.as_str()) {
            words.next()?;
            continue;
        }
        if valued.iter().any(|option| word.starts_with(option)) {
            continue;
        }
        // `phar://a.phar` is a part of a file.
        let is_path = !word.starts_with('-') && !word.is_empty() && !word.contains("://");
        // `node inspect`, `node run`: what has neither folder nor extension may be a command.
        let is_file = !is_node || word.contains(['/', '.']);
        return (is_path && is_file).then_some(word.as_str());
    }
    None
}

/// The program of `dotnet FILE.dll`; what else stands there is a command of the SDK.
fn dotnet_program(words: &[String]) -> Option<&str> {
    let rest = match words {
        [first, rest @ ..] if first == "exec" => rest,
        words => words,
    };
    let file = rest.first()?.as_str();
    let (start, end) = file.rsplit_once('.')?;
    (!start.starts_with('-') && end.eq_ignore_ascii_case("dll")).then_some(file)
}

/// The file of `java -jar FILE`.
fn java_archive(words: &[String]) -> Option<&str> {
    let mut words = words.iter();
    loop {
        let word = words.next()?.as_str();
        if word == "-jar" {
            return words.next().map(String::as_str);
        }
        let alone = word.starts_with("-X")
            || word.starts_with("-D")
            || word.starts_with("-javaagent:")
            || matches!(word, "-server" | "-ea" | "-da" | "-esa")
            || (word.starts_with("--") && word.contains('='));
        if !alone {
            return None;
        }
    }
}
