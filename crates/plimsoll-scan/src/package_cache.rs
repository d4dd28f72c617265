//! What package managers keep of their downloads, by where it lies: whose it is, and how it is kept
//! out of an image.
//!
//! Folders that programs are run from are none, though they are called caches: the environments of
//! Poetry and pre-commit, what Deno and launchers of Coursier load, `.yarn/cache` of a project. Nor are
//! those that something else in the image leads into: Yarn's tables (Plug'n'Play), links of uv's
//! environments. Of pnpm's store nothing is to be gained but the files without another name.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind};

use crate::catalogue::{base_name, folder};
use crate::record::{EntryFact, FactKind};
use crate::tree::Tree;

/// A folder of downloads, and who keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackageCache<'p> {
    pub(crate) folder: &'p str,
    pub(crate) keeper: Keeper,
}

/// Who keeps downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Keeper {
    AptLists,
    AptArchives,
    Apk,
    Rpm,
    Zypper,
    Pacman,
    Pip,
    Uv,
    Conda,
    Npm,
    Yarn,
    Pnpm,
    Go,
    Cargo,
    Composer,
    Gem,
    NuGet,
    Other,
}

/// Folders at a fixed place.
const FIXED: &[(&str, Keeper)] = &[
    ("var/lib/apt/lists", Keeper::AptLists),
    ("var/cache/apt", Keeper::AptArchives),
    ("var/cache/apk", Keeper::Apk),
    ("etc/apk/cache", Keeper::Apk),
    ("var/cache/yum", Keeper::Rpm),
    ("var/cache/dnf", Keeper::Rpm),
    ("var/cache/libdnf5", Keeper::Rpm),
    ("var/cache/tdnf", Keeper::Rpm),
    ("var/cache/zypp", Keeper::Zypper),
    ("var/cache/pacman/pkg", Keeper::Pacman),
    ("var/cache/xbps", Keeper::Other),
    ("var/cache/distfiles", Keeper::Other),
    ("var/cache/binpkgs", Keeper::Other),
    // Where the images of Go and Rust tell their tools to live.
    ("go/pkg/mod", Keeper::Go),
    ("root/go/pkg/mod", Keeper::Go),
    ("usr/local/cargo/registry", Keeper::Cargo),
    ("usr/local/cargo/git", Keeper::Cargo),
];

/// Folders below a home, which may be any: services have theirs in `/app`, `/opt` and `/var`.
const IN_HOMES: &[(&str, Keeper)] = &[
    (".bun/install/cache", Keeper::Other),
    (".bundle/cache", Keeper::Gem),
    (".cabal/packages", Keeper::Other),
    (".cache/bazel", Keeper::Other),
    (".cache/composer", Keeper::Composer),
    (".cache/go-build", Keeper::Go),
    (".cache/node-gyp", Keeper::Npm),
    (".cache/pdm", Keeper::Other),
    (".cache/pip", Keeper::Pip),
    (".cache/pipenv", Keeper::Other),
    (".cache/pnpm", Keeper::Pnpm),
    (".cache/pypoetry/artifacts", Keeper::Other),
    (".cache/pypoetry/cache", Keeper::Other),
    (".cache/rebar3", Keeper::Other),
    (".cache/uv", Keeper::Uv),
    (".cache/yarn", Keeper::Yarn),
    (".cargo/git", Keeper::Cargo),
    (".cargo/registry", Keeper::Cargo),
    (".composer/cache", Keeper::Composer),
    (".conda/pkgs", Keeper::Conda),
    (".cpan/build", Keeper::Other),
    (".cpan/sources", Keeper::Other),
    (".cpanm", Keeper::Other),
    (".gradle/caches", Keeper::Other),
    (".hex/packages", Keeper::Other),
    (".ivy2/cache", Keeper::Other),
    (".local/share/NuGet/http-cache", Keeper::NuGet),
    (".local/share/NuGet/v3-cache", Keeper::NuGet),
    (".local/share/pnpm/store", Keeper::Pnpm),
    (".m2/repository", Keeper::Other),
    (".npm/_cacache", Keeper::Npm),
    (".npm/_logs", Keeper::Npm),
    (".nuget/packages", Keeper::NuGet),
    (".opam/download-cache", Keeper::Other),
    (".pnpm-store", Keeper::Pnpm),
    (".pub-cache/hosted", Keeper::Other),
    (".rustup/downloads", Keeper::Cargo),
    (".yarn/berry/cache", Keeper::Yarn),
];

/// What is run from below one of those: uv's environments of scripts and tools.
const RUN_FROM: &[&str] = &[".cache/uv/environments-v"];

/// The folder of downloads that `path` lies below.
pub(crate) fn package_cache(path: &str) -> Option<PackageCache<'_>> {
    for (folder, keeper) in FIXED {
        if is_below(path, folder) {
            return Some(PackageCache {
                folder: &path[..folder.len()],
                keeper: *keeper,
            });
        }
    }
    in_home(path)
        .or_else(|| of_gems(path))
        .or_else(|| of_conda(path))
}

/// Each folder below a home begins with a point, and few parts of paths do.
fn in_home(path: &str) -> Option<PackageCache<'_>> {
    let bytes = path.as_bytes();
    for at in memchr::memchr_iter(b'.', bytes) {
        if at > 0 && bytes[at - 1] != b'/' {
            continue;
        }
        let rest = &path[at..];
        if let Some((folder, keeper)) = IN_HOMES.iter().find(|(folder, _)| is_below(rest, folder))
            && !RUN_FROM.iter().any(|start| rest.starts_with(start))
        {
            return Some(PackageCache {
                folder: &path[..at + folder.len()],
                keeper: *keeper,
            });
        }
    }
    None
}

/// `gems/3.1.0/cache/rack-3.0.gem`, `bundle/cache/…`: RubyGems unpacks what it keeps there.
fn of_gems(path: &str) -> Option<PackageCache<'_>> {
    let cache = path.ends_with(".gem").then(|| folder(path))?;
    let above = base_name(folder(cache));
    let is_version = above.starts_with(|first: char| first.is_ascii_digit());
    (base_name(cache) == "cache" && (is_version || above == "bundle")).then_some(PackageCache {
        folder: cache,
        keeper: Keeper::Gem,
    })
}

/// `opt/conda/pkgs/…`, `root/miniforge3/pkgs/…`: environments have links to it or copies of it.
fn of_conda(path: &str) -> Option<PackageCache<'_>> {
    const PACKAGES: &str = "/pkgs/";
    let at = memchr::memmem::find(path.as_bytes(), PACKAGES.as_bytes())?;
    let root = base_name(&path[..at]);
    ["conda", "forge", "mamba"]
        .iter()
        .any(|mark| root.contains(mark))
        .then(|| PackageCache {
            folder: &path[..at + PACKAGES.len() - 1],
            keeper: Keeper::Conda,
        })
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The downloads that an image ships and nothing in it reads.
#[derive(Debug, Default)]
pub(crate) struct PackageCaches {
    /// Folders that are read.
    read: HashSet<String>,
    /// Files in such folders that have names elsewhere, too.
    shared: HashSet<*const EntryFact>,
}

impl PackageCaches {
    /// Those of an image with some packages.
    pub(crate) fn new(tree: &Tree<'_>, packages: &[Package]) -> Self {
        let mut caches = Self::default();
        let zips = packages.iter().filter(|package| {
            // Yarn's tables name what they load of a cache.
            package.kind == PackageKind::Npm && package.path.ends_with(".zip")
        });
        caches.take(zips.map(|package| package.path.as_str()));
        for (path, node) in tree.iter() {
            match &node.fact.kind {
                FactKind::Hardlink(_) if package_cache(path).is_none() => {
                    let content = tree.content(node).map(|(_, fact)| fact);
                    let cached = content.filter(|fact| package_cache(&fact.path).is_some());
                    caches.shared.extend(cached.map(std::ptr::from_ref));
                }
                FactKind::Symlink(target)
                    if package_cache(target.trim_start_matches('/')).is_some()
                        && package_cache(path).is_none() =>
                {
                    caches.take([led_to(path, target).as_str()]);
                }
                _ => {}
            }
        }
        caches
    }

    fn take<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) {
        let folders = paths.into_iter().filter_map(package_cache);
        self.read
            .extend(folders.map(|cache| cache.folder.to_owned()));
    }

    /// The folder of downloads that `path` lies below, if nothing reads them.
    pub(crate) fn of<'p>(&self, path: &'p str) -> Option<PackageCache<'p>> {
        package_cache(path).filter(|cache| !self.read.contains(cache.folder))
    }

    /// Whether the bytes of a file are there without the cache it lies in.
    pub(crate) fn is_shared(&self, fact: &EntryFact) -> bool {
        self.shared.contains(&std::ptr::from_ref(fact))
    }
}

/// Where a link at `path` leads by its words alone: other links on the way are not followed.
fn led_to(path: &str, target: &str) -> String {
    let start = match target.starts_with('/') {
        true => "",
        false => folder(path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl Keeper {
    /// How its downloads are kept out of an image, in a sentence without its end.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::AptLists => {
                "Delete apt's lists in the same RUN: rm -rf /var/lib/apt/lists/*; or keep them out \
                 with RUN --mount=type=cache"
            }
            Self::AptArchives => {
                "Delete the packages that apt kept in the same RUN: apt-get clean; or keep them out \
                 with RUN --mount=type=cache"
            }
            Self::Apk => "Install with apk add --no-cache",
            Self::Rpm => "Clean up in the same RUN: dnf clean all (or yum, microdnf, tdnf)",
            Self::Zypper => "Clean up in the same RUN: zypper clean --all",
            Self::Pacman => "Clean up in the same RUN: pacman -Scc --noconfirm",
            Self::Pip => "Install with pip install --no-cache-dir, or RUN --mount=type=cache",
            Self::Uv => {
                "Install with UV_NO_CACHE=1, or RUN --mount=type=cache,target=/root/.cache/uv"
            }
            Self::Conda => "Clean up in the same RUN: conda clean --all --yes",
            Self::Npm => {
                "Clean up in the same RUN: npm cache clean --force; or RUN \
                 --mount=type=cache,target=/root/.npm"
            }
            Self::Yarn => "Clean up in the same RUN: yarn cache clean; or RUN --mount=type=cache",
            Self::Pnpm => {
                "Keep pnpm's store out of the layer: RUN --mount=type=cache over the store, with \
                 package-import-method=copy"
            }
            Self::Go => {
                "Build in an earlier stage and copy the program; what Go downloads and compiles is for \
                 building"
            }
            Self::Cargo => {
                "Build in an earlier stage and copy the program; what Cargo downloads is for building"
            }
            Self::Composer => {
                "Install with COMPOSER_CACHE_DIR=/dev/null, or RUN --mount=type=cache"
            }
            Self::Gem => {
                "Delete the archives of gems in the same RUN: rm -rf \"$(gem env gemdir)\"/cache"
            }
            Self::NuGet => {
                "Publish in an earlier stage and copy what was published; NuGet's packages are for \
                 building"
            }
            Self::Other => "Delete the cache in the RUN that fills it, or RUN --mount=type=cache",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_a_home_is() {
        for (path, cache) in [
            ("root/.cache/pip/http/a", Some("root/.cache/pip")),
            ("home/app/.npm/_cacache/x", Some("home/app/.npm/_cacache")),
            ("app/.cache/pip/x", Some("app/.cache/pip")),
            (".cargo/registry/src/x", Some(".cargo/registry")),
            (
                "var/www/.composer/cache/files/a.zip",
                Some("var/www/.composer/cache"),
            ),
            ("var/lib/apt/lists/x", Some("var/lib/apt/lists")),
            ("var/lib/apt/lists", None),
            ("var/lib/apt/listsx/y", None),
            ("home/x", None),
            ("srv/a.cache/pip/x", None),
            ("srv/.cache/pipx/x", None),
            ("go/pkg/mod/cache/download/x", Some("go/pkg/mod")),
            ("srv/go/pkg/mod/x", None),
            ("usr/local/cargo/git/db/x", Some("usr/local/cargo/git")),
            ("usr/local/cargo/bin/cargo", None),
        ] {
            let found = package_cache(path).map(|cache| cache.folder);
            assert_eq!(found, cache, "{path}");
        }
    }

    #[test]
    fn archives_of_gems_and_packages_of_conda() {
        for (path, cache) in [
            (
                "var/lib/gems/3.1.0/cache/rack-3.0.gem",
                Some("var/lib/gems/3.1.0/cache"),
            ),
            (
                "usr/local/bundle/cache/rack-3.0.gem",
                Some("usr/local/bundle/cache"),
            ),
            // Bundler installs from what a project carries along.
            ("srv/app/vendor/cache/rack-3.0.gem", None),
            ("var/lib/gems/3.1.0/cache/bundler/git/x", None),
            ("opt/conda/pkgs/idna-3.7-0/info/x", Some("opt/conda/pkgs")),
            (
                "home/a/miniforge3/pkgs/cache/x.json",
                Some("home/a/miniforge3/pkgs"),
            ),
            ("srv/pkgs/x", None),
            ("pkgs/x", None),
        ] {
            let found = package_cache(path).map(|cache| cache.folder);
            assert_eq!(found, cache, "{path}");
        }
    }

    #[test]
    fn what_something_leads_into_is_read() {
        let entry = |path: &str, kind| EntryFact::stub(path, kind);
        let link = |target: &str| FactKind::Symlink(target.into());
        let layers = [crate::record::LayerRecord {
            entries: vec![
                entry("root/.cache/uv/archive-v0/a/x.py", FactKind::File),
                entry(
                    "srv/venv/lib/x.py",
                    link("/root/.cache/uv/archive-v0/a/x.py"),
                ),
                entry("home/a/.cache/uv/b", FactKind::File),
                entry("home/a/x", link("../a/./.cache/uv/b")),
                entry("root/.npm/_cacache/x", FactKind::File),
                entry("root/.pnpm-store/v3/used", FactKind::File),
                entry("root/.pnpm-store/v3/left", FactKind::File),
                entry(
                    "srv/node_modules/a/index.js",
                    FactKind::Hardlink("root/.pnpm-store/v3/used".into()),
                ),
                // Links within say nothing.
                entry("root/.cache/pip/a", FactKind::File),
                entry("root/.cache/pip/b", link("/root/.cache/pip/a")),
            ],
            ..Default::default()
        }];
        let tree = Tree::build(&layers);
        let zip = Package::new(
            PackageKind::Npm,
            "axios",
            "1.6.0",
            "pkg:npm/axios@1.6.0".to_owned(),
            "root/.yarn/berry/cache/axios-npm-1.6.0.zip",
            plimsoll_model::Evidence::Metadata,
            0,
        );
        let caches = PackageCaches::new(&tree, &[zip]);
        for (path, is_cache) in [
            ("root/.cache/uv/other", false),
            ("home/a/.cache/uv/b", false),
            ("root/.yarn/berry/cache/other.zip", false),
            ("home/a/.yarn/berry/cache/other.zip", true),
            ("root/.npm/_cacache/x", true),
            ("root/.pnpm-store/v3/left", true),
            ("root/.cache/pip/a", true),
        ] {
            assert_eq!(caches.of(path).is_some(), is_cache, "{path}");
        }
        let shared = |path: &str| caches.is_shared(tree.get(path).unwrap().fact);
        assert!(shared("root/.pnpm-store/v3/used") && !shared("root/.pnpm-store/v3/left"));
    }

    #[test]
    fn what_programs_are_run_from_is_no_cache() {
        for path in [
            "root/.cache/pypoetry/virtualenvs/a-py3.11/bin/python",
            "root/.cache/uv/environments-v2/a/bin/python",
            "root/.cache/pre-commit/repo1/x",
            "root/.cache/coursier/v1/https/a.jar",
            "srv/app/.yarn/cache/a.zip",
            "root/.cache/huggingface/hub/x",
        ] {
            assert_eq!(package_cache(path), None, "{path}");
        }
    }
}
