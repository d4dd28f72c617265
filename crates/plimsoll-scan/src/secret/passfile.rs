//! Files of programs that keep passwords line by line, known by their names.

use plimsoll_model::Severity;

use super::Hit;
use super::hits::Hits;
use super::place::is_own_inside;
use super::placeholder::is_placeholder;
use crate::catalogue::base_name;

/// Reads a line: the password in it.
type Reader = fn(&str) -> Option<&str>;

/// How the lines of a file of this name are read, and what kind of password they hold.
fn reader(path: &str) -> Option<(Reader, &'static str)> {
    let name = base_name(path);
    let in_folder = |folder: &str| path.rsplit('/').nth(1) == Some(folder);
    Some(match name {
        // `[host]:port user:password` (postfix, SASL_README).
        "sasl_passwd" | "sasl-passwd" => (behind_host, "smtp-password"),
        "passwd" if in_folder("sasl") => (behind_host, "smtp-password"),
        // `host:user:password` (exim, example of the split configuration).
        "passwd.client" => (last_field, "smtp-password"),
        // `user:password` (rsyncd.conf(5), "secrets file").
        "rsyncd.secrets" => (second_field, "rsync-password"),
        // `client server secret address` (pppd(8)).
        "chap-secrets" | "pap-secrets" => (|line| word(line, 2), "ppp-password"),
        // `id:key`, or with a bucket in front (s3fs(1)).
        "passwd-s3fs" | ".passwd-s3fs" => (last_field, "s3fs-credential"),
        // `user:password` of services (davfs2.conf(5), "secrets").
        "secrets" if in_folder("davfs2") || in_folder(".davfs2") => {
            (|line| word(line, 2), "davfs2-password")
        }
        // `"user" "password"` (pgbouncer, "Authentication file format").
        "userlist.txt" if in_folder("pgbouncer") || is_below_pgbouncer(path) => {
            (second_quoted, "database-password")
        }
        // `user name on >password …` (Redis, "ACL").
        "redis.conf" | "users.acl" | "valkey.conf" => (redis_password, "redis-password"),
        // `cache_peer … login=user:password` (squid.conf(5)).
        "squid.conf" => (peer_login, "proxy-password"),
        // One word (Erlang, "Distributed Erlang", "Security").
        ".erlang.cookie" => (cookie, "erlang-cookie"),
        // The same as `mix release` draws it, and as the virtual machine is told it.
        "COOKIE" if in_folder("releases") => (cookie, "erlang-cookie"),
        "vm.args" => (set_cookie, "erlang-cookie"),
        // `user = "user:password"`, as on its command line (curl(1), `--config`).
        ".curlrc" | "_curlrc" => (curl_login, "command-password"),
        // `address : PSK "…"`, `user : EAP "…"` (ipsec.secrets(5)).
        "ipsec.secrets" => (tunnel_secret, "vpn-password"),
        _ if in_folder("ipsec.d") && name.ends_with(".secrets") => (tunnel_secret, "vpn-password"),
        // `rootpw --plaintext password` (Kickstart), `d-i passwd/root-password password …` (preseeding).
        _ if name.ends_with("ks.cfg") || name.ends_with(".ks") => {
            (kickstart_password, "account-password")
        }
        _ if name.starts_with("preseed") || name.ends_with(".preseed") => {
            (preseed_password, "account-password")
        }
        // `user name insecure-password …`, `stats auth user:password` (HAProxy).
        _ if name == "haproxy.cfg" || (in_folder("haproxy") && name.ends_with(".cfg")) => {
            (haproxy_password, "proxy-password")
        }
        // `SQLConnectInfo database@host user password` (ProFTPD, `mod_sql`).
        _ if name.starts_with("proftpd") || path.contains("proftpd/") => {
            (proftpd_password, "database-password")
        }
        // `createUser name SHA "password" AES` (snmpd.conf(5)).
        "snmpd.conf" | "snmptrapd.conf" => (snmp_password, "snmp-password"),
        // Ruby's official images keep it beside the gems.
        "config" if in_folder(".bundle") || path.ends_with("usr/local/bundle/config") => {
            (bundle_password, "registry-credential")
        }
        // `psk="…"` (wpa_supplicant.conf(5)), `psk=…` of NetworkManager.
        _ if name.starts_with("wpa_supplicant") || name.ends_with(".nmconnection") => {
            (wireless_password, "wifi-password")
        }
        // A second secret beside each peer's key (wg(8)).
        _ if name.ends_with(".conf") && (in_folder("wireguard") || name.starts_with("wg")) => {
            (shared_key, "wireguard-key")
        }
        _ => return None,
    })
}

/// Whether a file lies in a folder of pgbouncer's, but for its manuals: images of others put its
/// settings one folder deeper.
fn is_below_pgbouncer(path: &str) -> bool {
    path.split('/').any(|folder| folder == "pgbouncer") && is_own_inside(path)
}

/// The second of two words in quotes, unless it is a hash.
fn second_quoted(line: &str) -> Option<&str> {
    let mut parts = line.strip_prefix('"')?.split('"');
    let value = parts.nth(2)?;
    let is_hash = value.starts_with("SCRAM-") || (value.starts_with("md5") && value.len() == 35);
    (!is_hash).then_some(value)
}

fn cookie(line: &str) -> Option<&str> {
    let is_word = line
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-+/=".contains(&byte));
    (is_word && line.len() >= 8).then_some(line)
}

fn set_cookie(line: &str) -> Option<&str> {
    let cookie = line.strip_prefix("-setcookie")?;
    word(cookie, 0).filter(|_| cookie.starts_with([' ', '\t']))
}

fn redis_password(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("user ")?.split_ascii_whitespace();
    words.find_map(|word| word.strip_prefix('>'))
}

fn peer_login(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("cache_peer ")?.split_ascii_whitespace();
    let login = words.find_map(|word| word.strip_prefix("login="))?;
    login.split_once(':').map(|(_, password)| password)
}

/// `BUNDLE_GEMS__ACME__IO: "user:password"` (bundle-config(1), "Credentials for gem sources").
fn bundle_password(line: &str) -> Option<&str> {
    let (source, value) = line.strip_prefix("BUNDLE_")?.split_once(": ")?;
    // `BUNDLE_WITHOUT: "development:test"` are groups, `BUNDLE_BUILD__PG: "--with-x=a:b"` is handed on.
    let is_host = !["WITHOUT", "WITH", "ONLY"].contains(&source) && !source.starts_with("BUILD__");
    let value = value.trim().trim_matches(['"', '\'']);
    let (user, password) = value.split_once(':')?;
    let is_address = password.starts_with("//") || value.contains([' ', '/']);
    (is_host && !user.is_empty() && !is_address && !password.starts_with(':')).then_some(password)
}

/// The values of wpa_supplicant.conf(5)'s own examples, which packages bring along.
const EXAMPLES: &[&str] = &[
    "very secret passphrase",
    "06b4be19da289f475aa46a33cb793029d4ab3db7a23ee92382eb0106c72ac7bb",
];

fn wireless_password(line: &str) -> Option<&str> {
    let value = line.strip_prefix("psk")?.trim_start().strip_prefix('=')?;
    let value = value.trim().trim_matches('"');
    (!EXAMPLES.contains(&value)).then_some(value)
}

fn shared_key(line: &str) -> Option<&str> {
    let value = line.strip_prefix("PresharedKey")?.trim_start();
    Some(value.strip_prefix('=')?.trim())
}

/// Whether the name of a file tells that passwords stand in it.
pub(super) fn is_password_file(path: &str) -> bool {
    reader(path).is_some()
}

/// Passwords in a file that keeps them line by line.
pub(super) fn in_password_file(path: &str, bytes: &[u8], hits: &mut Hits) {
    let Some((read, kind)) = reader(path) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let Some(value) = read(line).filter(|value| !is_placeholder(value)) else {
            continue;
        };
        let start = value.as_ptr().addr() - text.as_ptr().addr();
        hits.push(Hit::of(kind, Severity::Critical, start, value.as_bytes()));
    }
}

/// The password of a user behind the name of a host: `[host]:587 user:password`.
fn behind_host(line: &str) -> Option<&str> {
    let (_, account) = line.split_once(char::is_whitespace)?;
    let (user, password) = account.trim_start().split_once(':')?;
    (!user.is_empty()).then_some(password)
}

fn second_field(line: &str) -> Option<&str> {
    let (user, password) = line.split_once(':')?;
    (!user.is_empty()).then_some(password)
}

fn last_field(line: &str) -> Option<&str> {
    let (before, password) = line.rsplit_once(':')?;
    (!before.is_empty()).then_some(password)
}

/// The word of a line behind so many others, where words may stand in quotes.
fn word(line: &str, before: usize) -> Option<&str> {
    let mut rest = line;
    let mut word = None;
    for _ in 0..=before {
        rest = rest.trim_start();
        let (here, behind) = match rest.chars().next()? {
            quote @ ('"' | '\'') => rest[1..].split_once(quote)?,
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        word = Some(here);
        rest = behind;
    }
    word
}

/// What curl is told in a line, with dashes in front or without: `name = value`, `name: value`, `name
/// value`.
fn curl_login(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('-');
    let (name, value) = line.split_once([' ', '\t', '=', ':'])?;
    let value = value.trim_start_matches([' ', '\t', '=', ':']);
    let value = word(value, 0)?;
    match name {
        "user" | "u" | "proxy-user" | "U" => value.split_once(':').map(|(_, password)| password),
        "pass" | "proxy-pass" | "oauth2-bearer" => Some(value),
        _ => None,
    }
}

/// The secret behind whom it is for, a colon and its sort; of a key the passphrase, behind its file.
fn tunnel_secret(line: &str) -> Option<&str> {
    let sort = |behind: &str| {
        let sort = word(behind, 0)?;
        [
            "PSK", "EAP", "XAUTH", "PIN", "RSA", "ECDSA", "PKCS8", "P12", "PRIVATE",
        ]
        .into_iter()
        .find(|known| sort.eq_ignore_ascii_case(known))
    };
    let mut colons = line.match_indices(':').map(|(at, _)| &line[at + 1..]);
    let (sort, behind) = colons.find_map(|behind| Some((sort(behind)?, behind)))?;
    let before = match sort {
        "PSK" | "EAP" | "XAUTH" => 1,
        _ => 2,
    };
    word(behind, before).filter(|secret| *secret != "%prompt" && !secret.starts_with('#'))
}

/// The password of `rootpw` that is no hash, before or behind the flags.
fn kickstart_password(line: &str) -> Option<&str> {
    let words = line.strip_prefix("rootpw ")?;
    if words.contains("--iscrypted") {
        return None;
    }
    let mut words = (0..).map_while(|before| word(words, before));
    words.find(|word| !word.starts_with("--") && !word.is_empty())
}

fn preseed_password(line: &str) -> Option<&str> {
    let is_asked = |question: &str| {
        let question = question.strip_suffix("-again").unwrap_or(question);
        matches!(question, "passwd/root-password" | "passwd/user-password")
    };
    let is_password = is_asked(word(line, 1)?) && word(line, 2)? == "password";
    word(line, 3).filter(|_| is_password)
}

fn haproxy_password(line: &str) -> Option<&str> {
    if let Some(login) = line.strip_prefix("stats auth ") {
        return second_field(login.trim());
    }
    let mut words = line.strip_prefix("user ")?.split_ascii_whitespace();
    words.find(|word| *word == "insecure-password")?;
    words.next()
}

fn proftpd_password(line: &str) -> Option<&str> {
    let name = word(line, 0)?;
    word(line, 3).filter(|_| name.eq_ignore_ascii_case("SQLConnectInfo"))
}

/// The password that proves who asks, behind the engine's number, the name and the algorithm.
fn snmp_password(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("createUser ")?;
    let of_engine = word(rest, 0)? == "-e";
    word(rest, if of_engine { 4 } else { 2 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        in_password_file(path, text.as_bytes(), &mut hits);
        let values = hits.iter().map(|hit| text[hit.start..hit.end].to_owned());
        values.collect()
    }

    #[test]
    fn what_is_no_password_in_such_files() {
        let hash = "md5".to_owned() + &"0a1b2c3d".repeat(4);
        for (path, line) in [
            ("etc/pgbouncer/userlist.txt", format!("\"app\" \"{hash}\"")),
            (
                "root/.bundle/config",
                "BUNDLE_PATH: \"vendor/bundle\"".to_owned(),
            ),
            (
                "root/.bundle/config",
                "BUNDLE_MIRROR: \"https://x:8080/y\"".to_owned(),
            ),
            (
                "root/.bundle/config",
                "BUNDLE_WITHOUT: \"development:staging1\"".to_owned(),
            ),
            (
                "root/.bundle/config",
                "BUNDLE_BUILD__PG: \"--with-pg:staging1\"".to_owned(),
            ),
            (
                "usr/share/doc/pgbouncer/examples/userlist.txt",
                "\"marko\" \"asdasd1\"".to_owned(),
            ),
            (
                "etc/redis/users.acl",
                "user app on nopass #5e884898da28 ~*".to_owned(),
            ),
            (
                "etc/squid/squid.conf",
                "cache_peer p parent 3128 0 login=PASS".to_owned(),
            ),
            ("root/.curlrc", "user = ci-of-ours2".to_owned()),
            ("root/.curlrc", "user-agent = \"a:b2c3d4e5\"".to_owned()),
            ("etc/ipsec.secrets", "bob : EAP %prompt".to_owned()),
            ("etc/ipsec.secrets", ": RSA host-of-ours2.key".to_owned()),
            (
                "etc/ipsec.secrets",
                "include /etc/ipsec.d/*.secrets".to_owned(),
            ),
            (
                "root/anaconda-ks.cfg",
                "rootpw --iscrypted hunter2-of-ours".to_owned(),
            ),
            ("root/anaconda-ks.cfg", "rootpw --lock".to_owned()),
            (
                "srv/preseed.cfg",
                "d-i passwd/user-fullname string hunter2-of-ours".to_owned(),
            ),
            (
                "etc/haproxy/haproxy.cfg",
                format!("user a password $5${}", "q7RtY2mWx9Kp$z4VbN8cHd3F"),
            ),
            ("etc/snmp/snmpd.conf", "createUser bob".to_owned()),
        ] {
            assert_eq!(found(path, &line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn passwords_line_by_line() {
        for (path, line) in [
            (
                "etc/postfix/sasl_passwd",
                "[smtp.corp.net]:587 me@corp.net:VALUE",
            ),
            ("etc/postfix/sasl/passwd", "smtp.corp.net\tme:VALUE"),
            ("etc/exim4/passwd.client", "smtp.corp.net:me:VALUE"),
            ("etc/rsyncd.secrets", "backup:VALUE"),
            ("etc/ppp/chap-secrets", "me * VALUE *"),
            (
                "etc/ppp/pap-secrets",
                "\"me too\"\t\"the server\" \"VALUE\"",
            ),
            ("etc/passwd-s3fs", "bucket:AKIAX:VALUE"),
            ("root/.passwd-s3fs", "AKIAX:VALUE"),
            ("etc/davfs2/secrets", "https://dav.corp.net/x me VALUE"),
            ("etc/pgbouncer/userlist.txt", "\"app\" \"VALUE\""),
            (
                "opt/bitnami/pgbouncer/conf/userlist.txt",
                "\"app\" \"VALUE\"",
            ),
            ("root/.bundle/config", "BUNDLE_GEMSERVER: \"me:VALUE\""),
            ("etc/redis/users.acl", "user app on >VALUE ~* +@all"),
            ("etc/redis/redis.conf", "user app on >VALUE ~* +@all"),
            (
                "etc/squid/squid.conf",
                "cache_peer p parent 3128 0 login=me:VALUE",
            ),
            ("root/.bundle/config", "BUNDLE_GEMS__ACME__IO: \"me:VALUE\""),
            (
                "etc/wpa_supplicant/wpa_supplicant-wlan0.conf",
                "  psk=\"VALUE\"",
            ),
            (
                "etc/NetworkManager/system-connections/a.nmconnection",
                "psk=VALUE",
            ),
            ("etc/wireguard/wg0.conf", "PresharedKey = VALUE"),
            ("root/.curlrc", "user = \"ci:VALUE\""),
            ("root/.curlrc", "-u ci:VALUE"),
            ("root/.curlrc", "--proxy-user: \"ci:VALUE\""),
            ("root/.curlrc", "oauth2-bearer=VALUE"),
            ("etc/ipsec.secrets", "1.2.3.4 %any : PSK \"VALUE\""),
            ("etc/ipsec.secrets", ": psk VALUE"),
            ("etc/ipsec.secrets", "2001:db8::1: PSK \"VALUE\""),
            ("etc/ipsec.d/bob.secrets", "bob : EAP \"VALUE\""),
            ("etc/ipsec.secrets", ": RSA host.key \"VALUE\""),
            ("root/anaconda-ks.cfg", "rootpw --plaintext VALUE"),
            ("srv/http/web.ks", "rootpw VALUE --plaintext"),
            (
                "srv/preseed.cfg",
                "d-i passwd/root-password-again password VALUE",
            ),
            (
                "etc/haproxy/haproxy.cfg",
                "  user admin insecure-password VALUE",
            ),
            ("etc/haproxy/a.cfg", "stats auth admin:VALUE"),
            (
                "etc/proftpd/sql.conf",
                "SQLConnectInfo db@localhost app VALUE",
            ),
            ("etc/snmp/snmpd.conf", "createUser bob SHA \"VALUE\" AES"),
            (
                "etc/snmp/snmpd.conf",
                "createUser -e 0x8000 bob MD5 VALUE DES",
            ),
            ("var/lib/rabbitmq/.erlang.cookie", "VALUE"),
            ("app/releases/COOKIE", "VALUE"),
            ("app/releases/1.0.0/vm.args", "-setcookie VALUE"),
            ("app/etc/vm.args", "-setcookie 'VALUE'"),
        ] {
            let value = "hunter2-of-ours";
            let text = format!("# a comment: of me\n\n{}\n", line.replace("VALUE", value));
            assert_eq!(found(path, &text), [value], "{path}");
            for none in ["changeme", "your_password", "<password>", ""] {
                let text = format!("{}\n", line.replace("VALUE", none));
                assert_eq!(found(path, &text), Vec::<String>::new(), "{text}");
            }
            assert_eq!(found("srv/notes.txt", &text), Vec::<String>::new());
        }
        assert_eq!(
            found("etc/passwd", "root:x1y2z3:0:0::/root:/bin/sh\n"),
            Vec::<String>::new()
        );
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(PSK |rootpw |createUser -e |user |[a-z]{1,6}|[ :\"'\n#é\t]){0,40}") {
            for name in [
                "sasl_passwd",
                "passwd.client",
                "rsyncd.secrets",
                "chap-secrets",
                ".curlrc",
                "ipsec.secrets",
                "ks.cfg",
                "haproxy.cfg",
                "snmpd.conf",
            ] {
                let _ = found(name, &text);
            }
        }
    }
}
