//! Names of signals.

/// The signals of Linux by their numbers, 1 to 31.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The name of a signal as manuals write it (`SIGTERM`, `SIGRTMIN+3`), in whatever way it was
/// given; `None` for what is none.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    if let Ok(number) = text.parse::<usize>() {
        return match number {
            1..=31 => Some(format!("SIG{}", NAMES[number - 1])),
            34 => Some("SIGRTMIN".to_owned()),
            35..=64 => Some(format!("SIGRTMIN+{}", number - 34)),
            _ => None,
        };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = name
        .strip_prefix("RTMIN")
        .or_else(|| name.strip_prefix("RTMAX"))
        .is_some_and(|rest| {
            rest.is_empty()
                || rest
                    .strip_prefix(['+', '-'])
                    .is_some_and(|digits| digits.parse::<u8>().is_ok())
        });
    (real_time || NAMES.contains(&name)).then(|| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_one_name() {
        for (text, name) in [
            ("15", Some("SIGTERM")),
            ("term", Some("SIGTERM")),
            ("\"SIGINT\"", Some("SIGINT")),
            ("RTMIN+3", Some("SIGRTMIN+3")),
            ("37", Some("SIGRTMIN+3")),
            ("0", None),
            ("65", None),
            ("SIGNAL", None),
            ("", None),
        ] {
            assert_eq!(canonical(text).as_deref(), name, "{text}");
        }
    }
}
