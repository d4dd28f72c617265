use super::*;

const UNKNOWN_APK: &str = "apk packages of an unknown distribution";

const KNOWN: [&str; 23] = [
    "AlmaLinux",
    "AlmaLinux:9",
    "Alpine:v3.19",
    "Debian:12",
    "PyPI",
    "Red Hat:enterprise_linux:10.0",
    "Red Hat:enterprise_linux:10.1",
    "Red Hat:enterprise_linux:9::appstream",
    "Red Hat:enterprise_linux:9::baseos",
    "Red Hat:rhel_eus:9.4::baseos",
    "SUSE:Linux Enterprise Micro 5.5",
    "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
    "SUSE:Linux Enterprise Server 15 SP5",
    "SUSE:Linux Enterprise Server 15 SP5-LTSS",
    "SUSE:Linux Enterprise Server 16.0",
    "SUSE:Linux Enterprise Server for SAP Applications 15 SP5",
    "SUSE:Linux Enterprise Server for SAP applications 16.0",
    "Ubuntu:22.04:LTS",
    "Ubuntu:Pro:22.04:LTS",
    "Ubuntu:Pro:FIPS:22.04:LTS",
    "Wolfi",
    "openEuler:24.03-LTS-SP1",
    "openSUSE:Leap 15.5",
];

fn release(kind: PackageKind, id: &str, version: &str, name: &str) -> Release {
    let distribution = Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        name: name.to_owned(),
        ..Distribution::default()
    };
    Release::of(Some(&distribution), kind, KNOWN.into_iter())
}

fn told(kind: PackageKind, id: &str, version: &str) -> (String, String) {
    let release = release(kind, id, version, "openEuler 24.03 (LTS-SP1)");
    let ecosystems: Vec<String> = release
        .ecosystems
        .iter()
        .map(Ecosystem::to_string)
        .collect();
    (release.label, ecosystems.join(", "))
}

#[test]
fn a_release_is_known_by_its_advisories() {
    use PackageKind::{Apk, Deb, Rpm};
    for (kind, id, version, label, ecosystems) in [
        (Deb, "debian", "12", "Debian:12", "Debian:12"),
        (Deb, "debian", "13", "Debian:13", ""),
        (Deb, "debian", "12.5", "Debian:12", "Debian:12"),
        (Deb, "debian", "3.1", "Debian:3.1", ""),
        (
            Deb,
            "ubuntu",
            "22.04",
            "Ubuntu:22.04:LTS",
            "Ubuntu:22.04:LTS",
        ),
        (Deb, "ubuntu", "23.10", "Ubuntu:23.10", ""),
        (Deb, "raspbian", "12", "raspbian 12", ""),
        (Apk, "alpine", "3.19.1", "Alpine:v3.19", "Alpine:v3.19"),
        (Apk, "alpine", "3.22_alpha20250108", "Alpine:edge", ""),
        (Apk, "wolfi", "20230201", "Wolfi", "Wolfi"),
        (Apk, "debian", "12", UNKNOWN_APK, ""),
        (Apk, "alpine", "", "alpine of an unknown release", ""),
        (Apk, "alpine", "edge", "Alpine:edge", ""),
        (Deb, "debian", "", "debian of an unknown release", ""),
        (Deb, "debian", "bookworm", "Debian:12", "Debian:12"),
        (Deb, "debian", "trixie/sid", "Debian:13", ""),
        (Deb, "ubuntu", "", "ubuntu of an unknown release", ""),
        (
            Deb,
            "ubuntu",
            "jammy",
            "Ubuntu:22.04:LTS",
            "Ubuntu:22.04:LTS",
        ),
        (Deb, "", "bookworm", "Debian:12", "Debian:12"),
        (Rpm, "almalinux", "", "almalinux of an unknown release", ""),
        (Rpm, "opensuse", "tumbleweed", "openSUSE:Tumbleweed", ""),
        (
            Rpm,
            "almalinux",
            "9.3",
            "AlmaLinux:9",
            "AlmaLinux, AlmaLinux:9",
        ),
        (
            Rpm,
            "rhel",
            "9.4",
            "Red Hat:enterprise_linux:9",
            "Red Hat:enterprise_linux:9::appstream, Red Hat:enterprise_linux:9::baseos",
        ),
        (
            Rpm,
            "sles",
            "15.5",
            "SUSE:Linux Enterprise 15 SP5",
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5, \
             SUSE:Linux Enterprise Server 15 SP5",
        ),
        (
            Rpm,
            "sles_sap",
            "15.5",
            "SUSE:Linux Enterprise 15 SP5",
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5, \
             SUSE:Linux Enterprise Server 15 SP5, \
             SUSE:Linux Enterprise Server for SAP Applications 15 SP5",
        ),
        (
            Rpm,
            "sles_sap",
            "16.0",
            "SUSE:Linux Enterprise 16.0",
            "SUSE:Linux Enterprise Server 16.0, \
             SUSE:Linux Enterprise Server for SAP applications 16.0",
        ),
        (
            Rpm,
            "centos",
            "10",
            "Red Hat:enterprise_linux:10",
            "Red Hat:enterprise_linux:10.0, Red Hat:enterprise_linux:10.1",
        ),
        (
            Rpm,
            "sles",
            "16.0",
            "SUSE:Linux Enterprise 16.0",
            "SUSE:Linux Enterprise Server 16.0",
        ),
        (
            Rpm,
            "sle-micro",
            "5.5",
            "SUSE:Linux Enterprise Micro 5.5",
            "SUSE:Linux Enterprise Micro 5.5",
        ),
        (
            Rpm,
            "opensuse-leap",
            "15.5",
            "openSUSE:Leap 15.5",
            "openSUSE:Leap 15.5",
        ),
        (
            Rpm,
            "openEuler",
            "24.03",
            "openEuler:24.03-LTS-SP1",
            "openEuler:24.03-LTS-SP1",
        ),
        (
            Rpm,
            "openeuler",
            "24.03-lts-sp1",
            "openEuler:24.03-LTS-SP1",
            "openEuler:24.03-LTS-SP1",
        ),
        (Rpm, "fedora", "40", "fedora 40", ""),
    ] {
        assert_eq!(
            told(kind, id, version),
            (label.to_owned(), ecosystems.to_owned()),
            "{id} {version}"
        );
    }
    let paid = release(Deb, "ubuntu", "22.04", "").paid;
    assert_eq!(paid[0].to_string(), "Ubuntu:Pro:22.04:LTS");
    assert_eq!(paid.len(), 1);
    let paid = release(Rpm, "sles", "15.5", "").paid;
    assert_eq!(
        paid[0].to_string(),
        "SUSE:Linux Enterprise Server 15 SP5-LTSS"
    );
    assert_eq!(paid.len(), 1);
    let paid = |version: &str| release(Rpm, "rhel", version, "").paid.len();
    assert_eq!((paid("9.4"), paid("9.5")), (1, 0));
    assert!(
        Release::of(None, Deb, KNOWN.into_iter())
            .label
            .contains("unknown distribution")
    );
}

#[test]
fn a_release_without_a_number_is_known_by_its_name() {
    for (id, name, label) in [
        ("debian", "bookworm", "Debian:12"),
        ("debian", "jessie", "Debian:8"),
        ("debian", "sid", "Debian:sid"),
        ("ubuntu", "jammy", "Ubuntu:22.04:LTS"),
        ("ubuntu", "mantic", "Ubuntu:23.10"),
    ] {
        let distribution = Distribution {
            id: id.to_owned(),
            codename: Some(name.to_owned()),
            ..Distribution::default()
        };
        let release = Release::of(Some(&distribution), PackageKind::Deb, KNOWN.into_iter());
        assert_eq!(release.label, label);
    }
    let unstable = Distribution {
        id: "debian".to_owned(),
        name: "Debian GNU/Linux bullseye/sid".to_owned(),
        ..Distribution::default()
    };
    let release = Release::of(Some(&unstable), PackageKind::Deb, KNOWN.into_iter());
    assert_eq!(release.label, "Debian:sid");
}
