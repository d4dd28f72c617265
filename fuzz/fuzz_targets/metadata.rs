//! No bytes of the files that packages of a language leave behind make a reader panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
    "usr/lib/python3/dist-packages/a-1.dist-info/RECORD",
    "usr/lib/python3/dist-packages/a-1.dist-info/INSTALLER",
    "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json",
    "usr/lib/python3/dist-packages/a-1.egg-info",
    "app/a.egg",
    "app/node_modules/a/package.json",
    "app/package.json",
    "app/node_modules/.package-lock.json",
    "app/.pnp.data.json",
    "app/.pnp.cjs",
    "app/vendor/composer/installed.json",
    "opt/conda/conda-meta/a-1-0.json",
    "opt/vcpkg/installed/vcpkg/status",
    "root/.conan/data/a/1/_/_/package/b/conaninfo.txt",
    "root/.conan2/p/cache.sqlite3",
    "usr/lib/R/library/a/DESCRIPTION",
    "root/.pub-cache/hosted/pub.dev/a-1/pubspec.yaml",
    "app/a.deps.json",
    "usr/lib/ruby/gems/3.0.0/specifications/a-1.gemspec",
    "root/.julia/packages/a/b/Project.toml",
    "usr/local/lib/luarocks/rocks-5.4/a/1-1/a-1-1.rockspec",
    "root/.opam/default/.opam-switch/switch-state",
    "usr/share/php/.registry/a.reg",
    "usr/share/perl5/.meta/a-1/install.json",
    "var/www/wp-includes/version.php",
    "var/www/wp-content/plugins/a/a.php",
    "opt/bitnami/a/.spdx-a.spdx",
    "usr/lib/erlang/lib/a-1/ebin/a.app",
    "opt/java/release",
    "usr/local/go/VERSION",
];

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (name, piece, bytes) = input;
    let path = PATHS[usize::from(name) % PATHS.len()];
    plimsoll_scan::fuzz(path, bytes, usize::from(piece));
});
