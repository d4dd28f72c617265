//! Who published a package of the system's package manager: the distribution, which mends flaws in
//! it and tells so in its advisories, or somebody with an archive of their own (Docker, Elastic,
//! NodeSource, …), whose packages no distribution's advisories know. What is in the latter is judged
//! as if it had been installed without a package manager.
//!
//! dpkg has no field for it. A `Vendor` is what fpm and its like write, never Debian's own tools; else
//! the maintainer's address tells of publishers that are known, or the version of those whose
//! maintainers are Debian's. RPM's field `Vendor` is a word that
//! each distribution signs all of its packages with.

/// Publishers for apt with an archive of their own, by the end of their maintainers' addresses.
const ADDRESSES: [&str; 42] = [
    "@adoptium.net",
    "@amazon.com",
    "@azul.com",
    "@bell-sw.com",
    "@cassandra.apache.org",
    "@chromium.org",
    "@clickhouse.com",
    "@cloudflare.com",
    "@cockroachlabs.com",
    "@confluent.io",
    "@couchbase.com",
    "@couchdb.apache.org",
    "@dan.cx",
    "@datadoghq.com",
    "@docker.com",
    "@eclipse.org",
    "@elastic.co",
    "@f5.com",
    "@gitlab.com",
    "@grafana.com",
    "@hashicorp.com",
    "@influxdata.com",
    "@influxdb.com",
    "@jenkins.io",
    "@konghq.com",
    "@lists.mariadb.org",
    "@microsoft.com",
    "@mongodb.com",
    "@neo4j.com",
    "@newrelic.com",
    "@nginx.com",
    "@nodesource.com",
    "@nvidia.com",
    "@openrobotics.org",
    "@osrfoundation.org",
    "@oss.oracle.com",
    "@percona.com",
    "@rabbitmq.com",
    "@redis.com",
    "@sap.com",
    "@splunk.com",
    "@tailscale.com",
];

/// People with such an address whose packages are in Debian as well: all that the lists of packages of
/// bullseye, bookworm, trixie and sid have.
const OF_DEBIAN: [&str; 3] = [
    "adoyle@nvidia.com",
    "jrivero@osrfoundation.org",
    "skarp@amazon.com",
];

/// Releases of Debian and Ubuntu that publishers build for. What Debian itself builds for one names it
/// by its number: `+deb12u1`, `~bpo12+1`.
const RELEASES: [&str; 12] = [
    "bionic", "bookworm", "bullseye", "buster", "focal", "forky", "jammy", "noble", "resolute",
    "stretch", "trixie", "xenial",
];

/// Publishers that give a name and no address.
const NAMES: [&str; 4] = [
    "GitHub",
    "GitHub CLI",
    "Google Cloud CLI Authors",
    "HashiCorp",
];

/// What publishers for apt put into the versions of their packages. Debian's own maintainers build
/// PostgreSQL's archive and that of PHP.
const VERSIONS: [&str; 3] = [".pgdg", "+deb.sury.org", "nodesource"];

/// How the distributions that use RPM begin the word for themselves, in lower case.
const VENDORS: [&str; 18] = [
    "almalinux",
    "amazon ami",
    "amazon linux",
    "amazon.com",
    "broadcom",
    "centos",
    "cloudlinux",
    "http://openeuler",
    "https://openeuler",
    "mageia",
    "openeuler",
    "opensuse",
    "oracle america",
    "red hat",
    "resf",
    "rocky",
    "suse",
    "vmware",
];

/// How others that publish packages of RPM begin the word for themselves, in lower case: who has an archive
/// of their own for the distributions of others.
const OTHERS: [&str; 41] = [
    "adoptium",
    "azul",
    "bellsoft",
    "clickhouse",
    "cloudflare",
    "cockroach",
    "confluent",
    "couchbase",
    "datadog",
    "docker",
    "eclipse",
    "elastic",
    "f5",
    "fedora",
    "github",
    "gitlab",
    "google",
    "grafana",
    "hashicorp",
    "influxdata",
    "jenkins",
    "kong",
    "mariadb",
    "microsoft",
    "mongodb",
    "neo4j",
    "new relic",
    "nginx",
    "nodesource",
    "nvidia",
    "obs://",
    "oracle and/or its affiliates",
    "percona",
    "postgresql",
    "puppet",
    "rabbitmq",
    "redis",
    "remi",
    "splunk",
    "tailscale",
    "zabbix",
];

/// What the build systems of distributions begin their mark in an RPM package's release with, before the
/// number of theirs: `12.el8_3`, `1.oe2403sp1`.
const MARKS: [&str; 10] = [
    "amzn", "azl", "bp", "cm", "el", "fc", "lp", "mga", "oe", "ph",
];

/// Distributions that put their name behind that mark: `16.el8_3.alma.1`.
const REBUILDS: [&str; 4] = ["alma", "centos", "next", "rocky"];

/// Whether a package of dpkg is somebody else's than the distribution's. `maintainer` is
/// `Name <address>`, as the field of that name has it.
#[must_use]
pub fn is_foreign_deb(maintainer: Option<&str>, vendor: Option<&str>, version: &str) -> bool {
    if vendor.is_some() || VERSIONS.iter().any(|mark| version.contains(mark)) {
        return true;
    }
    let maintainer = maintainer.unwrap_or_default().trim();
    let (name, address) = match maintainer.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None => (maintainer, maintainer),
    };
    let address = address.to_ascii_lowercase();
    if OF_DEBIAN.contains(&&*address) && !RELEASES.iter().any(|name| version.contains(name)) {
        return false;
    }
    NAMES.contains(&name) || ADDRESSES.iter().any(|known| address.ends_with(known))
}

/// Whether an RPM package is somebody else's than the distribution's. One that does not say is
/// taken for the distribution's.
#[must_use]
pub fn is_foreign_rpm(vendor: Option<&str>, release: &str) -> bool {
    let Some(vendor) = vendor.map(str::trim).filter(|vendor| !vendor.is_empty()) else {
        return false;
    };
    let vendor = vendor.to_ascii_lowercase();
    // Microsoft has a distribution, and an archive for those of others.
    if vendor.starts_with("microsoft") {
        return ![".azl", ".cm"].iter().any(|mark| release.contains(mark));
    }
    // EPEL is Fedora's, for the rebuilds of Red Hat's distribution; these know nothing of it.
    if vendor.starts_with("fedora project") {
        return !release.contains(".fc");
    }
    !VENDORS.iter().any(|known| vendor.starts_with(known))
}

/// The same by whom a bill of materials names as its supplier. That may be whoever passed it on, or made
/// the bill: against the distribution's mark in the release only a publisher that is known counts.
#[must_use]
pub fn is_foreign_rpm_of(supplier: Option<&str>, release: &str) -> bool {
    let is_known = || {
        let supplier = supplier.unwrap_or_default().trim().to_ascii_lowercase();
        OTHERS.iter().any(|other| supplier.starts_with(other))
    };
    is_foreign_rpm(supplier, release) && (!is_marked(release) || is_known())
}

/// Whether a release bears the mark of a distribution, and none of somebody else behind it: `1.el9.ngx`.
fn is_marked(version: &str) -> bool {
    let release = version.rsplit('-').next().unwrap_or_default();
    let mut parts = release.split(['.', '_', '+']);
    let has_digit = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let is_mark = |part: &str| {
        let number = MARKS.iter().find_map(|mark| part.strip_prefix(mark));
        number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
            || is_of_suse(part)
    };
    parts.any(is_mark) && parts.all(|part| has_digit(part) || REBUILDS.contains(&part))
}

/// SUSE's releases from 15 on begin with the number of theirs: `150600.5.9.1`.
fn is_of_suse(part: &str) -> bool {
    part.len() == 6
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && ["150", "160"].iter().any(|major| part.starts_with(major))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_of_deb_packages() {
        for distribution in [
            "Debian Python Team <team+python@tracker.debian.org>",
            "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>",
            "Jane Doe <jane@gmail.com>",
            "",
        ] {
            assert!(
                !is_foreign_deb(Some(distribution), None, "1-1"),
                "{distribution}"
            );
        }
        assert!(!is_foreign_deb(None, None, "1-1"));
        for other in [
            "Docker <support@docker.com>",
            "Elasticsearch Team <info@elastic.co>",
            "Some One <some.one@NodeSource.com>",
            "GitHub",
            "Google Cloud CLI Authors <cloud-sdk@google.com>",
            "support@docker.com",
        ] {
            assert!(is_foreign_deb(Some(other), None, "1-1"), "{other}");
        }
        assert!(is_foreign_deb(Some("<root@host>"), Some("none"), "1-1"));
        for version in ["16.4-1.pgdg120+2", "8.3.1-1+deb.sury.org~jammy+1"] {
            let debian = "Debian PostgreSQL Maintainers <team+postgresql@tracker.debian.org>";
            assert!(is_foreign_deb(Some(debian), None, version), "{version}");
        }
        // Some are maintainers of Debian, too, and have an archive beside it.
        let rivero = "Jose Luis Rivero <jrivero@osrfoundation.org>";
        for (maintainer, version, is_foreign) in [
            (rivero, "3.3.4-2", false),
            (rivero, "5.1.0+ds-2+deb12u1", false),
            (rivero, "5.1.0-1~jammy", true),
            ("Alex Doyle <adoyle@nvidia.com>", "3.0.0-1", false),
            ("cudatools <cudatools@nvidia.com>", "12.4.1-1", true),
        ] {
            assert_eq!(
                is_foreign_deb(Some(maintainer), None, version),
                is_foreign,
                "{maintainer} {version}"
            );
        }
    }

    #[test]
    fn publishers_of_rpm_packages() {
        for (vendor, release) in [
            (None, "1.el9"),
            (Some(""), "1.el9"),
            (Some("Red Hat, Inc."), "1.el9"),
            (Some("Rocky Enterprise Software Foundation"), "1.el9"),
            (Some("RESF"), "1.el9"),
            (Some("SUSE LLC <https://www.suse.com/>"), "150600.1"),
            (Some("http://openeuler.org"), "1.oe2403"),
            (Some("Fedora Project"), "1.fc40"),
            (Some("Microsoft Corporation"), "3.azl3"),
            (Some("Microsoft Corporation"), "15.cm2"),
        ] {
            assert!(!is_foreign_rpm(vendor, release), "{vendor:?}");
        }
        for (vendor, release) in [
            ("Docker", "1.el9"),
            ("Fedora Project", "1.el9"),
            ("Microsoft Corporation", "1"),
            ("Oracle and/or its affiliates", "1.el9"),
            ("obs://build.opensuse.org/home:jane", "1.1"),
            ("NodeSource", "1nodesource"),
        ] {
            assert!(is_foreign_rpm(Some(vendor), release), "{vendor}");
        }
    }

    #[test]
    fn a_supplier_need_not_be_the_vendor() {
        for (supplier, release) in [
            ("ACME GmbH", "1:1.1.1g-12.el8_3"),
            ("The AlmaLinux OS Foundation", "2.2.5-4.el8_10.alma.1"),
            ("ACME GmbH", "1.0-1.module_el8.3.0+2009+b272fdef"),
            ("ACME GmbH", "8.5-1.amzn2023.0.1"),
            ("ACME GmbH", "1-150600.5.9.1"),
            ("ACME GmbH", "1.2.3-bp155.2.3.1"),
            ("ACME GmbH", "1-1.oe2403sp1"),
            ("Red Hat", "1-1"),
        ] {
            assert!(!is_foreign_rpm_of(Some(supplier), release), "{release}");
        }
        for (supplier, release) in [
            ("Docker", "3:26.1.3-1.el9"),
            ("Fedora Project", "1-1.el9"),
            ("ACME GmbH", "1.26-1.el9.ngx"),
            ("ACME GmbH", "20.1.0-1nodesource"),
            ("ACME GmbH", "16.4-1PGDG.rhel9"),
            ("ACME GmbH", "1-2"),
        ] {
            assert!(is_foreign_rpm_of(Some(supplier), release), "{release}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(ADDRESSES.is_sorted() && NAMES.is_sorted() && VENDORS.is_sorted());
        assert!(OTHERS.is_sorted() && MARKS.is_sorted() && REBUILDS.is_sorted());
        assert!(OF_DEBIAN.is_sorted() && RELEASES.is_sorted());
    }
}
