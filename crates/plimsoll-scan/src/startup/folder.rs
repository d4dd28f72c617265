//! The folder that a container is put into before anything of it runs: runtimes make it where it is
//! not there, which they cannot where a file is in its place.

use plimsoll_model::Blockage;

use super::Surroundings;
use super::command::MAX_PATH;
use super::place::Found;
use crate::record::FactKind;

impl Surroundings<'_> {
    /// The file that is in the place of the working directory, or of a folder above it. Of a link that
    /// leads nowhere some runtimes make a folder, and others do not.
    pub(super) fn workdir_blockage(&self) -> Option<Blockage> {
        let path = self.config.working_dir.as_str();
        let is_plain = path.starts_with('/') && !path.split('/').any(|part| part == "..");
        if !self.is_linux() || !is_plain || path.len() > MAX_PATH {
            return None;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        for end in ends.chain([path.len()]) {
            match self.at(path.get(..end)?) {
                Found::There(_, None) => {}
                Found::There(way, Some(node)) => match node.fact.kind {
                    FactKind::Directory => {}
                    FactKind::File | FactKind::Hardlink(_) => {
                        let layer = node.layer;
                        let path = way.path;
                        return Some(Blockage { path, layer });
                    }
                    _ => return None,
                },
                // It is made, or comes from outside.
                Found::Missing | Found::Unknown => return None,
            }
        }
        None
    }
}
