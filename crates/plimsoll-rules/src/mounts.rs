//! `RUN --mount=…`: what lies over a path while the step runs.

use plimsoll_syntax::dockerfile::Instruction;

/// One `--mount`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount<'a> {
    /// `bind` where none was written.
    pub(crate) kind: &'a str,
    /// Where it lies.
    pub(crate) target: Option<&'a str>,
    /// What of the context, or of the image it is taken from.
    pub(crate) source: Option<&'a str>,
    /// The stage or image it is taken from.
    pub(crate) from: Option<&'a str>,
}

impl Mount<'_> {
    /// Whether it shows a path of the build context.
    pub(crate) fn takes(&self, path: &str) -> bool {
        self.kind == "bind"
            && self.from.is_none()
            && crate::context::source::takes(self.source.unwrap_or("."), path)
    }
}

/// The mounts of a RUN.
pub(crate) fn of(instruction: &Instruction) -> impl Iterator<Item = Mount<'_>> {
    instruction
        .flags
        .iter()
        .filter(|flag| flag.name == "mount")
        .filter_map(|flag| flag.value.as_ref())
        .map(|value| {
            let mut mount = Mount {
                kind: "bind",
                target: None,
                source: None,
                from: None,
            };
            for field in value.value.trim_matches(['"', '\'']).split(',') {
                match field.split_once('=') {
                    Some(("type", kind)) => mount.kind = kind.trim(),
                    Some(("target" | "dst" | "destination", target)) => {
                        mount.target = Some(target.trim());
                    }
                    Some(("source" | "src", source)) => mount.source = Some(source.trim()),
                    Some(("from", from)) => mount.from = Some(from.trim()),
                    _ => {}
                }
            }
            mount
        })
}

/// Whether what the step writes below `path` goes into a cache or a tmpfs, not into its layer.
pub(crate) fn covers(instruction: &Instruction, path: &str) -> bool {
    of(instruction).any(|mount| {
        matches!(mount.kind, "cache" | "tmpfs")
            && mount.target.is_some_and(|target| {
                let target = target.trim_end_matches('/');
                path == target
                    || path
                        .strip_prefix(target)
                        .is_some_and(|rest| rest.starts_with('/'))
            })
    })
}
