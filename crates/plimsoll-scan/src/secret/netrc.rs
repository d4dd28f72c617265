//! Who logs in where, as `.netrc` has it for ftp, curl, git and apt (netrc(5), apt_auth.conf(5)).

use plimsoll_model::Severity;
use plimsoll_model::credential::BEHIND_TOKEN;

use super::Hit;
use super::escape::said;
use super::hits::Hits;
use super::manifest::Cleared;
use super::placeholder::is_placeholder;
use crate::catalogue::base_name;

/// A word of the file, and where it stands.
#[derive(Clone, Copy)]
struct Word<'t> {
    /// Without the quotes around it.
    text: &'t str,
    start: usize,
    /// Whether it stood in quotes, in which a backslash makes an escape.
    quoted: bool,
}

/// Whether the file at a path has this form: in the folder of its own apt reads `*.conf`, and what has
/// no ending (apt, methods/aptmethod.h), as `90ubuntu-advantage`.
pub(super) fn is_netrc(path: &str) -> bool {
    let name = base_name(path);
    matches!(name, ".netrc" | "_netrc")
        || path.ends_with("etc/apt/auth.conf")
        || path.contains("etc/apt/auth.conf.d/") && (name.ends_with(".conf") || !name.contains('.'))
}

/// The passwords of all entries, however words are parted into lines; tells of what stands in their
/// place and is none, too.
pub(super) fn in_netrc(text: &str, hits: &mut Hits, cleared: &mut Vec<Cleared>) {
    let mut words = Words { text, at: 0 };
    let (mut in_entry, mut is_anonymous, mut login) = (false, false, None);
    while let Some(word) = words.next() {
        match word.text {
            _ if word.text.starts_with('#') => words.skip_line(),
            "machine" => {
                words.next();
                (in_entry, is_anonymous, login) = (true, false, None);
            }
            "default" => (in_entry, is_anonymous, login) = (true, false, None),
            "login" => {
                login = words.next();
                is_anonymous = login.is_some_and(|login| matches!(login.text, "anonymous" | "ftp"));
            }
            "account" => {
                words.next();
            }
            // What a macro does ends at an empty line.
            "macdef" => words.skip_macro(),
            // Of no machine it is a word like others.
            "password" if in_entry => {
                // Whoever logs in so is named by a token.
                let password = words.next().and_then(|word| match word.text {
                    BEHIND_TOKEN => login,
                    _ => Some(word),
                });
                // Who logs in as nobody gives an address in its place.
                let address = password.filter(|word| is_anonymous && word.text.contains('@'));
                cleared.extend(address.map(|word| word.start..word.start + word.text.len()));
                hits.extend(password.filter(|_| !is_anonymous).and_then(hit));
            }
            _ => {}
        }
    }
}

fn hit(word: Word<'_>) -> Option<Hit> {
    let value = match word.quoted {
        true => said(word.text),
        false => word.text.into(),
    };
    if stands_for_another(&value) {
        return None;
    }
    let end = word.start + word.text.len();
    Some(Hit {
        end,
        ..Hit::of(
            "netrc-password",
            Severity::Critical,
            word.start,
            value.as_bytes(),
        )
    })
}

/// Whether a value is no password. Short ones are, where nothing else can stand.
fn stands_for_another(value: &str) -> bool {
    let is_short = (2..4).contains(&value.len());
    let is_word = matches!(value, "foo" | "bar" | "nil" | "yes" | "no" | "on" | "off");
    let letters = value.bytes();
    match is_short && letters.clone().all(|byte| byte.is_ascii_alphanumeric()) {
        true => is_word || letters.clone().all(|byte| byte == value.as_bytes()[0]),
        false => is_placeholder(value),
    }
}

/// The words of a file one after the other.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Option<Word<'t>> {
        let rest = &self.text[self.at..];
        let rest = rest.trim_start();
        self.at = self.text.len() - rest.len();
        if let Some(inner) = rest.strip_prefix('"')
            && let Some(length) = closing(inner)
        {
            let start = self.at + 1;
            self.at = start + length + 1;
            return Some(Word {
                text: &inner[..length],
                start,
                quoted: true,
            });
        }
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        (length > 0).then_some(Word {
            text: &rest[..length],
            start,
            quoted: false,
        })
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.at += length;
    }

    fn skip_macro(&mut self) {
        let lines = self.text[self.at..].split_inclusive('\n');
        for line in lines {
            self.at += line.len();
            if line.trim().is_empty() {
                return;
            }
        }
    }
}

/// Where a text in quotes ends, in its line.
fn closing(inner: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'\n' => return None,
            b'"' if !escaped => return Some(at),
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Fingerprint;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Hits::default();
        in_netrc(text, &mut hits, &mut Vec::new());
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn passwords_of_all_machines() {
        for (text, expected) in [
            ("machine h login u password abc\n", vec!["abc"]),
            ("machine h\n\tlogin u\n\tpassword\n\tx7!q\n", vec!["x7!q"]),
            (
                "machine a login u password ab1 machine b login v password xyz9",
                vec!["ab1", "xyz9"],
            ),
            (
                "machine a login u account c password one9\ndefault login v password two9\n",
                vec!["one9", "two9"],
            ),
            (
                "machine a login u password one9\nmacdef init\ncd /pub\npassword x1y2z3\n\n\
                 machine b login u password two9\n",
                vec!["one9", "two9"],
            ),
            (
                "macdef m\r\npassword x1y2z3\r\n\r\nmachine a login u password one9\r\n",
                vec!["one9"],
            ),
            (
                "# password x1y2z3\nmachine a login u password #one9\n",
                vec!["#one9"],
            ),
            (
                "machine a login \"u v\" password \"x 7\\\"q\"\n",
                vec!["x 7\\\"q"],
            ),
            ("machine password login password password abc", vec!["abc"]),
            (
                "machine github.com login q7RtY2mW password x-oauth-basic\n",
                vec!["q7RtY2mW"],
            ),
            // A macro is of the entry that it stands in.
            (
                "machine a login u\nmacdef init\ncd /pub\n\npassword one9\n",
                vec!["one9"],
            ),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        let mut hits = Hits::default();
        let (text, mut cleared) = ("machine a login u password \"x 7\\\"q\"", Vec::new());
        in_netrc(text, &mut hits, &mut cleared);
        assert_eq!(hits[0].fingerprint, Fingerprint::of(b"x 7\"q"));
    }

    #[test]
    fn what_is_no_password() {
        for text in [
            "machine h login anonymous password me@corp.org\n",
            "default login ftp password bob@corp.org\n",
            "machine h login u password $TOKEN\n",
            "machine h login u password <password>\n",
            "machine h login u password xxx\n",
            "machine h login $TOKEN password x-oauth-basic\n",
            "machine h password x-oauth-basic\n",
            "machine h login u password foo\n",
            "machine h login u password\n",
            "# machine h login u password x1y2z3\n",
            "macdef m\nquote password x1y2z3\n",
            "Put files with machine, login and password here1; password must1 be set\n",
            "This folder is for the machine, its login and its\npasswords, apt reads1 them\n",
            "login u password x1y2z3\n",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        // Nor is it one to who reads assignments.
        let text = "default\nlogin anonymous\npassword me1@corp.org\n";
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_netrc(text, &mut hits, &mut cleared);
        assert_eq!((hits.len(), &text[cleared[0].clone()]), (0, "me1@corp.org"));
    }

    #[test]
    fn files_of_this_form() {
        for (path, expected) in [
            ("root/.netrc", true),
            ("home/bob/_netrc", true),
            ("etc/apt/auth.conf", true),
            ("srv/chroot/etc/apt/auth.conf.d/50-corp.conf", true),
            ("etc/apt/auth.conf.d/90ubuntu-advantage", true),
            ("etc/apt/auth.conf.d/50-corp.conf.bak", false),
            ("etc/apt/auth.conf.d/50-corp.dpkg-old", false),
            ("etc/apt/auth.conf.dpkg-old/x", false),
            ("etc/netrc", false),
        ] {
            assert_eq!(is_netrc(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(machine |login |password |macdef |default |[ \"\\\\#\né]|[a-z0-9]{1,5}){0,40}") {
            let _ = found(&text);
        }
    }
}
