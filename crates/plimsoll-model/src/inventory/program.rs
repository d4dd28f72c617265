//! What was linked into a program.

use serde::{Deserialize, Serialize};

/// The functions of a Go program, as its own table of them tells: what the linker found no way to
/// is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedFunctions {
    /// The import path of its main package, which its functions call `main`.
    pub main: Option<String>,
    /// Modules that were replaced by another: the path of that, and the path their functions have.
    pub replaced: Vec<(String, String)>,
    /// The names, as whoever read them packs them.
    pub names: Vec<u8>,
    /// Why a function that is not among them may be in the program all the same.
    pub gap: Option<String>,
}
