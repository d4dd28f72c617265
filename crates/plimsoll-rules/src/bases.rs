//! What is known of base images by their name alone.

use plimsoll_syntax::dockerfile::Base;

/// Whether a base is a Windows image.
pub(crate) fn is_windows(base: &Base) -> bool {
    let (Base::Image(name) | Base::Unresolved(name)) = base else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    ["windows", "nanoserver", "servercore"]
        .iter()
        .any(|word| name.contains(word))
}
