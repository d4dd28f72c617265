//! Passwords in connection strings: `Server=db;User Id=app;Password=…;` of .NET and ODBC,
//! `cache:6379,password=…,ssl=True` of Redis clients.

use plimsoll_model::Severity;

use super::Hit;
use super::detector::LOOKBEHIND;
use super::form::{is_code, known_form};
use super::placeholder::{is_placeholder, looks_random};

/// What else stands in a connection string (lower case).
const BESIDE: &[&str] = &[
    "server=",
    "data source=",
    "datasource=",
    "host=",
    "addr=",
    "address=",
    "endpoint=",
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

/// How far behind the password the rest of the string is looked for.
const AHEAD: usize = 256;

/// What is assigned to `password`, `pwd` or `AccountKey`, from `at` to `name_end`, in a connection
/// string.
pub(super) fn in_connection(bytes: &[u8], at: usize, name_end: usize) -> Option<Hit> {
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
    let end = value.iter().position(|byte| {
        *byte == separator || ends_string(*byte) || matches!(byte, b';' | b'\\')
    })?;
    let value = std::str::from_utf8(&value[..end]).ok()?.trim_end();
    let around = [
        before.rsplit(|byte| ends_string(*byte)).next()?,
        b"|",
        rest[value_at + end..]
            .split(|byte| ends_string(*byte))
            .next()?,
    ];
    let around = around.concat().to_ascii_lowercase();
    let around = String::from_utf8_lossy(&around);
    if !BESIDE.iter().any(|name| around.contains(name)) {
        return None;
    }
    let believed = value.len() >= 5
        && value.bytes().all(|byte| byte.is_ascii_graphic())
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
        known_form(name, value)?.unwrap_or(("connection-string-password", Severity::High));
    let start = name_end + value_at;
    Some(Hit::of(kind, severity, start, value.as_bytes()))
}

/// Whether a byte ends the text that a connection string is.
fn ends_string(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::super::context::in_context;
    use super::super::detector::{Piece, Told};

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let mut hits = Vec::new();
        in_context(Piece::text(text), false, &mut Told::default(), &mut hits);
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
    fn the_key_of_a_storage_account() {
        let key = format!("{}==", &"q7RtY2mW/9KpLz4V+N8c".repeat(5)[..86]);
        let text = format!(
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key};EndpointSuffix=x\n"
        );
        assert_eq!(found(&text), [("azure-storage-key", &*key)]);
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
