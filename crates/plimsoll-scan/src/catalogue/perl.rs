//! Installed Perl distributions: `.meta/NAME-VERSION/install.json`, which cpanm and what is built
//! on it leave.

use plimsoll_model::{Evidence, PackageKind};
use serde::Deserialize;

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "install.json" && base_name(folder(folder(candidate.path))) == ".meta"
}

#[derive(Deserialize)]
struct Install {
    /// `NAME-VERSION` of the distribution.
    dist: Option<String>,
    version: Option<String>,
    /// Where it lies on CPAN: `T/TI/TIMB/DBI-1.643.tar.gz`.
    pathname: Option<String>,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let install: Install = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no record of an installation: {error}"))?;
    let dist = super::word("distribution", install.dist.as_deref())?;
    let (name, version) = match &install.version {
        Some(version) => (
            dist.strip_suffix(version.as_str())
                .and_then(|name| name.strip_suffix(['-', 'v']))
                .map_or(dist.as_str(), |name| name.trim_end_matches('-')),
            version.as_str(),
        ),
        None => dist.rsplit_once('-').unwrap_or((&dist, "")),
    };
    let mut package = Proven::new(
        PackageKind::Cpan,
        Some(name),
        Some(version),
        Evidence::Metadata,
    )?;
    package.namespace = install
        .pathname
        .as_deref()
        .and_then(|path| path.split('/').nth(2))
        .filter(|author| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !author.is_empty() && author.bytes().all(plain)
        })
        .map(ToOwned::to_owned);
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cpanm_installed() {
        let path =
            "usr/local/lib/perl5/site_perl/5.38.0/x86_64-linux-gnu/.meta/DBI-1.643/install.json";
        assert!(claims(&Candidate::named(path)));
        let of = |text: &str| match read(path, text.as_bytes()) {
            Ok(Document::Packages(packages)) => {
                format!("{}@{}", packages[0].name, packages[0].version)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of(r#"{"dist":"DBI-1.643","version":"1.643","pathname":"T/TI/TIMB/DBI-1.643.tar.gz"}"#),
            "DBI@1.643"
        );
        assert_eq!(
            of(r#"{"dist":"Try-Tiny-v0.31","version":"0.31"}"#),
            "Try-Tiny@0.31"
        );
        assert!(read("", b"{}").is_err());
    }
}
