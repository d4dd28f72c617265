use plimsoll_model::{Package, PackageKind};
use plimsoll_scan::Outcome;

use crate::image::{Layer, look};

fn listed(outcome: &Outcome) -> Vec<String> {
    outcome
        .inventory
        .packages
        .iter()
        .map(|package| package.purl.clone())
        .collect()
}

fn find<'a>(outcome: &'a Outcome, name: &str) -> &'a Package {
    outcome
        .inventory
        .packages
        .iter()
        .find(|package| package.name == name)
        .unwrap_or_else(|| panic!("{name} is not among {:#?}", listed(outcome)))
}

fn manifest(name: &str, version: &str) -> String {
    format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}")
}

#[test]
fn who_asked_for_a_node_package() {
    let outcome = look(vec![
        Layer::new()
            .file(
                "app/package.json",
                "{\"name\":\"shop\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"1\",\"alias\":\"npm:real@2\"}}",
            )
            .file("app/packages/w/package.json", "{\"dependencies\":{\"of-w\":\"1\"}}")
            .file("app/node_modules/a/package.json", manifest("a", "1.0.0"))
            .file("app/node_modules/alias/package.json", manifest("real", "2.0.0"))
            .file("app/node_modules/b/package.json", manifest("b", "1.0.0"))
            .file("app/node_modules/b/node_modules/a/package.json", manifest("a", "3.0.0"))
            .file("app/node_modules/of-w/package.json", manifest("of-w", "1.0.0"))
            .file("pnpm/package.json", "{\"dependencies\":{\"c\":\"1\"}}")
            .symlink("pnpm/node_modules/c", ".pnpm/c@1.0.0/node_modules/c")
            .file(
                "pnpm/node_modules/.pnpm/c@1.0.0/node_modules/c/package.json",
                manifest("c", "1.0.0"),
            )
            .symlink("pnpm/node_modules/.pnpm/c@1.0.0/node_modules/d", "../../d@1.0.0/node_modules/d")
            .file(
                "pnpm/node_modules/.pnpm/d@1.0.0/node_modules/d/package.json",
                manifest("d", "1.0.0"),
            )
            .file("ali/package.json", "{\"dependencies\":{\"odd\":\"npm:even@1\"}}")
            .symlink("ali/node_modules/odd", ".pnpm/even@1.0.0/node_modules/even")
            .file(
                "ali/node_modules/.pnpm/even@1.0.0/node_modules/even/package.json",
                manifest("even", "1.0.0"),
            )
            .file("usr/local/lib/node_modules/npm/package.json", manifest("npm", "10.5.0"))
            .file(
                "usr/local/lib/node_modules/npm/node_modules/e/package.json",
                manifest("e", "1.0.0"),
            )
            .file("opt/yarn-v1.22.22/package.json", manifest("yarn", "1.22.22"))
            .file("srv/dist/package.json", manifest("dist", "1.0.0")),
    ]);
    let direct: Vec<(&str, &str, Option<bool>)> = outcome
        .inventory
        .packages
        .iter()
        .map(|own| (own.name.as_str(), own.version.as_str(), own.direct))
        .collect();
    assert_eq!(
        direct,
        [
            ("a", "1.0.0", Some(true)),
            ("a", "3.0.0", Some(false)),
            ("b", "1.0.0", Some(false)),
            ("c", "1.0.0", Some(true)),
            ("d", "1.0.0", Some(false)),
            ("e", "1.0.0", Some(false)),
            ("even", "1.0.0", Some(true)),
            ("npm", "10.5.0", Some(true)),
            ("of-w", "1.0.0", Some(true)),
            ("real", "2.0.0", Some(true)),
            ("shop", "1.0.0", None),
            ("yarn", "1.22.22", None),
        ]
    );
}

#[test]
fn workspaces_and_what_packages_bundle() {
    let outcome = look(vec![
        Layer::new()
            .file("ws/package.json", "{\"private\":true}")
            .file(
                "ws/packages/alpha/package.json",
                manifest("@mono/alpha", "1.4.0"),
            )
            .file("ws/packages/apart/package.json", manifest("apart", "1.0.0"))
            .symlink("ws/node_modules/@mono/alpha", "../../packages/alpha")
            .file("src/lib/package.json", manifest("lib", "2.0.0"))
            .symlink("ws/node_modules/lib", "/src/lib")
            .file(
                "lib/node_modules/pnpm/package.json",
                manifest("pnpm", "9.1.0"),
            )
            .file(
                "lib/node_modules/pnpm/dist/node_modules/ip/package.json",
                manifest("ip", "9.0.5"),
            )
            .file(
                "lib/node_modules/pnpm/test/node_modules/no/package.json",
                manifest("no", "1.0.0"),
            ),
    ]);
    assert_eq!(
        listed(&outcome),
        [
            "pkg:npm/%40mono/alpha@1.4.0",
            "pkg:npm/ip@9.0.5",
            "pkg:npm/lib@2.0.0",
            "pkg:npm/pnpm@9.1.0",
        ]
    );
}

#[test]
fn packages_that_yarn_leaves_zipped() {
    let outcome = look(vec![
        Layer::new()
            .file(
                "app/.pnp.data.json",
                r#"{"packageRegistryData":[[null,[[null,{"packageLocation":"./","packageDependencies":[["x","npm:1.0.0"]],"linkType":"SOFT"}]]],
                ["x",[["npm:1.0.0",{"packageLocation":"./.yarn/cache/x-npm-1.0.0-a.zip/node_modules/x/","linkType":"HARD"}]]],
                ["gone",[["npm:1.0.0",{"packageLocation":"./.yarn/cache/gone-npm-1.0.0-a.zip/node_modules/gone/","linkType":"HARD"}]]]]}"#,
            )
            .file("app/.yarn/cache/x-npm-1.0.0-a.zip", "PK"),
    ]);
    assert_eq!(listed(&outcome), ["pkg:npm/x@1.0.0"]);
    assert_eq!(find(&outcome, "x").direct, Some(true));
    assert_eq!(
        find(&outcome, "x").path,
        "app/.yarn/cache/x-npm-1.0.0-a.zip"
    );
}

#[test]
fn what_is_carried_or_unpacked_need_not_say_how_it_starts() {
    let manifest = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    let outcome = look(vec![
        Layer::new()
            .file("srv/node_modules/next/package.json", manifest("next"))
            .file(
                "srv/node_modules/next/dist/compiled/@babel/runtime/package.json",
                manifest("@babel/runtime"),
            )
            .file(
                "srv/node_modules/next/dist/other/package.json",
                manifest("next-part"),
            )
            .file("opt/biome/package/package.json", manifest("@biomejs/cli"))
            .file("opt/own/package/package.json", manifest("own"))
            .file("opt/own/package/tsconfig.json", "{}")
            .file("opt/service/package.json", manifest("service")),
    ]);
    assert_eq!(
        listed(&outcome),
        [
            "pkg:npm/%40babel/runtime@1.0.0",
            "pkg:npm/%40biomejs/cli@1.0.0",
            "pkg:npm/next@1.0.0"
        ]
    );
}

/// Yarn writes its loader behind the table: a long program, which bundlers make as well.
#[test]
fn yarns_table_in_a_program_is_no_bundle() {
    let loader = "var x = __commonJS({});\n".repeat(20_000);
    let program = format!(
        r#"const RAW_RUNTIME_STATE =
'{{"packageRegistryData":[["x",[["npm:1.0.0",{{"packageLocation":"./.yarn/cache/x-npm-1.0.0-a.zip/node_modules/x/"}}]]]]}}';
{loader}"#
    );
    let outcome = look(vec![
        Layer::new()
            .file("app/.pnp.cjs", program)
            .file("app/.yarn/cache/x-npm-1.0.0-a.zip", "PK"),
    ]);
    assert_eq!(listed(&outcome), ["pkg:npm/x@1.0.0"]);
}

#[test]
fn what_lies_beside_pythons_metadata() {
    let site = "venv/lib/python3.11/site-packages";
    let outcome =
        look(vec![
        Layer::new()
            .file(&format!("{site}/a-1.dist-info/METADATA"), "Name: a\nVersion: 1\n")
            .file(&format!("{site}/a-1.dist-info/INSTALLER"), "pip\n")
            .file(&format!("{site}/a-1.dist-info/REQUESTED"), "")
            .file(
                &format!("{site}/a-1.dist-info/direct_url.json"),
                r#"{"url":"https://git.example/a.git","vcs_info":{"vcs":"git","commit_id":"abc"}}"#,
            )
            .file(&format!("{site}/b-1.dist-info/METADATA"), "Name: b\nVersion: 1\n")
            .file(&format!("{site}/b-1.dist-info/INSTALLER"), "pip\n")
            .file(&format!("{site}/b-1.dist-info/RECORD"), "b.py,sha256=x,7\n")
            .file(&format!("{site}/~-1.dist-info/METADATA"), "Name: c\nVersion: 1\n")
            .file(&format!("{site}/lost-1.dist-info/RECORD"), "lost.py,,\n")
            .file(&format!("{site}/own-1.dist-info/METADATA"), "Name: own\nVersion: 1\n")
            .file(
                &format!("{site}/own-1.dist-info/direct_url.json"),
                r#"{"dir_info":{},"url":"file:///src"}"#,
            )
            .file("src/own.egg-info/PKG-INFO", "Name: own\nVersion: 1\n")
            .file("opt/poetry.lock", "")
            .file("srv/composer.lock", "{}"),
    ]);
    assert_eq!(
        listed(&outcome),
        [
            "pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fa.git%40abc",
            "pkg:pypi/b@1",
            "pkg:pypi/own@1"
        ]
    );
    assert_eq!(find(&outcome, "a").direct, Some(true));
    let b = find(&outcome, "b");
    assert_eq!((b.direct, b.size, b.files), (Some(false), Some(7), Some(1)));
    assert_eq!(find(&outcome, "own").direct, None);
    let said: Vec<&str> = outcome
        .skipped
        .iter()
        .map(|skipped| skipped.what.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "srv/composer.lock",
            &format!("{site}/lost-1.dist-info"),
            &format!("{site}/own-1.dist-info"),
            &format!("{site}/~-1.dist-info/METADATA"),
        ]
    );
}

#[test]
fn a_list_that_grows_keeps_who_brought_what() {
    let path = "srv/vendor/composer/installed.json";
    let first = r#"[{"name":"v/a","version":"1"}]"#;
    let second = r#"[{"name":"v/0","version":"1"},{"name":"v/a","version":"1"}]"#;
    let outcome = look(vec![
        Layer::new().file(path, first),
        Layer::new().file(path, second),
    ]);
    assert_eq!(find(&outcome, "v/a").layer, 0);
    assert_eq!(find(&outcome, "v/0").layer, 1);
    assert_eq!(find(&outcome, "v/a").kind, PackageKind::Composer);
    assert_eq!(find(&outcome, "v/a").purl, "pkg:composer/v/a@1");
}

#[test]
fn what_a_list_names_is_carried_where_it_lies_beside_the_list() {
    let carried = "venv/lib/python3.11/site-packages/pip/_vendor";
    let lines = "CacheControl==0.12.11\nsetuptools==68.0.0\nsix==1.16.0\npyproject-hooks==1.0.0\n\
                 python-dotenv==1.0.1\nruamel.yaml==0.18.6\nlost==1.0\n";
    let list = format!("{carried}/vendor.txt");
    let outcome = look(vec![
        Layer::new()
            .file(&list, lines)
            .file(&format!("{carried}/cachecontrol/__init__.py"), "")
            .file(&format!("{carried}/pkg_resources/__init__.py"), "")
            .file(&format!("{carried}/six.py"), "")
            .file(&format!("{carried}/pyproject_hooks/__init__.py"), "")
            .file(&format!("{carried}/dotenv/__init__.py"), "")
            .file(&format!("{carried}/ruamel/yaml/__init__.py"), ""),
    ]);
    assert_eq!(
        listed(&outcome),
        [
            "pkg:pypi/cachecontrol@0.12.11",
            "pkg:pypi/pyproject-hooks@1.0.0",
            "pkg:pypi/python-dotenv@1.0.1",
            "pkg:pypi/ruamel-yaml@0.18.6",
            "pkg:pypi/six@1.16.0"
        ]
    );
    let said: Vec<_> = outcome
        .skipped
        .iter()
        .map(|one| (&one.what, &one.why))
        .collect();
    let why = "it names lost 1.0, and nothing of that name lies beside it".to_owned();
    assert_eq!(said, [(&list, &why)]);
    let whole = look(vec![
        Layer::new()
            .file(&list, "setuptools==68.0.0\n")
            .file(&format!("{carried}/setuptools/__init__.py"), ""),
    ]);
    assert_eq!(listed(&whole), ["pkg:pypi/setuptools@68.0.0"]);
}

#[test]
fn what_is_carried_is_compiled_or_a_library() {
    let carried = "venv/lib/python3.11/site-packages/pip/_vendor";
    for (module, lies) in [
        ("lost.py", true),
        ("lost.pyc", true),
        ("lost/__init__.pyc", true),
        ("lost/deep/x.py", true),
        ("lost.so", true),
        ("lost.abi3.so", true),
        ("lost.cpython-312-x86_64-linux-gnu.so", true),
        ("lost.cp312-win_amd64.pyd", true),
        ("lost.txt", false),
        ("lost.py.orig", false),
        ("lost.x.py", false),
        ("lost.so/x.txt", false),
        ("lost-1.so", false),
        ("lost2.py", false),
    ] {
        let outcome = look(vec![
            Layer::new()
                .file(&format!("{carried}/vendor.txt"), "lost==1.0\n")
                .file(&format!("{carried}/{module}"), ""),
        ]);
        let expected: &[&str] = if lies { &["pkg:pypi/lost@1.0"] } else { &[] };
        assert_eq!(listed(&outcome), expected, "{module}");
    }
}

#[test]
fn what_is_linked_out_of_a_cache_is_installed_once() {
    let kept = "root/.cache/uv/archive-v0/x/a-1.dist-info/METADATA";
    let stored = "root/.local/share/pnpm/store/v3/files/00/ab";
    let info = "venv/lib/python3.11/site-packages/a-1.dist-info/METADATA";
    let package = "srv/node_modules/.pnpm/b@1.0.0/node_modules/b/package.json";
    let outcome = look(vec![
        Layer::new()
            .file(kept, "Name: a\nVersion: 1\n")
            .file(stored, manifest("b", "1.0.0"))
            .file("root/.local/share/pnpm/store/v3/files/00/cd", "{broken")
            .link(tar::EntryType::Link, info, kept)
            .link(tar::EntryType::Link, package, stored),
    ]);
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    assert_eq!(listed(&outcome), ["pkg:pypi/a@1", "pkg:npm/b@1.0.0"]);
}

/// uv has one file under two names. The cache comes first in the layer, and in the alphabet.
#[test]
fn what_a_linked_package_carries_is_not_installed_in_the_cache() {
    let site = "usr/local/lib/python3.12/site-packages";
    let kept = "root/.cache/uv/archive-v0/x";
    let mut layer = Layer::new();
    let started = r#"{"name":"ui","version":"4.1.3","main":"index.js"}"#;
    for (file, text) in [
        ("pip/_vendor/vendor.txt", "lost==1.0\n"),
        ("pip/_vendor/lost/__init__.py", "pass\n"),
        ("air/static/dist/ui/package.json", started),
        ("air/static/dist/ui/index.js", "0\n"),
    ] {
        layer = layer.file(&format!("{kept}/{file}"), text).link(
            tar::EntryType::Link,
            &format!("{site}/{file}"),
            &format!("{kept}/{file}"),
        );
    }
    let outcome = look(vec![layer]);
    let listed: Vec<(&str, &str)> = outcome
        .inventory
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.path.as_str()))
        .collect();
    let carried = format!("{site}/pip/_vendor/vendor.txt");
    let ui = format!("{site}/air/static/dist/ui/package.json");
    assert_eq!(listed, [("lost", carried.as_str()), ("ui", ui.as_str())]);
}

#[test]
fn what_a_workspace_of_pnpm_asks_for_was_asked_for() {
    let stored = |name: &str| {
        format!("app/node_modules/.pnpm/{name}@1.0.0/node_modules/{name}/package.json")
    };
    let outcome = look(vec![
        Layer::new()
            .file("app/package.json", "{\"private\":true}")
            .file(
                "app/packages/x/package.json",
                "{\"dependencies\":{\"react\":\"1\"}}",
            )
            .symlink(
                "app/packages/x/node_modules/react",
                "../../../node_modules/.pnpm/react@1.0.0/node_modules/react",
            )
            .file(&stored("react"), manifest("react", "1.0.0"))
            .file(&stored("loose-envify"), manifest("loose-envify", "1.0.0")),
    ]);
    assert_eq!(find(&outcome, "react").direct, Some(true));
    assert_eq!(find(&outcome, "loose-envify").direct, Some(false));
}

#[test]
fn packages_that_run_where_they_were_unpacked() {
    let run =
        |name: &str, more: &str| format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\"{more}}}");
    let outcome = look(vec![
        Layer::new()
            .file(
                "opt/driver/package/package.json",
                run("core", ",\"bin\":{\"c\":\"cli.js\"},\"main\":\"gone.js\""),
            )
            .file("opt/driver/package/cli.js", "x")
            .file("opt/tool/package.json", run("tool", ",\"main\":\"./lib\""))
            .file("opt/tool/lib/index.js", "x")
            .file("opt/bare/package/package.json", run("bare", ""))
            .file("opt/bare/package/index.js", "x")
            // What it says it is run by is not there.
            .file(
                "opt/types/package.json",
                run("types", ",\"main\":\"lib/index.js\""),
            )
            // Nobody publishes it.
            .file(
                "srv/app/package.json",
                run("own", ",\"main\":\"index.js\",\"private\":true"),
            )
            .file("srv/app/index.js", "x")
            // Sources, and what tries a package.
            .file(
                "src/lib/package.json",
                run("source", ",\"main\":\"index.js\""),
            )
            .file("src/lib/package-lock.json", "{}")
            .file("src/lib/index.js", "x")
            .file(
                "usr/lib/python3/site-packages/lab/tests/mock/package.json",
                run("mock", ",\"main\":\"index.js\""),
            )
            .file("usr/lib/python3/site-packages/lab/tests/mock/index.js", "x"),
    ]);
    assert_eq!(
        listed(&outcome),
        [
            "pkg:npm/bare@1.0.0",
            "pkg:npm/core@1.0.0",
            "pkg:npm/tool@1.0.0"
        ]
    );
}

#[test]
fn bundles_of_listed_packages_are_theirs_to_answer_for() {
    let bundle = || format!("var __webpack_require__;{}", " ".repeat(40 << 10));
    let site = "usr/local/lib/python3.12/site-packages/jupyterlab-4.0.0.dist-info";
    let sum = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let told = |more: &[&str]| {
        let mut layer = Layer::new()
            .file(
                "opt/yarn-v1.22.22/package.json",
                manifest("yarn", "1.22.22"),
            )
            .file("opt/yarn-v1.22.22/lib/cli.js", bundle())
            .file("srv/shop/package.json", manifest("shop", "1.0.0"))
            .file(
                &format!("{site}/METADATA"),
                "Name: jupyterlab\nVersion: 4.0.0\n",
            )
            .file(
                &format!("{site}/RECORD"),
                format!("../../../share/jupyter/static/main.js,sha256={sum},9\n"),
            )
            .file("usr/local/share/jupyter/static/main.js", bundle());
        for path in more {
            layer = layer.file(path, bundle());
        }
        let gaps = look(vec![layer]).skipped.into_iter();
        let bundles = gaps.filter(|gap| gap.why.starts_with("bundles"));
        bundles.map(|gap| gap.what).collect::<Vec<_>>()
    };
    assert_eq!(told(&[]), [""; 0]);
    let own = told(&["srv/shop/dist/main.js"]);
    assert!(own[0].starts_with("srv/shop/dist/main.js ("), "{own:?}");
    let beside = told(&["usr/local/share/jupyter/static/own.js"]);
    assert!(beside[0].contains("static/own.js ("), "{beside:?}");
}
