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
        (Deb, "liblog4j2-java", "2.17.1-1~deb11u1"),
        (Deb, "libcommons-csv-java", "1.4-1"),
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
        // Called alike and of another series, of the same version and called otherwise: copied.
        ("log4j:log4j", "1.2.17", "java/app/log4j-1.2.17.jar", ""),
        ("com.google.inject:guice", "3.0", "java/guice-3.0.jar", ""),
        (
            "commons-fileupload:commons-fileupload",
            "1.4",
            "java/commons-fileupload.jar",
            "",
        ),
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
        // Two packages of one version are not one for that.
        (
            (Deb, "python3-magic", "2:2.0.1-4"),
            (
                Python,
                "Werkzeug",
                "2.0.1",
                "usr/lib/python3/dist-packages/x",
            ),
            None,
        ),
        (
            (Deb, "python3-dbus", "1.3.2-4+b1"),
            (
                Python,
                "dbus-python",
                "1.3.2",
                "usr/lib/python3/dist-packages/x",
            ),
            Some("python3-dbus"),
        ),
        (
            (Deb, "python3-zope.interface", "5.5.2-1+b1"),
            (
                Python,
                "zope.interface",
                "5.5.2",
                "usr/lib/python3/dist-packages/x",
            ),
            Some("python3-zope.interface"),
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
