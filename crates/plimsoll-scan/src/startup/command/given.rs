//! The file that an interpreter is told to run.

/// The file that an interpreter is given first; `None` where options may mean something else.
pub(super) fn given_file<'w>(interpreter: &str, words: &'w [String]) -> Option<&'w str> {
    let bare: &[&str] = match interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
    {
        "python" | "pypy" => &["-u", "-B", "-E", "-s", "-S", "-I", "-O", "-OO", "-q", "-b"],
        "node" | "nodejs" => &["--enable-source-maps", "--no-deprecation", "--no-warnings"],
        "ruby" => &["-w"],
        "perl" => &["-w", "-T"],
        "java" => return java_archive(words),
        _ => return None,
    };
    let is_node = interpreter.starts_with("node");
    for word in words {
        let option_with_value = is_node && word.starts_with("--") && word.contains('=');
        if bare.contains(&word.as_str()) || option_with_value {
            continue;
        }
        let is_path = !word.starts_with('-') && !word.is_empty();
        // `node inspect`, `node run`: what has neither folder nor extension may be a command.
        let is_file = !is_node || word.contains(['/', '.']);
        return (is_path && is_file).then_some(word.as_str());
    }
    None
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
