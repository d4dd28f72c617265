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
/// Packages of Python that Debian calls by what is imported, and not by what they are published as.
const DEBIAN_PYTHON: [(&str, &str); 12] = [
    ("attrs", "attr"),
    ("beautifulsoup4", "bs4"),
    ("cffi", "cffi-backend"),
    ("file-magic", "magic"),
    ("mysqlclient", "mysqldb"),
    ("pillow", "pil"),
    ("pygobject", "gi"),
    ("python-memcached", "memcache"),
    ("scikit-image", "skimage"),
    ("scikit-learn", "sklearn"),
    ("setuptools", "pkg-resources"),
    ("websocket-client", "websocket"),
];
const JAVA: [&str; 3] = [
    "usr/share/java/",
    "usr/share/maven-repo/",
    "usr/share/maven-poms/",
];
/// The owner where it is known that the distribution brought something, and not with which package.
const UNKNOWN_OWNER: &str = "the distribution";
/// Libraries of Java whose names have the same letters: Debian has a few of a kind at once.
const MAX_ALIKE: usize = 16;

/// The packages of the distribution.
#[derive(Default)]
struct System {
    /// Name and version, by the name with hyphens for dots (`python3-zope.interface`).
    by_name: HashMap<String, (String, String)>,
    /// Debian's libraries of Java, with their upstream versions, by the letters of their names.
    java_by_letters: HashMap<String, Vec<(String, String)>>,
    /// The same by upstream version and the letters of the first word of their names.
    java_by_version: HashMap<(String, String), String>,
    /// Which of [`DEBIAN_FOLDERS`] there are packages of.
    folders: [bool; DEBIAN_FOLDERS.len()],
    ruby: Option<String>,
}

impl System {
    fn add(&mut self, package: &Package) {
        let (name, version) = (&package.name, &package.version);
        if package.kind == PackageKind::Deb {
            if name.starts_with("libruby") {
                self.ruby = Some(name.clone());
            } else if let Some(library) = name.strip_suffix("-java") {
                self.add_java(name, library, upstream(version));
            }
            for (is_there, (_, _, called)) in self.folders.iter_mut().zip(DEBIAN_FOLDERS) {
                *is_there |= name.starts_with(called);
            }
        }
        let known = (name.clone(), version.clone());
        self.by_name.insert(name.replace('.', "-"), known);
    }

    fn add_java(&mut self, name: &str, library: &str, upstream: &str) {
        let library = library.strip_prefix("lib").unwrap_or(library);
        let of_name = letters(library);
        if of_name.is_empty() {
            return;
        }
        let alike = self.java_by_letters.entry(of_name).or_default();
        if alike.len() < MAX_ALIKE {
            alike.push((name.to_owned(), upstream.to_owned()));
        }
        if let Some(word) = words(library).next() {
            let known = self.java_by_version.entry((upstream.to_owned(), word));
            known.or_insert_with(|| name.to_owned());
        }
    }

    /// The package of the distribution that brought one of a language.
    fn owner(&self, package: &Package) -> Option<String> {
        let named = names(package)
            .into_iter()
            .find_map(|name| self.named(&name, &package.version));
        named.or_else(|| self.by_place(package))
    }

    /// The package of this name, where it is of an upstream version.
    fn named(&self, name: &str, upstream: &str) -> Option<String> {
        let (name, version) = self.by_name.get(&name.replace('.', "-"))?;
        is_of(version, upstream).then(|| name.clone())
    }

    fn by_place(&self, package: &Package) -> Option<String> {
        let is_below = |folder: &&str| package.path.starts_with(*folder);
        match package.kind {
            PackageKind::Gem => {
                let is_there = DEBIAN_RUBY.iter().any(is_below);
                self.ruby.clone().filter(|_| is_there)
            }
            PackageKind::Maven if JAVA.iter().any(is_below) => self.java(package),
            _ => {
                let mut folders = DEBIAN_FOLDERS.iter().zip(self.folders);
                let (folder, called) = folders.find_map(|((kind, folder, called), is_there)| {
                    let is_it = is_there && *kind == package.kind;
                    is_it.then(|| below(&package.path, folder).map(|rest| (rest, *called)))?
                })?;
                let name = format!("{called}{}", first_name(folder));
                let known = self.by_name.get(&name).map(|(name, _)| name.clone());
                Some(known.unwrap_or_else(|| UNKNOWN_OWNER.to_owned()))
            }
        }
    }

    /// That of an archive of Java. Debian's is called by it and of about its version, or of its version
    /// and called by one of its words; Fedora's is called by it and of its version.
    fn java(&self, package: &Package) -> Option<String> {
        let (_, artifact) = package.name.rsplit_once(':').unwrap_or(("", &package.name));
        let number = leading_number(&package.version);
        let by_letters = || {
            let mut alike = self.java_by_letters.get(&letters(artifact))?.iter();
            alike
                .find(|(_, upstream)| {
                    is_of_debian(&package.version) || is_alike(number, leading_number(upstream))
                })
                .map(|(name, _)| name)
        };
        let by_version = || {
            let mut words = words(artifact).take(8);
            words.find_map(|word| self.java_by_version.get(&(number.to_owned(), word)))
        };
        let debian = by_letters().or_else(by_version).cloned();
        debian.or_else(|| {
            let ends = artifact.match_indices('-').map(|(at, _)| at);
            let starts = ends.chain([artifact.len()]).take(8);
            let mut starts = starts.filter_map(|end| artifact.get(..end));
            starts.find_map(|start| {
                let mut names = [start.to_owned(), format!("apache-{start}")].into_iter();
                names.find_map(|name| self.named(&name, number))
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

/// The letters of each word of a name that tells something: half of all libraries are `commons`.
fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(letters);
    words.filter(|word| word.len() > 2 && !matches!(&**word, "api" | "commons" | "core" | "java"))
}

/// Whether one version is near another, by their first two numbers: what an archive of Debian's says
/// of itself is not always what it was made of, `3.2.1` in `3.2.2`. Another series is another library.
fn is_alike(one: &str, other: &str) -> bool {
    let mut series = one.split('.').zip(other.split('.')).take(2);
    !one.is_empty() && !other.is_empty() && series.all(|(one, other)| one == other)
}

/// Whether a version is none that anybody publishes, as Debian writes them: `3.x`, `debian`.
fn is_of_debian(version: &str) -> bool {
    version
        .split(['.', '-'])
        .any(|part| matches!(part, "x" | "debian"))
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
            let before = ["python-", "py"].iter();
            let bare = before
                .filter_map(|before| name.strip_prefix(before))
                .chain(name.strip_suffix("python"))
                .map(|bare| bare.trim_end_matches('-'))
                .next()
                .unwrap_or(&name);
            let imported = DEBIAN_PYTHON
                .iter()
                .find(|(published, _)| *published == name);
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
            if let Some((_, imported)) = imported {
                names.push(format!("python3-{imported}"));
            }
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
mod tests;
