//! What `curl` and `wget` are told to fetch, and where to.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

/// The program that fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `curl`.
    Curl,
    /// `wget`.
    Wget,
}

/// Where what is fetched goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output<'a> {
    /// Standard output: a pipe, a redirection or the log.
    Stdout,
    /// A file that the command names.
    File(&'a str),
    /// A file called as the address ends.
    Remote,
    /// Nowhere: only the answer's head is asked for, or the file is thrown away.
    Nowhere,
}

/// A call of `curl` or `wget`.
#[derive(Debug)]
pub(crate) struct Fetch<'a> {
    /// Which.
    pub(crate) tool: Tool,
    /// The words that are addresses.
    pub(crate) urls: Vec<&'a ShellWord>,
    /// Where it goes.
    pub(crate) output: Output<'a>,
    /// Whether redirections are followed.
    pub(crate) follows: bool,
    /// Whether an error of the server is one of the command.
    pub(crate) fails: bool,
    /// Whether it tries again.
    pub(crate) retries: bool,
    /// Whether it only fetches: no method, data or upload is given.
    pub(crate) is_plain: bool,
    /// The word that switches the check of certificates off.
    pub(crate) insecure: Option<&'a ShellWord>,
    /// Whether options come from a file or a variable.
    pub(crate) is_open: bool,
}

impl<'a> Fetch<'a> {
    /// The name of the file it writes, as written, without its folder; empty where that is not
    /// known.
    pub(crate) fn file_name(&self) -> &'a str {
        let path = match self.output {
            Output::File(path) => path,
            Output::Remote => match self.urls.first() {
                Some(url) => {
                    let url = unquoted(&url.raw);
                    url.split(['?', '#']).next().unwrap_or(url)
                }
                None => "",
            },
            Output::Stdout | Output::Nowhere => "",
        };
        path.rsplit('/').next().unwrap_or_default()
    }
}

/// A word without the quotes around it.
pub(crate) fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// Letters of `curl` that take a value.
const CURL_SHORT: &str = "AbcCdDeEFHhKmoPQrtTuUwxXyYz";

/// Long options of `curl` without a value: all others that are met in builds take one.
const CURL_FLAGS: &[&str] = &[
    "anyauth",
    "append",
    "basic",
    "compressed",
    "create-dirs",
    "digest",
    "disable",
    "fail",
    "fail-early",
    "fail-with-body",
    "false-start",
    "follow",
    "get",
    "globoff",
    "head",
    "http1.0",
    "http1.1",
    "http2",
    "http3",
    "include",
    "insecure",
    "ipv4",
    "ipv6",
    "junk-session-cookies",
    "list-only",
    "location",
    "location-trusted",
    "negotiate",
    "netrc",
    "netrc-optional",
    "no-alpn",
    "no-buffer",
    "no-keepalive",
    "no-progress-meter",
    "no-sessionid",
    "ntlm",
    "parallel",
    "path-as-is",
    "progress-bar",
    "proxy-insecure",
    "raw",
    "remote-header-name",
    "remote-name",
    "remote-name-all",
    "remote-time",
    "retry-all-errors",
    "retry-connrefused",
    "show-error",
    "silent",
    "ssl",
    "ssl-reqd",
    "sslv2",
    "sslv3",
    "styled-output",
    "tcp-fastopen",
    "tcp-nodelay",
    "tlsv1",
    "tlsv1.0",
    "tlsv1.1",
    "tlsv1.2",
    "tlsv1.3",
    "tr-encoding",
    "trace-time",
    "use-ascii",
    "verbose",
    "version",
];

/// Letters of `wget` that take a value.
const WGET_SHORT: &str = "aABDeiIlOoPQRtTUwXY";

/// Long options of `wget` that take the next word where no `=` gives their value.
const WGET_VALUES: &[&str] = &[
    "output-document",
    "directory-prefix",
    "output-file",
    "append-output",
    "tries",
    "timeout",
    "connect-timeout",
    "read-timeout",
    "dns-timeout",
    "wait",
    "waitretry",
    "header",
    "user-agent",
    "user",
    "password",
    "post-data",
    "post-file",
    "method",
    "body-data",
    "ca-certificate",
    "certificate",
    "private-key",
    "input-file",
    "execute",
    "referer",
    "accept",
    "reject",
    "progress",
    "max-redirect",
    "limit-rate",
    "level",
    "cut-dirs",
    "secure-protocol",
    "load-cookies",
    "save-cookies",
    "http-user",
    "http-password",
    "retry-on-http-error",
];

/// Reads a command as a call of `curl` or `wget`.
pub(crate) fn fetch(command: &ShellCommand) -> Option<Fetch<'_>> {
    match command.program()? {
        "curl" | "curl.exe" => Some(curl(command.arguments())),
        "wget" | "wget.exe" => Some(wget(command.arguments())),
        _ => None,
    }
}

fn curl(arguments: &[ShellWord]) -> Fetch<'_> {
    let mut fetch = Fetch {
        tool: Tool::Curl,
        urls: Vec::new(),
        output: Output::Stdout,
        follows: false,
        fails: false,
        retries: false,
        is_plain: true,
        insecure: None,
        is_open: false,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = unquoted(&word.raw);
        if let Some(name) = text.strip_prefix("--") {
            let (name, mut value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            let flag = CURL_FLAGS.binary_search(&name).is_ok() || name.starts_with("no-");
            if value.is_none() && !flag {
                value = words.next().map(|word| unquoted(&word.raw));
            }
            match name {
                "output" => fetch.output = file(value),
                "remote-name" | "remote-name-all" => fetch.output = Output::Remote,
                "location" | "location-trusted" | "follow" => fetch.follows = true,
                "fail" | "fail-with-body" => fetch.fails = true,
                "retry" => fetch.retries = true,
                "insecure" => fetch.insecure = Some(word),
                "head" => fetch.output = Output::Nowhere,
                "config" => fetch.is_open = true,
                "request" if value == Some("GET") => {}
                "request" | "data" | "data-raw" | "data-binary" | "data-urlencode" | "json"
                | "form" | "upload-file" | "write-out" => fetch.is_plain = false,
                "url" => {}
                _ => {}
            }
        } else if let Some(letters) = text.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            for (at, letter) in letters.char_indices() {
                let takes = CURL_SHORT.contains(letter);
                let glued = letters
                    .get(at + letter.len_utf8()..)
                    .filter(|v| !v.is_empty());
                let value = match (takes, glued) {
                    (true, Some(glued)) => Some(glued),
                    (true, None) => words.next().map(|word| unquoted(&word.raw)),
                    (false, _) => None,
                };
                match letter {
                    'o' => fetch.output = file(value),
                    'O' => fetch.output = Output::Remote,
                    'L' => fetch.follows = true,
                    'f' => fetch.fails = true,
                    'k' => fetch.insecure = Some(word),
                    'I' => fetch.output = Output::Nowhere,
                    'K' => fetch.is_open = true,
                    'X' if value == Some("GET") => {}
                    'X' | 'd' | 'F' | 'T' | 'w' => fetch.is_plain = false,
                    _ => {}
                }
                if takes {
                    break;
                }
            }
        } else {
            positional(&mut fetch, word, text);
        }
    }
    fetch
}

fn wget(arguments: &[ShellWord]) -> Fetch<'_> {
    let mut fetch = Fetch {
        tool: Tool::Wget,
        urls: Vec::new(),
        output: Output::Remote,
        follows: true,
        fails: true,
        // It does for what it cannot reach.
        retries: true,
        is_plain: true,
        insecure: None,
        is_open: false,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = unquoted(&word.raw);
        if let Some(name) = text.strip_prefix("--") {
            let (name, mut value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            if value.is_none() && WGET_VALUES.contains(&name) {
                value = words.next().map(|word| unquoted(&word.raw));
            }
            match name {
                "output-document" => fetch.output = file(value),
                "no-check-certificate" => fetch.insecure = Some(word),
                "spider" => fetch.output = Output::Nowhere,
                "input-file" | "config" => fetch.is_open = true,
                "post-data" | "post-file" | "method" | "body-data" => fetch.is_plain = false,
                _ => {}
            }
        } else if let Some(letters) = text.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            // `-nv`, `-nc`, `-np`: two letters that are one option.
            if letters.starts_with('n') {
                continue;
            }
            for (at, letter) in letters.char_indices() {
                let takes = WGET_SHORT.contains(letter);
                let glued = letters
                    .get(at + letter.len_utf8()..)
                    .filter(|v| !v.is_empty());
                let value = match (takes, glued) {
                    (true, Some(glued)) => Some(glued),
                    (true, None) => words.next().map(|word| unquoted(&word.raw)),
                    (false, _) => None,
                };
                match letter {
                    'O' => fetch.output = file(value),
                    'i' => fetch.is_open = true,
                    _ => {}
                }
                if takes {
                    break;
                }
            }
        } else {
            positional(&mut fetch, word, text);
        }
    }
    fetch
}

fn positional<'a>(fetch: &mut Fetch<'a>, word: &'a ShellWord, text: &str) {
    // `$OPTIONS` alone may be anything; an address by variable is quoted or goes on.
    if text.starts_with('$') && word.raw.starts_with('$') && !text.contains(['/', '.', '(']) {
        let name = text.trim_start_matches(['$', '{']).trim_end_matches('}');
        let is_address = name
            .get(name.len().saturating_sub(3)..)
            .is_some_and(|end| end.eq_ignore_ascii_case("url"))
            || name.to_ascii_lowercase().contains("url");
        if !is_address {
            fetch.is_open = true;
        }
    }
    fetch.urls.push(word);
}

fn file(value: Option<&str>) -> Output<'_> {
    match value {
        None | Some("-" | "/dev/stdout") => Output::Stdout,
        Some("/dev/null") => Output::Nowhere,
        Some(path) => Output::File(path),
    }
}

/// The host of an address, without who logs in and without the port; nothing where a variable
/// stands in its place.
pub(crate) fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty() && !host.contains(['$', '{', '`'])).then_some(host)
}

/// Whether a host is this machine or one of its neighbours, by name alone.
pub(crate) fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "::1" | "0.0.0.0" | "host.docker.internal")
        || host.starts_with("127.")
        || host.starts_with("169.254.")
        || host.starts_with("10.")
        || host.starts_with("192.168.")
        // A name without a dot is one of the build's own network.
        || (!host.contains('.') && !host.contains(':'))
        || host.ends_with(".local")
        || host.ends_with(".internal")
        || host.ends_with(".localhost")
}

/// Whether a command checks that something is what it should be: by checksum or by signature.
pub(crate) fn verifies(command: &ShellCommand) -> bool {
    let has = |wanted: &[&str]| {
        command
            .arguments()
            .iter()
            .any(|word| wanted.contains(&word.raw.as_str()))
    };
    match command.program() {
        Some(
            "sha256sum" | "sha512sum" | "sha384sum" | "sha224sum" | "sha1sum" | "md5sum" | "shasum"
            | "b2sum" | "b3sum" | "cksum" | "gpgv" | "gpgv2" | "sqv" | "cosign" | "minisign"
            | "signify" | "slsa-verifier" | "rekor-cli" | "rpmkeys" | "debsig-verify" | "jarsigner"
            | "sha256" | "rhash",
        ) => true,
        Some("gpg" | "gpg2" | "sq") => {
            has(&["--verify", "--verify-files", "verify", "-d", "--decrypt"])
        }
        Some("openssl") => has(&["dgst", "sha256", "sha512", "sha1", "md5"]),
        Some("rpm") => has(&["-K", "--checksig"]),
        Some("gh") => has(&["attestation"]),
        // A function or a script of that name.
        Some(other) => {
            let name = other.to_ascii_lowercase();
            name.contains("verify") || name.contains("checksum") || name.contains("sha256")
        }
        None => false,
    }
}

/// Whether an address names its content: a full commit or a digest stands in it.
pub(crate) fn names_content(url: &str) -> bool {
    let mut run = 0;
    url.bytes().any(|byte| {
        run = if byte.is_ascii_hexdigit() { run + 1 } else { 0 };
        run >= 40
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Dialect};

    use super::*;

    #[test]
    fn long_flags_are_sorted() {
        assert!(CURL_FLAGS.is_sorted());
    }

    #[test]
    fn calls_are_read_through_their_options() {
        let read = |text: &str, check: &dyn Fn(&Fetch<'_>) -> bool| {
            let script = shell::parse(text, Dialect::Bash);
            let fetch = fetch(&script.commands[0]).unwrap();
            assert!(check(&fetch), "{text} {fetch:?}");
        };
        read("curl -fsSLo /tmp/a.tgz https://e.com/x", &|f| {
            f.fails && f.follows && f.output == Output::File("/tmp/a.tgz") && f.urls.len() == 1
        });
        read("curl -H 'A: b' --retry 3 -O https://e.com/x.sh?y=1", &|f| {
            f.retries && f.file_name() == "x.sh" && f.urls.len() == 1 && !f.fails
        });
        read(
            "curl --output x --proto '=https' --tlsv1.2 -sSf https://sh.e.com",
            &|f| f.output == Output::File("x") && f.urls.len() == 1 && f.fails && !f.follows,
        );
        read("curl -k $URL $OPTIONS", &|f| {
            f.insecure.is_some() && f.is_open && f.output == Output::Stdout
        });
        read("wget -qO- --no-check-certificate https://e.com", &|f| {
            f.insecure.is_some() && f.output == Output::Stdout && f.tool == Tool::Wget
        });
        read("wget -nv -P /tmp https://e.com/a/b.deb", &|f| {
            f.file_name() == "b.deb" && f.urls.len() == 1
        });
        read("wget -q --output-document=/x/y \"$URL\"", &|f| {
            f.file_name() == "y" && !f.is_open
        });
    }

    #[test]
    fn hosts_are_read_without_who_logs_in() {
        assert_eq!(host("http://a:b@e.com:80/x"), Some("e.com"));
        assert_eq!(host("http://[::1]:80/x"), Some("::1"));
        assert_eq!(host("http://$HOST/x"), None);
        assert!(is_local("localhost") && is_local("proxy") && !is_local("e.com"));
    }
}
