//! Which packages of languages a package of the distribution brought, where a document does not say
//! (syft's CycloneDX): by their names and versions, in the folders that distributions install to.
//! Who tells them apart does not count one flaw twice, once by an upstream version that the
//! distribution mended without changing it.
//!
//! A folder alone tells only where nobody else installs to it. People copy archives of Java to
//! `usr/share/java`, and packages of Python from one stage to the next: of those something more has to
//! speak for the distribution, lest flaws of what it never had are taken for its own.

use std::collections::HashMap;

use plimsoll_model::{Package, PackageKind};

/// Where the interpreter's packages lie that Debian's packages bring, and nobody else by Debian's
/// policies for Python and Ruby: the others go below `/usr/local` and `/var/lib/gems`.
const DEBIAN_RUBY: [&str; 2] = ["usr/lib/ruby/", "usr/share/rubygems-integration/"];
/// Folders of Debian's alone, and how the packages are called that install to them.
const DEBIAN_FOLDERS: [(PackageKind, &str, &str); 5] = [
    (PackageKind::Npm, "usr/share/nodejs/", "node-"),
    (PackageKind::Npm, "usr/lib/nodejs/", "node-"),
    (PackageKind::Composer, "usr/share/php/", "php-"),
    (PackageKind::Cargo, "usr/share/cargo/registry/", "librust-"),
    (PackageKind::Go, "usr/share/gocode/", "golang-"),
];
const DEBIAN_PYTHON: &str = "usr/lib/python3/dist-packages/";
const JAVA: [&str; 3] = [
    "usr/share/java/",
    "usr/share/maven-repo/",
    "usr/share/maven-poms/",
];
/// The owner where it is known that the distribution brought something, and not with which package.
const UNKNOWN_OWNER: &str = "the distribution";

/// The packages of the distribution.
#[derive(Default)]
struct System {
    by_name: HashMap<String, (PackageKind, String)>,
    /// Debian's libraries of Java by the letters of their names, and by upstream version.
    java_by_letters: HashMap<String, String>,
    java_by_version: HashMap<String, String>,
    /// Debian's packages of Python by upstream version.
    python_by_version: HashMap<String, String>,
    /// Which of [`DEBIAN_FOLDERS`] there are packages of.
    folders: [bool; DEBIAN_FOLDERS.len()],
    ruby: Option<String>,
}

impl System {
    fn add(&mut self, package: &Package) {
        let (name, version) = (&package.name, &package.version);
        if package.kind == PackageKind::Deb {
            let upstream = || upstream(version).to_owned();
            if name.starts_with("libruby") {
                self.ruby = Some(name.clone());
            } else if name.starts_with("python3-") {
                let known = self.python_by_version.entry(upstream());
                known.or_insert_with(|| name.clone());
            } else if let Some(library) = name.strip_suffix("-java") {
                let library = letters(library.strip_prefix("lib").unwrap_or(library));
                if !library.is_empty() {
                    let known = self.java_by_letters.entry(library);
                    known.or_insert_with(|| name.clone());
                }
                let known = self.java_by_version.entry(upstream());
                known.or_insert_with(|| name.clone());
            }
            for (is_there, (_, _, called)) in self.folders.iter_mut().zip(DEBIAN_FOLDERS) {
                *is_there |= name.starts_with(called);
            }
        }
        let known = (package.kind, version.clone());
        self.by_name.insert(name.clone(), known);
    }

    /// The package of the distribution that brought one of a language.
    fn owner(&self, package: &Package) -> Option<String> {
        let named = names(package)
            .into_iter()
            .find(|name| self.has(name, &package.version));
        named.or_else(|| self.by_place(package))
    }

    fn has(&self, name: &str, upstream: &str) -> bool {
        let known = self.by_name.get(name);
        known.is_some_and(|(_, version)| is_of(version, upstream))
    }

    fn by_place(&self, package: &Package) -> Option<String> {
        let is_below = |folder: &&str| package.path.starts_with(*folder);
        match package.kind {
            PackageKind::Gem => {
                let is_there = DEBIAN_RUBY.iter().any(is_below);
                self.ruby.clone().filter(|_| is_there)
            }
            PackageKind::Python if is_below(&DEBIAN_PYTHON) => {
                self.python_by_version.get(&package.version).cloned()
            }
            PackageKind::Maven if JAVA.iter().any(is_below) => self.java(package),
            _ => {
                let mut folders = DEBIAN_FOLDERS.iter().zip(self.folders);
                let (folder, called) = folders.find_map(|((kind, folder, called), is_there)| {
                    let is_it = is_there && *kind == package.kind;
                    is_it.then(|| below(&package.path, folder).map(|rest| (rest, *called)))?
                })?;
                let name = format!("{called}{}", first_name(folder));
                let known = self.by_name.contains_key(&name).then_some(name);
                Some(known.unwrap_or_else(|| UNKNOWN_OWNER.to_owned()))
            }
        }
    }

    /// That of an archive of Java: Debian's is called by it, or of the same version; Fedora's both.
    fn java(&self, package: &Package) -> Option<String> {
        let (_, artifact) = package.name.rsplit_once(':').unwrap_or(("", &package.name));
        let number = leading_number(&package.version);
        let by_letters = self.java_by_letters.get(&letters(artifact));
        let by_version = || {
            let known = self.java_by_version.get(number);
            known.filter(|_| number.contains('.'))
        };
        let debian = by_letters.or_else(by_version).cloned();
        debian.or_else(|| {
            let ends = artifact.match_indices('-').map(|(at, _)| at);
            let starts = ends.chain([artifact.len()]).take(8);
            let mut starts = starts.filter_map(|end| artifact.get(..end));
            starts.find_map(|start| {
                let mut names = [start.to_owned(), format!("apache-{start}")].into_iter();
                names.find(|name| self.has(name, number))
            })
        })
    }
}

/// Gives packages of languages the owner that their name, version and place tell of.
pub(super) fn guess(packages: &mut [Package]) {
    let mut system = System::default();
    for package in packages
        .iter()
        .filter(|package| package.kind.is_system() && !package.is_foreign)
    {
        system.add(package);
    }
    if system.by_name.is_empty() {
        return;
    }
    // What else is in an archive came with it.
    let mut archives: HashMap<String, String> = HashMap::new();
    let is_open = |package: &Package| {
        let mut folders = ["usr/lib/", "usr/lib64/", "usr/share/"].iter();
        let is_installed = folders.any(|folder| package.path.starts_with(folder));
        is_installed && package.owned_by.is_none() && !package.kind.is_system()
    };
    for package in packages.iter_mut().filter(|package| is_open(package)) {
        package.owned_by = system.owner(package);
        if package.kind == PackageKind::Maven
            && let Some(owner) = &package.owned_by
        {
            archives.insert(package.path.clone(), owner.clone());
        }
    }
    for package in packages.iter_mut().filter(|package| is_open(package)) {
        if package.kind == PackageKind::Maven {
            package.owned_by = archives.get(&package.path).cloned();
        }
    }
}

/// What follows a folder, or the same of a processor (`usr/lib/x86_64-linux-gnu/nodejs/`).
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder).or_else(|| {
        let name = folder.strip_prefix("usr/lib/")?;
        let (processor, rest) = path.strip_prefix("usr/lib/")?.split_once('/')?;
        rest.strip_prefix(name)
            .filter(|_| processor.ends_with("-linux-gnu"))
    })
}

/// The name of the first package in a path: `babel-core` of `@babel/core/package.json`.
fn first_name(path: &str) -> String {
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default();
    let name = match first.strip_prefix('@') {
        Some(scope) => format!("{scope}-{}", parts.next().unwrap_or_default()),
        None => first.to_owned(),
    };
    name.to_lowercase().replace(['_', '.'], "-")
}

/// `commonscollections` of `commons-collections3`: Debian counts some of its libraries.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// `4.3.30` of `4.3.30.RELEASE`.
fn leading_number(version: &str) -> &str {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = version.find(|c| !is_number(c)).unwrap_or(version.len());
    version[..end].trim_end_matches('.')
}

/// What a distribution's version is made of: `1.26.5` of `1:1.26.5-1~exp1+deb12u1`.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(['-', '+', '~']).next().unwrap_or_default()
}

/// What distributions call a package of a language.
fn names(package: &Package) -> Vec<String> {
    let name = package.name.to_lowercase().replace(['_', '.'], "-");
    match package.kind {
        PackageKind::Python => {
            let bare = ["python-", "py"]
                .iter()
                .find_map(|before| name.strip_prefix(before))
                .unwrap_or(&name);
            // Of SUSE and of streams of Red Hat the number of the interpreter is a part of the name.
            let folder = package.path.split('/').find_map(|part| {
                let number = part.strip_prefix("python")?;
                number.contains('.').then_some(number)
            });
            let mut names = vec![
                format!("python3-{name}"),
                format!("python3-{bare}"),
                format!("py3-{name}"),
            ];
            if let Some(number) = folder {
                names.push(format!("python{number}-{name}"));
                names.push(format!("python{}-{name}", number.replace('.', "")));
            }
            names.push(name);
            names
        }
        PackageKind::Gem => vec![
            format!("ruby-{name}"),
            format!("rubygem-{}", package.name),
            name,
        ],
        PackageKind::Npm => vec![format!("node-{name}"), format!("nodejs-{name}")],
        _ => Vec::new(),
    }
}

/// Whether a distribution's version is made of an upstream one: `1.26.5-1~exp1+deb12u1` of `1.26.5`.
fn is_of(version: &str, upstream: &str) -> bool {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    !upstream.is_empty()
        && version
            .strip_prefix(upstream)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+', '~']))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    fn package(kind: PackageKind, name: &str, version: &str, path: &str) -> Package {
        let purl = String::new();
        let mut package = Package::new(kind, name, version, purl, "", Evidence::Metadata, 0);
        path.clone_into(&mut package.path);
        package
    }

    fn owner(system: &[(PackageKind, &str, &str)], of: Package) -> Option<String> {
        let system = system
            .iter()
            .map(|(kind, name, version)| package(*kind, name, version, ""));
        let mut packages: Vec<Package> = std::iter::once(of).chain(system).collect();
        guess(&mut packages);
        packages.swap_remove(0).owned_by
    }

    /// Nobody but Debian's packages installs there: bundled packages have no other name.
    #[test]
    fn what_lies_in_a_folder_of_the_distribution_is_its() {
        use PackageKind::{Cargo, Composer, Deb, Go, Npm, Rpm};
        let path = "usr/share/nodejs/@babel/core/package.json";
        for (system, of, expected) in [
            (
                (Deb, "node-debug", "4.3.4-1"),
                (
                    Npm,
                    "@types/debug",
                    "4.1.7",
                    "usr/share/nodejs/@types/debug/package.json",
                ),
                Some("the distribution"),
            ),
            (
                (Deb, "node-babel-core", "7.20.15-5"),
                (Npm, "@babel/core", "7.20.12", path),
                Some("node-babel-core"),
            ),
            (
                (Deb, "node-webpack", "5.75.0-1"),
                (
                    Npm,
                    "a",
                    "1.0.0",
                    "usr/share/nodejs/webpack/node_modules/a/package.json",
                ),
                Some("node-webpack"),
            ),
            (
                (Deb, "node-iconv", "3.0.1-2"),
                (
                    Npm,
                    "iconv",
                    "3.0.0",
                    "usr/lib/x86_64-linux-gnu/nodejs/iconv/package.json",
                ),
                Some("node-iconv"),
            ),
            // Whoever is no Debian has no such folder.
            (
                (Deb, "libc6", "2.36-9"),
                (Npm, "@babel/core", "7.20.12", path),
                None,
            ),
            (
                (Rpm, "node-x", "1-1"),
                (Npm, "@babel/core", "7.20.12", path),
                None,
            ),
            (
                (Deb, "node-debug", "4.3.4-1"),
                (
                    Npm,
                    "npm",
                    "10.0.0",
                    "usr/lib/node_modules/npm/package.json",
                ),
                None,
            ),
            (
                (Deb, "php-symfony-yaml", "5.4.23-1"),
                (
                    Composer,
                    "symfony/yaml",
                    "5.4.21",
                    "usr/share/php/Symfony/x.json",
                ),
                Some("the distribution"),
            ),
            (
                (Deb, "librust-libc-dev", "0.2.139-1"),
                (
                    Cargo,
                    "libc",
                    "0.2.139",
                    "usr/share/cargo/registry/libc-0.2.139/Cargo.toml",
                ),
                Some("the distribution"),
            ),
            (
                (Deb, "golang-golang-x-net-dev", "1:0.7.0-1"),
                (
                    Go,
                    "golang.org/x/net",
                    "v0.7.0",
                    "usr/share/gocode/src/go.mod",
                ),
                Some("the distribution"),
            ),
        ] {
            let (kind, name, version, path) = of;
            let found = owner(&[system], package(kind, name, version, path));
            assert_eq!(found.as_deref(), expected, "{name} at {path}");
        }
    }

    /// People copy archives there, too.
    #[test]
    fn archives_of_java_are_the_distributions_where_it_has_such() {
        use PackageKind::{Deb, Maven, Rpm};
        let debian = [
            (Deb, "libguice-java", "4.2.3-2"),
            (Deb, "libcommons-collections3-java", "3.2.2-2"),
            (Deb, "libtomcat10-java", "10.1.60-1~deb12u1"),
            (Deb, "libspring-core-java", "4.3.30-2"),
            (Deb, "libjsr305-java", "0.1~+svn49-11"),
        ];
        let fedora = [
            (Rpm, "apache-commons-cli", "1:1.5.0-6.el9"),
            (Rpm, "maven-resolver", "1:1.7.3-4.el9"),
        ];
        for (name, version, file, expected) in [
            (
                "com.google.inject:guice",
                "4.2.3",
                "java/guice.jar",
                "libguice-java",
            ),
            ("cglib:cglib", "3.2.12", "java/guice.jar", "libguice-java"),
            (
                "commons-collections:commons-collections",
                "3.2.1",
                "java/commons-collections3.jar",
                "libcommons-collections3-java",
            ),
            (
                "org.apache.tomcat:tomcat-catalina",
                "10.1.60",
                "java/tomcat10-catalina.jar",
                "libtomcat10-java",
            ),
            (
                "spring3-core",
                "3.x",
                "java/spring3-core-3.x.jar",
                "libspring-core-java",
            ),
            (
                "a:jsr305",
                "0.1-SNAPSHOT",
                "maven-repo/org/jsr305.jar",
                "libjsr305-java",
            ),
            (
                "com.mysql:mysql-connector-j",
                "8.0.33",
                "java/mysql.jar",
                "",
            ),
            ("com.google.inject:guice", "4.2.3", "app/guice.jar", ""),
            (
                "commons-cli:commons-cli",
                "1.5.0",
                "java/commons-cli.jar",
                "apache-commons-cli",
            ),
            (
                "org.apache.maven.resolver:maven-resolver-api",
                "1.7.3",
                "java/maven-resolver/api.jar",
                "maven-resolver",
            ),
            (
                "org.apache.kafka:kafka-clients",
                "1.5.0",
                "java/kafka/clients.jar",
                "",
            ),
        ] {
            let jar = |name, version| package(Maven, name, version, &format!("usr/share/{file}"));
            let system: &[_] = match expected.contains("-cli") || expected == "maven-resolver" {
                true => &fedora,
                false => &debian,
            };
            let mut packages: Vec<Package> = system
                .iter()
                .map(|(kind, name, version)| package(*kind, name, version, ""))
                .collect();
            packages.push(jar(name, version));
            if name.starts_with("cglib") {
                packages.push(jar("com.google.inject:guice", "4.2.3"));
            }
            guess(&mut packages);
            let found = packages
                .iter()
                .find(|package| package.name == name)
                .unwrap();
            assert_eq!(
                found.owned_by.as_deref().unwrap_or_default(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn what_a_distribution_installed_is_its() {
        use PackageKind::{Apk, Deb, Gem, Python, Rpm};
        for (system, of, expected) in [
            (
                (Deb, "python3-six", "1.16.0-4"),
                (Python, "six", "1.16.0", "usr/lib/python3/dist-packages/six"),
                Some("python3-six"),
            ),
            (
                (Deb, "python3-yaml", "6.0-3+b2"),
                (Python, "PyYAML", "6.0", "usr/lib/python3/dist-packages/x"),
                Some("python3-yaml"),
            ),
            (
                (Deb, "python3-six", "1.16.0-4"),
                (
                    Python,
                    "six",
                    "1.16.0",
                    "usr/local/lib/python3.11/dist-packages/six",
                ),
                None,
            ),
            (
                (Deb, "python3-six", "1.16.0-4"),
                (Python, "six", "1.16", "usr/lib/python3/dist-packages/six"),
                None,
            ),
            (
                (Apk, "py3-idna", "3.6-r0"),
                (
                    Python,
                    "idna",
                    "3.6",
                    "usr/lib/python3.11/site-packages/idna",
                ),
                Some("py3-idna"),
            ),
            (
                (Rpm, "python311-idna", "3.4-1.2"),
                (
                    Python,
                    "idna",
                    "3.4",
                    "usr/lib/python3.11/site-packages/idna",
                ),
                Some("python311-idna"),
            ),
            (
                (Rpm, "python3-idna", "1:3.4-1.el9"),
                (
                    Python,
                    "idna",
                    "3.4",
                    "usr/lib/python3.9/site-packages/idna",
                ),
                Some("python3-idna"),
            ),
            (
                (Deb, "ruby-rack", "2.2.6.4-1+deb12u1"),
                (
                    Gem,
                    "rack",
                    "2.2.6.4",
                    "usr/share/rubygems-integration/all/x",
                ),
                Some("ruby-rack"),
            ),
            (
                (Deb, "libruby3.1", "3.1.2-7"),
                (Gem, "abbrev", "0.1.0", "usr/lib/ruby/gems/3.1.0/x"),
                Some("libruby3.1"),
            ),
            (
                (Deb, "libruby3.1", "3.1.2-7"),
                (Gem, "rails", "7.0", "var/lib/gems/3.1.0/x"),
                None,
            ),
            (
                (Deb, "python3-gi", "3.42.2-3+b1"),
                (
                    Python,
                    "PyGObject",
                    "3.42.2",
                    "usr/lib/python3/dist-packages/x",
                ),
                Some("python3-gi"),
            ),
            (
                (Deb, "python3-gi", "3.42.2-3+b1"),
                (Python, "flask", "2.0.1", "usr/lib/python3/dist-packages/x"),
                None,
            ),
            (
                (Deb, "gyp", "0.1+20220404git9ecf45e-2"),
                (Python, "gyp", "0.1", "usr/lib/python3/dist-packages/x"),
                Some("gyp"),
            ),
        ] {
            let (kind, name, version, path) = of;
            let found = owner(&[system], package(kind, name, version, path));
            assert_eq!(found.as_deref(), expected, "{name} at {path}");
        }
    }
}
