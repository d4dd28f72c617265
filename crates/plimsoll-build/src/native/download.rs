//! ADD of an http or https address.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::time::Duration;

use plimsoll_image::told_address;
use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use super::build::Build;
use super::wire::Failure;

/// Bytes of one download.
const MAX_BYTES: u64 = 64 << 30;
/// Silence before we give up, unless the user has another patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that was fetched.
pub(crate) struct Download {
    file: tempfile::NamedTempFile,
    pub(crate) digest: Digest,
    /// The name it gets in a folder.
    pub(crate) name: String,
    /// `Last-Modified`, seconds since 1970; 0 where the server does not say.
    pub(crate) modified: i64,
}

impl Download {
    /// The content and its length.
    pub(crate) fn open(&self) -> Result<(File, u64), Failure> {
        let open = || -> io::Result<(File, u64)> {
            let file = self.file.reopen()?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        open().map_err(|e| Failure::system("a download", e))
    }
}

/// Fetches `url`, and checks it against `checksum` where one is given.
pub(crate) fn download(
    url: &str,
    checksum: Option<&str>,
    build: &Build<'_>,
) -> Result<Download, Failure> {
    let shown = told_address(url);
    if build.access.offline {
        return Err(Failure::environment(format!(
            "{shown} is not fetched: the network is switched off"
        )));
    }
    let expected = checksum
        .map(Digest::parse)
        .transpose()
        .map_err(|e| Failure::input(format!("`--checksum`: {e}")))?;
    // Without its address: that may hold a password.
    let failed =
        |error: reqwest::Error| Failure::environment(format!("{shown}: {}", error.without_url()));
    let patience = build.access.silence.unwrap_or(PATIENCE);
    // Of the blocking client this is the longest silence, not the time of the whole download.
    let mut client = reqwest::blocking::Client::builder()
        .connect_timeout(patience)
        .timeout(patience);
    for path in &build.access.extra_ca {
        let pem = std::fs::read(path).map_err(|e| Failure::system(path.display(), e))?;
        for certificate in reqwest::Certificate::from_pem_bundle(&pem).map_err(failed)? {
            client = client.add_root_certificate(certificate);
        }
    }
    let response = client
        .build()
        .and_then(|client| client.get(url).send())
        .and_then(reqwest::blocking::Response::error_for_status)
        .map_err(failed)?;
    let modified = response
        .headers()
        .get("last-modified")
        .and_then(|value| value.to_str().ok())
        .and_then(http_date)
        .unwrap_or(0);
    let mut file = tempfile::Builder::new()
        .prefix(".download")
        .tempfile_in(build.store.blobs())
        .map_err(|e| Failure::system("a download", e))?;
    let mut hasher = Sha256::new();
    let mut body = response.take(MAX_BYTES);
    let mut buffer = vec![0; 128 << 10];
    loop {
        let read = body
            .read(&mut buffer)
            .map_err(|e| Failure::environment(format!("{shown}: {e}")))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        file.write_all(&buffer[..read])
            .map_err(|e| Failure::system("a download", e))?;
    }
    let digest = Digest::from_sha256(hasher.finalize().into());
    if let Some(expected) = expected
        && expected != digest
    {
        return Err(Failure::input(format!(
            "{shown} has the digest {digest}, not {expected} as `--checksum` says"
        )));
    }
    let path = shown.splitn(4, '/').nth(3).unwrap_or("");
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let name = if name.is_empty() || name == "." || name == ".." {
        "__unnamed__"
    } else {
        name
    };
    Ok(Download {
        file,
        digest,
        name: name.to_owned(),
        modified,
    })
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace().skip(1);
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = i64::try_from(months.iter().position(|name| *name == month)?).ok()?;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let mut next = || clock.next()?.ok();
    let seconds = next()? * 3600 + next()? * 60 + next()?;
    // Days before the month in a year that begins in March, where leap days come last.
    let (shifted_year, shifted_month) = if month >= 2 {
        (year, month - 2)
    } else {
        (year - 1, month + 10)
    };
    let days = shifted_year * 365 + shifted_year.div_euclid(4) - shifted_year.div_euclid(100)
        + shifted_year.div_euclid(400)
        + (153 * shifted_month + 2) / 5
        + day
        - 1
        - 719_468;
    (1..=31).contains(&day).then_some(days * 86_400 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_servers() {
        assert_eq!(
            http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(
            http_date("Tue, 29 Feb 2000 00:00:00 GMT"),
            Some(951_782_400)
        );
        assert_eq!(http_date("nonsense"), None);
    }
}
