//! Passwords in connection strings: `Server=db;User Id=app;Password=…;` of .NET and ODBC,
//! `cache:6379,password=…,ssl=True` of Redis clients.

use plimsoll_model::Severity;

use super::Hit;
use super::detector::LOOKBEHIND;
use super::drawn::looks_random;
use super::form::{Written, is_code, is_one_piece, judged, known_form, maker};
use super::placeholder::is_placeholder;

/// What else stands in a connection string (lower case).
const BESIDE: &[&str] = &[
    "server=",
    "data source=",
    "datasource=",
    "host=",
    "addr=",
    "address=",
    "endpoint=",
    "hostname=",
    "sharedaccesskeyname=",
    "user id=",
    "userid=",
    "uid=",
    "user=",
    "username=",
    "user name=",
    "database=",
    "initial catalog=",
    "driver=",
    "ssl=",
    "abortconnect=",
    "accountname=",
    "endpointsuffix=",
];

/// What is found where the name tells no more.
const KIND: &str = "connection-string-password";

/// How far behind the password the rest of the string is looked for.
const AHEAD: usize = 256;

/// What is assigned to `password`, `pwd`, `AccountKey` or another name that ends in a word from `at` to `name_end`, in a connection
/// string. Such a string stands in quotes, or for itself in a file of settings.
pub(super) fn in_connection(
    bytes: &[u8],
    at: usize,
    name_end: usize,
    settings: bool,
) -> Option<Hit> {
    // The word may end a longer name: `SharedAccessKey`.
    let name = bytes[at.saturating_sub(32)..at].iter().rev();
    let at = at - name.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let before = &bytes[at.saturating_sub(LOOKBEHIND)..at];
    let separator = match before.trim_ascii_end().last() {
        Some(b',') => b',',
        None | Some(b';' | b'"' | b'\'' | b'`' | b'>') => b';',
        Some(_) => return None,
    };
    let rest = &bytes[name_end..bytes.len().min(name_end + AHEAD)];
    let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| **byte == b' ').count();
    let equals = blank(rest);
    let behind = rest[equals..].strip_prefix(b"=")?;
    let value_at = equals + 1 + blank(behind);
    let value = &rest[value_at..];
    let end = value
        .iter()
        .position(|byte| *byte == separator || ends_string(*byte) || matches!(byte, b';' | b'\\'));
    // Mostly it is the last, and ends with the text, unless more is there than was looked at.
    let is_last = bytes.len() <= name_end + AHEAD;
    let end = end.or(is_last.then_some(value.len()))?;
    let head = before.rsplit(|byte| ends_string(*byte)).next()?;
    let tail = rest[value_at + end..]
        .split(|byte| ends_string(*byte))
        .next()?;
    let closed_by = rest.get(value_at + end + tail.len());
    let bare = match enclosing(before, head.len()) {
        Some(b'>') => false,
        // The rest may be longer than what is looked at.
        Some(quote) if closed_by.is_none_or(|close| *close == quote) => false,
        // Names that stand nowhere else.
        _ if settings || is_key_of_azure(&bytes[at..name_end]) => true,
        _ => return None,
    };
    if bare && separator == b',' && !is_one_word(head) {
        return None;
    }
    let value = std::str::from_utf8(&value[..end]).ok()?.trim_end();
    if !names_place(&String::from_utf8_lossy(&[head, b"|", tail].concat())) {
        return None;
    }
    let believed = value.len() >= 5
        && is_one_piece(value)
        && !is_placeholder(value)
        && !is_code(value)
        // A query goes on.
        && !(value.contains('&') && value.contains('='))
        && (value.bytes().any(|byte| !byte.is_ascii_alphabetic()) || looks_random(value));
    if !believed {
        return None;
    }
    let name = std::str::from_utf8(&bytes[at..name_end]).ok()?;
    let (kind, severity) =
        known_form(name, value)?.unwrap_or((maker(name).unwrap_or(KIND), Severity::High));
    let start = name_end + value_at;
    Some(Hit::of(kind, severity, start, value.as_bytes()))
}

/// Whether a text says what connection strings do besides the password.
pub(super) fn names_place(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    BESIDE.iter().any(|name| text.contains(name))
}

/// Names of what else libpq is told (PostgreSQL, libpq, "Connection Strings"); but for that of the
/// user, which a message that somebody logs in has, too.
const BESIDE_OF_LIBPQ: &[&[u8]] = &[b"host", b"hostaddr", b"port", b"dbname"];

/// What libpq takes for `sslmode`, which no message has.
const SSL_MODES: &[&[u8]] = &[
    b"disable",
    b"allow",
    b"prefer",
    b"require",
    b"verify-ca",
    b"verify-full",
];

/// What is assigned to `password`, which stands from `at` to `name_end`, among names and values parted
/// by blanks, in quotes: `"host=db user=app password=…"`.
pub(super) fn in_source_name(bytes: &[u8], at: usize, name_end: usize) -> Option<Hit> {
    let before = &bytes[at.saturating_sub(LOOKBEHIND)..at];
    let is_apart = matches!(before.last(), Some(b' ' | b'"' | b'\'' | b'`'));
    is_apart.then_some(())?;
    let rest = &bytes[name_end..bytes.len().min(name_end + AHEAD)];
    let value = rest.strip_prefix(b"=")?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || ends_string(*byte) || *byte == b'\\';
    let end = value.iter().position(ends)?;
    let head = before.rsplit(|byte| ends_string(*byte)).next()?;
    let tail = value[end..].split(|byte| ends_string(*byte)).next()?;
    let quote = enclosing(before, head.len()).filter(|quote| *quote != b'>')?;
    let closed_by = value.get(end + tail.len());
    let mut words = [head, tail]
        .into_iter()
        .flat_map(|part| part.split(u8::is_ascii_whitespace));
    // `host=HOST` says how it is used.
    let is_beside = |word: &[u8]| {
        let mut parts = word.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let said = parts.next();
        said.is_some_and(|said| match name {
            b"sslmode" => SSL_MODES.contains(&said),
            b"connect_timeout" => said.iter().all(u8::is_ascii_digit) && !said.is_empty(),
            _ => BESIDE_OF_LIBPQ.contains(&name) && !said.eq_ignore_ascii_case(name),
        })
    };
    let is_whole = closed_by.is_none_or(|close| *close == quote) && words.any(is_beside);
    let value = std::str::from_utf8(&value[..end])
        .ok()
        .filter(|_| is_whole)?;
    judged("password", value, Written::Bare)?;
    Some(Hit::of(
        KIND,
        Severity::High,
        name_end + 1,
        value.as_bytes(),
    ))
}

fn is_key_of_azure(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"SharedAccessKey") || name.eq_ignore_ascii_case(b"AccountKey")
}

/// What opened the string that the last `inside` bytes of `before` stand in: a quote, or the end of
/// a tag. The quote before them may as well have closed the last string.
fn enclosing(before: &[u8], inside: usize) -> Option<u8> {
    let open = before.len().checked_sub(inside + 1)?;
    let quote = *before.get(open)?;
    match quote {
        b'>' => Some(quote),
        b'"' | b'\'' | b'`' => {
            let line = before[..=open].rsplit(|byte| *byte == b'\n').next()?;
            let quotes = line.iter().filter(|byte| **byte == quote).count();
            (quotes % 2 == 1).then_some(quote)
        }
        _ => None,
    }
}

/// Whether what stands before the password is one word with it: `cache:6379,`, not the arguments of
/// a call.
fn is_one_word(head: &[u8]) -> bool {
    let word = head
        .rsplit(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default();
    word.ends_with(b",") && !word.iter().any(|byte| b"()[]{}".contains(byte))
}

/// Whether a byte ends the text that a connection string is.
fn ends_string(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::super::context::in_context;
    use super::super::detector::{Piece, Told};
    use super::super::hits::Hits;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        found_in(text, false)
    }

    fn found_in(text: &str, settings: bool) -> Vec<(&'static str, &str)> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
        hits.into_iter()
            .map(|hit| (hit.kind, &text[hit.start..hit.end]))
            .collect()
    }

    #[test]
    fn passwords_of_connections() {
        for text in [
            r#""Default": "Server=db;Database=shop;User Id=sa;Password=Tr0ub4dor-3x;Encrypt=True""#,
            r#""Default": "Password=Tr0ub4dor-3x; Data Source=db""#,
            r#""Default": "Host=db;Username=app;Pwd = Tr0ub4dor-3x""#,
            r#""Redis": "cache:6380,password=Tr0ub4dor-3x,ssl=True,abortConnect=False""#,
            r"conn = 'Driver={ODBC Driver 18};Server=db;UID=app;PWD=Tr0ub4dor-3x'",
        ] {
            assert_eq!(
                found(text),
                [("connection-string-password", "Tr0ub4dor-3x")],
                "{text}"
            );
        }
    }

    #[test]
    fn passwords_among_names_and_values() {
        for text in [
            "psycopg2.connect(\"dbname=shop user=app password=Tr0ub4dor-3x host=db\")",
            "x = 'password=Tr0ub4dor-3x dbname=shop'",
            "x = 'user=app password=Tr0ub4dor-3x port=5432'",
            "sql.Open(\"postgres\", \"host=db password=Tr0ub4dor-3x\")",
            "sql.Open(\"postgres\", \"user=app password=Tr0ub4dor-3x sslmode=disable\")",
            "x = 'user=app password=Tr0ub4dor-3x connect_timeout=10'",
        ] {
            let one = [("connection-string-password", "Tr0ub4dor-3x")];
            assert_eq!(found(text), one, "{text}");
        }
        for none in [
            "x = f\"dbname=shop password={password} host=db\"",
            "x = \"dbname=shop password=%s host=db\"",
            "x = \"dbname=shop password=password host=db\"",
            "x = \"say password=Tr0ub4dor-3x here\"",
            "logger.info(\"login user=bob password=not-shown\");",
            "\"usage: user=NAME password=SECRET1 host=HOST\"",
            "\"usage: user=NAME password=SECRET1 sslmode=MODE\"",
            "\"usage: user=NAME password=SECRET1 connect_timeout=SECONDS\"",
            "x = \"localhost=db password=Tr0ub4dor-3x\"",
            "user=app password=Tr0ub4dor-3x host=db",
            "x = \"user=app\" password=Tr0ub4dor-3x \"host=db\"",
        ] {
            assert_eq!(found(none), [], "{none}");
        }
    }

    #[test]
    fn the_key_of_a_storage_account() {
        let key = format!("{}==", &"q7RtY2mW/9KpLz4V+N8c".repeat(5)[..86]);
        let text = format!(
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key};EndpointSuffix=x\n"
        );
        assert_eq!(found_in(&text, true), [("azure-storage-key", &*key)]);
        let code = format!("x = '{}'\n", text.trim_end());
        assert_eq!(found(&code), [("azure-storage-key", &*key)]);
    }

    #[test]
    fn keys_of_services_in_quotes() {
        let key = "q7RtY2mWx9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0Wk7U=";
        for (text, kind) in [
            (
                "new Client(\"Endpoint=sb://a.net/;SharedAccessKeyName=Root;SharedAccessKey=KEY\")",
                "azure-shared-access-key",
            ),
            (
                "x = 'HostName=a.azure-devices.net;SharedAccessKeyName=o;SharedAccessKey=KEY'",
                "azure-shared-access-key",
            ),
            (
                "new Client(\"Endpoint=https://a.azconfig.io;Id=ab-l0-s0:Kc8mPz2L;Secret=KEY\")",
                "connection-string-password",
            ),
        ] {
            let text = text.replace("KEY", key);
            assert_eq!(found(&text), [(kind, key)], "{text}");
        }
        let bare = format!("Endpoint=sb://a.net/;SharedAccessKeyName=Root;SharedAccessKey={key}\n");
        assert_eq!(found(&bare), [("azure-shared-access-key", key)]);
        assert_eq!(found("x(\"a;Secret=q7RtY2mWx9KpLz4VbN8c\")"), []);
        assert_eq!(found("x(\"Endpoint=sb://x;SharedAccessKey={key}\")"), []);
    }

    #[test]
    fn settings_write_them_without_quotes() {
        for text in [
            "REDIS=cache:6380,password=Tr0ub4dor-3x,ssl=True\n",
            "//nas/x /mnt cifs username=bob,password=Tr0ub4dor-3x,uid=0 0 0\n",
            "ConnectionStrings__Default=Server=db;User Id=sa;Password=Tr0ub4dor-3x;\n",
            "<connectionString>Server=db;Password=Tr0ub4dor-3x;</connectionString>\n",
        ] {
            let values: Vec<&str> = found_in(text, true).iter().map(|hit| hit.1).collect();
            assert_eq!(values, ["Tr0ub4dor-3x"], "{text}");
        }
    }

    /// Nothing follows the last line of a file, and the value of a variable.
    #[test]
    fn the_last_of_a_text() {
        for text in [
            "Default=Server=db;Database=d;Uid=root;Pwd=Tr0ub4dor-3x",
            "A=Driver={ODBC Driver 18 for SQL Server};Server=s;UID=u;PWD=Tr0ub4dor-3x",
            "REDIS=cache:6380,ssl=True,pwd=Tr0ub4dor-3x",
            "a=b\nServer=db;User Id=sa;Pwd = Tr0ub4dor-3x ",
        ] {
            let values: Vec<&str> = found_in(text, true).iter().map(|hit| hit.1).collect();
            assert_eq!(values, ["Tr0ub4dor-3x"], "{text}");
        }
        let cut = format!("Server=db;Uid=root;Pwd=Tr0ub4dor-3x{}", "x9".repeat(200));
        for none in [
            "Server=db;Uid=root;Pwd=",
            "Server=db;Uid=root;Pwd=postgres",
            "Server=db;Uid=root;Pwd=$PW",
            "Server=db;Uid=root;Pwd=q7 is no password",
            "cd x;pwd=Tr0ub4dor-3x",
            &cut,
        ] {
            assert_eq!(found_in(none, true), [], "{none}");
        }
    }

    #[test]
    fn arguments_of_calls_are_none() {
        for text in [
            "api = Client(username=username, password=password)\n",
            "db = connect(host=self.host, user=self.user, password=self.password)\n",
            "db = connect(\"db\", user=self.user, password=self.password, name=\"x\")\n",
            "def f(self, username=None, password=None):\n    pass\n",
            "db = connect(\n    user=u_1,\n    password=p_1,\n    host=h)\n",
            "con <- dbConnect(p(), host=cfg$host, user=cfg$user, password=cfg$password)\n",
            "val c = connect(host=cfg.host, user=cfg.user, password=cfg.password, db=1)\n",
            "def c = x(server=a,uid=b,pwd=conf.pwd,database=d)\n",
            "var host=a.host,user=a.user,password=a.password;\n",
            "this.user=a.user;password=a.password;\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_stands_for_a_password_is_none() {
        for text in [
            r#""Server=db;User Id=sa;Password=${DB_PASSWORD};""#,
            r#""Server=db;User Id=sa;Password={0};""#,
            r#""Server=db;User Id=sa;Password=<your password>;""#,
            r#""Server=db;User Id=postgres;Password=postgres;""#,
            r#""Server=db;User Id=sa;Password=your_password1;""#,
            r#""Server=db;User Id=sa;Password=";"#,
            r#""?user=me&x=1;password=Tr0ub4dor-3x&y=2"#,
            r#"if (a) { b; password=Tr0ub4dor3x; }"#,
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
