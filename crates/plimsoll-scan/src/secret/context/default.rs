//! Texts in code that stand in for what is looked up, or that a type is made of: `process.env.PW ||
//! "…"`, `config("X", default="…")`, `SecretStr("…")`, `${db.password:…}`.

use super::super::name::words;

/// Types and functions that make something of a text without changing it.
const MAKERS: &[&str] = &[
    "SecretStr",
    "Some",
    "String",
    "String::from",
    "Field",
    "SecureString",
];

/// What a text is handed to that is taken where nothing else is there.
const OTHERWISE: &[&str] = &["unwrap_or", "orElse", "getOrElse"];

/// What gives a text in somebody's language: what stands in for that is a label.
const SAYERS: &[&str] = &[
    "t",
    "translate",
    "gettext",
    "defineMessage",
    "formatMessage",
];

/// Words of code that mean that what follows is taken where nothing else is there.
const OR: &[&[u8]] = &[b"||", b"??", b"?:", b"or "];

/// The text in an expression that begins here: where it begins, and how long it is. One that is
/// compared or put together with something is none.
pub(super) fn text_in(expression: &[u8]) -> Option<(usize, usize)> {
    let mut reader = Reader {
        bytes: expression,
        at: 0,
    };
    reader.skip_blank();
    if reader.rest().starts_with(b"new ") {
        reader.at += 4;
    }
    let (mut name, mut call) = (reader.name(), None);
    // A variable, or something by its name.
    (!name.is_empty()).then_some(())?;
    loop {
        match reader.rest().first() {
            Some(b'[') => {
                reader.group()?;
                call = None;
            }
            Some(b'(') => call = Some((name, reader.group()?)),
            Some(b'.' | b':' | b'-' | b'?') => {
                let more = reader.name();
                if more.is_empty() {
                    break;
                }
                let inner = call.take().and_then(|(_, texts): (_, Texts)| texts.first);
                name = more.trim_start_matches(['.', ':', '-', '>', '?']);
                // `String::from("…").unwrap()` is what the text is.
                if let Some(inner) = inner.filter(|_| name == "to_string" || name == "into") {
                    reader.group()?;
                    return reader.is_at_end().then_some(inner);
                }
            }
            _ => break,
        }
    }
    reader.skip_blank();
    let is_said = call.is_some() && SAYERS.contains(&name.rsplit('.').next().unwrap_or(name));
    if let Some(or) = OR.iter().find(|or| reader.rest().starts_with(or)) {
        if is_said {
            return None;
        }
        reader.at += or.len();
        reader.skip_blank();
        let text = reader.text()?;
        return reader.is_at_end().then_some(text);
    }
    let (name, texts) = call?;
    // Ruby's block says what else: `ENV.fetch("X") { "…" }`.
    if name.ends_with("fetch") && reader.rest().starts_with(b"{") {
        reader.at += 1;
        reader.skip_blank();
        let text = reader.text()?;
        reader.skip_blank();
        return reader.rest().starts_with(b"}").then_some(text);
    }
    reader.is_at_end().then_some(())?;
    let last = name.rsplit(['.', ':', '>']).next().unwrap_or(name);
    if let Some(default) = texts.default {
        return Some(default);
    }
    if MAKERS.contains(&name) || OTHERWISE.contains(&last) {
        return texts.first;
    }
    texts.second.filter(|_| looks_up(name, last))
}

/// What looks up by a name where it is called of something that holds variables.
const GETTERS: &[&str] = &["fetch", "get", "getString", "str", "string", "var"];

/// Whether a function looks up what the first text names: `getenv`, `os.environ.get`, `env.str`, but
/// neither `useEnvelope` nor `env.translate`.
fn looks_up(name: &str, last: &str) -> bool {
    let is_environment = |part: &str| {
        words(part)
            .iter()
            .any(|word| matches!(word.as_str(), "env" | "environ" | "getenv" | "environment"))
    };
    let mut before = name.rsplit(['.', ':', '>']).skip(1);
    matches!(last, "getProperty" | "getOrDefault")
        || is_environment(last)
        || (GETTERS.contains(&last) && before.any(is_environment))
}

/// Texts among the arguments of a call.
#[derive(Clone, Copy, Default)]
struct Texts {
    /// The first argument.
    first: Option<(usize, usize)>,
    /// The second, where the first is one, too.
    second: Option<(usize, usize)>,
    /// What is named so.
    default: Option<(usize, usize)>,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn rest(&self) -> &'b [u8] {
        &self.bytes[self.at..]
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }

    /// A name with what leads to it: `process.env.PW`, `env::var`, `$config->get`.
    fn name(&mut self) -> &'b str {
        let is_of_name =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.');
        let from = self.at;
        loop {
            self.at += match self.rest() {
                [b':', b':', next, ..] | [b'-', b'>', next, ..] | [b'?', b'.', next, ..]
                    if is_of_name(*next) =>
                {
                    3
                }
                [next, ..] if is_of_name(*next) => 1,
                _ => break,
            };
        }
        std::str::from_utf8(&self.bytes[from..self.at]).unwrap_or_default()
    }

    /// The text in quotes that begins here, without an escape.
    fn text(&mut self) -> Option<(usize, usize)> {
        let quote = *self.rest().first()?;
        matches!(quote, b'"' | b'\'' | b'`').then_some(())?;
        let start = self.at + 1;
        let length = memchr::memchr2(quote, b'\\', &self.bytes[start..])?;
        (self.bytes[start + length] == quote).then_some(())?;
        self.at = start + length + 1;
        Some((start, length))
    }

    /// Passes over what stands in brackets; gives the texts in it.
    fn group(&mut self) -> Option<Texts> {
        let mut texts = Texts::default();
        let (mut depth, mut argument, mut begins) = (0_u32, 0, self.at + 1);
        loop {
            let byte = *self.rest().first()?;
            match byte {
                b'"' | b'\'' | b'`' => {
                    let before = self.bytes[begins..self.at].trim_ascii();
                    let text = self.text()?;
                    let next = self.rest().trim_ascii_start().first();
                    // Rust's have a method behind them.
                    let is_whole = matches!(next, Some(b',' | b')'))
                        || self.rest().starts_with(b".to_string()")
                        || self.rest().starts_with(b".into()");
                    if depth > 1 || !is_whole {
                        continue;
                    }
                    match (before, argument) {
                        (b"", 0) => texts.first = Some(text),
                        (b"", 1) if texts.first.is_some() => texts.second = Some(text),
                        (b"default=" | b"default =" | b"default:", _) => {
                            texts.default = Some(text);
                        }
                        _ => {}
                    }
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        self.at += 1;
                        return Some(texts);
                    }
                }
                b',' if depth == 1 => {
                    argument += 1;
                    begins = self.at + 1;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Whether an expression ends here.
    fn is_at_end(&self) -> bool {
        let rest = self.rest();
        let behind = rest.trim_ascii_start();
        behind.is_empty()
            || behind.starts_with(b"//")
            || matches!(behind[0], b',' | b';' | b')' | b']' | b'}' | b'#')
    }
}

/// What a template takes where a variable is not set, whose name ends where this begins:
/// `${db.password:…}`, `${DB_PASSWORD:-…}`. Gives where it begins and how long it is.
pub(super) fn in_template(rest: &[u8]) -> Option<(usize, usize)> {
    let from = [&b":-"[..], b":=", b":"]
        .iter()
        .find(|operator| rest.starts_with(operator))?
        .len();
    // What is said where it is not set, and what is taken where it is.
    (!matches!(rest.get(from), Some(b'?' | b'+'))).then_some(())?;
    let length = memchr::memchr(b'}', &rest[from..])?;
    let value = &rest[from..from + length];
    let inner = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => return Some((from, length)),
    };
    Some((from + 1, inner.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::detector::{Piece, Told};
    use super::super::super::hits::Hits;
    use super::super::in_context;

    fn found(text: &str, settings: bool) -> Vec<&str> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn what_is_taken_where_nothing_else_is() {
        for text in [
            "new Pool({user: 'a', password: process.env.PW || 'VALUE'})",
            "const password = process.env.PW ?? \"VALUE\";",
            "password = os.environ.get(\"X\") or \"VALUE\"",
            "password=os.environ.get(\"X\", \"VALUE\")",
            "password = env.str(\"X\", \"VALUE\")",
            "password := getEnvOrDefault(\"X\", \"VALUE\")",
            "password = ENV.fetch(\"X\", \"VALUE\")",
            "String password = env.getProperty(\"x\", \"VALUE\");",
            "String password = System.getenv().getOrDefault(\"X\", \"VALUE\");",
            "'PASSWORD': env('PW', default='VALUE'),",
            "DB_PASSWORD = config(\"PW\", default=\"VALUE\", cast=str)",
            "password: str = Field(default=\"VALUE\")",
            "password: str = Field(\"VALUE\", env=\"PW\")",
            "db_password: SecretStr = SecretStr(\"VALUE\")",
            "password: ENV.fetch(\"PW\") { \"VALUE\" }",
            "$password = getenv('PW') ?: 'VALUE';",
            "val password = System.getenv(\"X\") ?: \"VALUE\"",
            "let password = env::var(\"PW\").unwrap_or(\"VALUE\".to_string());",
            "let password = String::from(\"VALUE\");",
            "String password = new String(\"VALUE\");",
            "val password: Option[String] = Some(\"VALUE\")",
            "let password: String? = \"VALUE\"",
            "@Value(\"${db.password:VALUE}\") String p;",
            "char password[] = \"VALUE\";",
            "char password[64] = \"VALUE\";",
            "#define DB_PASSWORD \"VALUE\"",
            "password <- \"VALUE\"",
            "{\"Env\":[\"PATH=/bin\",\"DB_PASSWORD=VALUE\"]}",
            "subprocess.run(\"PGPASSWORD=VALUE psql -h db\", shell=True)",
            "{\"source\": [\"!export API_TOKEN=VALUE\\n\"]}",
        ] {
            let text = text.replace("VALUE", "Zq7fYuaD9CLjyEx4");
            assert_eq!(found(&text, false), ["Zq7fYuaD9CLjyEx4"], "{text}");
        }
        for text in [
            "export DB_PASSWORD=${DB_PASSWORD:-VALUE}",
            "export DB_PASSWORD=${DB_PASSWORD:-\"VALUE\"}",
            "password: ${DB_PASSWORD:VALUE}",
            "SetEnv DB_PASSWORD VALUE",
            "SetEnv DB_PASSWORD \"VALUE\"",
            "fastcgi_param DB_PASSWORD \"VALUE\";",
        ] {
            let text = text.replace("VALUE", "Zq7fYuaD9CLjyEx4");
            assert_eq!(found(&text, true), ["Zq7fYuaD9CLjyEx4"], "{text}");
        }
    }

    #[test]
    fn what_is_no_such_text() {
        for text in [
            "password = prompt(\"VALUE\")",
            "password = config.get(\"section\", \"VALUE\")",
            "password = env.translate(\"label\", \"VALUE\")",
            "password = useEnvelope(\"label\", \"VALUE\")",
            "password = i18n.t(\"label\", \"VALUE\")",
            "password = i18n.t(\"label\") || \"VALUE\"",
            "password = translate(\"label\") ?? \"VALUE\"",
            "x = \"API_KEY=@Model.ApiKey2V\"",
            "password = re.sub(\"a\", \"VALUE\", x)",
            "password = os.environ.get(\"VALUE\")",
            "password = os.environ.get(\"X\") + \"VALUE\"",
            "password = read(x) || 'VALUE' === y",
            "password = read(x) or \"VALUE\" + y",
            "password = Some(decrypt(\"VALUE\"))",
            "password = String::from(\"VALUE\") + x",
            "password = String::format(\"VALUE\", x)",
            "password = String(\"VALUE\" + x)",
            "password = f(\"VALUE",
            "check(password, os.environ.get(\"X\", \"VALUE\"))",
            "x = f\"PASSWORD={db_password2}\"",
            "x = \"PASSWORD=%s\" % VALUE",
            "x = \"PASSWORD=\" + VALUE",
            "run(PASSWORD=VALUE)",
            "x = \"say PASSWORD=VALUE\"",
            "x = \"password=VALUE\"",
            "\"${db.password:?VALUE}\"",
            "\"${db.password:+VALUE}\"",
        ] {
            let text = text.replace("VALUE", "Zq7fYuaD9CLjyEx4");
            assert_eq!(found(&text, false), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(password = |PASSWORD=|new |env|::|->|\\?|\\$\\{|[\"'`(){}\\[\\],.:|é\\\\-]| or |default=|[a-z]{1,4}){0,40}") {
            let _ = found(&text, false);
            let _ = found(&text, true);
        }
    }
}
