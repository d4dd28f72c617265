//! Passwords that code hands to a function by their place among its arguments.

use plimsoll_model::Severity;

use super::super::Hit;
use super::super::detector::LOOKBEHIND;
use super::super::form::{LONGEST, Written, judged};

/// How far behind the name of a function its arguments are looked for.
const REACH: usize = LONGEST + 400;

/// An argument: what it is, where it begins in the bytes, and whether it is a text in quotes.
struct Argument<'b> {
    text: &'b str,
    start: usize,
    quoted: bool,
}

/// Reads arguments one after the other.
struct Arguments<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
}

impl<'b> Arguments<'b> {
    fn new(bytes: &'b [u8], at: usize) -> Self {
        let end = bytes.len().min(at + REACH);
        Self { bytes, at, end }
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    fn skip(&mut self, what: impl Fn(u8) -> bool) -> usize {
        let count = self.rest().iter().take_while(|byte| what(**byte)).count();
        self.at += count;
        count
    }

    /// The next argument: a text in quotes without an escape, or a variable.
    fn argument(&mut self) -> Option<Argument<'b>> {
        self.skip(|byte| byte.is_ascii_whitespace());
        let quote = self.rest().first().copied()?;
        let quoted = matches!(quote, b'"' | b'\'');
        let (start, length) = if quoted {
            let behind = self.rest().get(1..)?;
            let length = behind
                .iter()
                .position(|byte| *byte == quote || matches!(byte, b'\\' | b'\n'))?;
            (behind[length] == quote).then_some((self.at + 1, length))?
        } else {
            let start = self.at;
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"$_->:.[]'\"".contains(&byte);
            (start, self.skip(is_name))
        };
        self.at = start + length + usize::from(quoted);
        let text = std::str::from_utf8(&self.bytes[start..start + length]).ok()?;
        (quoted || length > 0).then_some(Argument {
            text,
            start,
            quoted,
        })
    }

    /// Passes over an argument, whatever it is put together of, and the comma behind it.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 0_u32;
        let mut quote = None;
        let mut bytes = self.rest().iter().enumerate();
        while let Some((number, byte)) = bytes.next() {
            match (quote, byte) {
                (Some(_), b'\\') => {
                    bytes.next();
                }
                (Some(open), byte) if open == *byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(*byte),
                (None, b'(' | b'[' | b'{') => depth += 1,
                (None, b')' | b']' | b'}') => depth = depth.checked_sub(1)?,
                (None, b';') => return None,
                (None, b',') if depth == 0 => {
                    self.at += number + 1;
                    return (number > 0).then_some(());
                }
                (None, _) => {}
            }
        }
        None
    }
}

/// The argument of this number of a function whose parenthesis ends at `behind`, where it is a
/// password: alone, behind a place and a user, `new PDO('mysql:host=db', 'app', 'x')`, `mysqli_connect('db',
/// 'app', 'x')`, `DBI->connect("dbi:Pg:dbname=shop", "app", "x")`, or behind a user alone,
/// `HTTPBasicAuth("app", "x")`.
pub(super) fn argument(bytes: &[u8], behind: usize, number: usize) -> Option<Hit> {
    let kind = match number {
        3 => "database-password",
        _ => "command-password",
    };
    let mut arguments = Arguments::new(bytes, behind);
    for _ in 1..number {
        arguments.pass()?;
    }
    let password = arguments.argument().filter(|argument| argument.quoted)?;
    arguments.skip(|byte| byte.is_ascii_whitespace());
    let ends = arguments
        .rest()
        .first()
        .is_some_and(|byte| b",)".contains(byte));
    // What is put together is none as it stands.
    ends.then(|| hit(kind, bytes, &password))?
}

/// Modules of Jupyter that make hashes of passwords (Jupyter Server, "Running a public server").
const HASHING: &[&[u8]] = &[b"auth.", b"security.", b"lib."];

/// The password that Jupyter makes a hash of, `passwd('x')`, whose name is from `at` to `behind`: a method
/// of anything else is none of that.
pub(super) fn hashed(bytes: &[u8], at: usize, behind: usize) -> Option<Hit> {
    let before = &bytes[..at];
    let is_apart = before
        .last()
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"_$>:.".contains(byte));
    let is_of_module = HASHING.iter().any(|module| before.ends_with(module));
    let is_called = bytes[at..behind] == *b"passwd" && bytes.get(behind) == Some(&b'(');
    (is_called && (is_apart || is_of_module)).then(|| argument(bytes, behind + 1, 1))?
}

/// What a log-in at a server of mail or files is named by in code.
const SERVERS: &[&str] = &["smtp", "imap", "pop3", "ftp", "mail", "server"];

/// The password of `smtp.login("app", "x")`, whose name begins at `at` and whose parenthesis ends at
/// `behind`: a log-in anywhere else may be a page's, with other texts.
pub(super) fn log_in(bytes: &[u8], at: usize, behind: usize) -> Option<Hit> {
    let before = &bytes[at.saturating_sub(48)..at];
    let before = before.strip_suffix(b".").or(before.strip_suffix(b"->"))?;
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let length = before.iter().rev().take_while(is_name).count();
    let name = before[before.len() - length..].to_ascii_lowercase();
    let name = std::str::from_utf8(&name).ok()?;
    let is_server = SERVERS.iter().any(|server| name.contains(server));
    is_server.then(|| argument(bytes, behind, 2))?
}

/// The password of `ConvertTo-SecureString "…" -AsPlainText`, whose name ends at `behind`, whatever the
/// order of its parameters, and of `"…" | ConvertTo-SecureString -AsPlainText`.
pub(super) fn secure_string(bytes: &[u8], behind: usize) -> Option<Hit> {
    let mut arguments = Arguments::new(bytes, behind);
    let mut found = None;
    let mut is_plain = false;
    for _ in 0..6 {
        let blank = arguments.skip(|byte| matches!(byte, b' ' | b'\t' | b'`'));
        match arguments.rest().first() {
            Some(b'-') if blank > 0 => {
                arguments.at += 1;
                let name = arguments.argument()?.text;
                is_plain |= name.eq_ignore_ascii_case("AsPlainText");
            }
            Some(b'"' | b'\'') if blank > 0 && found.is_none() => {
                found = Some(arguments.argument()?);
            }
            _ => break,
        }
    }
    let found = found.filter(|_| is_plain);
    let found = found.or_else(|| piped(bytes, behind).filter(|_| is_plain));
    hit("command-password", bytes, &found?)
}

/// The text in quotes that is handed to the command whose name ends at `behind`.
fn piped(bytes: &[u8], behind: usize) -> Option<Argument<'_>> {
    const NAME: &[u8] = b"ConvertTo-SecureString";
    let at = behind.checked_sub(NAME.len())?;
    let is_command = bytes[at..behind].eq_ignore_ascii_case(NAME);
    let before = bytes[at.saturating_sub(LOOKBEHIND)..at].trim_ascii_end();
    let before = before.strip_suffix(b"|").filter(|_| is_command)?;
    let (quote, before) = before.trim_ascii_end().split_last()?;
    matches!(quote, b'"' | b'\'').then_some(())?;
    let opened = before
        .iter()
        .rposition(|byte| byte == quote || *byte == b'\n')?;
    // What is put together is none as it stands.
    let is_part = before[..opened].trim_ascii_end().ends_with(b"+");
    (before[opened] == *quote && !is_part).then_some(())?;
    let text = std::str::from_utf8(&before[opened + 1..]).ok()?;
    Some(Argument {
        text,
        start: text.as_ptr().addr() - bytes.as_ptr().addr(),
        quoted: true,
    })
}

/// A text that is believed to be a password, unless a variable is written into it.
fn hit(kind: &'static str, bytes: &[u8], password: &Argument<'_>) -> Option<Hit> {
    let is_open = bytes[..password.start].ends_with(b"\"") && password.text.contains('$');
    judged("password", password.text, Written::QuotedSetting).filter(|_| !is_open)?;
    let value = password.text.as_bytes();
    Some(Hit::of(kind, Severity::High, password.start, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::detector::{Piece, Told};
    use super::super::super::hits::Hits;
    use super::super::in_context;

    fn found(text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), false, &mut Told::default(), &mut hits);
        let values = hits.iter().map(|hit| text[hit.start..hit.end].to_owned());
        values.collect()
    }

    #[test]
    fn passwords_by_their_place() {
        for call in [
            "$db = new PDO('mysql:host=db;dbname=shop', 'app', 'VALUE');",
            "new PDO($dsn, \"app\", \"VALUE\", [PDO::ATTR_PERSISTENT => true])",
            "new \\PDO(\n  'pgsql:host=db',\n  'app',\n  'VALUE'\n)",
            "mysqli_connect('db', 'app', 'VALUE', 'shop')",
            "$db = new mysqli(\"db\", \"app\", \"VALUE\", \"shop\");",
            "mysql_connect($host, $user, 'VALUE')",
            "DBI->connect(\"dbi:Pg:dbname=shop\", \"app\", \"VALUE\", {RaiseError => 1})",
            "DBI->connect($dsn, 'app', 'VALUE') or die",
            "DriverManager.getConnection(\"jdbc:postgresql://db/shop\", \"app\", \"VALUE\");",
            "requests.get(u, auth=('bob', 'VALUE'))",
            "HTTPBasicAuth(\"bob\", \"VALUE\")",
            "c.ServerApp.password = passwd('VALUE')",
            "notebook.auth.passwd( \"VALUE\", 'sha1')",
            "req.SetBasicAuth(user, \"VALUE\")",
            "new NetworkCredential(\"bob\", \"VALUE\", \"CORP\")",
            "MySQLdb.connect('db', 'app', 'VALUE', 'shop')",
            "smtp.login(\"bob@x.net\", \"VALUE\")",
            "self.imap_client.login(USER, 'VALUE')",
            "$ftp->login('bob', 'VALUE')",
            "server.login(\n    user,\n    \"VALUE\",\n)",
            "pymysql.connect(HOST, \"app\", \"VALUE\")",
            "ConvertTo-SecureString \"VALUE\" -AsPlainText -Force",
            "ConvertTo-SecureString -String 'VALUE' -AsPlainText -Force",
            "$x = (convertto-securestring -AsPlainText -Force -String \"VALUE\")",
            "new PDO('mysql:host=' . $host . ';dbname=shop', 'app', 'VALUE');",
            "mysqli_connect(getenv('H', true), \"a,'b\\\"\" . $c['x'], 'VALUE');",
            "$s = \"VALUE\" | ConvertTo-SecureString -AsPlainText -Force",
            "$s = 'x' + ('VALUE' | convertto-securestring -Force -AsPlainText)",
        ] {
            let text = call.replace("VALUE", "q7RtY2mW!x9");
            assert_eq!(found(&text), ["q7RtY2mW!x9"], "{call}");
            for none in [
                "password",
                "my_password",
                "$password",
                "<password>",
                "",
                "****",
            ] {
                let text = call.replace("VALUE", none);
                assert_eq!(found(&text), Vec::<String>::new(), "{text}");
            }
        }
        for none in [
            "getpasswd('q7RtY2mW!x9')",
            "$user->passwd('q7RtY2mW!x9')",
            "form.passwd('q7RtY2mW!x9')",
            "passwd(name('q7RtY2mW!x9'))",
            "passwd('q7RtY2mW!x9' + more)",
            "passwd('Your password1?')",
            "passwd(q7RtY2mW9x)",
            "new PDO('sqlite:/var/lib/q7RtY2mW.db')",
            "new PDO($dsn, $user, $password)",
            "DriverManager.getConnection(url, user, password);",
            "cache.getConnection(\"q7RtY2mW!x9\")",
            "HTTPBasicAuth(user, password)",
            "smtp.login(user, password)",
            "smtp.login(\"q7RtY2mW!x9\")",
            "page.login(\"Members\", \"q7RtY2mW!x9\")",
            "login(\"bob\", \"q7RtY2mW!x9\")",
            "server.login(\"Members\", \"Log in here\")",
            "HTTPBasicAuth(\"q7RtY2mW!x9\")",
            "BasicAuth(\"Members\", \"Log in here\")",
            "DriverManager.getConnection(\"jdbc:h2:mem:a\", \"sa\", \"\")",
            "pymysql.connect('db', 'app', get('q7RtY2mW!x9'))",
            "new PDO($dsn, 'app', 'q7RtY2mW!x9' . $more)",
            "new PDO($dsn, 'app', \"q7RtY2mW!x9$more\")",
            "new PDO($dsn, 'app', getenv('q7RtY2mW9x'))",
            "mysqli_connect('db', 'app', env('q7RtY2mW9x'))",
            "DBI->connect(\"dbi:SQLite:q7RtY2mW9x\", \"\", \"\")",
            "ConvertTo-SecureString \"01000000d08c9ddf0115d1118c7a00c04fc297eb\"",
            "ConvertTo-SecureString $env:Q7RTY2MW9X -AsPlainText -Force",
            "ConvertTo-SecureString -AsPlainText",
            "\"q7RtY2mW!x9\" | ConvertTo-SecureString",
            "$q7RtY2mW9x | ConvertTo-SecureString -AsPlainText -Force",
            "\"q7RtY2mW!x9$more\" | ConvertTo-SecureString -AsPlainText -Force",
            "\"q7RtY2mW!x9\"; $more | ConvertTo-SecureString -AsPlainText -Force",
            "$more + \"q7RtY2mW!x9\" | ConvertTo-SecureString -AsPlainText -Force",
            "f(\"q7RtY2mW!x9\").Text | ConvertTo-SecureString -AsPlainText -Force",
            "new PDO($dsn); f('app', 'q7RtY2mW!x9')",
            "new PDO(dsn('a', 'b', 'q7RtY2mW!x9'))",
        ] {
            assert_eq!(found(none), Vec::<String>::new(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(PDO\\(|DBI->connect\\(|\\| ConvertTo-SecureString |-AsPlainText|['\", \n$aé\\\\)(]){0,40}") {
            let _ = found(&text);
        }
    }
}
