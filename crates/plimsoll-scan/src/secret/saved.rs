//! Passwords that clients keep for whoever uses them: FileZilla's sites, Subversion's log-ins.

use base64::Engine as _;
use plimsoll_model::Severity;

use super::Hit;
use super::hits::Hits;
use super::pattern::BASE64;
use super::placeholder::is_placeholder;
use crate::catalogue::base_name;

/// Passwords in a file that a client keeps them in, known by its path.
pub(super) fn in_saved_logins(path: &str, bytes: &[u8], hits: &mut Hits) {
    let is_of_filezilla = matches!(
        base_name(path),
        "sitemanager.xml" | "recentservers.xml" | "filezilla.xml"
    );
    if !is_of_filezilla && !path.contains("auth/svn.simple/") {
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match is_of_filezilla {
        true => in_sites(text, hits),
        false => hits.extend(in_realm(text)),
    }
}

/// `<Pass encoding="base64">…</Pass>`, as FileZilla writes them where no master password is set.
fn in_sites(text: &str, hits: &mut Hits) {
    const OPENS: &str = "<Pass encoding=\"base64\">";
    for (at, _) in text.match_indices(OPENS) {
        let start = at + OPENS.len();
        let Some(length) = text[start..].find('<') else {
            return;
        };
        let written = text[start..start + length].trim();
        let Ok(password) = BASE64.decode(written) else {
            continue;
        };
        if !is_placeholder(&String::from_utf8_lossy(&password)) {
            hits.push(Hit {
                end: start + length,
                ..Hit::of("ftp-password", Severity::Critical, start, &password)
            });
        }
    }
}

/// The password of a realm of Subversion that is kept as it is: names and values, each behind its
/// length (`svn_hash_write2`).
fn in_realm(text: &str) -> Option<Hit> {
    let mut lines = text.lines();
    let (mut found, mut is_plain) = (None, false);
    while let Some(length) = lines.next() {
        if !length.starts_with("K ") {
            continue;
        }
        let name = lines.next()?;
        lines.next().filter(|length| length.starts_with("V "))?;
        let value = lines.next()?;
        match name {
            "passtype" => is_plain = value == "simple",
            "password" => found = Some(value),
            _ => {}
        }
    }
    let password = found.filter(|password| is_plain && !is_placeholder(password))?;
    let start = password.as_ptr().addr() - text.as_ptr().addr();
    let value = password.as_bytes();
    Some(Hit::of("svn-password", Severity::Critical, start, value))
}

#[cfg(test)]
mod tests {
    use super::super::Fingerprint;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        in_saved_logins(path, text.as_bytes(), &mut hits);
        let values = hits.iter().map(|hit| text[hit.start..hit.end].to_owned());
        values.collect()
    }

    #[test]
    fn sites_of_filezilla() {
        let site = |password: &str, encoding: &str| {
            format!("<Server>\n<User>bob</User>\n<Pass encoding=\"{encoding}\">{password}</Pass>\n")
        };
        let written = BASE64.encode("hunter2-of-ours");
        let text = site(&written, "base64");
        let path = "root/.config/filezilla/sitemanager.xml";
        assert_eq!(found(path, &text), [written.as_str()]);
        let mut hits = Hits::default();
        in_saved_logins(path, text.as_bytes(), &mut hits);
        assert_eq!(hits[0].fingerprint, Fingerprint::of(b"hunter2-of-ours"));
        for none in [
            // By a master password.
            site(&written, "crypt"),
            site(&BASE64.encode("changeme"), "base64"),
            site("", "base64"),
            site("!", "base64"),
            "<Pass encoding=\"base64\">".to_owned(),
        ] {
            assert_eq!(found(path, &none), [""; 0], "{none}");
        }
        assert_eq!(found("srv/other.xml", &text), [""; 0]);
    }

    #[test]
    fn realms_of_subversion() {
        let realm = |sort: &str, password: &str| {
            format!(
                "K 8\npasstype\nV {}\n{sort}\nK 8\npassword\nV {}\n{password}\n\
                 K 15\nsvn:realmstring\nV 5\nx y z\nK 8\nusername\nV 3\nbob\nEND\n",
                sort.len(),
                password.len()
            )
        };
        let path = "root/.subversion/auth/svn.simple/0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        assert_eq!(
            found(path, &realm("simple", "hunter2-of-ours")),
            ["hunter2-of-ours"]
        );
        for none in [
            realm("gpg-agent", "hunter2-of-ours"),
            realm("simple", "changeme"),
            "K 8\npassword\n".to_owned(),
            "K 8\npassword\nV 3".to_owned(),
        ] {
            assert_eq!(found(path, &none), [""; 0], "{none}");
        }
        let text = realm("simple", "hunter2-of-ours");
        assert_eq!(found("srv/svn.simple.txt", &text), [""; 0]);
    }
}
