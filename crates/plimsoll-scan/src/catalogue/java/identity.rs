//! Which artifact an archive is that Maven left nothing in: the manifest's words beside the name
//! of the file.

use plimsoll_model::Evidence;

use super::group;
use super::manifest::Manifest;
use super::pom::{Coordinates, is_word};

/// The name of an archive, taken apart.
#[derive(Debug)]
pub(super) struct Name {
    stem: String,
    version: Option<String>,
    /// Whether it says that other archives were put into it.
    holds_others: bool,
}

/// What tools add to the name of an archive that they put all it needs into.
const WITH_OTHERS: [&str; 8] = [
    "-jar-with-dependencies",
    "-with-dependencies",
    "-all",
    "-uber",
    "-fat",
    "-shaded",
    "-standalone",
    "-assembly",
];

impl Name {
    /// Splits `NAME-VERSION.jar` where a number begins.
    pub(super) fn of(file: &str) -> Self {
        // What is known by its bytes alone may have no ending: `app-1.2.3`.
        let is_ending = |end: &str| end.bytes().all(|byte| byte.is_ascii_alphabetic());
        let whole = match file.rsplit_once('.') {
            Some((stem, end)) if is_ending(end) => stem,
            _ => file,
        };
        // `netty-all` is the name of one, `app-1.0-all` says it of `app`.
        let bare = WITH_OTHERS
            .iter()
            .find_map(|end| whole.strip_suffix(end))
            .filter(|bare| split(bare).is_some());
        let holds_others = bare.is_some();
        let whole = bare.unwrap_or(whole);
        let split = split(whole);
        let (stem, version) = match split {
            // `spring3-core-3.x` has a number that names no release.
            Some((stem, version)) if !stem.is_empty() => {
                (stem, Some(version).filter(|version| is_version(version)))
            }
            _ => (whole, None),
        };
        Self {
            stem: stem.to_owned(),
            version: version.map(str::to_owned),
            holds_others,
        }
    }
}

/// The name and what is behind it, from the first sign on that a number follows.
fn split(whole: &str) -> Option<(&str, &str)> {
    whole
        .match_indices(['-', '_'])
        .filter(|(at, _)| !whole.get(*at..).is_some_and(is_scala))
        .find(|(at, _)| {
            whole
                .get(at + 1..)
                .is_some_and(|rest| begins_with_number(rest) && !is_of_name(rest))
        })
        .and_then(|(at, _)| Some((whole.get(..at)?, whole.get(at + 1..)?)))
}

fn begins_with_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Words of names, and never of versions.
const NAME_WORDS: [&str; 5] = ["api", "bridge", "compat", "impl", "spec"];

/// Whether a number belongs to the name, as a word of it follows and then the version:
/// `log4j-1.2-api-2.17.1`, `jboss-servlet-api_3.0_spec-1.0.0.Final`.
fn is_of_name(rest: &str) -> bool {
    const SIGNS: [char; 2] = ['-', '_'];
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    after.strip_prefix(SIGNS).is_some_and(|after| {
        NAME_WORDS
            .iter()
            .filter_map(|word| after.strip_prefix(word)?.strip_prefix(SIGNS))
            .any(begins_with_number)
    })
}

impl Name {
    /// Group and artifact, where the stem ends with a version of Scala. Its build tool puts the group
    /// in front: `com.typesafe.akka.akka-http_2.13`.
    fn scala(&self) -> Option<(Option<&str>, &str)> {
        let (plain, version) = self.stem.rsplit_once('_')?;
        if !is_scala_version(version) || !is_word(&self.stem) {
            return None;
        }
        let group = plain
            .rsplit_once('.')
            .map(|(group, _)| group)
            .filter(|group| group.contains('.'));
        let artifact = group.and_then(|group| self.stem.get(group.len() + 1..));
        Some((group, artifact.unwrap_or(&self.stem)))
    }
}

/// Whether a name goes on with a version of Scala and then with its own: the artifact is called so
/// for what it was built with, as in `kafka_2.13-3.6.0`.
fn is_scala(rest: &str) -> bool {
    rest.strip_prefix('_')
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(scala, own)| {
            is_scala_version(scala) && own.starts_with(|c: char| c.is_ascii_digit())
        })
}

/// `2.13`, or `3` since which all releases understand each other.
fn is_scala_version(text: &str) -> bool {
    text == "3"
        || text.strip_prefix("2.").is_some_and(|minor| {
            !minor.is_empty() && minor.len() <= 3 && minor.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Whether it has the form of a release: it begins with a number, and not all of its parts stand
/// for any.
fn is_version(text: &str) -> bool {
    is_word(text) && text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with(".x")
}

/// Whether it can be the name of an artifact rather than a title for people.
fn is_artifact(text: &str) -> bool {
    is_word(text)
        && !text.contains(['.', '~', '+'])
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The artifact that an archive is, and how surely; `by_maven` are those that Maven left in it.
pub(super) fn of(
    manifest: &Manifest,
    name: &Name,
    by_maven: &[Coordinates],
) -> Option<(Coordinates, Evidence)> {
    by_manifest(manifest, name, by_maven).or_else(|| well_known(manifest, name, by_maven))
}

/// An archive of a well known name that others were put into, with the manifest of one of them, which is of
/// the same maker: what people call their own after what it works with is of another.
fn well_known(
    manifest: &Manifest,
    name: &Name,
    by_maven: &[Coordinates],
) -> Option<(Coordinates, Evidence)> {
    let group = group::of(&name.stem)?;
    let vendor = by_vendor(manifest)?;
    let below = vendor.strip_prefix(group)?;
    if !(below.is_empty() || below.starts_with('.')) {
        return None;
    }
    let own = Coordinates {
        group: Some(group.to_owned()),
        artifact: name.stem.clone(),
        version: name.version.clone()?,
    };
    let is_another = !by_maven.is_empty() && !by_maven.iter().any(|one| is_same(one, &own, name));
    is_another.then_some((own, Evidence::FileName))
}

/// Whether what Maven left is the archive itself, by the name or by the version.
fn is_same(by_maven: &Coordinates, own: &Coordinates, name: &Name) -> bool {
    by_maven.artifact == own.artifact
        || by_maven.version == own.version
        || name.stem.starts_with(by_maven.artifact.as_str())
        || by_maven.artifact.starts_with(name.stem.as_str())
}

/// The same by what the manifest says beside the name.
fn by_manifest(
    manifest: &Manifest,
    name: &Name,
    by_maven: &[Coordinates],
) -> Option<(Coordinates, Evidence)> {
    let stated = stated_name(manifest, name);
    let (version, evidence) = if by_maven.is_empty() {
        version(manifest, name)?
    } else if let (true, None, Some(named)) =
        (name.holds_others, stated_version(manifest), &name.version)
    {
        (named.clone(), Evidence::FileName)
    } else {
        // What holds others must say itself what it is; the name may agree, and say it as Maven
        // does: the bundle of `scala-compiler-2.12.18` adds a date and a commit.
        let stated = stated_version(manifest)?;
        match version(manifest, name) {
            Some(agreed @ (_, Evidence::Metadata)) => agreed,
            _ => (stated, Evidence::Metadata),
        }
    };
    // Titles leave out what it was built with, which is part of the artifact's name.
    let scala = name.scala();
    let stated = match (scala, stated) {
        (Some((named, artifact)), Some((_, group))) => Some((
            artifact.to_owned(),
            group.or_else(|| named.map(str::to_owned)),
        )),
        (Some((named, artifact)), None) if by_maven.is_empty() => {
            Some((artifact.to_owned(), named.map(str::to_owned)))
        }
        (_, stated) => stated,
    };
    let (artifact, group) = match stated {
        Some(stated) => stated,
        None if (by_maven.is_empty() || name.holds_others) && is_word(&name.stem) => {
            (name.stem.clone(), None)
        }
        None => (program(manifest)?, None),
    };
    // A shaded archive holds what Maven left of others; itself it may tell in the manifest, by a name
    // that is not always a group and an artifact: `javax.servlet-api` is an artifact.
    let symbolic = manifest.symbolic_name();
    let group = group
        .or_else(|| {
            let plain = scala.and_then(|_| Some(artifact.rsplit_once('_')?.0));
            group::of(plain.unwrap_or(&artifact)).map(str::to_owned)
        })
        .or_else(|| by_vendor(manifest));
    let own = Coordinates {
        group,
        artifact,
        version,
    };
    let is_told = by_maven
        .iter()
        .any(|one| symbolic == Some(one.artifact.as_str()) || is_same(one, &own, name));
    (!is_told).then_some((own, evidence))
}

/// The artifact as the manifest names it, with the group if that is in the name.
fn stated_name(manifest: &Manifest, name: &Name) -> Option<(String, Option<String>)> {
    // Plugins of Jenkins say all of it.
    if let (Some(short), Some(group)) = (manifest.get("short-name"), manifest.get("group-id"))
        && is_word(short)
        && is_word(group)
    {
        return Some((short.to_owned(), Some(group.to_owned())));
    }
    let symbolic = manifest.symbolic_name().filter(|name| is_word(name));
    if let Some((group, artifact)) = symbolic.and_then(group::of_bundle) {
        return Some((artifact.to_owned(), Some(group.to_owned())));
    }
    // The bundle's name is group and artifact in one; the file's name tells where it is split.
    if let Some(group) = symbolic
        .and_then(|symbolic| symbolic.strip_suffix(name.stem.as_str()))
        .and_then(|group| group.strip_suffix('.'))
        .filter(|group| group.contains('.'))
    {
        let known = group::of(&name.stem).unwrap_or(group);
        return Some((name.stem.clone(), Some(known.to_owned())));
    }
    let titles: Vec<&str> = ["extension-name", "implementation-title", "bundle-name"]
        .into_iter()
        .filter_map(|field| manifest.get(field))
        .filter(|title| is_artifact(title))
        .collect();
    // A title that is the file's name, that the well known bear, or that the file's name holds in
    // parts.
    let found = titles
        .iter()
        .find(|title| **title == name.stem)
        .or_else(|| {
            titles
                .iter()
                .find(|title| group::of(title).is_some() || shares_words(title, &name.stem))
        });
    if let Some(title) = found {
        return Some(((*title).to_owned(), None));
    }
    // `com.fasterxml.jackson.core.jackson-databind` in a file of another name.
    let symbolic = symbolic?;
    if let Some(group) = group::of(symbolic) {
        return Some((symbolic.to_owned(), Some(group.to_owned())));
    }
    let (group, artifact) = symbolic.rsplit_once('.')?;
    (artifact.contains('-') && is_artifact(artifact))
        .then(|| (artifact.to_owned(), Some(group.to_owned())))
}

/// The title of a program, which its own build gave it whatever was put into it. A library may bear the
/// manifest of another.
fn program(manifest: &Manifest) -> Option<String> {
    manifest.get("main-class")?;
    let title = manifest.get("implementation-title")?;
    is_artifact(title).then(|| title.to_owned())
}

/// Whether every word of a title is in a name: `spring-core` in `spring3-core`.
fn shares_words(title: &str, stem: &str) -> bool {
    title.contains('-') && title.split('-').all(|word| stem.contains(word))
}

/// The version the manifest states.
fn stated_version(manifest: &Manifest) -> Option<String> {
    [
        "plugin-version",
        "implementation-version",
        "bundle-version",
        "specification-version",
    ]
    .into_iter()
    .filter_map(|field| manifest.get(field))
    .map(|version| version.split_whitespace().next().unwrap_or_default())
    .find(|version| is_version(version))
    .map(str::to_owned)
}

/// The version of an archive, and what tells it.
fn version(manifest: &Manifest, name: &Name) -> Option<(String, Evidence)> {
    let stated = stated_version(manifest);
    let (Some(named), Some(stated)) = (&name.version, &stated) else {
        return match (stated, &name.version) {
            (Some(stated), _) => Some((stated, Evidence::Metadata)),
            (None, Some(named)) => Some((named.clone(), Evidence::FileName)),
            (None, None) => None,
        };
    };
    // `1.2` in the name of the file, `1.2.17` in it: the name is that of a series. So it is in
    // `log4j-1.2-1.2.17`.
    let finer = stated
        .strip_prefix(named.as_str())
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| rest.starts_with(|c: char| matches!(c, '1'..='9')))
        || named
            .strip_suffix(stated.as_str())
            .is_some_and(|series| series.ends_with('-'));
    let agree = numbers(named)
        .zip(numbers(stated))
        .all(|(named, stated)| named == stated);
    Some(if finer {
        (stated.clone(), Evidence::Metadata)
    } else if agree {
        // Bundles write `31.1.0.jre` where the release is `31.1-jre`.
        (named.clone(), Evidence::Metadata)
    } else {
        (named.clone(), Evidence::FileName)
    })
}

fn numbers(version: &str) -> impl Iterator<Item = &str> {
    version
        .split(['.', '-', '_', '+'])
        .take_while(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The group by who made it, where that is the name of one.
fn by_vendor(manifest: &Manifest) -> Option<String> {
    manifest
        .get("implementation-vendor-id")
        .filter(|id| is_word(id) && id.contains('.') && *id != "org.apache")
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the shaded client of Hadoop not even the manifest is its own.
    #[test]
    fn an_archive_with_anothers_manifest_is_what_its_name_says_where_that_is_well_known() {
        let others = [
            ("com.google.code.gson", "gson", "2.8.9"),
            ("dnsjava", "dnsjava", "2.1.7"),
        ];
        let others = others.map(|(group, artifact, version)| Coordinates {
            group: Some(group.to_owned()),
            artifact: artifact.to_owned(),
            version: version.to_owned(),
        });
        let manifest = "Implementation-Title: Apache Hadoop shaded Protobuf 3.7\n\
            Implementation-Vendor-Id: org.apache.hadoop.thirdparty\nImplementation-Version: 1.1.1\n";
        let of = |file: &str, manifest: &str| {
            let own = of(&Manifest::read(manifest), &Name::of(file), &others);
            own.map(|(own, evidence)| {
                let group = own.group.unwrap_or_default();
                let evidence = evidence.as_str();
                format!("{group}:{}@{} {evidence}", own.artifact, own.version)
            })
        };
        let client = "hadoop-client-runtime-3.3.4.jar";
        assert_eq!(
            of(client, manifest).as_deref(),
            Some("org.apache.hadoop:hadoop-client-runtime@3.3.4 file-name")
        );
        // One's own is called after what it works with.
        for manifest in [
            "",
            "Implementation-Vendor-Id: com.acme\n",
            "Implementation-Vendor-Id: org.apache.hadooper\n",
        ] {
            assert_eq!(of(client, manifest), None);
        }
        for file in [
            "hadoop-client-runtime.jar",
            "ours-3.3.4.jar",
            "spring-petclinic-3.3.4.jar",
            "gson-all-1.jar",
            "netty-2.8.9.jar",
        ] {
            assert_eq!(of(file, manifest), None, "{file}");
        }
    }

    fn told(file: &str, manifest: &str) -> Option<String> {
        of(&Manifest::read(manifest), &Name::of(file), &[]).map(|(own, evidence)| {
            format!(
                "{}:{}@{} {}",
                own.group.as_deref().unwrap_or("?"),
                own.artifact,
                own.version,
                evidence.as_str()
            )
        })
    }

    #[test]
    fn an_archive_that_holds_others_has_the_version_of_its_name() {
        let other = Coordinates {
            group: Some("jline".to_owned()),
            artifact: "jline".to_owned(),
            version: "2.14.6".to_owned(),
        };
        let of = |file: &str, version: &str| {
            let manifest = format!(
                "Bundle-SymbolicName: org.scala-lang.scala-compiler\nBundle-Version: {version}\n"
            );
            let own = of(
                &Manifest::read(&manifest),
                &Name::of(file),
                std::slice::from_ref(&other),
            );
            own.unwrap().0.version
        };
        let stamped = "2.12.18.v20230518-020143-VFINAL-ceaf7e6";
        assert_eq!(of("scala-compiler-2.12.18.jar", stamped), "2.12.18");
        assert_eq!(of("scala-compiler.jar", stamped), stamped);
        assert_eq!(of("scala-compiler-9.jar", "2.12.18"), "2.12.18");
    }

    /// What was put into `fat.jar` is not what it is.
    #[test]
    fn a_program_that_others_were_put_into_has_the_name_of_its_manifest() {
        let other = Coordinates {
            group: Some("com.google.code.gson".to_owned()),
            artifact: "gson".to_owned(),
            version: "2.8.6".to_owned(),
        };
        let of = |manifest: &str| {
            let name = Name::of("fat.jar");
            let own = of(
                &Manifest::read(manifest),
                &name,
                std::slice::from_ref(&other),
            );
            own.map(|(own, _)| format!("{}@{}", own.artifact, own.version))
        };
        let own = "Implementation-Title: fatapp\nImplementation-Version: 9.9\n";
        let program = format!("Main-Class: x.Main\n{own}");
        assert_eq!(of(&program).as_deref(), Some("fatapp@9.9"));
        assert_eq!(of(own), None);
        let people = program.replace("fatapp", "Fat App");
        assert_eq!(of(&people), None);
        // What Maven left of it tells more.
        assert_eq!(of(&program.replace("9.9", "2.8.6")), None);
    }

    /// As Jetty ships it: in a file of another name, with what Maven left.
    #[test]
    fn a_bundle_may_be_called_like_its_artifact() {
        let manifest = "Bundle-SymbolicName: javax.servlet-api\nBundle-Version: 3.1.0\n";
        let by_maven = Coordinates {
            group: Some("javax.servlet".to_owned()),
            artifact: "javax.servlet-api".to_owned(),
            version: "3.1.0".to_owned(),
        };
        let file = "servlet-api-3.1.jar";
        let own = of(&Manifest::read(manifest), &Name::of(file), &[by_maven]);
        assert_eq!(own, None);
        // An archive without what Maven leaves.
        assert_eq!(
            told(file, manifest).as_deref(),
            Some("javax.servlet:javax.servlet-api@3.1 metadata")
        );
        let other = "Bundle-SymbolicName: acme.thing-api\nBundle-Version: 3.1.0\n";
        let by_maven = Coordinates {
            group: Some("com.acme".to_owned()),
            artifact: "acme.thing-api".to_owned(),
            version: "4.0".to_owned(),
        };
        let own = of(&Manifest::read(other), &Name::of("x.jar"), &[by_maven]);
        assert_eq!(own, None);
    }

    #[test]
    fn an_archive_that_was_filled_with_others_says_so_in_its_name() {
        let other = Coordinates {
            group: Some("com.google.code.gson".to_owned()),
            artifact: "gson".to_owned(),
            version: "2.8.6".to_owned(),
        };
        let of = |file: &str| {
            let others = std::slice::from_ref(&other);
            of(&Manifest::read(""), &Name::of(file), others).map(|(own, evidence)| {
                format!("{}@{} {}", own.artifact, own.version, evidence.as_str())
            })
        };
        assert_eq!(
            of("tabula-1.0.5-jar-with-dependencies.jar").as_deref(),
            Some("tabula@1.0.5 file-name")
        );
        assert_eq!(
            of("uber-7.0-all.jar").as_deref(),
            Some("uber@7.0 file-name")
        );
        // Nothing says that it is no other name of what is in it.
        assert_eq!(of("app-1.0.jar"), None);
        assert_eq!(of("gson-2.8.6-all.jar"), None);
        assert_eq!(of("netty-all.jar"), None);
    }

    #[test]
    fn manifests_beside_names() {
        for (file, manifest, expected) in [
            (
                "guava-31.1-jre.jar",
                "Bundle-SymbolicName: com.google.guava\nBundle-Version: 31.1.0.jre\n",
                Some("com.google.guava:guava@31.1-jre metadata"),
            ),
            (
                "jackson-core-2.15.2.jar",
                "Bundle-SymbolicName: com.fasterxml.jackson.core.jackson-core\nBundle-Version: 2.15.2\n",
                Some("com.fasterxml.jackson.core:jackson-core@2.15.2 metadata"),
            ),
            (
                "log4j-1.2-1.2.17.jar",
                "Bundle-SymbolicName: org.apache.log4j\nBundle-Version: 1.2.17\n",
                Some("log4j:log4j@1.2.17 metadata"),
            ),
            ("thing-1.0.jar", "", Some("?:thing@1.0 file-name")),
            (
                "git.hpi",
                "Short-Name: git\nGroup-Id: org.jenkins-ci.plugins\nPlugin-Version: 5.2.0\n",
                Some("org.jenkins-ci.plugins:git@5.2.0 metadata"),
            ),
            ("app.jar", "Implementation-Title: My Application\n", None),
            (
                "app.jar",
                "Implementation-Title: My Application\nImplementation-Version: ${version}\n",
                None,
            ),
            (
                "log4j-core-2.14.1.jar",
                "Implementation-Title: Apache Log4j Core\nImplementation-Version: 2.14.1\n",
                Some("org.apache.logging.log4j:log4j-core@2.14.1 metadata"),
            ),
            (
                "kafka_2.13-3.6.0.jar",
                "",
                Some("org.apache.kafka:kafka_2.13@3.6.0 file-name"),
            ),
            (
                "cats-core_3-2.9.0.jar",
                "Implementation-Title: cats-core\nImplementation-Version: 2.9.0\n",
                Some("org.typelevel:cats-core_3@2.9.0 metadata"),
            ),
            (
                "play_2.13-2.8.19.jar",
                "Bundle-SymbolicName: com.typesafe.play\nImplementation-Title: play\nImplementation-Version: 2.8.19\nImplementation-Vendor-Id: com.typesafe.play\n",
                Some("com.typesafe.play:play_2.13@2.8.19 metadata"),
            ),
            (
                "jackson-module-scala_2.12-2.14.2.jar",
                "Bundle-SymbolicName: com.fasterxml.jackson.scala.module\nBundle-Version: 2.14.2\nImplementation-Title: jackson-module-scala\n",
                Some("com.fasterxml.jackson.module:jackson-module-scala_2.12@2.14.2 metadata"),
            ),
            (
                "dev.zio.zio-streams_3-2.0.1.jar",
                "Implementation-Title: zio-streams\nImplementation-Version: 2.0.1\n",
                Some("dev.zio:zio-streams_3@2.0.1 metadata"),
            ),
            (
                "log4j-1.2-api-2.17.1.jar",
                "Bundle-SymbolicName: org.apache.logging.log4j.1.2-api\nBundle-Version: 2.17.1\n",
                Some("org.apache.logging.log4j:log4j-1.2-api@2.17.1 metadata"),
            ),
            (
                "log4j-1.2-api-2.17.1.jar",
                "",
                Some("org.apache.logging.log4j:log4j-1.2-api@2.17.1 file-name"),
            ),
            (
                "jboss-servlet-api_3.0_spec-1.0.0.Final.jar",
                "",
                Some("?:jboss-servlet-api_3.0_spec@1.0.0.Final file-name"),
            ),
            (
                "thing-1.9-alpha-2.jar",
                "",
                Some("?:thing@1.9-alpha-2 file-name"),
            ),
            // The version of a bundle of Eclipse, and a number that is no release of Scala.
            (
                "org.eclipse.osgi_3.18.0.v20220516.jar",
                "",
                Some("?:org.eclipse.osgi@3.18.0.v20220516 file-name"),
            ),
            (
                "wrapped.jar",
                "Implementation-Version: 1.0 (build 5)\n",
                Some("?:wrapped@1.0 metadata"),
            ),
        ] {
            assert_eq!(told(file, manifest).as_deref(), expected, "{file}");
        }
    }
}
