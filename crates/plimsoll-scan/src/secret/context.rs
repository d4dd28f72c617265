//! Credentials that only what stands around them tells: what is assigned to a name that promises
//! one, passwords in addresses, what a header carries.

mod assigned;
mod carried;

use std::sync::LazyLock;

use memchr::memmem;

use self::assigned::{assigned, in_statement};
use self::carried::{
    authorized, azure_secret, azure_signature, carried, kubeconfig_key, source_password,
    url_password,
};
use super::Hit;
use super::connection::in_connection;
use super::detector::{Piece, Told};
use super::grams::{Grams, beginnings};
use super::hits::Hits;

/// Words in names that promise a credential, and other marks.
const WORDS: &[&str] = &[
    "bearer ",
    "basic ",
    "client-key-data",
    "password",
    "pwd",
    "accountkey",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "accesskey",
    "access_key",
    "access-key",
    "privatekey",
    "private_key",
    "private-key",
    "account_key",
    "account-key",
    "authkey",
    "auth_key",
    "auth-key",
    "encryptionkey",
    "encryption_key",
    "encryption-key",
    "signingkey",
    "signing_key",
    "signing-key",
    "masterkey",
    "master_key",
    "master-key",
    "credential",
    "identified by ",
    "fernet_key",
    "bindpw",
    "rootpw",
    "masterauth",
    "authtok",
    "_key",
    "pass",
    "cli_auth",
    "authorization",
];
const BEARER: usize = 0;
const BASIC: usize = 1;
const KUBECONFIG: usize = 2;
const PASSWORD: usize = 3;
const PWD: usize = 4;
const ACCOUNT_KEY: usize = 5;
const IDENTIFIED: usize = 35;
const AUTHORIZATION: usize = WORDS.len() - 1;

/// The words' beginnings, small and capital letters alike.
static MARKS: LazyLock<Grams> = LazyLock::new(|| {
    let any: Vec<u8> = (0..=u8::MAX).collect();
    Grams::new(WORDS.iter().enumerate().flat_map(|(number, word)| {
        let grams = beginnings(word.as_bytes(), &any);
        grams.into_iter().map(move |gram| (folded(gram), number))
    }))
});

/// Four bytes without what tells small letters from capitals.
#[inline]
fn folded(gram: [u8; 4]) -> [u8; 4] {
    (u32::from_ne_bytes(gram) | 0x2020_2020).to_ne_bytes()
}

static SCHEME_END: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("://"));
static SIGNATURE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("sig="));
static DSN: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("@tcp("));
static AZURE_MARK: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("Q~"));

/// Credentials told by what stands around them.
pub(super) fn in_context(piece: Piece<'_>, settings: bool, told: &mut Told, hits: &mut Hits) {
    in_assignments(piece, settings, &mut told.words, hits);
    each(piece, &SCHEME_END, &mut told.addresses, hits, url_password);
    each(piece, &AZURE_MARK, &mut told.azure, hits, azure_secret);
    each(
        piece,
        &SIGNATURE,
        &mut told.signatures,
        hits,
        azure_signature,
    );
    each(piece, &DSN, &mut told.names, hits, source_password);
}

/// What `judge` makes of every mark that begins in the part that is searched.
fn each(
    piece: Piece<'_>,
    mark: &memmem::Finder<'_>,
    told: &mut usize,
    hits: &mut Hits,
    judge: fn(&[u8], usize) -> Option<Hit>,
) {
    let length = mark.needle().len();
    let end = piece
        .bytes
        .len()
        .min(piece.limit.saturating_add(length - 1));
    let mut from = piece.from.max(*told);
    while let Some(found) = piece.bytes.get(from..end).and_then(|rest| mark.find(rest)) {
        let at = from + found;
        if hits.is_full() {
            return;
        }
        from = at + length;
        if let Some(hit) = judge(piece.bytes, at) {
            from = from.max(hit.end);
            hits.push(hit);
        }
        *told = from;
    }
}

fn in_assignments(piece: Piece<'_>, settings: bool, told: &mut usize, hits: &mut Hits) {
    let bytes = piece.bytes;
    let end = bytes.len().min(piece.limit.saturating_add(3));
    let from = piece.from.max(*told);
    let Some(part) = bytes.get(from..end) else {
        return;
    };
    let marks = &*MARKS;
    for (at, gram) in part.array_windows::<4>().enumerate() {
        if !marks.may_hold(folded(*gram)) {
            continue;
        }
        let at = from + at;
        if at < *told || hits.is_full() {
            continue;
        }
        let begins = |word: &str| {
            bytes[at..]
                .get(..word.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()))
        };
        let Some(word) = marks.marks(folded(*gram)).find(|word| begins(WORDS[*word])) else {
            continue;
        };
        let behind = at + WORDS[word].len();
        let hit = match word {
            BEARER => carried(bytes, behind, false),
            BASIC => carried(bytes, behind, true),
            KUBECONFIG => kubeconfig_key(bytes, behind),
            AUTHORIZATION => authorized(bytes, behind),
            IDENTIFIED => in_statement(bytes, behind),
            PASSWORD | PWD | ACCOUNT_KEY => assigned(bytes, at, behind, settings)
                .or_else(|| in_connection(bytes, at, behind, settings)),
            _ => assigned(bytes, at, behind, settings),
        };
        *told = hit.map_or(behind, |hit| hit.end.max(behind));
        hits.extend(hit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::pattern::BASE64;

    fn kinds(text: &str, settings: bool) -> Vec<&'static str> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
        for hit in hits.iter() {
            assert!(!text[hit.start..hit.end].contains(['"', ' ', '=']));
        }
        hits.into_iter().map(|hit| hit.kind).collect()
    }

    const VALUE: &str = "q7RtY2mWx9KpLz4VbN8c";

    #[test]
    fn what_is_assigned_to_a_name_that_promises_a_credential() {
        for code in [
            "DB_PASSWORD = 'VALUE'",
            "const apiKey: string = \"VALUE\";",
            "config[\"secret_token\"] = \"VALUE\"",
            "{\"client-secret\": \"VALUE\"}",
            "{\\\"client_secret\\\":\\\"VALUE\\\"}",
            "os.environ.setdefault('SESSION_SECRET', 'VALUE')",
            "password => 'VALUE',",
            "<password>VALUE</password>",
            "<entry key=\"db.password\">VALUE</entry>",
            "<string name='api_key'>VALUE</string>",
            "<name>fs.s3a.secret.key</name>\n  <value>VALUE</value>",
            "        storePassword 'VALUE'\n",
            "keyPassword \"VALUE\"",
            "<add key=\"ApiToken\" value=\"VALUE\"/>",
            "token := \"VALUE\"",
        ] {
            assert_eq!(
                kinds(&code.replace("VALUE", VALUE), false),
                ["secret-value"],
                "{code}"
            );
        }
        for line in [
            "spring.datasource.password=VALUE",
            "  password: VALUE",
            "export API_KEY=VALUE",
        ] {
            let line = line.replace("VALUE", VALUE);
            assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
            assert!(kinds(&line, false).is_empty(), "{line}");
        }
        assert_eq!(kinds("password: hunter2", true), ["secret-value"]);
        assert_eq!(
            kinds(&format!("TWILIO_AUTH_TOKEN={VALUE}"), true),
            ["twilio-key"]
        );
    }

    #[test]
    fn passwords_that_people_make_up() {
        for password in ["Sommer-2024-Berlin!", "Winter2024!", "Tr0ub4dor&3"] {
            for (text, settings) in [
                ("password: PASSWORD\n", true),
                ("password: \"PASSWORD\"\n", true),
                ("password = \"PASSWORD\"\n", false),
                ("{\"password\": \"PASSWORD\"}", false),
            ] {
                let text = text.replace("PASSWORD", password);
                assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
            }
        }
        for password in [
            "hunter2hunter",
            "correct-horse-battery-staple",
            "acme-prod-db-pass",
            "AdminAdmin!",
            "GxeYYXw!SLQcWtx",
        ] {
            let text = format!("password: \"{password}\"\n");
            assert_eq!(kinds(&text, true), ["secret-value"], "{text}");
        }
        for label in [
            "Password*",
            "Passwort?",
            "mot-de-passe",
            "new_password2",
            "Password!",
            "user.password.v1",
        ] {
            let text = format!("password: \"{label}\"\n");
            assert!(kinds(&text, false).is_empty(), "{text}");
            assert!(kinds(&text, true).is_empty(), "{text}");
        }
    }

    #[test]
    fn names_words_and_code_are_no_values() {
        for code in [
            "password = getPassword()",
            "token = 'user_token_v2'",
            "token == 'q7RtY2mWx9KpLz4VbN8c'",
            "password: \"${DB_PASSWORD}\"",
            "PASSWORD_HASHERS = 'pbkdf2-sha256-a1'",
            "secret = 'changeme123'",
            "token: 'https://x.io/token/v1a2'",
            "tokenPath = 'q7RtY2mWx9KpLz4VbN8c'",
            "public_key_token=\"b77a5c561934e089\"",
            "# password: q7RtY2mWx9KpLz4VbN8c",
            "<entry key=\"password\">${password}</entry>",
            "<entry key=\"password\">Password</entry>",
            "<entry key=\"password.file\">q7RtY2mWx9KpLz4VbN8c</entry>",
            "<a title=\"password\">q7RtY2mWx9KpLz4VbN8c</a>",
            "<name>db.password</name><value>${env.DB}</value>",
            "storePassword System.getenv('q7RtY2mWx9KpLz4VbN8c')",
            "storePassword 'changeit'",
            "expect storePassword 'q7RtY2mWx9KpLz4VbN8c' later",
        ] {
            assert!(kinds(code, true).is_empty(), "{code}");
        }
    }

    #[test]
    fn pairs_words_and_statements() {
        for (text, settings) in [
            ("- name: DB_PASSWORD\n  value: \"VALUE\"\n", true),
            ("- name: DB_PASSWORD\n  value: VALUE\n", true),
            ("{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}", false),
            ("requirepass VALUE\n", true),
            ("  bindpw VALUE\n", true),
            ("ENV DB_PASSWORD VALUE\n", true),
            ("password \"VALUE\"\n", true),
            ("CREATE USER a IDENTIFIED BY 'VALUE';", false),
            ("ALTER USER a WITH PASSWORD 'VALUE';", false),
            ("SET PASSWORD FOR a = PASSWORD('VALUE');", false),
            ("default_pass = VALUE\n", true),
            ("openai_key = \"VALUE\"\n", false),
        ] {
            let text = text.replace("VALUE", VALUE);
            assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
        }
        assert_eq!(
            kinds(&format!("x=app:{VALUE}@tcp(db:3306)/x"), false),
            ["connection-string-password"]
        );
        let link = format!(
            "https://a/c?sv=2022-11-02&sig={}%3D&sp=r",
            "q7RtY2mW9KpLz4VbN8c%2Bx".repeat(2)
        );
        assert_eq!(kinds(&link, false), ["azure-shared-access-signature"]);
        for sham in [
            "password required pam_unix.so\n",
            "PasswordAuthentication yes\n",
            "PASS_MAX_DAYS 99999\n",
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: x\n",
            "sort_key = \"q7RtY2mWx9KpLz4VbN8c\"\n",
            "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568\n",
            "cache_key: d41d8cd98f00b204e9800998ecf8427e\n",
            "IDENTIFIED BY 'password'",
        ] {
            assert!(kinds(sham, true).is_empty(), "{sham}");
        }
    }

    #[test]
    fn addresses_and_headers() {
        assert_eq!(kinds("mysql://root:s3cr3t!x@db/x", false), ["url-password"]);
        for sham in [
            "https://me:s3cr3t1@example.com/",
            "oci://DIR[:TAG|@DIGEST]",
            "postgres://postgres:postgres@db/",
            "http://localhost:8080/a@b",
            "redis://:{password}@db",
        ] {
            assert!(kinds(sham, false).is_empty(), "{sham}");
        }
        let basic = format!(
            "Authorization: Basic {}",
            BASE64.encode(format!("bob:{VALUE}"))
        );
        assert_eq!(kinds(&basic, false), ["basic-authorization"]);
        assert_eq!(
            kinds(&format!("Bearer {VALUE}{VALUE}"), false),
            ["bearer-token"]
        );
        let part = |json: &str| BASE64.encode(json).replace('=', "");
        let jwt = |payload: &str| {
            format!(
                "token: {}.{}.{VALUE}{VALUE}",
                part("{\"alg\":\"HS256\"}"),
                part(payload)
            )
        };
        assert_eq!(
            kinds(&jwt("{\"sub\":\"svc\",\"role\":\"admin\"}"), true),
            ["jwt"]
        );
        assert!(kinds(&jwt("{\"sub\":\"1234567890\",\"name\":\"John Doe\"}"), true).is_empty());
        for header in [
            "Authorization: Token VALUE",
            "-H 'authorization: token VALUE'",
            "{\"Authorization\": \"ApiKey VALUE\"}",
            "headers = {'Authorization': 'Token token=VALUE'}",
            "Authorization: SSWS VALUE",
        ] {
            let text = header.replace("VALUE", &format!("{VALUE}{VALUE}"));
            assert_eq!(kinds(&text, false), ["authorization-token"], "{text}");
            for sham in ["<token>", "${TOKEN}", "your-api-token-goes-here", "abc"] {
                let text = header.replace("VALUE", sham);
                assert!(kinds(&text, false).is_empty(), "{text}");
            }
        }
        let azure = format!("x = abc8Q~{}", &"q7RtY2mWx9KpLz4VbN8c".repeat(2)[..34]);
        assert_eq!(kinds(&azure, false), ["azure-client-secret"]);
    }

    use base64::Engine as _;
}
