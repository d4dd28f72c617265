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
            matches!(
                path,
                "var/lib/rpm/Packages"
                    | "var/lib/rpm/Packages.db"
                    | "var/lib/rpm/rpmdb.sqlite"
                    | "usr/lib/sysimage/rpm/Packages.db"
                    | "usr/lib/sysimage/rpm/rpmdb.sqlite"
            )
        },
        holds: "RPM packages",
        blocking: true,
    },
    Store {
        claims: |path| matches!(path, "lib/apk/db/installed" | "usr/lib/apk/db/installed"),
        holds: "Alpine packages",
        blocking: true,
    },
    Store {
        claims: |path| path.starts_with("var/lib/pacman/local/") && path.ends_with("/desc"),
        holds: "Arch packages",
        blocking: true,
    },
    Store {
        claims: |path| {
            path.rsplit_once('.')
                .is_some_and(|(_, end)| matches!(end, "jar" | "war" | "ear"))
        },
        holds: "Java archives",
        blocking: false,
    },
    Store {
        claims: |path| path.contains("/specifications/") && path.ends_with(".gemspec"),
        holds: "Ruby gems",
        blocking: false,
    },
    Store {
        claims: |path| path.ends_with("vendor/composer/installed.json"),
        holds: "PHP packages",
        blocking: false,
    },
    Store {
        claims: |path| path.ends_with(".deps.json"),
        holds: ".NET packages",
        blocking: false,
    },
];
