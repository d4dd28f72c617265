//! Whose files lie where.

use crate::catalogue::base_name;

/// Folders of packages, wherever they lie.
const PACKAGE_FOLDERS: &[&str] = &[
    "node_modules",
    "site-packages",
    "dist-packages",
    "gems",
    ".npm",
    ".yarn",
    ".pnpm",
    ".rustup",
    "bower_components",
];

/// Folders of what is made up to try code or to explain it.
const MADE_UP: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "testdata",
    "fixtures",
    "mocks",
    "__mocks__",
    "example",
    "examples",
    "samples",
    "docs",
    "doc",
];

/// Folders below which each folder is a project or somebody's home, whatever it is called.
const OF_PROJECTS: &[&str] = &["home/", "opt/", "srv/", "usr/src/", "var/www/"];

/// Folders of what programs say, in all languages: `"password": "Passwort1"`.
const LABELS: &[&str] = &["i18n", "locale", "locales", "translations"];

/// Endings of the files in which they say it. Settings may lie beside them.
const OF_LABELS: &[&str] = &[
    ".json",
    ".json5",
    ".yml",
    ".yaml",
    ".properties",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".dart",
    ".php",
    ".rb",
    ".xml",
    ".resx",
    ".arb",
    ".ftl",
    ".strings",
    ".lang",
];

/// Folders that hold one for each environment that something is installed in, `test` among them.
const ENVIRONMENTS: &[&str] = &[
    "clusters",
    "environments",
    "envs",
    "inventories",
    "overlays",
    "stages",
];

/// Folders of an application in Java that hold the libraries it runs with.
const LIBRARIES: &[&str] = &["BOOT-INF/lib/", "WEB-INF/lib/"];

/// Where package managers keep what they fetched, in folders that hold their settings, too.
const STORES: &[&str] = &[
    ".m2/repository/",
    ".gradle/caches/",
    ".gradle/wrapper/",
    ".nuget/packages/",
    ".ivy2/cache/",
    ".pnpm-store/",
    ".bun/install/cache/",
];

/// Where Cargo keeps what it fetched, whatever its folder is called.
const CRATES: &[&str] = &[
    "cargo/registry/cache/",
    "cargo/registry/index/",
    "cargo/registry/src/",
    "cargo/git/checkouts/",
    "cargo/git/db/",
];

/// Endings of files that explain, that machines write, or that lock versions.
const NO_SETTINGS: &[&str] = &[
    ".md",
    ".rst",
    ".adoc",
    ".html",
    ".htm",
    ".css",
    ".svg",
    ".po",
    ".pot",
    ".sum",
    ".min.js",
    ".bundle.js",
    ".map",
    ".d.ts",
    ".csv",
    ".patch",
    ".diff",
];

/// Marks in names of files that others are to be made from.
const TEMPLATES: &[&str] = &[
    ".example",
    ".sample",
    ".template",
    ".tmpl",
    ".tpl",
    ".dist",
    ".defaults",
    "-example",
    "-sample",
    "example.",
    "sample.",
];

/// Whether a file of this name stands for others.
pub(super) fn is_template(name: &str) -> bool {
    TEMPLATES.iter().any(|mark| name.contains(mark))
}

/// Beginnings of paths that the distribution fills, and whose lists tell with what.
const SYSTEM: &[&str] = &[
    "usr/bin/",
    "usr/sbin/",
    "usr/lib/",
    "usr/lib32/",
    "usr/lib64/",
    "usr/libexec/",
    "usr/share/",
    "usr/games/",
    "usr/local/lib/",
    "usr/local/share/",
    "bin/",
    "sbin/",
    "lib/",
    "lib64/",
];

/// Folders right below them, without what follows the letters of their names (`python3.13`, `perl-base`):
/// of languages, whose libraries come with whoever built or unpacked one, and of what holds no settings.
const OF_SYSTEMS: &[&str] = &[
    "dart",
    "dotnet",
    "elixir",
    "erlang",
    "firmware",
    "fonts",
    "gcc",
    "gconv",
    "ghc",
    "go",
    "guile",
    "icons",
    "info",
    "java",
    "javascript",
    "jvm",
    "llvm",
    "locale",
    "lua",
    "man",
    "maven",
    "mime",
    "modules",
    "nodejs",
    "ocaml",
    "perl",
    "php",
    "python",
    "R",
    "ruby",
    "rustlib",
    "tcl",
    "terminfo",
    "vim",
    "X",
    "zoneinfo",
];

/// Beginnings of paths that others fill, whatever the lists say.
const OF_OTHERS: &[&str] = &[
    "usr/include/",
    "usr/local/include/",
    "usr/local/go/",
    "boot/",
    "var/lib/dpkg/",
    "var/lib/apt/",
    "var/lib/rpm/",
    "var/cache/",
    "var/log/apt/",
    "opt/conda/lib/",
    "opt/conda/pkgs/",
    "opt/conda/share/",
    "root/.cache/",
    "go/pkg/mod/",
    "root/go/pkg/mod/",
    "usr/local/cargo/registry/",
    "root/.cargo/registry/",
];

/// Served and configured from the system's folders all the same; Elastic's images have their
/// settings there.
const OWN_IN_SYSTEM: &[&str] = &[
    "usr/share/nginx/html/",
    "usr/lib/systemd/system/",
    "lib/systemd/system/",
    "usr/share/elasticsearch/config/",
    "usr/share/filebeat/filebeat.yml",
    "usr/share/kibana/config/",
    "usr/share/logstash/config/",
    "usr/share/logstash/pipeline/",
    "usr/share/metricbeat/metricbeat.yml",
];

/// Whose a file is, as far as the place tells where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of whoever made the image: there a name that promises a credential is believed, while in published
    /// code it is most often a test or an explanation.
    Own,
    /// The same, where it is of no package of the distribution: that is known once all lists were read.
    OwnUnlessOwned,
    /// Of what is made up to try or to explain something. What an archive there holds may be anybody's.
    MadeUp,
    Others,
}

/// Whose the file at a path of the image is.
pub(super) fn whose(path: &str) -> Whose {
    if OF_OTHERS.iter().any(|folder| path.starts_with(folder)) {
        return Whose::Others;
    }
    let Some(system) = SYSTEM.iter().find(|folder| path.starts_with(*folder)) else {
        return whose_in(path, project(path));
    };
    if OWN_IN_SYSTEM.iter().any(|folder| path.starts_with(folder)) {
        return Whose::Own;
    }
    if is_of_system(&path[system.len()..]) || is_beside_own(path) {
        return Whose::Others;
    }
    match whose_inside(path) {
        Whose::Own => Whose::OwnUnlessOwned,
        _ => Whose::Others,
    }
}

/// Whether a path below a folder of the system is one that nobody but systems and installers fills.
fn is_of_system(path: &str) -> bool {
    let mut folders = path.split('/');
    // `x86_64-linux-gnu` holds what `lib` does.
    let folder = folders.find(|folder| !folder.contains("-linux-"));
    folder.is_some_and(|folder| {
        let letters = folder.bytes().take_while(u8::is_ascii_alphabetic).count();
        folders.next().is_some() && OF_SYSTEMS.contains(&&folder[..letters])
    })
}

/// Whether a path lies in the folder of a program of which it is known where in it one's own files lie.
fn is_beside_own(path: &str) -> bool {
    OWN_IN_SYSTEM.iter().any(|own| {
        let mut ends = own.match_indices('/').map(|(at, _)| at + 1);
        // `usr/share/kibana/`
        ends.nth(2).is_some_and(|end| path.starts_with(&own[..end]))
    })
}

/// Whether the file at a path of the image is of whoever made it, wherever others' are.
fn is_own(path: &str) -> bool {
    whose(path) == Whose::Own
}

/// Whether a file in an archive, whose paths may begin anywhere, is.
pub(super) fn is_own_inside(path: &str) -> bool {
    whose_inside(path) == Whose::Own
}

/// Whose the file at a path in an archive is.
pub(super) fn whose_inside(path: &str) -> Whose {
    whose_in(path, 0)
}

/// Where in a path of the image that begins which lies in a project: behind the folder of that.
fn project(path: &str) -> usize {
    let above = OF_PROJECTS.iter().find(|above| path.starts_with(*above));
    let above = above.map_or(0, |above| above.len());
    let end = path[above..].find('/');
    end.map_or(path.len(), |end| above + end + 1)
}

/// Whose a file is whose path tells of its project from `project` on.
fn whose_in(path: &str, project: usize) -> Whose {
    let (mut above, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_of_labels = || OF_LABELS.iter().any(|ending| name.ends_with(ending));
    let mut is_made_up = false;
    // Most files of an image lie in packages, and are done with here.
    while !above.is_empty() {
        let (outer, folder) = above.rsplit_once('/').unwrap_or(("", above));
        if PACKAGE_FOLDERS.contains(&folder) || (LABELS.contains(&folder) && is_of_labels()) {
            return Whose::Others;
        }
        let is_environment = || folder == "test" && ENVIRONMENTS.contains(&base_name(outer));
        is_made_up |=
            above.len() - folder.len() >= project && MADE_UP.contains(&folder) && !is_environment();
        above = outer;
    }
    let is_own = !is_try(name)
        && !is_template(name)
        && !is_lock(name)
        && !is_stored(path)
        && !is_bundle(name)
        && !NO_SETTINGS.iter().any(|ending| name.ends_with(ending));
    match is_own {
        true if is_made_up => Whose::MadeUp,
        true => Whose::Own,
        false => Whose::Others,
    }
}

/// Whether a file of this name holds what a program in Java says, in one language or in the one that all
/// others fall back to: `messages.properties`, `messages_pt_BR.properties`.
fn is_bundle(name: &str) -> bool {
    let locale = name
        .strip_prefix("messages")
        .and_then(|rest| rest.strip_suffix(".properties"));
    locale.is_some_and(|locale| {
        let mut parts = locale.split('_');
        let is_part = |part: &str| {
            (2..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        parts.next() == Some("") && parts.all(is_part)
    })
}

/// Whether a file of this name tries code.
fn is_try(name: &str) -> bool {
    name.starts_with("test_")
        || ["_test.", ".test.", ".spec.", "_spec."]
            .iter()
            .any(|mark| name.contains(mark))
}

/// Whether a package manager writes a file of this name, with the addresses of what it fetched.
fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
        || matches!(
            name,
            "package-lock.json" | "pnpm-lock.yaml" | "npm-shrinkwrap.json"
        )
}

/// Endings of files in which people explain, or keep what others wrote: made-up passwords among it.
const EXPLAINS: &[&str] = &[".md", ".rst", ".adoc", ".html", ".htm", ".csv"];

/// Endings of files of code that machines write, or that hold pieces of it, beside what others wrote.
const OF_CODE: &[&str] = &[".min.js", ".bundle.js", ".map", ".patch", ".diff"];

/// What is looked for in a file that lies where people put their own and is written by others as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sparing {
    /// Passwords in addresses: one that locks packages is full of sums that look drawn.
    Addresses,
    /// The same, where they are drawn.
    DrawnAddresses,
    /// Whatever stands around it says that it is a credential, where it is drawn.
    Drawn,
}

/// What is looked for in a file that is searched sparingly, if it is one of those.
pub(super) fn sparing(path: &str, inside: bool) -> Option<Sparing> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // The folder is judged by a file that anybody may have there.
    let beside = || match folder {
        "" => "x".to_owned(),
        folder => format!("{folder}/x"),
    };
    let ends = |any: &[&str]| any.iter().any(|ending| name.ends_with(ending));
    let sparing = match name {
        name if is_lock(name) => Sparing::Addresses,
        name if is_try(name) || is_template(name) => return None,
        _ if ends(EXPLAINS) => Sparing::DrawnAddresses,
        _ if ends(OF_CODE) => Sparing::Drawn,
        _ => return None,
    };
    let is_own = match inside {
        true => is_own_inside(&beside()),
        false => is_own(&beside()),
    };
    is_own.then_some(sparing)
}

/// Whether a file lies in a package that was published, wherever it is installed.
pub(super) fn is_packaged(path: &str) -> bool {
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|folder| PACKAGE_FOLDERS.contains(&folder)) || is_stored(path)
}

/// Whether an archive is a library that an application in Java was packed with.
pub(super) fn is_library(path: &str) -> bool {
    LIBRARIES.iter().any(|folder| path.contains(folder))
}

/// Whether a file lies where a package manager keeps what it fetched.
fn is_stored(path: &str) -> bool {
    // Each begins with a point, and few paths have one other than before an ending.
    let mut points = memchr::memchr_iter(b'.', path.as_bytes());
    points.any(|at| STORES.iter().any(|store| path[at..].starts_with(store)))
        || CRATES.iter().any(|store| path.contains(store))
        || is_content_store(path)
}

/// Whether pnpm keeps a file of a package there under the sum of its content, whatever the folder is
/// called that holds its stores: `store/v3/files/00/12ab`.
fn is_content_store(path: &str) -> bool {
    const FILES: &str = "/files/";
    let version = |before: &str| {
        let (folders, version) = before.rsplit_once('/')?;
        let number = version.strip_prefix('v')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && folders.ends_with("store")).then_some(())
    };
    memchr::memmem::find_iter(path.as_bytes(), FILES).any(|at| {
        let behind = path.as_bytes().get(at + FILES.len()..).unwrap_or_default();
        let is_sum =
            matches!(behind, [a, b, b'/', ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        is_sum && version(&path[..at]).is_some()
    })
}

/// Whether a file is a library that programs load, by its name: those of Python's packages lie
/// wherever somebody had them installed, and a `RECORD` proves them.
pub(super) fn is_shared_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains(".so.")
        || [".so", ".pyd", ".dylib"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// What stands behind the name of a file that is copied, filled in, or meant for one place.
const BEHIND_NAMES: &[&str] = &[
    "~",
    ".bak",
    ".backup",
    ".ext",
    ".j2",
    ".local",
    ".old",
    ".orig",
    ".prod",
    ".production",
    ".save",
    ".staging",
    ".tmp",
];

/// Whether what is assigned in a file is written without quotes.
pub(super) fn is_settings(path: &str) -> bool {
    let mut name = path.rsplit('/').next().unwrap_or(path);
    while let Some(before) = BEHIND_NAMES.iter().find_map(|end| name.strip_suffix(end)) {
        name = before;
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(
        ending.to_ascii_lowercase().as_str(),
        "env"
            | "ini"
            | "cfg"
            | "cnf"
            | "conf"
            | "config"
            | "properties"
            | "yaml"
            | "yml"
            | "toml"
            | "tfvars"
            | "xml"
            | "rc"
            | "credentials"
            | "secret"
            | "secrets"
            | "service"
            | "sh"
            | "bash"
            | "envrc"
            | "netrc"
            | "pgpass"
            | "s3cfg"
            | "log"
            | "zsh"
            | "ksh"
            | "bat"
            | "cmd"
            | "ps1"
            | "mk"
            | "list"
            | "repo"
            | "acl"
            | "hcl"
            | "tf"
            | "private"
            | "nmconnection"
            | "boto"
            | "ovpn"
            | "timer"
            | "cron"
            | "fish"
            | "csh"
            | "tcsh"
            | "cf"
            | "vars"
            | "hjson"
            | "renviron"
    ) || matches!(
        name,
        "credentials"
            | "config"
            | "Dockerfile"
            | "Containerfile"
            | "Makefile"
            | "Jenkinsfile"
            | "Vagrantfile"
            | "env"
            | "environment"
            | "inventory"
            | "hosts"
            | "crontab"
            | "entrypoint"
            | "cloud-config.txt"
            | "rndc.key"
            | "cqlshrc"
            | ".profile"
            | ".bash_profile"
            | ".bash_login"
            | ".bash_aliases"
            | ".zprofile"
            | ".zshenv"
            | ".zlogin"
    ) || name.starts_with(".env")
        // What cloud-init is told, as it was handed in and as it keeps that.
        || name.starts_with("user-data")
        || name.starts_with("vendor-data")
        || name.starts_with("Dockerfile.")
        // `.bash_history`, `.wgetrc`
        || (name.starts_with('.') && name.ends_with("rc"))
        || name.ends_with("_history")
        // Configuration of programs that need no ending, and tables of cron.
        || (!name.contains('.') && (path.starts_with("etc/") || path.contains(".config/")))
        || path.starts_with("var/spool/cron/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_files() {
        for own in [
            "app/settings.py",
            "etc/app.conf",
            "root/.bashrc",
            "usr/src/app/config.js",
            "usr/local/bin/start",
            "opt/tool/lib/x.rb",
            "srv/store/v1/files/config.js",
            "srv/store/vx/files/00/config.js",
            "lib/systemd/system/app.service",
            "usr/share/logstash/pipeline/out.conf",
            "srv/overlays/test/secret.yml",
            "srv/config/environments/test/config.yml",
            "srv/locale/settings.conf",
            "srv/translations/.env",
            "srv/messagesvc.properties",
            "srv/messages-broker.properties",
            "srv/messages_service.properties",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "app/node_modules/a/b.js",
            "venv/lib/python3.11/site-packages/x.py",
            "usr/lib/python3/x.py",
            "app/.env.example",
            "app/yarn.lock",
            "app/tests/x.py",
            "app/test/config/x.yml",
            "srv/overlays/test/tests/x.yml",
            "app/src/i18n/de.json",
            "app/messages.properties",
            "app/messages_de.properties",
            "app/messages_zh_Hans_CN.properties",
            "app/config/locales/de.rb",
            "usr/share/filebeat/module/x.yml",
            "app/x_test.go",
            "app/.pnpm-store/v3/files/6a/12bc",
            "opt/cargo/registry/src/index.crates.io-6f17/a-1.0.0/src/lib.rs",
            "pnpm/store/v10/files/00/12bc-exec",
            "home/a/.bun/install/cache/a@1.0.0/index.js",
            "var/lib/dpkg/status",
        ] {
            assert!(!is_own(other), "{other}");
        }
        for own in [
            "root/.m2/settings.xml",
            "root/.gradle/gradle.properties",
            "root/.nuget/NuGet/NuGet.Config",
        ] {
            assert!(is_own(own), "{own}");
        }
        for own in [
            "test/application.yml",
            "docs/app.env",
            "home/test/application.yml",
            "opt/docs/config/application.yml",
        ] {
            assert!(is_own(own), "{own}");
        }
        for made_up in [
            "home/bob/test/application.yml",
            "test/app/docs/a.yml",
            "app/tests/x.yml",
            "app/docs/app.jar",
        ] {
            assert_eq!(whose(made_up), Whose::MadeUp, "{made_up}");
        }
        assert_eq!(whose_inside("test/application.yml"), Whose::MadeUp);
        for unless_owned in [
            "usr/bin/entrypoint.sh",
            "bin/start.sh",
            "usr/share/shop/shop.jar",
            "usr/share/application.yml",
            "usr/libexec/s2i/run",
            "usr/local/lib/app/run.sh",
            "usr/lib/x86_64-linux-gnu/app/application.yml",
        ] {
            assert_eq!(whose(unless_owned), Whose::OwnUnlessOwned, "{unless_owned}");
        }
        for other in [
            "usr/lib/python3.11/x.py",
            "usr/local/lib/ruby/3.3.0/x.rb",
            "usr/lib/x86_64-linux-gnu/perl-base/x.pm",
            "usr/share/java/log4j-1.2.jar",
            "usr/share/maven-repo/a/b.jar",
            "usr/share/doc/a/x.yml",
            "usr/share/kibana/x-pack/x.js",
            "usr/lib/systemd/system.conf",
            "usr/include/x.h",
        ] {
            assert_eq!(whose(other), Whose::Others, "{other}");
        }
        for other in [
            "root/.m2/repository/a/b.xml",
            "root/.gradle/caches/x.properties",
        ] {
            assert!(!is_own(other), "{other}");
        }
        for settings in [
            "root/.bash_history",
            "etc/cron.d/backup",
            "etc/smbcredentials",
            "var/spool/cron/crontabs/root",
            "root/.wgetrc",
            "root/.cassandra/cqlshrc",
            "srv/Dockerfile.prod",
            "root/.config/hub",
            "root/.config/fish/fish_history",
            "etc/bind/rndc.key",
            "srv/env",
            "srv/ansible/inventory",
            "root/.profile",
            "root/.bash_profile",
            "home/a/.zshenv",
            "root/.config/fish/config.fish",
            "srv/prod.env.bak",
            "srv/docker.env.prod",
            "srv/env.prod",
            "srv/config.yml.j2",
            "srv/my.cnf~",
            "etc/dovecot/dovecot-sql.conf.ext",
            "etc/postfix/mysql.cf",
            "home/a/.Renviron",
            "var/lib/cloud/instance/user-data.txt",
            "var/lib/cloud/seed/nocloud/user-data",
        ] {
            assert!(is_settings(settings), "{settings}");
        }
        for (path, expected) in [
            ("app/yarn.lock", Some(Sparing::Addresses)),
            ("package-lock.json", Some(Sparing::Addresses)),
            ("app/node_modules/a/yarn.lock", None),
            ("usr/lib/node/x/package-lock.json", None),
            ("app/fixtures/Gemfile.lock", None),
            ("app/x.json", None),
            ("app/README.md", Some(Sparing::DrawnAddresses)),
            ("app/node_modules/a/README.md", None),
            ("app/docs/setup.md", None),
            ("app/x.example.html", None),
            ("app/dist/main.js.map", Some(Sparing::Drawn)),
            ("app/node_modules/a/b.js.map", None),
        ] {
            assert_eq!(sparing(path, false), expected, "{path}");
        }
        assert!(is_packaged("app/node_modules/a/b.js") && !is_packaged("app/tests/b.js"));
        assert!(is_settings("app/application.yml"));
        assert!(!is_settings("app/app.js"));
        assert!(!is_settings("app/app.js.bak") && !is_settings("srv/notes~"));
    }
}
