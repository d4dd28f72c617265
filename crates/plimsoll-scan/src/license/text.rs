//! Licences told by their text, and by what Debian's prose refers to.

use std::collections::BTreeSet;

/// Words that a well-known text has and others do not, each with the name Debian has for it. All
/// words of a line must be there, in any order.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "Expat",
        &["permission is hereby granted, free of charge, to any person obtaining a copy"],
    ),
    (
        "ISC",
        &[
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
        ],
    ),
    (
        "ISC",
        &[
            "permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies",
        ],
    ),
    (
        "HPND-sell-variant",
        &[
            "permission to use, copy, modify, distribute, and sell this software and its documentation for any purpose is hereby granted without fee, provided that",
        ],
    ),
    (
        "HPND",
        &[
            "permission to use, copy, modify, and distribute this software and its documentation for any purpose and without fee is hereby granted, provided that",
        ],
    ),
    (
        "Zlib",
        &[
            "this software is provided 'as-is', without any express or implied warranty",
            "altered source versions must be plainly marked",
        ],
    ),
    (
        "Apache-2.0",
        &["licensed under the apache license, version 2.0"],
    ),
    ("BSL-1.0", &["boost software license - version 1.0"]),
    ("MPL-2.0", &["mozilla public license, v. 2.0"]),
];

/// How every BSD licence begins.
const BSD: &str = "redistribution and use in source and binary forms, with or without modification, are permitted";

/// Where Debian keeps the texts that many packages refer to.
const COMMON: &str = "/usr/share/common-licenses/";

/// How much of a copyright file before a reference speaks of the licence it refers to.
const BEFORE: usize = 1_200;

/// Names of licences that are taken from one text: many times those of the largest collections.
pub(crate) const MAX_NAMES: usize = 1_000;

/// The longest name below [`COMMON`] that is one.
const MAX_COMMON: usize = 100;

/// The licences a text is, contains, or refers to; by Debian's names, sorted.
pub(crate) fn recognised(text: &str) -> Vec<String> {
    let text = plain(text);
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (name, parts) in TEXTS {
        if parts.iter().all(|part| contains(&text, part)) {
            names.insert((*name).to_owned());
        }
    }
    for (start, _) in text.match_indices(BSD) {
        let end = text.len().min(start + 2_500);
        let rest = text.get(start..end).unwrap_or(&text[start..]);
        let rest = rest[BSD.len()..].split(BSD).next().unwrap_or_default();
        let name = if rest.contains("all advertising materials mentioning features") {
            "BSD-4-clause"
        } else if rest.contains("endorse or promote products") {
            "BSD-3-clause"
        } else if rest.contains("binary form must reproduce") {
            "BSD-2-clause"
        } else {
            continue;
        };
        names.insert(name.to_owned());
    }
    let mut from = 0;
    for (at, _) in text.match_indices(COMMON) {
        if names.len() >= MAX_NAMES {
            break;
        }
        let name = text[at + COMMON.len()..]
            .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '+'))
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', '-']);
        let mut start = from.max(at.saturating_sub(BEFORE));
        while !text.is_char_boundary(start) {
            start += 1;
        }
        from = at + COMMON.len();
        if name.len() <= MAX_COMMON
            && let Some(name) = referred(name, &text[start..at])
        {
            names.insert(name);
        }
    }
    names.into_iter().collect()
}

fn contains(text: &str, part: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// Small letters, one space between words, nothing that comments and listings put at the beginning
/// of lines.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if matches!(
            word,
            "*" | "#" | "//" | "." | "|" | ">" | ";" | "/*" | "*/" | "--"
        ) {
            continue;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain.make_ascii_lowercase();
    plain
}

/// The licence a name below `common-licenses` stands for, given the words before it.
fn referred(name: &str, before: &str) -> Option<String> {
    let later = before.contains("any later version")
        || before.contains("or later")
        || before.contains("or newer");
    let (family, version) = match name.split_once('-') {
        Some((family, version)) => (family, Some(version)),
        None => (name, None),
    };
    let family = match family {
        "gpl" => "GPL",
        "lgpl" => "LGPL",
        "gfdl" => "GFDL",
        "apache" => return Some(format!("Apache-{}", version?)),
        "mpl" => return Some(format!("MPL-{}", version?)),
        "cc0" => return Some("CC0-1.0".to_owned()),
        "artistic" => return Some("Artistic".to_owned()),
        // The text of the University of California.
        "bsd" => return Some("BSD-3-clause".to_owned()),
        _ => return None,
    };
    // Without a version the name is a link to whatever is newest: the words before it count.
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            let at = before.rfind("version ")? + "version ".len();
            let version: String = before[at..]
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            version.trim_end_matches('.').to_owned()
        }
    };
    if version.is_empty() {
        return None;
    }
    Some(format!(
        "{family}-{version}{}",
        if later { "+" } else { "" }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_say_which_versions_they_mean() {
        let text = "This program is free software; you can redistribute it under the terms of the\n\
            GNU General Public License; either version 2 of the License, or\n (at your option) any later version.\n\
            On Debian systems the text is in `/usr/share/common-licenses/GPL-2'.\n\n\
            The library: LGPL version 2.1, see /usr/share/common-licenses/LGPL-2.1.\n\
            The rest: version 3 of the GNU GPL, /usr/share/common-licenses/GPL\n";
        assert_eq!(recognised(text), ["GPL-2+", "GPL-3", "LGPL-2.1"]);
        assert!(
            recognised("see /usr/share/common-licenses/GPL, /usr/share/common-licenses/")
                .is_empty()
        );
    }

    #[test]
    fn names_are_taken_up_to_a_number() {
        let text: String = (0..300_000)
            .map(|version| format!("/usr/share/common-licenses/GPL-{version} "))
            .collect();
        assert_eq!(recognised(&text).len(), MAX_NAMES);
        let long = "1".repeat(MAX_COMMON);
        assert!(recognised(&format!("{COMMON}gpl-{long}")).is_empty());
    }

    #[test]
    fn bsd_licences_by_their_clauses() {
        let base = "Redistribution and use in source and binary forms, with or without\n * modification, are permitted provided that ... Redistributions in binary form must reproduce the above";
        assert_eq!(recognised(base), ["BSD-2-clause"]);
        assert_eq!(
            recognised(&format!(
                "{base} ... may be used to endorse or promote products"
            )),
            ["BSD-3-clause"]
        );
        assert_eq!(
            recognised(&format!(
                "{base}\n All advertising materials mentioning features"
            )),
            ["BSD-4-clause"]
        );
    }
}
