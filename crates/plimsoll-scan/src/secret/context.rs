//! Credentials that only what stands around them tells: what is assigned to a name that promises
//! one, passwords in addresses, what a header carries.

mod assigned;
mod behind;
mod called;
mod carried;
mod default;

use std::sync::LazyLock;

use memchr::memmem;

use self::assigned::{assigned, identified};
use self::called::{argument, hashed, log_in, secure_string};
use self::carried::{
    authorized, azure_marked, azure_secret, azure_signature, carried, in_query, kubeconfig_key,
    source_password, thin_password, url_password,
};
use super::Hit;
use super::connection::{in_connection, in_source_name};
use super::detector::{Piece, Told};
use super::form::{Written, judged};
use super::grams::{Grams, beginnings};
use super::hits::Hits;
use super::users::{MODULE, Options};

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
    "identified ",
    "fernet_key",
    "bindpw",
    "rootpw",
    "masterauth",
    "authtok",
    "_key",
    "pass",
    "cli_auth",
    "config__auth",
    "encryption.key",
    "signing.key",
    "private.key",
    "master.key",
    "access.key",
    "account.key",
    "auth.key",
    "erlang_cookie",
    "release_cookie",
    "creds",
    "basic_auth",
    "basic.auth",
    "auth_string",
    "art-api",
    "_pat",
    "login(",
    "authorization",
    "to-securestring",
    "pdo(",
    "mysqli_connect(",
    "mysql_connect(",
    "mysqli(",
    "dbi->connect(",
    "getconnection(",
    "mysqldb.connect(",
    "pymysql.connect(",
    "networkcredential(",
    "basicauth(",
    "auth=(",
];
const BEARER: usize = 0;
const BASIC: usize = 1;
const KUBECONFIG: usize = 2;
const PASSWORD: usize = 3;
const PWD: usize = 4;
const ACCOUNT_KEY: usize = 5;
const PASSWD: usize = 6;
const SECRET: usize = 8;
const ACCESS_KEY: usize = 14;
const IDENTIFIED: usize = 35;
const PAT: usize = LOG_IN - 1;
const LOG_IN: usize = AUTHORIZATION - 1;
const AUTHORIZATION: usize = SECURE_STRING - 1;
const SECURE_STRING: usize = DATA_OBJECT - 1;
const DATA_OBJECT: usize = FIRST_LOGIN - 8;
const FIRST_LOGIN: usize = WORDS.len() - 3;

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
static THIN: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(":thin:"));
static AZURE_PLUS: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("+A"));
static AZURE_MARK: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("Q~"));

/// Credentials told by what stands around them.
pub(super) fn in_context(piece: Piece<'_>, settings: bool, told: &mut Told, hits: &mut Hits) {
    in_assignments(piece, settings, &mut told.words, hits);
    each(piece, &SCHEME_END, &mut told.addresses, hits, url_password);
    each(piece, &AZURE_MARK, &mut told.azure, hits, azure_secret);
    each(piece, &AZURE_PLUS, &mut told.marked, hits, azure_marked);
    each(
        piece,
        &SIGNATURE,
        &mut told.signatures,
        hits,
        azure_signature,
    );
    each(piece, &DSN, &mut told.names, hits, source_password);
    each(piece, &THIN, &mut told.thin, hits, thin_password);
    in_modules(piece, &mut told.modules, hits);
}

/// Passwords of the users behind each login module that begins in the part that is searched.
fn in_modules(piece: Piece<'_>, told: &mut usize, hits: &mut Hits) {
    let last = piece.limit.saturating_add(MODULE.needle().len() - 1);
    let end = piece.bytes.len().min(last);
    let mut from = piece.from.max(*told);
    while let Some(found) = piece
        .bytes
        .get(from..end)
        .and_then(|rest| MODULE.find(rest))
    {
        let at = from + found;
        from = at + MODULE.needle().len();
        if let Some(mut options) = Options::of_module(piece.bytes, at) {
            hits.extend(options.by_ref().filter_map(|(password, start)| {
                let (kind, severity) = judged("password", password, Written::QuotedSetting)?;
                Some(Hit::of(kind, severity, start, password.as_bytes()))
            }));
            from = from.max(options.at);
        }
        *told = from;
        if hits.is_full() {
            return;
        }
    }
}

/// Passwords in addresses, where all else that stands around them tells nothing.
pub(super) fn in_addresses(piece: Piece<'_>, told: &mut Told, hits: &mut Hits) {
    each(piece, &SCHEME_END, &mut told.addresses, hits, url_password);
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
            IDENTIFIED => identified(bytes, behind),
            // `_path`
            PAT if bytes.get(behind).is_some_and(u8::is_ascii_alphabetic) => None,
            SECURE_STRING => secure_string(bytes, behind),
            LOG_IN => log_in(bytes, at, behind),
            DATA_OBJECT..FIRST_LOGIN => argument(bytes, behind, 3),
            FIRST_LOGIN.. => argument(bytes, behind, 2),
            // In files of settings it is as well what is assigned to the name.
            PWD => in_connection(bytes, at, behind, settings)
                .or_else(|| assigned(bytes, at, behind, settings))
                .or_else(|| in_source_name(bytes, at, behind))
                .or_else(|| in_query(bytes, at, behind)),
            PASSWORD | ACCOUNT_KEY | SECRET | ACCESS_KEY => assigned(bytes, at, behind, settings)
                .or_else(|| in_connection(bytes, at, behind, settings))
                .or_else(|| in_source_name(bytes, at, behind))
                .or_else(|| in_query(bytes, at, behind)),
            PASSWD => assigned(bytes, at, behind, settings)
                .or_else(|| in_query(bytes, at, behind))
                .or_else(|| hashed(bytes, at, behind)),
            _ => assigned(bytes, at, behind, settings).or_else(|| in_query(bytes, at, behind)),
        };
        *told = hit.map_or(behind, |hit| hit.end.max(behind));
        hits.extend(hit);
    }
}

#[cfg(test)]
mod tests;
