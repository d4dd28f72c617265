use proptest::prelude::*;

use super::*;
use crate::archive::zip::tests::zip;

fn listed(path: &str, bytes: &[u8]) -> Vec<String> {
    match read(path, bytes) {
        Ok(Document::Java(archive)) => archive
            .packages
            .iter()
            .map(|own| {
                format!(
                    "{}:{}@{} {}{}",
                    own.namespace.as_deref().unwrap_or("?"),
                    own.name,
                    own.version,
                    own.evidence.as_str(),
                    own.inner
                        .as_deref()
                        .map(|at| format!(" in {at}"))
                        .unwrap_or_default(),
                )
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn jar(manifest: &str) -> Vec<u8> {
    zip(&[("META-INF/MANIFEST.MF", manifest.as_bytes())], true)
}

#[test]
fn an_application_with_its_libraries() {
    let log4j = jar(
        "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.log4j\r\nBundle-Version: 1.2.17\r\n",
    );
    let collections = jar(
        "Extension-Name: commons-collections\nSpecification-Version: 3.2.2\nImplementation-Version: 3.2.2\n",
    );
    let spring = jar("Implementation-Title: spring-core\nImplementation-Version: 4.3.30.RELEASE\n");
    let unnamed = zip(&[("a/B.class", b"x")], false);
    let app = zip(
        &[
            (
                "META-INF/MANIFEST.MF",
                b"Implementation-Title: shop\nImplementation-Version: 1.2.3\n",
            ),
            (
                "META-INF/maven/com.example/shop/pom.properties",
                b"#x\ngroupId=com.example\nartifactId=shop\nversion=1.2.3\n",
            ),
            ("BOOT-INF/lib/log4j-1.2.jar", &log4j),
            ("BOOT-INF/lib/commons-collections3.jar", &collections),
            ("BOOT-INF/lib/spring3-core-3.x.jar", &spring),
            ("BOOT-INF/lib/jackson-databind-2.15.2.jar", &unnamed),
        ],
        false,
    );
    assert_eq!(
        listed("opt/app/app.jar", &app),
        [
            "com.example:shop@1.2.3 metadata",
            "commons-collections:commons-collections@3.2.2 metadata in BOOT-INF/lib/commons-collections3.jar",
            "com.fasterxml.jackson.core:jackson-databind@2.15.2 file-name in BOOT-INF/lib/jackson-databind-2.15.2.jar",
            "log4j:log4j@1.2.17 metadata in BOOT-INF/lib/log4j-1.2.jar",
            "org.springframework:spring-core@4.3.30.RELEASE metadata in BOOT-INF/lib/spring3-core-3.x.jar",
        ]
    );
}

#[test]
fn archives_are_known_by_how_they_begin() {
    let log4j = zip(
        &[(
            "META-INF/maven/log4j/log4j/pom.properties",
            b"groupId=log4j\nartifactId=log4j\nversion=1.2.17\n",
        )],
        true,
    );
    let app = zip(
        &[
            ("META-INF/MANIFEST.MF", b"Start-Class: com.example.Main\n"),
            ("BOOT-INF/lib/log4j-1.2.17.jar", &log4j),
        ],
        false,
    );
    let claims =
        |path: &str, bytes: &[u8]| claims(&Candidate::new(path, bytes.len() as u64, 0o755, bytes));
    let script = "#!/bin/bash\n#\n#    .   ____          _            __ _ _\nexit 0\n";
    let launched = [script.as_bytes(), &app].concat();
    let other = [&b"#!/bin/sh\nexec java -jar $0\n"[..], &app].concat();
    for (path, bytes) in [("opt/app", &app), ("opt/run", &launched), ("opt/x", &other)] {
        assert!(claims(path, bytes), "{path}");
        assert_eq!(
            listed(path, bytes),
            ["log4j:log4j@1.2.17 metadata in BOOT-INF/lib/log4j-1.2.17.jar"],
            "{path}"
        );
    }
    assert!(claims("opt/run", &launched[..64]));
    assert!(!claims(
        "opt/x",
        &zip(&[("a/META-INF/MANIFEST.MF", b"")], false)
    ));
    assert!(!claims(
        "opt/x",
        &zip(&[("META-INF/cose.manifest", b"")], false)
    ));
    assert!(!claims(
        "opt/x",
        script.get(..12).unwrap_or_default().as_bytes()
    ));
    assert!(!claims("root/.cache/pip/x", &app));
}

#[test]
fn archives_in_archives_end_somewhere() {
    let mut bytes = zip(
        &[(
            "META-INF/maven/g/a/pom.xml",
            b"<project><parent><groupId>g</groupId><version>1.0</version></parent><artifactId>a</artifactId></project>",
        )],
        true,
    );
    assert_eq!(listed("x.jar", &bytes), ["g:a@1.0 metadata"]);
    for _ in 0..8 {
        bytes = zip(&[("lib/x.jar", &bytes)], true);
    }
    let Ok(Document::Java(archive)) = read("x.ear", &bytes) else {
        panic!("it is read");
    };
    assert!(archive.packages.is_empty());
    assert_eq!(archive.unread.len(), 1);
    let inner = zip(&[("lib/x.jar", b"no zip")], true);
    let Ok(Document::Java(archive)) = read("x.ear", &inner) else {
        panic!("it is read");
    };
    assert_eq!(archive.unread.len(), 1);
    assert!(read("x.jar", b"version https://git-lfs").is_err());
}

/// An archive whose directory lists one member, which is not packed, any number of times.
fn repeated(name: &str, content: &[u8], times: u16) -> Vec<u8> {
    let once = zip(&[(name, content)], false);
    let end = once.len() - 22;
    let start = 30 + name.len() + content.len();
    let mut bytes = once[..start].to_vec();
    for _ in 0..times {
        bytes.extend(&once[start..end]);
    }
    let length = (bytes.len() - start) as u32;
    bytes.extend(&once[end..end + 8]);
    bytes.extend(times.to_le_bytes());
    bytes.extend(times.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend((start as u32).to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// One whose work grows with the power of its depth, if each name counts as an archive of its
/// own: hundreds of millions of archives in some ten thousand bytes.
#[test]
fn archives_that_are_listed_many_times_end() {
    let mut bytes = zip(&[("META-INF/MANIFEST.MF", b"x")], false);
    for _ in 0..4 {
        bytes = repeated("a.jar", &bytes, 300);
    }
    let Ok(Document::Java(archive)) = read("x.jar", &bytes) else {
        panic!("it is read");
    };
    assert!(archive.unread.len() > 10, "{:?}", archive.unread);
    let many = repeated("a.jar", b"", u16::MAX);
    let Ok(Document::Java(archive)) = read("x.jar", &many) else {
        panic!("it is read");
    };
    let told = |part: &str| archive.unread.iter().any(|(_, why)| why.contains(part));
    assert!(told("more archives"), "{:?}", archive.unread);
}

/// Few bytes that unpack to many: what an archive may cost follows from its length.
#[test]
fn bombs_are_told_as_unread() {
    let zeros = vec![0; 8 << 20];
    let bomb = zip(
        &[
            ("META-INF/MANIFEST.MF", &zeros[..MAX_TEXT]),
            ("a.jar", &zeros),
        ],
        true,
    );
    let Ok(Document::Java(archive)) = read("x.jar", &bomb) else {
        panic!("it is read");
    };
    assert_eq!(
        archive.unread,
        [
            (String::new(), Allowance::SPENT.to_owned()),
            ("a.jar".to_owned(), Allowance::SPENT.to_owned()),
        ]
    );
}

#[test]
fn places_have_a_length() {
    let mut bytes = zip(&[("META-INF/maven/g/a/pom.properties", b"x")], false);
    let name = format!("{}\u{e4}.jar", "x".repeat(MAX_PLACE - 1));
    bytes = zip(&[(&name, &bytes)], false);
    let Ok(Document::Java(archive)) = read("x.jar", &bytes) else {
        panic!("it is read");
    };
    assert_eq!(archive.unread[0].0.len(), MAX_PLACE - 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        manifest in "([A-Za-z-]{1,12}: [ -~\u{e4}]{0,20}\r?\n|Bundle-Version: |Implementation-Title: |\n ){0,8}",
        pom in "(<(/?(project|parent|groupId|artifactId|version))>|<!--|-->|\\$\\{[a-z.]{0,9}\\}|[a-z0-9.]{0,5}){0,20}",
        name in "[a-z0-9._-]{0,20}\\.jar",
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let inner = zip(&[("META-INF/MANIFEST.MF", manifest.as_bytes())], true);
        let mut bytes = zip(
            &[
                ("META-INF/MANIFEST.MF", manifest.as_bytes()),
                ("META-INF/maven/g/a/pom.xml", pom.as_bytes()),
                ("META-INF/maven/g/b/pom.properties", manifest.as_bytes()),
                (&name, &inner),
            ],
            false,
        );
        let _ = read(&name, &bytes);
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        let _ = read(&name, &bytes);
    }
}
