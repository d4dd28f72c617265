//! Bundles of JavaScript: what a bundler makes of an application and all the packages it imports is
//! one file that names none of them. That there is one is told, because what is in it is not judged.

use memchr::memmem;

use super::cached::in_cache;
use super::{Candidate, Document, Watch};

/// What bundlers write into what they make: webpack and Rspack, ncc, esbuild and what builds on it
/// (tsup, Bun), Parcel, Vite. Rollup leaves no mark.
const MARKS: &[&[u8]] = &[
    b"__webpack_require__",
    b"__webpack_modules__",
    b"webpackBootstrap",
    b"webpackChunk",
    b"__nccwpck_require__",
    b"__commonJS",
    b"__toESM",
    b"parcelRequire",
    b"__vite__mapDeps",
    // What esbuild's and webpack's module functions are once their names are shortened.
    b"={exports:{}}).exports,",
    b"={exports:{}};return ",
    b"loaded:!1,exports:{}}",
];

/// The longest of them.
const LONGEST: usize = 24;

/// Shorter ones hold little but an application's own lines.
const SHORTEST: u64 = 32 << 10;

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    let ends = [".js", ".mjs", ".cjs"];
    candidate.size >= SHORTEST
        && ends.iter().any(|end| candidate.name.ends_with(end))
        // What packages ship built is theirs to answer for.
        && candidate.path.split('/').all(|part| part != "node_modules")
        && !in_cache(candidate.path)
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    Ok(told(has_mark(bytes)))
}

fn told(is_bundle: bool) -> Document {
    match is_bundle {
        true => Document::Bundle,
        false => Document::Packages(Vec::new()),
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    MARKS.iter().any(|mark| memmem::find(bytes, mark).is_some())
}

pub(super) fn watch(_candidate: &Candidate<'_>) -> Box<dyn Watch> {
    Box::new(Watcher::default())
}

#[derive(Default)]
struct Watcher {
    is_bundle: bool,
    /// The end of what came, in which a mark may begin.
    end: Vec<u8>,
}

impl Watch for Watcher {
    fn feed(&mut self, bytes: &[u8]) {
        if self.is_bundle {
            return;
        }
        let head = bytes.len().min(LONGEST);
        self.end.extend_from_slice(&bytes[..head]);
        self.is_bundle = has_mark(&self.end) || has_mark(bytes);
        let tail = bytes.len().saturating_sub(LONGEST).max(head);
        self.end.extend_from_slice(&bytes[tail..]);
        let surplus = self.end.len().saturating_sub(LONGEST);
        self.end.drain(..surplus);
    }

    fn finish(self: Box<Self>) -> Result<Document, String> {
        Ok(told(self.is_bundle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_bundles_are_claimed() {
        let claimed = |path: &str, size: u64| claims(&Candidate::new(path, size, 0o644, b""));
        assert!(claimed("srv/server.js", 1 << 20));
        assert!(claimed("app/dist/index.mjs", 1 << 20));
        assert!(!claimed("srv/server.js", 1000));
        assert!(!claimed("srv/node_modules/x/dist/x.js", 1 << 20));
        assert!(!claimed("srv/server.js.map", 1 << 20));
    }

    #[test]
    fn marks_are_found_however_the_file_comes() {
        let filler = "let x = 1;\n".repeat(100);
        for mark in MARKS {
            assert!(mark.len() <= LONGEST);
            let text = format!("{filler}var {} = 1;{filler}", String::from_utf8_lossy(mark));
            assert_eq!(read("a.js", text.as_bytes()), Ok(Document::Bundle));
            for size in [1, 3, 23, 24, 25, 64, 1000] {
                let mut watcher = watch(&Candidate::named("a.js"));
                for piece in text.as_bytes().chunks(size) {
                    watcher.feed(piece);
                }
                assert_eq!(watcher.finish(), Ok(Document::Bundle), "{size}");
            }
        }
        let mut watcher = watch(&Candidate::named("a.js"));
        watcher.feed(filler.as_bytes());
        assert_eq!(watcher.finish(), Ok(Document::Packages(Vec::new())));
    }
}
