//! What package managers keep after a download: it is there and it is not installed.

/// Caches by a part of their path, whatever the folder above is called: the unpacked wheels of uv,
/// the unpacked packages of Bun.
const CACHES: [&str; 2] = ["/archive-v0/", "/.bun/install/cache/"];

/// Folders that tools keep among their caches and run programs from: the environments of Poetry,
/// pre-commit, PEX and uv, what Deno loads, what launchers of Coursier name as their class path.
const ENVIRONMENTS: [&str; 6] = [
    ".cache/deno/npm/",
    ".cache/coursier/",
    ".cache/pypoetry/virtualenvs/",
    ".cache/pex/",
    ".cache/pre-commit/repo",
    ".cache/uv/environments-v",
];

/// Whether `path` lies in a package manager's cache: downloaded, not installed.
pub(crate) fn in_cache(path: &str) -> bool {
    is_downloaded(path)
        || (is_below_any(path, ".cache/")
            && !is_environment(path)
            && !ENVIRONMENTS
                .iter()
                .any(|environment| is_below_any(path, environment)))
}

/// Whether Python runs from there: tools make environments of their own where they keep the rest.
/// Those that uv makes to build a package are left behind.
fn is_environment(path: &str) -> bool {
    path.split_once("/lib/python")
        .is_some_and(|(before, behind)| {
            behind.contains("/site-packages/") && !is_below_any(before, ".cache/uv/")
        })
}

/// Whether `path` lies where nothing is ever run from, only linked or copied to where it is.
pub(crate) fn is_downloaded(path: &str) -> bool {
    CACHES.iter().any(|cache| path.contains(cache)) || is_unpacked_by_conda(path)
}

/// Whether a folder called so, at the top or anywhere below it, holds the path.
fn is_below_any(path: &str, folder: &str) -> bool {
    path.match_indices(folder)
        .any(|(at, _)| at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'))
}

/// `pkgs/NAME-VERSION-BUILD/…`: an environment has hard links to what is there, or copies.
fn is_unpacked_by_conda(path: &str) -> bool {
    path.match_indices("/pkgs/").any(|(at, found)| {
        let behind = path.get(at + found.len()..).unwrap_or_default();
        let (package, inner) = behind.split_once('/').unwrap_or_default();
        let parts = package.split('-').count();
        let inside = ["lib/python", "site-packages/", "info/"];
        parts >= 3 && inside.iter().any(|start| inner.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_downloaded() {
        for path in [
            ".cache/x",
            "root/.cache/uv/archive-v0/a/x-1.dist-info/METADATA",
            "uv-cache/archive-v0/a/x-1.dist-info/METADATA",
            "root/.bun/install/cache/hono@4.3.0/package.json",
            "root/.cache/pypoetry/artifacts/a/x.whl",
            "root/.cache/uv/builds-v0/.tmpA/lib/python3.12/site-packages/x-1.dist-info/METADATA",
            "opt/conda/pkgs/idna-3.7-py312_0/lib/python3.12/site-packages/idna-3.7.dist-info/METADATA",
        ] {
            assert!(in_cache(path), "{path}");
        }
        for path in [
            "opt/x.cache/package.json",
            "root/.cache/pex/venvs/4/a/b/lib/python3.11/site-packages/x-1.dist-info/METADATA",
            "root/.cache/pex/installed_wheels/0/a/x-1-py3-none-any.whl/x-1.dist-info/METADATA",
            "home/u/.cache/tool/lib/python3.11/site-packages/x-1.dist-info/METADATA",
            "root/.cache/pypoetry/virtualenvs/a-py3.11/lib/python3.11/site-packages/x-1.dist-info/METADATA",
            "home/a/.cache/pre-commit/repo1x/py_env-python3/lib/python3.11/site-packages/x-1.dist-info/METADATA",
            "opt/conda/lib/python3.12/site-packages/idna-3.7.dist-info/METADATA",
            "root/.cache/deno/npm/registry.npmjs.org/lodash/4.17.15/package.json",
            "root/.cache/coursier/v1/https/repo1.maven.org/maven2/a/b/1/b-1.jar",
            "srv/pkgs/my-own-app/venv/lib/python3.11/site-packages/x-1.dist-info/METADATA",
        ] {
            assert!(!in_cache(path), "{path}");
        }
    }
}
