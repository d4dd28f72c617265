//! Places whose content may come from outside the image when it runs.

/// Folders that container runtimes mount whatever the image says.
const ALWAYS: [&str; 5] = ["dev", "proc", "sys", "run", "var/run"];

/// Folders that something may be mounted at. None lies in another, and they are sorted by their
/// parts: the last one that is not behind a path is the only one that the path can lie in.
#[derive(Debug)]
pub(super) struct Mounts<'a>(Vec<&'a str>);

impl<'a> Mounts<'a> {
    /// Those of `volumes`, and those of every container.
    pub(super) fn new(volumes: &'a [String]) -> Self {
        let mut folders: Vec<&str> = volumes
            .iter()
            .map(|volume| volume.trim_matches('/'))
            .filter(|volume| !volume.is_empty())
            .chain(ALWAYS)
            .collect();
        folders.sort_unstable_by(|a, b| a.split('/').cmp(b.split('/')));
        folders.dedup_by(|later, kept| lies_in(later, kept));
        Self(folders)
    }

    /// Whether what lies at a path may come from outside the image.
    pub(super) fn hold(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let behind = self
            .0
            .partition_point(|folder| folder.split('/').le(path.split('/')));
        behind
            .checked_sub(1)
            .and_then(|last| self.0.get(last))
            .is_some_and(|folder| lies_in(path, folder))
    }
}

fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn volumes_are_many() {
        let volumes: Vec<String> = (0..50_000).map(|number| format!("/v/{number}/")).collect();
        let mounts = Mounts::new(&volumes);
        let held = (25_000..75_000).filter(|number| mounts.hold(&format!("/v/{number}/x")));
        assert_eq!(held.count(), 25_000);
    }

    proptest! {
        #[test]
        fn as_if_each_were_asked(
            volumes in proptest::collection::vec("(/?(a|b|a-|a0|var|run|é)/?){0,4}", 0..6),
            path in "(/?(a|b|a-|a0|var|run|é)/?){0,5}",
        ) {
            let bare = path.trim_start_matches('/');
            let each = volumes
                .iter()
                .map(|volume| volume.trim_matches('/'))
                .filter(|volume| !volume.is_empty())
                .chain(ALWAYS)
                .any(|folder| lies_in(bare, folder));
            prop_assert_eq!(Mounts::new(&volumes).hold(&path), each);
        }
    }
}
