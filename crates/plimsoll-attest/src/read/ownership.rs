//! Which packages of languages a package of the distribution brought, where a document does not say
//! (syft's CycloneDX): by their names and versions, in the folders that distributions install to.
//! Who tells them apart does not count one flaw twice, once by an upstream version that the
//! distribution mended without changing it.

use std::collections::HashMap;

use plimsoll_model::{Package, PackageKind};

/// Where the interpreter's packages lie that Debian's packages bring, and nobody else by Debian's
/// policies for Python and Ruby: the others go below `/usr/local` and `/var/lib/gems`.
const DEBIAN_RUBY: [&str; 2] = ["usr/lib/ruby/", "usr/share/rubygems-integration/"];

/// Gives packages of languages the owner that their name, version and place tell of.
pub(super) fn guess(packages: &mut [Package]) {
    let mut system: HashMap<String, (PackageKind, String)> = HashMap::new();
    let mut ruby = None;
    for package in packages
        .iter()
        .filter(|package| package.kind.is_system() && !package.is_foreign)
    {
        if package.kind == PackageKind::Deb && package.name.starts_with("libruby") {
            ruby = Some(package.name.clone());
        }
        system.insert(
            package.name.clone(),
            (package.kind, package.version.clone()),
        );
    }
    if system.is_empty() {
        return;
    }
    for package in packages.iter_mut() {
        let is_installed = ["usr/lib/", "usr/lib64/", "usr/share/"]
            .iter()
            .any(|folder| package.path.starts_with(folder));
        if !is_installed || package.owned_by.is_some() || package.kind.is_system() {
            continue;
        }
        let owner = names(package).into_iter().find(|name| {
            let known = system.get(name);
            known.is_some_and(|(_, version)| is_of(version, &package.version))
        });
        let is_ruby = package.kind == PackageKind::Gem;
        let debian = || {
            let is_there = DEBIAN_RUBY.iter().any(|at| package.path.starts_with(at));
            ruby.clone().filter(|_| is_ruby && is_there)
        };
        package.owned_by = owner.or_else(debian);
    }
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
        ] {
            let (kind, name, version, path) = of;
            let found = owner(&[system], package(kind, name, version, path));
            assert_eq!(found.as_deref(), expected, "{name} at {path}");
        }
    }
}
