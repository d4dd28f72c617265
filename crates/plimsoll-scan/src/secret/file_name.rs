//! Credentials in the names of files and folders, as a backup called by its token has one. A path goes
//! into every report and into the cache: what is in it is told once, and the path goes on without.

use std::borrow::Cow;

use super::Hit;
use super::config::redact::without;
use super::detector::{Detector, Piece, Told};
use super::hits::Hits;
use super::place::is_own;
use super::runs::runs;

/// A path that held credentials.
#[derive(Debug)]
pub(crate) struct NamedBy {
    /// The path as it may be shown: each credential replaced by its kind and fingerprint, always in
    /// the same way, so that it is one path in all layers.
    pub(crate) shown: String,
    pub(crate) hits: Vec<Hit>,
}

/// Takes the credentials out of a path; none where it holds none. Each part is judged by itself: a
/// path keeps its parts.
pub(crate) fn concealed_path(path: &str, detector: &Detector) -> Option<NamedBy> {
    // Few paths hold what is long enough.
    let mut may_hold = false;
    runs(path.as_bytes(), |_, _| may_hold = true);
    if !may_hold {
        return None;
    }
    let own = is_own(path);
    let mut told = Vec::new();
    let parts: Vec<Cow<'_, str>> = path
        .split('/')
        .map(|part| {
            let piece = Piece {
                own,
                ..Piece::text(part)
            };
            let mut hits = Hits::default();
            detector.find(piece, &mut Told::default(), &mut hits);
            told.extend(hits.iter().copied());
            without(part, hits).map_or(Cow::Borrowed(part), Cow::Owned)
        })
        .collect();
    (!told.is_empty()).then(|| NamedBy {
        shown: parts.join("/"),
        hits: told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    #[test]
    fn a_token_goes_out_of_every_part_it_stands_in() {
        let path = format!("srv/{TOKEN}/old-{TOKEN}.json");
        let found = concealed_path(&path, Detector::shared()).unwrap();
        let mark = format!("[github-token {}]", found.hits[0].fingerprint);
        assert_eq!(found.shown, format!("srv/{mark}/old-{mark}.json"));
        assert_eq!(found.hits.len(), 2);
        assert_eq!(
            concealed_path(&found.shown, Detector::shared()).map(|one| one.shown),
            None
        );
    }

    #[test]
    fn sums_and_long_names_are_no_credentials() {
        for path in [
            "app/node_modules/.cache/babel/0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071.json",
            "var/lib/dpkg/info/libgcc-s1:amd64.md5sums",
            "usr/share/ca-certificates/mozilla/Entrust_Root_Certification_Authority_-_EC1.crt",
            "usr/lib/python3/dist-packages/__pycache__/typing_extensions.cpython-311.pyc",
            "app/.git/objects/ab/cdef0123456789abcdef0123456789abcdef01",
        ] {
            assert!(concealed_path(path, Detector::shared()).is_none(), "{path}");
        }
    }
}
