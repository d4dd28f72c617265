//! Passwords of the users that a server lets in, where its JAAS configuration lists them: `PlainLoginModule
//! required user_alice="…";` of Kafka (its manual, "Authentication using SASL/PLAIN"), and
//! `DigestLoginModule` of ZooKeeper.

use std::sync::LazyLock;

use memchr::memmem;

use super::name::promises;

/// What the names of modules end with.
pub(super) static MODULE: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("LoginModule"));

/// Modules whose options are users, by what their names begin with.
const LISTING: &[&[u8]] = &[b"Plain", b"Digest"];

/// What stands between a module and its options.
const FLAGS: &[&[u8]] = &[b"required", b"requisite", b"sufficient", b"optional"];

/// How far the options of a module are read.
const REACH: usize = 16 << 10;

/// The options behind the name of a module.
pub(super) struct Options<'b> {
    bytes: &'b [u8],
    /// Where reading goes on.
    pub(super) at: usize,
    end: usize,
}

impl<'b> Options<'b> {
    /// Those of the module whose name ends with what [`MODULE`] found at `at`; none where they are no
    /// users.
    pub(super) fn of_module(bytes: &'b [u8], at: usize) -> Option<Self> {
        let is_listing = LISTING.iter().any(|name| bytes[..at].ends_with(name));
        let behind = at + MODULE.needle().len();
        let end = bytes.len().min(behind + REACH);
        let mut options = Self {
            bytes,
            at: behind,
            end,
        };
        options.skip_blanks();
        let is_apart = options.at > behind;
        (is_listing && is_apart && FLAGS.contains(&options.name())).then_some(options)
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    fn take(&mut self, belongs: impl Fn(&u8) -> bool) -> &'b [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| belongs(byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn name(&mut self) -> &'b [u8] {
        self.take(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(byte))
    }

    /// Passes over blanks, also as texts in quotes write them, what carries a line on, and remarks.
    fn skip_blanks(&mut self) {
        loop {
            let blanks = self.take(u8::is_ascii_whitespace).len();
            let rest = self.rest();
            let more = match rest {
                [b'\\', b'n' | b'r' | b't', ..] => 2,
                [b'\\', next, ..] if next.is_ascii_whitespace() => 1,
                [b'#', ..] | [b'/', b'/', ..] => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                [b'/', b'*', ..] => memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2),
                _ => 0,
            };
            self.at += more;
            if blanks + more == 0 {
                return;
            }
        }
    }

    /// What stands in quotes; what has a backslash before it does not end it.
    fn quoted(&mut self, quote: u8) -> &'b [u8] {
        let mut is_escaped = false;
        let rest = self.rest();
        let ends = |byte: &u8| {
            let ends = !is_escaped && *byte == quote || *byte == b'\n';
            is_escaped = !is_escaped && *byte == b'\\';
            ends
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The next option: its name, what is given to it, and where that begins.
    fn option(&mut self) -> Option<(&'b [u8], &'b [u8], usize)> {
        self.skip_blanks();
        let begins = self.at;
        let name = self.name();
        self.take(|byte| *byte == b' ');
        if !self.rest().starts_with(b"=") {
            // It may be the next module.
            self.at = begins;
            return None;
        }
        self.at += 1;
        self.take(|byte| *byte == b' ');
        // In a text in quotes others have a backslash before them.
        let escape = self.take(|byte| *byte == b'\\');
        let Some(quote @ (b'"' | b'\'')) = self.rest().first().copied() else {
            let start = self.at;
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b";\\\"'".contains(byte);
            return Some((name, self.take(|byte| !ends(byte)), start));
        };
        self.at += 1;
        let start = self.at;
        let value = match escape {
            [] => self.quoted(quote),
            _ => self.take(|byte| *byte != quote && !matches!(byte, b'\\' | b'\n')),
        };
        let closes = self.rest().strip_prefix(escape)?.first() == Some(&quote);
        self.at += escape.len() + 1;
        closes.then_some((name, value, start))
    }
}

/// The passwords of users, and where each begins.
impl<'b> Iterator for Options<'b> {
    type Item = (&'b str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, value, start) = self.option()?;
            let value = str::from_utf8(value).ok()?;
            // What the name of a user promises is found by that.
            let is_user = name
                .strip_prefix(b"user_")
                .is_some_and(|user| !user.is_empty())
                && str::from_utf8(name).is_ok_and(|name| !promises(name));
            if is_user {
                return Some((value, start));
            }
        }
    }
}

/// What each user in a text has for a password, by place.
pub(super) fn users(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut at = 0;
    let mut options: Option<Options<'_>> = None;
    std::iter::from_fn(move || {
        loop {
            if let Some(open) = &mut options {
                let user = open.next();
                at = open.at;
                if user.is_some() {
                    return user;
                }
                options = None;
            }
            let module = at + MODULE.find(text.as_bytes().get(at..)?)?;
            at = module + MODULE.needle().len();
            options = Options::of_module(text.as_bytes(), module);
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::context::in_context;
    use super::super::detector::{Piece, Told};
    use super::super::hits::Hits;
    use super::users;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), true, &mut Told::default(), &mut hits);
        let mut places: Vec<(usize, usize)> = hits.iter().map(|hit| (hit.start, hit.end)).collect();
        places.sort_unstable();
        places
            .into_iter()
            .map(|(from, to)| &text[from..to])
            .collect()
    }

    #[test]
    fn users_that_a_broker_lets_in() {
        for text in [
            "KafkaServer {\n  a.PlainLoginModule required\n  username=\"admin\" password=\"Tr0ub4dor3x\"\n  user_alice=\"Tr0ub4dor4x\";\n};\n",
            "Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_super=\"Tr0ub4dor3x\" user_b='Tr0ub4dor4x'; };",
            "x.sasl.jaas.config=a.PlainLoginModule required \\\n  user_a=\"Tr0ub4dor3x\" \\\n  user_b-c = \"Tr0ub4dor4x\";\n",
            "{\"x\": \"a.PlainLoginModule required\\n user_a=\\\"Tr0ub4dor3x\\\" user_api_token=\\\"Tr0ub4dor4x\\\";\"}",
            "a.PlainLoginModule required\n  # one\n  user_a=\"Tr0ub4dor3x\" // two\n  /* \" */ user_b=\"Tr0ub4dor4x\";",
            "a.PlainLoginModule required user_x=\"q7\\\"W\" user_a=\"Tr0ub4dor3x\" user_b=\"Tr0ub4dor4x\";",
            "A=a.PlainLoginModule required user_a=Tr0ub4dor3x user_b=Tr0ub4dor4x;",
            "a.PlainLoginModule required user_a=\"Tr0ub4dor3x\"; b.PlainLoginModule required user_b=\"Tr0ub4dor4x\";",
        ] {
            assert_eq!(found(text), ["Tr0ub4dor3x", "Tr0ub4dor4x"], "{text}");
        }
        for none in [
            "a.PlainLoginModule required user_alice=\"alice-secret\" user_admin=\"admin-secret\";",
            "a.DigestLoginModule required user_super=\"adminsecret\";",
            "a.PlainLoginModule required user_a=\"${ALICE_PASSW0RD}\" user_b=\"$(cat /a1)\";",
            "a.PlainLoginModule required; user_a=\"Tr0ub4dor3x\"",
            "import a.PlainLoginModule;\nuser_a=\"Tr0ub4dor3x\"\n",
            "a.LdapLoginModule required user_filter=\"Tr0ub4dor3x\";",
            "a.ScramLoginModule required user_a=\"Tr0ub4dor3x\";",
            "a.PlainLoginModule required user_=\"Tr0ub4dor3x\" x_a=\"Tr0ub4dor3x\" user_b=\"Tr0ub4\n",
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }

    /// Each byte is read once, however many modules there are.
    #[test]
    fn very_many_modules() {
        let text = "PlainLoginModule required user_a=\"Tr0ub4dor3x\" ".repeat(50_000);
        assert_eq!(users(&text).count(), 50_000);
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(PlainLoginModule|LoginModule required | user_[a-z]|=|\\\\n|[\"' \n;é\\\\]|[a-z0-9]{1,9}){0,40}") {
            let _ = found(&text);
            prop_assert!(users(&text).count() < 100);
        }
    }
}
