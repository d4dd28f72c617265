//! Readers of the files that say what an image holds. A cataloguer claims paths, gets their
//! bytes, and gives a [`Document`]; which of them count is decided once all layers are known.

pub(crate) mod distribution;
pub(crate) mod dpkg;
pub(crate) mod npm;
pub(crate) mod passwd;
pub(crate) mod python;
pub(crate) mod unread;

use plimsoll_model::Distribution;

/// What a claimed file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    OsRelease(Distribution),
    Users(Vec<(String, u32)>),
    DpkgDatabase(Vec<dpkg::Record>),
    /// The paths a Debian package owns, one a line, as dpkg keeps them.
    DpkgList(Box<str>),
    /// The md5 sums of files of a Debian package, as dpkg keeps them.
    DpkgSums(Box<str>),
    DpkgCopyright(Vec<String>),
    Python(python::Distribution),
    PythonRecord(python::Record),
    Npm(npm::Manifest),
}

/// One reader.
pub(crate) struct Cataloguer {
    /// Whether it wants the file at this path.
    pub(crate) claims: fn(&str) -> bool,
    /// Reads a file; an error says what is wrong with it.
    pub(crate) read: fn(&str, &[u8]) -> Result<Document, String>,
    /// Whether packages go missing where the file cannot be read.
    pub(crate) essential: bool,
}

/// Every reader; the first that claims a path gets it.
pub(crate) const CATALOGUERS: &[Cataloguer] = &[
    Cataloguer {
        claims: distribution::claims,
        read: distribution::read,
        essential: true,
    },
    Cataloguer {
        claims: passwd::claims,
        read: passwd::read,
        essential: false,
    },
    Cataloguer {
        claims: dpkg::claims_database,
        read: dpkg::read_database,
        essential: true,
    },
    Cataloguer {
        claims: dpkg::claims_list,
        read: dpkg::read_list,
        essential: false,
    },
    Cataloguer {
        claims: dpkg::claims_sums,
        read: dpkg::read_sums,
        essential: false,
    },
    Cataloguer {
        claims: dpkg::claims_copyright,
        read: dpkg::read_copyright,
        essential: false,
    },
    Cataloguer {
        claims: python::claims_metadata,
        read: python::read_metadata,
        essential: false,
    },
    Cataloguer {
        claims: python::claims_record,
        read: python::read_record,
        essential: false,
    },
    Cataloguer {
        claims: npm::claims,
        read: npm::read,
        essential: false,
    },
];

/// Who wants the file at `path`.
pub(crate) fn claimant(path: &str) -> Option<&'static Cataloguer> {
    CATALOGUERS
        .iter()
        .find(|cataloguer| (cataloguer.claims)(path))
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder of a path; empty at the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The longest name or version that is one.
const MAX_WORD: usize = 1_000;

/// Takes `word` as the `what` of a package; it is shown, so it may be neither empty nor endless.
fn word(what: &str, word: Option<&str>) -> Result<String, String> {
    match word.map(str::trim) {
        None | Some("") => Err(format!("it has no {what}")),
        Some(word) if word.len() > MAX_WORD => {
            Err(format!("its {what} is {} bytes long", word.len()))
        }
        Some(word) => Ok(word.to_owned()),
    }
}
