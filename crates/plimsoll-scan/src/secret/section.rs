//! Passwords in a section of a file which tells what stands in it: cloud-init's `chpasswd`, OpenVPN's
//! `<auth-user-pass>`, Magento's `'crypt'`.

use plimsoll_model::Severity;

use super::Hit;
use super::hits::Hits;
use super::placeholder::is_placeholder;

/// Passwords in sections of a text.
pub(super) fn in_sections(text: &str, hits: &mut Hits) {
    let mut tell = |kind, password: &str| {
        if !is_placeholder(password) {
            let start = password.as_ptr().addr() - text.as_ptr().addr();
            let value = password.as_bytes();
            hits.push(Hit::of(kind, Severity::Critical, start, value));
        }
    };
    if text.contains(CHANGES) {
        changed(text, |password| tell("account-password", password));
    }
    if let Some(password) = log_in(text) {
        tell("vpn-password", password);
    }
    if let Some(key) = crypt_key(text) {
        tell("magento-key", key);
    }
}

/// The name of the section in which cloud-init is told passwords.
const CHANGES: &str = "chpasswd:";

/// Passwords of accounts: lines of `user:password`, or words of a list, below `list:` in a section that
/// is called `chpasswd:` (cloud-init, "Set Passwords").
fn changed<'t>(text: &'t str, mut tell: impl FnMut(&'t str)) {
    // How far the names of the section and of its list are indented.
    let (mut section, mut list) = (None, None);
    for line in text.lines() {
        let said = line.trim();
        let depth = line.len() - line.trim_start().len();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        if said == CHANGES {
            (section, list) = (Some(depth), None);
        } else if section.is_none_or(|section| depth <= section) {
            (section, list) = (None, None);
        } else if said.starts_with("list:") {
            list = Some(depth);
        } else if list.is_some_and(|list| depth > list || said.starts_with('-')) {
            let entry = said
                .trim_start_matches(['-', ' '])
                .trim_matches(['"', '\'']);
            let password = entry.split_once(':').map(|(_, password)| password);
            // Of these it draws one itself.
            if let Some(password) = password.filter(|one| !matches!(*one, "R" | "RANDOM")) {
                tell(password);
            }
        } else {
            list = None;
        }
    }
}

/// The second line of `<auth-user-pass>` (openvpn(8), "Inline file support").
fn log_in(text: &str) -> Option<&str> {
    let (_, inner) = text.split_once("<auth-user-pass>")?;
    let (inner, _) = inner.split_once("</auth-user-pass>")?;
    let mut lines = inner.trim_start().lines();
    lines.nth(1).map(str::trim)
}

/// The key in `'crypt' => ['key' => '…']`, with which Magento encrypts what it keeps.
fn crypt_key(text: &str) -> Option<&str> {
    let behind = |text: &'_ str, mark: &str| -> Option<usize> {
        let rest = text.trim_start();
        let rest = rest.strip_prefix(mark)?;
        Some(text.len() - rest.len())
    };
    let (_, mut rest) = text.split_once("'crypt'")?;
    for marks in [&["=>"][..], &["[", "array("], &["'key'"], &["=>"], &["'"]] {
        let passed = marks.iter().find_map(|mark| behind(rest, mark))?;
        rest = &rest[passed..];
    }
    rest.split_once('\'').map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let mut hits = Hits::default();
        in_sections(text, &mut hits);
        let values = hits.iter().map(|hit| (hit.kind, &text[hit.start..hit.end]));
        values.collect()
    }

    #[test]
    fn what_sections_hold() {
        for (kind, text) in [
            (
                "account-password",
                "#cloud-config\nchpasswd:\n  expire: false\n  list: |\n    bob:R\n    root:VALUE\nruncmd:\n  - a:b2c3d4e5\n",
            ),
            (
                "account-password",
                "chpasswd:\n  list:\n  - root:VALUE\n  expire: a:b2c3d4e5\n",
            ),
            (
                "account-password",
                "user-data:\n  chpasswd:\n    list:\n      - 'root:VALUE'\n  x: y:b2c3d4e5\n",
            ),
            (
                "vpn-password",
                "client\n<auth-user-pass>\nbob\nVALUE\n</auth-user-pass>\n",
            ),
            (
                "magento-key",
                "<?php return [\n  'crypt' => [\n    'key' => 'VALUE'\n  ],\n];",
            ),
            ("magento-key", "'crypt'=>array( 'key' => 'VALUE')"),
        ] {
            let text = text.replace("VALUE", "hunter2-of-ours");
            assert_eq!(found(&text), [(kind, "hunter2-of-ours")], "{text}");
            for none in ["changeme", "", "<password>"] {
                let text = text.replace("hunter2-of-ours", none);
                assert_eq!(found(&text), [], "{text}");
            }
        }
        for none in [
            "chpasswd: { expire: false }\nlist: |\n  root:hunter2-of-ours\n",
            "chpasswd:\n  users:\n    - root:hunter2-of-ours\n",
            "chpasswd:\n  list: |\n    root:$6$rounds=4096$q7RtY2mW$x9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0Wk7U\n",
            "<auth-user-pass>\nbob\n",
            "<auth-user-pass>bob</auth-user-pass>",
            "'crypt' => ['other' => 'hunter2-of-ours']",
            "'crypt' => getenv('hunter2-of-ours')",
        ] {
            assert_eq!(found(none), [], "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(chpasswd:|list:|<auth-user-pass>|</auth-user-pass>|'crypt'|'key'|=>|[a-z]{1,6}|[ :\\['\n#é-]){0,40}") {
            let _ = found(&text);
        }
    }
}
