//! Credentials in what is in no image, or not yet: instructions of a Dockerfile, scripts, build
//! arguments, files of a build context.

use std::borrow::Cow;

use plimsoll_model::{FileCredential, Span, TextCredential};

use super::Hit;
use super::command::doubtful_in_commands;
use super::config::redact::doubtful_in_text;
use super::config::{all_given, found_in, in_text, in_variable};
use super::detector::Detector;
use super::drawn::looks_random;
use super::hits::{Hits, distinct};
use super::name::{may_promise, promises};
use super::search::Searcher;

/// Text on one command line, in bytes, beyond which it is read as text alone.
const LONGEST: usize = 16 << 10;

/// A value that has this many characters and looks drawn may be a credential whatever it is called.
const DRAWN: usize = 16;

/// The credentials in a text, each once, by place: what an image's configuration and history would
/// be found guilty of if they held it.
pub fn credentials_in(text: &str) -> Vec<TextCredential> {
    let mut hits = found(text).hits;
    hits.sort_by_key(|hit| hit.start);
    hits.iter()
        .map(|hit| TextCredential {
            kind: hit.kind,
            severity: hit.severity,
            span: Span::new(hit.start, hit.end),
        })
        .collect()
}

/// The credentials in a file of a build context, by place: what an image would be found guilty of if
/// the file lay in it, among what people wrote themselves. `path` is relative to the context.
pub fn credentials_in_file(path: &str, bytes: &[u8]) -> Vec<FileCredential> {
    // Where a COPY puts it is not known; wherever that is, it is not among the system's own files.
    let path = format!("srv/{path}");
    let mut searcher = Searcher::new(Detector::shared(), bytes.len() as u64);
    let mut search = searcher.file(&path, bytes.len() as u64);
    search.feed(bytes);
    let found = search.finish().sightings.into_iter();
    found
        .map(|sighting| FileCredential {
            kind: sighting.kind.into_owned(),
            severity: sighting.severity,
            line: sighting.line,
        })
        .collect()
}

/// What of a text must not be shown, by place: its credentials, whatever is given to a name that
/// promises one, and lines with more of either than are looked for.
pub fn concealed_in(text: &str) -> Vec<Span> {
    let Credentials { hits, overflows } = found(text);
    let mut spans: Vec<Span> = hits
        .iter()
        .map(|hit| Span::new(hit.start, hit.end))
        .collect();
    for (start, line) in lines(text) {
        if line.len() > LONGEST {
            spans.push(Span::new(start, start + line.len()));
            continue;
        }
        if overflows {
            let here = found(line);
            match here.overflows {
                true => spans.push(Span::new(start, start + line.len())),
                false => spans.extend(
                    here.hits
                        .iter()
                        .map(|hit| Span::new(start + hit.start, start + hit.end)),
                ),
            }
        }
        let joined = joined(line);
        for line in [Some(&*joined), spread(&joined).as_deref()]
            .into_iter()
            .flatten()
        {
            spans.extend(
                all_given(line, None)
                    .into_iter()
                    .filter(|(name, value, _)| is_named_so(name) && !is_reference(value))
                    .map(|(_, value, at)| Span::new(start + at, start + at + value.len())),
            );
            let doubtful = doubtful_in_text(line, None).into_iter();
            spans.extend(doubtful.map(|(from, to)| Span::new(start + from, start + to)));
        }
    }
    // A text in quotes that a command is handed goes on in the next lines.
    let handed = doubtful_in_commands(&joined(text), 0).into_iter();
    spans.extend(handed.map(|hit| Span::new(hit.start, hit.end)));
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// Whether what is given to a name may be a credential. Where in doubt it is: what is published
/// cannot be taken back.
pub fn may_be_credential(name: &str, value: &str) -> bool {
    is_named_so(name)
        || !in_variable(&format!("{name}={value}"), Detector::shared()).is_empty()
        || !found(value).hits.is_empty()
        || has_login(value)
        || (!is_sum(name, value) && tokens(value).any(is_drawn))
}

fn is_named_so(name: &str) -> bool {
    promises(name) || may_promise(name)
}

/// What was found in a text.
struct Credentials {
    hits: Vec<Hit>,
    /// Whether there were more than are told.
    overflows: bool,
}

fn found(text: &str) -> Credentials {
    let detector = Detector::shared();
    let mut overflows = false;
    let mut hits = Vec::new();
    let mut take = |found: Hits, start: usize| {
        overflows |= found.overflows();
        hits.extend(found.into_iter().map(|hit| Hit {
            start: hit.start + start,
            end: hit.end + start,
            ..hit
        }));
    };
    let mut read = |text: &str, start: usize| {
        let joined = joined(text);
        for text in [Some(&*joined), spread(&joined).as_deref()]
            .into_iter()
            .flatten()
        {
            take(in_text(text, None, detector), start);
        }
    };
    if text.len() <= LONGEST {
        read(text, 0);
    } else {
        for (start, line) in lines(text).filter(|(_, line)| line.len() <= LONGEST) {
            read(line, start);
        }
        take(found_in(text, detector), 0);
    }
    Credentials {
        hits: distinct(hits),
        overflows,
    }
}

/// The lines of a text with where each begins, those that a backslash carries on as one.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        for line in text[start..].split_inclusive('\n') {
            if at > start && at - start + line.len() > LONGEST {
                break;
            }
            at += line.len();
            if !line.trim_end().ends_with('\\') {
                break;
            }
        }
        (at > start).then(|| (start, &text[start..at]))
    })
}

/// A text with blanks where a backslash carries a line on, each character at its place.
fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains("\\\n") && !text.contains("\\\r\n") {
        return text.into();
    }
    text.replace("\\\r\n", "   ").replace("\\\n", "  ").into()
}

/// A command in the JSON form as it would stand in a shell: `["curl", "-u", "a:b"]` without what
/// parts its words, each of them at its place.
fn spread(text: &str) -> Option<String> {
    let opens = text
        .match_indices('[')
        .any(|(at, _)| text[at + 1..].trim_start().starts_with('"'));
    let parts = |c: char| match matches!(c, '[' | ']' | '"' | ',') {
        true => ' ',
        false => c,
    };
    opens.then(|| text.chars().map(parts).collect())
}

/// Whether a value is another variable's, and nothing else.
fn is_reference(value: &str) -> bool {
    let name = value.strip_prefix('$').map(|name| {
        name.strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
            .unwrap_or(name)
    });
    name.is_some_and(|name| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Whether an address in a text says who asks for it.
fn has_login(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let behind = &text[at + mark.len()..];
        let end = behind.find(|c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace());
        behind[..end.unwrap_or(behind.len())].contains('@')
    })
}

/// Whether a value is a commit, or the sum of something, and its name or the value says so.
fn is_sum(name: &str, value: &str) -> bool {
    let is_hex = |text: &str| {
        matches!(text.len(), 32 | 40 | 64 | 96 | 128)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let marks = [
        "sha", "md5", "commit", "revision", "rev", "ref", "digest", "checksum", "hash", "sum",
    ];
    let named = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| {
            let word = word.to_ascii_lowercase();
            marks.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
        });
    named && is_hex(value)
}

/// The words of a value that may be drawn; `sha256:` and what follows is told to be a sum.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    // Base64 has slashes; so have paths and addresses, whose parts are looked at.
    let is_path = value.starts_with(['/', '.', '~']) || value.contains("://");
    value
        .split(move |c: char| {
            !(c.is_ascii_alphanumeric()
                || matches!(c, '+' | '-' | '_' | '=' | ':' | '.')
                || (c == '/' && !is_path))
        })
        .filter(|word| {
            let sum = word.strip_prefix("sha256:");
            sum.is_none_or(|sum| sum.len() != 64)
        })
}

/// Whether a word is long and reads like drawn.
fn is_drawn(word: &str) -> bool {
    word.len() >= DRAWN
        && looks_random(word)
        && word
            .split(['.', ':', '=', '/'])
            .any(|part| part.len() >= DRAWN && looks_random(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        credentials_in(text)
            .iter()
            .map(|found| &text[found.span.start..found.span.end])
            .collect()
    }

    #[test]
    fn instructions_are_read_like_the_history_they_become() {
        for text in [
            "HEALTHCHECK CMD curl -u admin:Zx9kQw7plm http://localhost/",
            "HEALTHCHECK CMD [\"curl\", \"-u\", \"admin:Zx9kQw7plm\", \"http://localhost/\"]",
            "RUN export DB_PASSWORD=Zx9kQw7plm",
            "CMD [\"app\",\"--password=Zx9kQw7plm\"]",
            "CMD [\"app\", \\\n  \"--password\",\"Zx9kQw7plm\"]",
            "RUN x && \\\n  curl -u \\\n  me:Zx9kQw7plm http://a.b/",
            "ENV DB_PASSWORD Zx9kQw7plm",
        ] {
            assert_eq!(values(text), ["Zx9kQw7plm"], "{text}");
        }
        for text in [
            "RUN export DB_PASSWORD=$OTHER",
            "CMD [\"app\", \"--password\", \"$X\"]",
            "RUN [ \"$a\" = b ] && curl -u \"$ME:$IT\" http://a.b/",
        ] {
            assert_eq!(values(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn files_are_read_as_those_of_an_image() {
        let token = format!("gh{}_{}", "p", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
        let found = credentials_in_file("lib/settings.env", b"A=1\nDB_PASSWORD=Zx9kQw7plm\n");
        assert_eq!(
            found.iter().map(|one| one.line).collect::<Vec<_>>(),
            [Some(2)]
        );
        assert_eq!(
            credentials_in_file("a.env", b"DB_PASSWORD=op://vault/item/pw\nX=${Y}\n"),
            []
        );
        assert!(!format!("{:?}", credentials_in_file("x.yml", token.as_bytes())).contains(&token));
    }

    #[test]
    fn more_is_kept_back_than_is_told() {
        let hidden = |text: &str| -> Vec<String> {
            let spans = concealed_in(text).into_iter();
            spans
                .map(|span| text[span.start..span.end].to_owned())
                .collect()
        };
        assert_eq!(hidden("ENV DB_PASSWORD=changeme"), ["changeme"]);
        assert_eq!(hidden("CMD [\"a\", \"--token\", \"example\"]"), ["example"]);
        assert_eq!(hidden("ENV DB_PASSWORD=${X} A=1"), [""; 0]);
        for text in [
            "RUN serve --secret-cookie abc123def456ghi789",
            "RUN export REFRESH_TOKEN_COOKIE=abc123def456ghi789",
            "RUN curl -u bob:abc123def456ghi789 https://x",
            "RUN mysql -pabc123def456ghi789",
            "CMD [\"curl\", \"-u\", \"bob:abc123def456ghi789\"]",
            "ENV DB=postgres://bob:abc123def456ghi789@db/x",
            "ENV DUMP=\"mysqldump -uroot -pabc123def456ghi789 db\"",
            "RUN echo \"root:$PW\njoe:abc123def456ghi789\" | chpasswd\n",
        ] {
            assert_eq!(hidden(text), ["abc123def456ghi789"], "{text}");
            assert_eq!(values(text), [""; 0], "{text}");
        }
        assert_eq!(hidden("RUN curl -u bob:$PW https://bob:${PW}@x"), [""; 0]);
        let many = "A_TOKEN=q7RtY2mWx9KpLz4VbN8c ".repeat(300);
        let text = format!("RUN {many}\nENV B_TOKEN=x7RtY2mWx9KpLz4VbN8c\n");
        let all = hidden(&text).concat();
        assert!(all.contains("x7RtY2mWx9KpLz4VbN8c"));
        assert!(all.matches("q7RtY2mWx9KpLz4VbN8c").count() >= 300);
    }

    #[test]
    fn a_long_line_takes_no_time() {
        let text = "a=".repeat(500_000);
        assert_eq!(concealed_in(&text), [Span::new(0, text.len())]);
        assert_eq!(credentials_in(&text), []);
        let text = "[\"".repeat(500_000);
        credentials_in(&text);
        credentials_in(&"\\\n".repeat(500_000));
    }

    #[test]
    fn what_may_be_a_credential() {
        let token = format!("gh{}_{}", "p", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
        let google = format!("AI{}", "zaSyD3kQ9wT7mZ2xL5vB8nR4cJ6hG1fP0sYqA");
        for (name, value) in [
            ("NPM_TOKEN", ""),
            ("PGPASS", "Zx9kQw7plmTT"),
            ("DB_PASSWORD", "1"),
            ("INDEX", "https://me:pw@host/simple"),
            ("INDEX", "https://tokenhere@host/simple"),
            ("X", token.as_str()),
            ("MAPS", google.as_str()),
            ("DSN", "Server=tcp:db;User ID=sa;Password=Zx9kQw7plm;"),
            ("CONN", "Server=tcp:db;User ID=sa;Password=Zx9kQw7plm;"),
            ("EXTRA", "--flag q7RtY2mWx9KpLz4VbN8c"),
            ("EXTRA", "/3kQmZ7xq7RtY2mWx9KpLz4VbN8c"),
            ("HOOK", "https://hooks.example.com/T0/q7RtY2mWx9KpLz4VbN8c"),
            ("SHOP", "0123456789abcdef8badf00d13572468"),
        ] {
            assert!(may_be_credential(name, value), "{name}={value}");
        }
        let sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (name, value) in [
            ("AUTHOR", "acme"),
            ("PYTHON_VERSION", "3.12"),
            ("VERSION", "v1.29.0-gke.1589018"),
            ("BUILD_DATE", "2024-01-01T12:00:00Z"),
            ("GIT_SHA", &sum[..40]),
            ("VCS_REF", &sum[..40]),
            ("SHA256", sum),
            ("BASE", &format!("debian:12@sha256:{sum}")),
            ("PREFIX", "/opt/app-1.2.3/lib/python3.12/site-packages"),
            ("MIRROR", "https://mirror.example.com/debian-security/dists"),
            (
                "IMAGE",
                "registry.example.com/team/some-service:1.2.3-alpine3.20",
            ),
            ("JOBS", "4"),
            ("CFLAGS", "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"),
            ("EMPTY", ""),
        ] {
            assert!(!may_be_credential(name, value), "{name}={value}");
        }
    }
}
