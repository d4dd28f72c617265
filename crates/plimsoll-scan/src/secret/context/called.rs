//! Passwords that code hands to a function by their place among its arguments.

use plimsoll_model::Severity;

use super::super::Hit;
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

    /// Whether a comma follows, which is passed over.
    fn comma(&mut self) -> bool {
        self.skip(|byte| byte.is_ascii_whitespace());
        let is_there = self.rest().first() == Some(&b',');
        self.at += usize::from(is_there);
        is_there
    }
}

/// The third argument of a function whose parenthesis ends at `behind`, where a place, a user and a
/// password are handed to it: `new PDO('mysql:host=db', 'app', 'x')`, `mysqli_connect('db', 'app',
/// 'x')`, `DBI->connect("dbi:Pg:dbname=shop", "app", "x")`.
pub(super) fn third_argument(bytes: &[u8], behind: usize) -> Option<Hit> {
    let mut arguments = Arguments::new(bytes, behind);
    for _ in 0..2 {
        arguments.argument()?;
        arguments.comma().then_some(())?;
    }
    let password = arguments.argument().filter(|argument| argument.quoted)?;
    arguments.skip(|byte| byte.is_ascii_whitespace());
    let ends = arguments
        .rest()
        .first()
        .is_some_and(|byte| b",)".contains(byte));
    // What is put together is none as it stands.
    ends.then(|| hit("database-password", bytes, &password))?
}

/// The password of `ConvertTo-SecureString "…" -AsPlainText`, whose name ends at `behind`, whatever the
/// order of its parameters.
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
    hit("command-password", bytes, &found.filter(|_| is_plain)?)
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
            "ConvertTo-SecureString \"VALUE\" -AsPlainText -Force",
            "ConvertTo-SecureString -String 'VALUE' -AsPlainText -Force",
            "$x = (convertto-securestring -AsPlainText -Force -String \"VALUE\")",
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
            "new PDO('sqlite:/var/lib/q7RtY2mW.db')",
            "new PDO($dsn, $user, $password)",
            "new PDO($dsn, 'app', 'q7RtY2mW!x9' . $more)",
            "new PDO($dsn, 'app', \"q7RtY2mW!x9$more\")",
            "new PDO($dsn, 'app', getenv('q7RtY2mW9x'))",
            "mysqli_connect('db', 'app', env('q7RtY2mW9x'))",
            "DBI->connect(\"dbi:SQLite:q7RtY2mW9x\", \"\", \"\")",
            "ConvertTo-SecureString \"01000000d08c9ddf0115d1118c7a00c04fc297eb\"",
            "ConvertTo-SecureString $env:Q7RTY2MW9X -AsPlainText -Force",
            "ConvertTo-SecureString -AsPlainText",
        ] {
            assert_eq!(found(none), Vec::<String>::new(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(PDO\\(|DBI->connect\\(|To-SecureString |-AsPlainText|['\", \n$aé\\\\)(]){0,40}") {
            let _ = found(&text);
        }
    }
}
