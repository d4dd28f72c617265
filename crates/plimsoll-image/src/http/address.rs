//! Addresses: what of one is told, and which of them are the same place, or this machine.

use std::net::IpAddr;

use reqwest::Url;

/// An address for people, without its scheme.
pub(crate) fn shown(url: &Url) -> String {
    let told = told_address(url.as_str());
    match told.split_once("://") {
        Some((_, told)) => told.to_owned(),
        None => told,
    }
}

/// An address as it is told to people and kept in files: without user, query and fragment, each of
/// which may hold a secret.
pub fn told_address(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        // The scheme was forgotten, the password was not.
        None => (String::new(), address),
    };
    let (authority, behind) = rest.split_at(authority_of(rest).len());
    let host = authority.rsplit('@').next().unwrap_or_default();
    // A password with such a mark in it, which should have been written otherwise: then what stands before
    // the mark is a user and how the password begins. A path has `@` as well, but seldom before a host.
    let hidden = behind.rsplit_once('@').filter(|(_, rest)| {
        let port = host.rsplit_once(':').map_or("", |(_, port)| port);
        !is_host(host) && (!is_port(port) || is_host(authority_of(rest)))
    });
    let (host, behind) = hidden.map_or((host, behind), |(_, rest)| ("", rest));
    let bare = behind.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}{host}{bare}")
}

/// What stands before the path of an address without scheme.
fn authority_of(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Whether this is a host, and a port. A version has dots, too.
fn is_host(authority: &str) -> bool {
    if authority.starts_with('[') {
        return true;
    }
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let is_name = host.rsplit_once('.').is_some_and(|(_, last)| {
        last.starts_with(|first: char| first.is_ascii_alphabetic()) || is_address(host)
    });
    (is_name || is_loopback(host)) && is_port(port)
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// `host:port` without the port.
pub(super) fn host_of(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => host,
        _ => address,
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_names_that_look_like_it() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.evil.org",
            "127.0.0.1.evil.org",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
        assert_eq!(host_of("[::1]:5000"), "[::1]");
        assert_eq!(host_of("[::1]"), "[::1]");
        assert_eq!(host_of("a:5000"), "a");
    }

    #[test]
    fn an_address_is_told_without_what_may_be_secret() {
        for (address, told) in [
            ("https://m.example/a/all.zip", "https://m.example/a/all.zip"),
            (
                "http://user:PASS@m.example:80/a?token=T#f",
                "http://m.example:80/a",
            ),
            ("http://u:p@ss@m.example", "http://m.example"),
            ("m.example?token=T", "m.example"),
            ("u:p@m.example/a", "m.example/a"),
            ("https://u:p/w@m.example/a", "https://m.example/a"),
            ("https://u:p?w@m.example/a?t=T", "https://m.example/a"),
            ("https://u:12/w#@m.example/a", "https://m.example/a"),
            ("https://m.example:80/@a/b", "https://m.example:80/@a/b"),
            ("https://[::1]/@a/b", "https://[::1]/@a/b"),
            ("https://u:p@w/w@10.0.0.1:9/a", "https://10.0.0.1:9/a"),
            ("https://u:1/w@m.example/a", "https://m.example/a"),
            ("https://u:p@w@m.example/a@b", "https://m.example/a@b"),
            ("https://u:p@m/@a/b@1.2.3/c", "https://m/@a/b@1.2.3/c"),
        ] {
            assert_eq!(told_address(address), told);
        }
        for (address, told) in [
            ("https://u:p@m.example:80/a?t=T", "m.example:80/a"),
            ("https://u:1/PASS@m.example/a", "m.example/a"),
        ] {
            assert_eq!(shown(&Url::parse(address).unwrap()), told);
        }
    }

    #[test]
    fn only_the_same_origin_is_trusted() {
        let url = |text: &str| Url::parse(text).unwrap();
        let home = url("https://r.example/v2/");
        assert!(same_origin(&home, &url("https://r.example:443/x")));
        for other in [
            "http://r.example/",
            "https://r.example:444/",
            "https://cdn.r.example/",
        ] {
            assert!(!same_origin(&home, &url(other)), "{other}");
        }
    }
}
