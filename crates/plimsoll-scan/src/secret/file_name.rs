//! Credentials in the names of files and folders, as a backup called by its token has one. A path goes
//! into every report and into the cache: what is in it is told, and the path goes on without.

use super::Hit;
use super::config::redact::without;
use super::detector::Detector;
use super::runs::runs;

/// A path that held credentials.
#[derive(Debug)]
pub(crate) struct NamedBy {
    /// The path as it may be shown: each credential replaced by its kind and fingerprint, always in
    /// the same way, so that it is one path in all layers and wherever links name it.
    pub(crate) shown: String,
    /// Each credential, and how much of `shown` leads to the end of the name that held it.
    pub(crate) hits: Vec<(Hit, usize)>,
}

/// Takes the credentials out of a path; none where it holds none. Each part is judged by itself and
/// by nothing around it: a folder has one name in all the paths below it.
pub(crate) fn concealed_path(path: &str, detector: &Detector) -> Option<NamedBy> {
    // Few paths hold what is long enough.
    let mut may_hold = false;
    runs(path.as_bytes(), |_, _| may_hold = true);
    if !may_hold {
        return None;
    }
    let mut shown = String::with_capacity(path.len());
    let mut told = Vec::new();
    for part in path.split_inclusive('/') {
        let name = part.strip_suffix('/').unwrap_or(part);
        let hits = detector.find_in(name);
        let found: Vec<Hit> = hits.iter().copied().collect();
        let mut name_shown = without(name, hits).unwrap_or_else(|| name.to_owned());
        for hit in &found {
            // A path ends at a blank where a first line names it.
            let (mark, whole) = (
                format!("[{} {}]", hit.kind, hit.fingerprint),
                format!("[{}-{}]", hit.kind, hit.fingerprint),
            );
            name_shown = name_shown.replace(&mark, &whole);
        }
        shown.push_str(&name_shown);
        told.extend(found.into_iter().map(|hit| (hit, shown.len())));
        shown.push_str(&part[name.len()..]);
    }
    (!told.is_empty()).then_some(NamedBy { shown, hits: told })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    #[test]
    fn a_token_goes_out_of_every_part_it_stands_in() {
        let path = format!("/usr/lib/{TOKEN}/old-{TOKEN}.json");
        let found = concealed_path(&path, Detector::shared()).unwrap();
        let mark = format!("[github-token-{}]", found.hits[0].0.fingerprint);
        let folder = format!("/usr/lib/{mark}");
        assert_eq!(found.shown, format!("{folder}/old-{mark}.json"));
        let ends: Vec<usize> = found.hits.iter().map(|(_, end)| *end).collect();
        assert_eq!(ends, [folder.len(), found.shown.len()]);
        assert!(concealed_path(&found.shown, Detector::shared()).is_none());
    }

    /// Of a kind that is believed where people put their own files alone, too.
    #[test]
    fn a_part_is_judged_by_nothing_around_it() {
        let name = format!("fw_{}", "q7RtZ2mK9xW4vB8nL3pS6dF1");
        for token in [TOKEN, &name] {
            let shown = |path: String| match concealed_path(&path, Detector::shared()) {
                Some(found) => found.shown,
                None => path,
            };
            let alone = shown(token.to_owned());
            for around in ["srv/", "usr/lib/", "app/node_modules/"] {
                for behind in ["", "/README.md", "/node_modules/a/package.json"] {
                    let expected = format!("{around}{alone}{behind}");
                    assert_eq!(shown(format!("{around}{token}{behind}")), expected);
                }
            }
        }
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
