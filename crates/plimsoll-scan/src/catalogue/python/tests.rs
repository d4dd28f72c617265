use proptest::prelude::*;

use super::*;

fn metadata(text: &str) -> Distribution {
    match read_metadata("", text.as_bytes()) {
        Ok(Document::Python(distribution)) => distribution,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fixtures_are_no_packages() {
    let claimed = |path: &str| claims_metadata(&Candidate::named(path));
    for path in [
        "usr/lib/python3/dist-packages/pkg_resources/tests/data/a/b.egg-info/PKG-INFO",
        "opt/deps/pkg_resources/tests/data/a/b.egg-info/PKG-INFO",
    ] {
        assert!(!claimed(path), "{path}");
    }
    for path in [
        "srv/tests/venv/lib/python3.12/site-packages/a-1.dist-info/METADATA",
        "data/deps/a-1.dist-info/METADATA",
        "srv/demo/a-1.dist-info/METADATA",
        "data/examples/a-1.dist-info/METADATA",
        "data/demo/a-1.dist-info/METADATA",
        "srv/demo/tests/deps/a-1.dist-info/METADATA",
        "srv/tests/app/data/a-1.dist-info/METADATA",
    ] {
        assert!(claimed(path), "{path}");
    }
}

#[test]
fn names_normalise_as_indexes_do() {
    for (written, normal) in [
        ("SQLAlchemy", "sqlalchemy"),
        ("pydantic_core", "pydantic-core"),
        ("zope.interface", "zope-interface"),
        ("a-_.b", "a-b"),
    ] {
        assert_eq!(normalise(written), normal);
    }
}

#[test]
fn licences_come_from_the_best_field() {
    let base = "Metadata-Version: 2.1\nName: x\nVersion: 1\n";
    let of = |more: &str| metadata(&format!("{base}{more}\n\nName: body\n")).license;
    assert_eq!(
        of("License: MIT\nLicense-Expression: Apache-2.0"),
        Some("Apache-2.0".into())
    );
    assert_eq!(of("License: BSD"), Some("BSD".into()));
    assert_eq!(
        of(
            "License: Copyright\n  all of the text\nClassifier: License :: OSI Approved :: MIT License"
        ),
        Some("MIT License".into())
    );
    // The text may have lines of blanks.
    assert_eq!(
        of(
            "License: Copyright\n  all\n        \n  of it\n\t\nClassifier: License :: OSI Approved :: MIT License"
        ),
        Some("MIT License".into())
    );
    assert_eq!(
        of(
            "License: BSD 3-Clause License\n        \n  Copyright\nClassifier: License :: OSI Approved :: BSD License"
        ),
        Some("BSD 3-Clause License".into())
    );
    // A vague word, and what is precise beside it.
    let lesser =
        "Classifier: License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)";
    assert_eq!(
        of(&format!("License: LGPL\n{lesser}")),
        Some("GNU Lesser General Public License v3 (LGPLv3)".into())
    );
    assert_eq!(
        of(&format!("License: LGPL-3.0-or-later\n{lesser}")),
        Some("LGPL-3.0-or-later".into())
    );
    assert_eq!(of("License: UNKNOWN"), None);
    assert!(read_metadata("", b"Name: x\n").is_err());
}

#[test]
fn records_add_up() {
    let Ok(Document::PythonRecord(record)) = read_record(
        "",
        b"a.py,sha256=abc,10\n\"t,x/server.pem\",sha256=def,20\nx-1.dist-info/RECORD,,\n",
    ) else {
        panic!("no record")
    };
    assert_eq!((record.size, record.files), (30, 3));
    assert_eq!(
        record.sums.get("t,x/server.pem").map(String::as_str),
        Some("def")
    );
    assert_eq!(record.sums.len(), 1);
    let sum = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    let line = format!("d/a.py,sha256={sum},3\nd/b.py,sha256=ab,3\n");
    let Ok(Document::PythonRecord(record)) = read_record("", line.as_bytes()) else {
        panic!("no record")
    };
    assert_eq!(record.code, [short_sum("d/a.py", sum).unwrap()]);
    assert_ne!(short_sum("d/b.py", sum), short_sum("d/a.py", sum));
}

#[test]
fn only_installed_metadata_is_claimed() {
    for yes in [
        "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
        "usr/lib/python3/dist-packages/old-1.egg-info",
        "venv/lib/python3.11/site-packages/x-1.dist-info/METADATA",
        "venv/lib/python3.11/site-packages/Old-1-py3.11.egg/EGG-INFO/PKG-INFO",
    ] {
        assert!(claims_metadata(&Candidate::named(yes)), "{yes}");
    }
    for no in ["src/PKG-INFO", "METADATA"] {
        assert!(!claims_metadata(&Candidate::named(no)), "{no}");
    }
}

#[test]
fn origins_that_others_can_use() {
    let of = |text: &str| match read_origin("", text.as_bytes()) {
        Ok(Document::PythonOrigin(qualifiers)) => qualifiers
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        of(r#"{"url":"https://git.example/x.git","vcs_info":{"vcs":"git","commit_id":"abc"}}"#),
        "vcs_url=git+https://git.example/x.git@abc"
    );
    let sum = "0".repeat(64);
    assert_eq!(
        of(&format!(
            r#"{{"url":"https://files.example/x.whl","archive_info":{{"hash":"sha256={sum}"}}}}"#
        )),
        format!("checksum=sha256:{sum} download_url=https://files.example/x.whl")
    );
    for silent in [
        r#"{"url":"file:///src","dir_info":{"editable":true}}"#,
        r#"{"url":"https://me:pw@git.example/x","vcs_info":{"vcs":"git","commit_id":"a"}}"#,
    ] {
        assert_eq!(of(silent), "");
    }
    assert!(read_origin("", b"{}").is_err());
}

#[test]
fn what_tools_carry_with_them() {
    let site = "venv/lib/python3.13/site-packages";
    for yes in ["pip/_vendor", "wheel/vendored", "pipenv/vendor"] {
        let path = format!("{site}/{yes}/vendor.txt");
        assert!(claims_vendored(&Candidate::named(&path)), "{yes}");
    }
    assert!(!claims_vendored(&Candidate::named("src/vendor/vendor.txt")));
    assert!(!claims_vendored(&Candidate::named(&format!(
        "{site}/pip/vendor.txt"
    ))));
    let Ok(Document::Packages(packages)) = read_vendored(
            "",
            b"# carried\nCacheControl==0.14.2\nrequests[socks]==2.32.3  # pinned\n    urllib3==1.26.20; x\n./local\na b==1\nx==\n",
        ) else {
            panic!("no packages")
        };
    let told: Vec<String> = packages
        .iter()
        .map(|own| format!("{} {} {:?}", own.name, own.version, own.direct))
        .collect();
    assert_eq!(
        told,
        [
            "CacheControl 0.14.2 Some(false)",
            "requests 2.32.3 Some(false)",
            "urllib3 1.26.20 Some(false)"
        ]
    );
}

#[test]
fn programs_that_are_archives() {
    let claims = |name: &str, head: &[u8]| {
        claims_archive(&Candidate::new(name, head.len() as u64, 0o755, head))
    };
    assert!(claims("bin/tool", b"#!/usr/bin/env python3\nPK\x03\x04"));
    assert!(!claims("bin/tool", b"#!/usr/bin/env python3\nimport x"));
    assert!(!claims("bin/tool", b"#!/bin/sh\nPK\x03\x04"));
    let script = b"#!/bin/sh\n# N.B.: This script should stick to syntax defined for POSIX";
    assert!(claims("bin/tool", script));
    // What is a program is told by its head, wherever it lies.
    let program = b"#!/usr/bin/env python3\nPK\x03\x04";
    assert!(claims("srv/tests/data/tool", program));
    assert!(claims("data/test/app.pex", program));
    assert!(!claims("srv/tests/data/a.egg", b"PK\x03\x04"));
    assert!(claims("app/.deps/idna-3.3-py3-none-any.whl", b"PK\x03\x04"));
    assert!(!claims("root/idna-3.3-py3-none-any.whl", b"PK\x03\x04"));
    assert!(!claims("bin/tool", b"#!/usr/bin/python3"));
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in "((Name|Version|License|RECORD|a,sha256=b|a==1)[:,]? ?[a-z0-9\"\u{1b},]{0,9}\n| .{0,9}\n|.{0,20}){0,9}") {
        let bytes = bytes.as_bytes();
        if let Ok(Document::Python(own)) = read_metadata("", bytes) {
            prop_assert!(!own.name.contains(char::is_control) && !own.version.is_empty());
        }
        let _ = read_record("", bytes);
        let _ = read_installer("", bytes);
        let _ = read_origin("", bytes);
        if let Ok(Document::Packages(own)) = read_vendored("", bytes) {
            prop_assert!(own.iter().all(|own| !own.version.is_empty()));
        }
    }
}

#[test]
fn distributions_in_archives() {
    let egg = crate::archive::zip::tests::zip(
        &[
            ("EGG-INFO/PKG-INFO", b"Name: Old.Egg\nVersion: 1.5\n"),
            (
                ".deps/x.whl/x-1.dist-info/METADATA",
                b"Name: x\nVersion: 1\n",
            ),
            ("own.py", b""),
        ],
        true,
    );
    let Ok(Document::Packages(packages)) = read_archive("a.egg", &egg) else {
        panic!("no packages")
    };
    let inner: Vec<Option<&str>> = packages.iter().map(|own| own.inner.as_deref()).collect();
    assert_eq!(
        inner,
        [
            Some("EGG-INFO/PKG-INFO"),
            Some(".deps/x.whl/x-1.dist-info/METADATA")
        ]
    );
    assert!(claims_archive(&Candidate::new(
        "a/b.egg",
        9,
        0o644,
        b"PK\x03\x04"
    )));
    assert!(read_archive("", b"PK").is_err());
}

#[test]
fn what_a_distribution_needs_is_read_without_what_extras_need() {
    let found = metadata(
        "Name: x\nVersion: 1\nRequires-Dist: urllib3[socks] (>=1.20,<1.26) ; python_version > \"3\"\n\
         Requires-Dist: six\nRequires-Dist: pip @ https://bob:PASSWORD@h.x/pip.whl\nRequires-Dist: jmespath >=0.7\nRequires-Dist: tox>1; extra == 'dev'\n",
    );
    let told: Vec<String> = found
        .requires
        .iter()
        .map(|one| format!("{} {} {:?}", one.name, one.versions, one.condition))
        .collect();
    assert_eq!(
        told,
        [
            "urllib3 (>=1.20,<1.26) Some(\"python_version > \\\"3\\\"\")",
            "jmespath >=0.7 None"
        ]
    );
}
