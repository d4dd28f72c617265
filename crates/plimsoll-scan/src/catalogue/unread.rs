//! Package stores that are known by their place and not read yet: said, never passed over.

/// A package store that is recognised but not read.
pub(crate) struct Store {
    /// Whether this path belongs to it.
    pub(crate) claims: fn(&str) -> bool,
    /// What it holds, in the plural.
    pub(crate) holds: &'static str,
    /// Whether the image's inventory lacks its foundation without it.
    pub(crate) blocking: bool,
}

/// Every such store.
pub(crate) const STORES: &[Store] = &[
    Store {
        claims: |path| {
            path.strip_prefix("nix/store/")
                .or_else(|| path.strip_prefix("gnu/store/"))
                .is_some_and(|rest| rest.contains("/bin/"))
        },
        holds: "packages of Nix and Guix",
        blocking: false,
    },
    Store {
        claims: |path| {
            path.starts_with("var/lib/snapd/snaps/") && path.ends_with(".snap")
                || path.starts_with("var/lib/flatpak/app/") && path.ends_with("/metadata")
        },
        holds: "snap and Flatpak applications",
        blocking: false,
    },
    Store {
        claims: |path| path.starts_with("var/lib/pkgtools/packages/"),
        holds: "Slackware packages",
        blocking: true,
    },
    Store {
        claims: |path| {
            path.strip_prefix("var/db/xbps/pkgdb-")
                .is_some_and(|rest| rest.ends_with(".plist"))
        },
        holds: "Void packages (xbps)",
        blocking: true,
    },
    Store {
        claims: |path| path == "var/db/pkg/local.sqlite",
        holds: "FreeBSD packages",
        blocking: true,
    },
    Store {
        claims: |path| path.starts_with("var/db/pkg/") && path.ends_with("/CONTENTS"),
        holds: "Gentoo packages",
        blocking: true,
    },
];
