//! Instructions as an image's history has them, and as people wrote them.

use std::borrow::Cow;

/// An instruction of history without what every one of them begins and ends with, and without the
/// build arguments in front of a command.
pub fn short_instruction(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim_end();
    let (verb, rest) = match text.strip_prefix("RUN ") {
        Some(rest) => ("RUN ", rest.trim_start()),
        None => ("", text),
    };
    let rest = match rest.strip_prefix("/bin/sh -c") {
        Some(rest) => rest,
        None if rest.starts_with('|') => match rest.split_once(" /bin/sh -c ") {
            Some((_, command)) => command,
            None => rest,
        },
        None => rest,
    };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("#(nop)").unwrap_or(rest).trim_start();
    if verb.is_empty() {
        Cow::Borrowed(rest)
    } else {
        Cow::Owned(format!("{verb}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_lose_what_they_all_say() {
        for (text, short) in [
            ("RUN /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |2 A=b c C=d /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |1 A=b make", "RUN |1 A=b make"),
            ("/bin/sh -c #(nop) ADD file:1 in / ", "ADD file:1 in /"),
            ("/bin/sh -c apt-get update", "apt-get update"),
            ("COPY . . # buildkit", "COPY . ."),
            ("", ""),
        ] {
            assert_eq!(short_instruction(text), short);
        }
    }
}
