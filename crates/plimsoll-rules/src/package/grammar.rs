//! Which options of a package manager take the next word, and what its verbs do.

use super::call::{Action, Manager};

/// Whether an option takes the next word as its value where none stands behind `=`.
/// `behind_verb` tells where it stands: zypper's options mean another thing there.
pub(super) fn takes_value(manager: Manager, option: &str, behind_verb: bool) -> bool {
    let options: &[&str] = match manager {
        Manager::Apt => &[
            "-o",
            "--option",
            "-t",
            "--target-release",
            "--default-release",
            "-c",
            "--config-file",
            "-a",
            "--host-architecture",
            "-P",
            "--build-profiles",
            "-S",
            "--snapshot",
        ],
        Manager::Apk => &[
            "-t",
            "--virtual",
            "-X",
            "--repository",
            "-p",
            "--root",
            "--repositories-file",
            "--arch",
            "--keys-dir",
            "--cache-dir",
            "--cache-max-age",
            "--progress-fd",
            "--timeout",
            "--wait",
        ],
        Manager::Dnf => &[
            "-c",
            "--config",
            "-d",
            "--debuglevel",
            "-e",
            "--errorlevel",
            "-R",
            "--randomwait",
            "-x",
            "--exclude",
            "--excludepkgs",
            "--installroot",
            "--releasever",
            "--enablerepo",
            "--enable-repo",
            "--disablerepo",
            "--disable-repo",
            "--repo",
            "--repoid",
            "--repofrompath",
            "--setopt",
            "--disableplugin",
            "--disable-plugin",
            "--enableplugin",
            "--enable-plugin",
            "--forcearch",
            "--comment",
            "--advisory",
            "--advisories",
            "--bz",
            "--bzs",
            "--cve",
            "--cves",
            "--sec-severity",
            "--secseverity",
            "--color",
            "--rpmverbosity",
            "--disableexcludes",
            "--disableexcludepkgs",
            "--downloaddir",
            "--destdir",
        ],
        Manager::Zypper if behind_verb => &[
            "-t",
            "--type",
            "-r",
            "--repo",
            "--from",
            "--download",
            "-b",
            "--bugzilla",
            "--cve",
            "--patch",
            "-g",
            "--category",
            "--severity",
        ],
        Manager::Zypper => &[
            "-c",
            "--config",
            "-C",
            "--cache-dir",
            "-D",
            "--reposd-dir",
            "-R",
            "--root",
            "--installroot",
            "--pkg-cache-dir",
            "--plus-content",
            "-p",
            "--plus-repo",
            "--raw-cache-dir",
            "--releasever",
            "--solv-cache-dir",
            "--userdata",
        ],
        Manager::Pacman => &[
            "-b",
            "--dbpath",
            "-r",
            "--root",
            "--arch",
            "--cachedir",
            "--color",
            "--config",
            "--gpgdir",
            "--hookdir",
            "--logfile",
            "--sysroot",
            "--ignore",
            "--ignoregroup",
            "--overwrite",
            "--assume-installed",
        ],
        Manager::Pip => &[
            "-r",
            "--requirement",
            "--requirements",
            "-c",
            "--constraint",
            "--constraints",
            "--build-constraint",
            "-e",
            "--editable",
            "-t",
            "--target",
            "-b",
            "--build",
            "--build-dir",
            "--build-directory",
            "-C",
            "--config-settings",
            "--config-setting",
            "-f",
            "--find-links",
            "-i",
            "--index-url",
            "--index",
            "--default-index",
            "--pypi-url",
            "--extra-index-url",
            "--abi",
            "--build-option",
            "--cache-dir",
            "--cert",
            "--client-cert",
            "--exists-action",
            "--global-option",
            "--group",
            "--implementation",
            "--install-option",
            "--keyring-provider",
            "--log",
            "--log-file",
            "--no-binary",
            "--only-binary",
            "--pip-args",
            "--platform",
            "--prefix",
            "--progress-bar",
            "--proxy",
            "--python",
            "-p",
            "--python-platform",
            "--python-version",
            "--report",
            "--resolution",
            "--retries",
            "--root",
            "--root-user-action",
            "--src",
            "--suffix",
            "--timeout",
            "--trusted-host",
            "--upgrade-strategy",
            "--use-deprecated",
            "--use-feature",
        ],
        Manager::Npm | Manager::Pnpm | Manager::Yarn => &[
            "-C",
            "--dir",
            "--cache",
            "--cache-folder",
            "--cafile",
            "--cpu",
            "--cwd",
            "--fetch-retries",
            "--fetch-retry-factor",
            "--fetch-retry-maxtimeout",
            "--fetch-retry-mintimeout",
            "--fetch-timeout",
            "--filter",
            "--global-dir",
            "--globalconfig",
            "--global-folder",
            "--https-proxy",
            "--include",
            "--install-strategy",
            "--libc",
            "--loglevel",
            "--maxsockets",
            "--modules-folder",
            "--mutex",
            "--network-concurrency",
            "--network-timeout",
            "--node-options",
            "--noproxy",
            "--omit",
            "--only",
            "--os",
            "--prefix",
            "--proxy",
            "--python",
            "--registry",
            "--reporter",
            "--save-prefix",
            "--scope",
            "--script-shell",
            "--store-dir",
            "--tag",
            "--umask",
            "--unsafe-perm-user",
            "--use-yarnrc",
            "--userconfig",
            "-w",
            "--workspace",
        ],
        Manager::Gem => &[
            "-v",
            "--version",
            "-i",
            "--install-dir",
            "-n",
            "--bindir",
            "-P",
            "--trust-policy",
            "-s",
            "--source",
            "-p",
            "--http-proxy",
            "-B",
            "--bulk-threshold",
            "--build-root",
            "--config-file",
            "--platform",
            "--target-rbconfig",
            "--without",
        ],
        Manager::Go => &[
            "-C",
            "-o",
            "-p",
            "-asmflags",
            "-buildmode",
            "-compiler",
            "-covermode",
            "-coverpkg",
            "-exec",
            "-gccgoflags",
            "-gcflags",
            "-installsuffix",
            "-ldflags",
            "-mod",
            "-modfile",
            "-overlay",
            "-pgo",
            "-pkgdir",
            "-tags",
            "-toolexec",
        ],
    };
    options.contains(&option)
}

/// What a verb does.
pub(super) fn action(manager: Manager, verb: &str) -> Action {
    match (manager, verb) {
        (Manager::Apt, "install" | "reinstall" | "build-dep" | "satisfy")
        | (Manager::Apk, "add")
        | (
            Manager::Dnf,
            "install" | "in" | "localinstall" | "groupinstall" | "reinstall" | "rei" | "install-n"
            | "install-na" | "install-nevra" | "builddep" | "build-dep" | "swap",
        )
        | (
            Manager::Zypper,
            "install" | "in" | "source-install" | "si" | "install-new-recommends" | "inr",
        )
        | (Manager::Pip | Manager::Gem, "install" | "i")
        | (
            Manager::Npm,
            "install" | "i" | "in" | "ins" | "inst" | "insta" | "instal" | "isnt" | "isnta"
            | "isntal" | "isntall" | "add" | "ci" | "clean-install" | "install-clean" | "ic",
        )
        | (Manager::Yarn | Manager::Pnpm, "install" | "add" | "i" | "ci")
        | (Manager::Go, "install" | "get") => Action::Install,
        (Manager::Apt | Manager::Apk, "update")
        | (Manager::Dnf, "makecache" | "check-update")
        | (Manager::Zypper, "refresh" | "ref") => Action::Update,
        (
            Manager::Apt,
            "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade" | "dselect-upgrade",
        )
        | (Manager::Apk, "upgrade" | "fix")
        | (
            Manager::Dnf,
            "upgrade"
            | "up"
            | "update"
            | "upgrade-minimal"
            | "up-min"
            | "update-minimal"
            | "distro-sync"
            | "dsync"
            | "distribution-synchronization"
            | "system-upgrade"
            | "groupupdate",
        )
        | (Manager::Zypper, "update" | "up" | "patch" | "dist-upgrade" | "dup")
        | (Manager::Pip, "upgrade")
        | (Manager::Gem | Manager::Npm | Manager::Pnpm, "update")
        | (Manager::Yarn, "upgrade") => Action::Upgrade,
        (Manager::Apt, "remove" | "purge" | "autoremove" | "autopurge")
        | (Manager::Apk, "del")
        | (Manager::Dnf, "remove" | "rm" | "erase" | "autoremove" | "groupremove")
        | (Manager::Zypper, "remove" | "rm")
        | (Manager::Pip | Manager::Gem, "uninstall")
        | (Manager::Npm | Manager::Yarn | Manager::Pnpm, "uninstall" | "remove" | "rm") => {
            Action::Remove
        }
        (Manager::Apt, "clean" | "autoclean" | "dist-clean" | "distclean")
        | (Manager::Dnf | Manager::Zypper, "clean")
        | (Manager::Apk | Manager::Pip | Manager::Npm | Manager::Yarn, "cache")
        | (Manager::Gem, "cleanup")
        | (Manager::Pnpm, "store")
        | (Manager::Zypper, "cc") => Action::Clean,
        _ => Action::Other,
    }
}
