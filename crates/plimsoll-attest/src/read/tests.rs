use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plimsoll_model::{Evidence, PackageKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn told(value: &Value) -> BillOfMaterials {
    read(value.to_string().as_bytes()).unwrap()
}

/// `kind name version (source)` of every package.
fn packages(bill: &BillOfMaterials) -> Vec<String> {
    let packages = bill.inventory.packages.iter();
    packages
        .map(|package| {
            let source = package.source.as_ref();
            let source = source.map_or(String::new(), |(name, version)| {
                format!(" ({name} {version})")
            });
            let kind = package.kind.as_str();
            format!("{kind} {} {}{source}", package.name, package.version)
        })
        .collect()
}

#[test]
fn references_follow_their_packages() {
    let component = |reference: &str, purl: &str| json!({"type": "library", "name": "x", "bom-ref": reference, "purl": purl});
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "serialNumber": "urn:uuid:3E671687-395b-41f5-a30f-a58921a69b79",
        "components": [
            component("c", "pkg:npm/c@1"),
            component("a", "pkg:npm/a@1"),
            component("again", "pkg:npm/a@1"),
            component("", "pkg:npm/d@1"),
            component("none", ""),
            {"type": "library", "name": "x", "bom-ref": "b", "purl": "pkg:npm/b@1",
                "components": [component("inner", "pkg:npm/aa@1")]},
        ],
    }));
    assert_eq!(
        bill.serial.as_deref(),
        Some("3e671687-395b-41f5-a30f-a58921a69b79")
    );
    let named = |reference: &str| {
        let (_, at) = bill.references.iter().find(|(name, _)| name == reference)?;
        Some(bill.inventory.packages[*at].name.as_str())
    };
    for (reference, name) in [
        ("a", Some("a")),
        ("again", Some("a")),
        ("b", Some("b")),
        ("c", Some("c")),
        ("inner", Some("aa")),
        ("none", None),
        ("", None),
    ] {
        assert_eq!(named(reference), name, "{reference}");
    }
}

#[test]
fn names_and_versions_are_their_ecosystems() {
    let component = |purl: &str| json!({"type": "library", "name": "x", "purl": purl});
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            component("pkg:npm/%40types/node@20.1.0"),
            component("pkg:maven/org.example/thing@1.0"),
            component("pkg:golang/example.org/a/b@v1.2.3"),
            component("pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.5&epoch=1&upstream=zlib"),
            component("pkg:deb/debian/gcc@12.2-3?upstream=gcc-defaults%401.203"),
            component("pkg:rpm/rocky/ssl-libs@3.0.7-1.el9?epoch=1&upstream=ssl-3.0.7-1.el9.src.rpm"),
            component("pkg:pypi/pandas@2.2.0"),
        ],
    }));
    assert_eq!(
        packages(&bill),
        [
            "deb gcc 12.2-3 (gcc-defaults 1.203)",
            "deb zlib1g 1:1.2.13.dfsg-1 (zlib 1:1.2.13.dfsg-1)",
            "rpm ssl-libs 1:3.0.7-1.el9 (ssl 3.0.7-1.el9)",
            "pypi pandas 2.2.0",
            "npm @types/node 20.1.0",
            "golang example.org/a/b v1.2.3",
            "maven org.example:thing 1.0",
        ]
    );
    let distribution = bill.inventory.distribution.unwrap();
    assert_eq!(
        (&*distribution.id, &*distribution.version),
        ("debian", "12.5")
    );
}

/// Who published a package stands in fields of their own, and in ours.
#[test]
fn what_others_published_is_told() {
    let deb = |name: &str, more: Value| {
        let purl = format!("pkg:deb/debian/{name}@1-1?distro=debian-12");
        let mut component = json!({"type": "library", "name": name, "purl": purl});
        let fields = component.as_object_mut().unwrap();
        fields.extend(more.as_object().cloned().unwrap());
        component
    };
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            deb("a-own", json!({"publisher": "Debian Curl Maintainers <x@tracker.debian.org>"})),
            deb("b-syft", json!({"publisher": "Docker <support@docker.com>"})),
            deb("c-trivy", json!({"supplier": {"name": "Ivan <ivan@nodesource.com>"}})),
            deb("c-nobody", json!({"publisher": "NOASSERTION", "supplier": {"name": "NONE"}})),
            deb("d-ours", json!({"properties": [{"name": "plimsoll:foreign", "value": "true"}]})),
            {"type": "library", "name": "e", "publisher": "GitHub", "purl": "pkg:npm/e@1"},
            {"type": "library", "publisher": "NOASSERTION", "purl": "pkg:rpm/rocky/f@1-1.el9"},
            {"type": "library", "publisher": "Docker", "purl": "pkg:rpm/rocky/g@1-1.el9"},
            {"type": "library", "publisher": "NOASSERTION", "supplier": {"name": "Docker"},
                "purl": "pkg:rpm/rocky/h@1-1.el9"},
        ],
    }));
    let foreign = |bill: &BillOfMaterials| -> Vec<String> {
        let packages = bill.inventory.packages.iter();
        let foreign = packages.filter(|package| package.is_foreign);
        foreign.map(|package| package.name.clone()).collect()
    };
    assert_eq!(foreign(&bill), ["b-syft", "c-trivy", "d-ours", "g", "h"]);
    let package = |name: &str, supplier: &str, words: &str| {
        json!({
            "SPDXID": name, "name": name, "supplier": supplier, "sourceInfo": words,
            "externalRefs": [{
                "referenceType": "purl", "referenceLocator": format!("pkg:deb/debian/{name}@1-1"),
            }],
        })
    };
    let bill = told(&json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [
            package("a", "Organization: Debian (x@debian.org)", ""),
            package("b", "Person: Docker (support@docker.com)", ""),
            package("c", "", "acquired from database: x; layer 0; built from c 1; published by another than the distribution"),
        ],
    }));
    assert_eq!(foreign(&bill), ["b", "c"]);
    let source = bill.inventory.packages[2].source.as_ref();
    assert_eq!(source.map(|(name, _)| name.as_str()), Some("c"));
}

/// Who must name a supplier and knows none, or thinks of who sent it, makes no other publisher.
#[test]
fn a_supplier_against_the_release_is_no_other_publisher() {
    let rpm = |supplier: &str| {
        json!({"type": "library", "name": "bash", "supplier": {"name": supplier},
            "purl": "pkg:rpm/almalinux/bash@4.4.19-12.el8?distro=almalinux-8.3"})
    };
    let unmarked = |supplier: &str| {
        json!({"SPDXID": "bash", "name": "bash", "supplier": format!("Organization: {supplier}"),
            "externalRefs": [{"referenceType": "http://spdx.org/rdf/references/purl",
                "referenceLocator": "pkg:rpm/sles/bash@4.4-1"}]})
    };
    let is_foreign = |bill: &Value| told(bill).inventory.packages[0].is_foreign;
    for supplier in [
        "Unknown",
        "N/A",
        "unknown supplier",
        "ACME GmbH",
        "Organization: Red Hat",
    ] {
        let bill = json!({"bomFormat": "CycloneDX", "components": [rpm(supplier)]});
        assert!(!is_foreign(&bill), "{supplier}");
    }
    for nobody in [
        "Unknown",
        "unknown supplier",
        "(unknown)",
        "<Unknown>",
        "not specified",
        "not-specified",
        "NOT_AVAILABLE",
        "no assertion",
        "NoAssertion",
        "None specified",
        "Unspecified vendor",
        "[undefined]",
        "N/A",
        "n.a.",
        "TBD.",
        "---",
        "?",
    ] {
        let bill = json!({"spdxVersion": "SPDX-2.3", "packages": [unmarked(nobody)]});
        assert!(!is_foreign(&bill), "{nobody}");
    }
    for somebody in [
        "ACME GmbH",
        "Notepad",
        "Nordic Semiconductor",
        "No Magic, Inc.",
        "Unknown Worlds Entertainment",
        "工房",
    ] {
        let bill = json!({"spdxVersion": "SPDX-2.3", "packages": [unmarked(somebody)]});
        assert!(is_foreign(&bill), "{somebody}");
    }
}

/// syft writes RPM's own field: a bill of it says of a package what the image says.
#[test]
fn a_vendor_of_rpm_counts_whatever_the_release_says() {
    let rpm = |field: &str, property: &str| {
        let purl = "pkg:rpm/almalinux/ffmpeg@5.1.4-1.el9?distro=almalinux-9.4";
        let mut component = json!({"type": "library", "name": "ffmpeg", "purl": purl,
            "properties": [{"name": property, "value": "x"}]});
        component[field] = match field {
            "supplier" => json!({"name": "RPM Fusion"}),
            _ => json!("RPM Fusion"),
        };
        told(&json!({"bomFormat": "CycloneDX", "components": [component]}))
            .inventory
            .packages
    };
    assert!(rpm("publisher", "syft:package:foundBy")[0].is_foreign);
    assert!(!rpm("supplier", "syft:package:foundBy")[0].is_foreign);
    assert!(!rpm("publisher", "other")[0].is_foreign);
}

/// Who is named for what only the distribution builds is the distribution, whatever the name.
#[test]
fn who_passed_the_system_on_is_no_other_publisher() {
    let rpm = |name: &str, who: &str| {
        let purl = format!("pkg:rpm/rocky/{name}@1-1.acme?distro=rocky-9");
        json!({"type": "library", "name": name, "supplier": {"name": who}, "purl": purl})
    };
    let foreign = |components: Vec<Value>| -> Vec<String> {
        let as_spdx = |component: &Value| {
            json!({
                "SPDXID": component["name"], "name": component["name"],
                "supplier": format!("Organization: {}", component["supplier"]["name"].as_str().unwrap()),
                "externalRefs": [
                    {"referenceType": "purl", "referenceLocator": component["purl"]},
                ],
            })
        };
        let packages: Vec<Value> = components.iter().map(as_spdx).collect();
        let names = |bill: &Value| -> Vec<String> {
            let packages = told(bill).inventory.packages.into_iter();
            let foreign = packages.filter(|package| package.is_foreign);
            foreign.map(|package| package.name).collect()
        };
        let found = names(&json!({"bomFormat": "CycloneDX", "components": components}));
        // Some put them into a component of the image.
        let image = json!([{"type": "container", "name": "image", "components": components}]);
        let below = names(&json!({"bomFormat": "CycloneDX", "components": image}));
        assert_eq!(found, below);
        let subject = json!({"type": "container", "name": "image", "components": components});
        let inside = names(&json!({"bomFormat": "CycloneDX", "metadata": {"component": subject}}));
        assert_eq!(found, inside);
        let again = names(&json!({"spdxVersion": "SPDX-2.3", "packages": packages}));
        assert_eq!(found, again);
        found
    };
    let docker = rpm("docker-ce", "Docker");
    let system = rpm("filesystem", "Acme Corp");
    assert_eq!(
        foreign(vec![rpm("openssl", "Acme Corp"), docker.clone(), system]),
        ["docker-ce"]
    );
    // A mended copy of one package makes nobody the distribution.
    let own = rpm("filesystem", "Rocky Enterprise Software Foundation");
    assert_eq!(
        foreign(vec![rpm("glibc", "Acme Corp"), docker, own]),
        ["docker-ce", "glibc"]
    );
}

/// Tools write the digest of the image to different places.
#[test]
fn an_image_is_known_by_its_digest_wherever_that_stands() {
    let hex = "a".repeat(64);
    let digest = format!("sha256:{hex}");
    let escaped = format!("pkg:oci/img@sha256%3A{hex}?arch=amd64&repository_url=reg.example%2Fimg");
    let purl = json!({"referenceType": "purl", "referenceLocator": escaped});
    let in_registry = json!([{
        "name": "aquasecurity:trivy:RepoDigest",
        "value": format!("reg.example/img@{digest}"),
    }]);
    let cyclonedx = |subject: Value| {
        told(&json!({"bomFormat": "CycloneDX", "metadata": {"component": subject}}))
    };
    let spdx = |rest: Value| {
        let mut subject = json!({"primaryPackagePurpose": "CONTAINER"});
        let fields = subject.as_object_mut().unwrap();
        fields.extend(rest.as_object().unwrap().clone());
        told(&json!({"spdxVersion": "SPDX-2.3", "packages": [subject]}))
    };
    let element = json!({
        "type": "software_Package",
        "software_primaryPurpose": "container",
        "software_packageUrl": escaped,
    });
    for bill in [
        cyclonedx(json!({"type": "container", "version": digest})),
        cyclonedx(json!({"type": "container", "purl": escaped})),
        cyclonedx(json!({"type": "application", "purl": escaped})),
        cyclonedx(json!({"type": "container", "properties": in_registry})),
        spdx(json!({"versionInfo": digest})),
        spdx(json!({"externalRefs": [purl]})),
        told(&json!({"@graph": [element]})),
    ] {
        assert_eq!(bill.digest.as_ref().map(Digest::as_str), Some(&*digest));
        assert!(bill.is_image);
        assert!(bill.architecture.is_none_or(|word| word == "amd64"));
    }
    let unknown = cyclonedx(json!({"type": "container", "name": "app:1"}));
    assert!(unknown.is_image && unknown.digest.is_none());
    let program = cyclonedx(json!({"type": "application", "name": "app", "version": "1"}));
    assert!(!program.is_image && program.digest.is_none());
}

/// Package URLs have names of Go and npm in lower case, advisories as they are.
#[test]
fn names_are_spelled_as_they_are() {
    let component = |name: &str, purl: &str| json!({"type": "library", "name": name, "purl": purl});
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            component("x", "pkg:golang/example.org/A/b@v1.0.0#sub"),
            component("example.org/C/d", "pkg:golang/example.org/c/d@v1.0.0"),
            component("example.org/other", "pkg:golang/example.org/e@v1.0.0"),
            component("github.com/go-git/go-git/v5", "pkg:golang/github.com/go-git/go-git@v5.12.0#v5"),
            component("github.com/a/b/Api/v2", "pkg:golang/github.com/a/b@v2.0.0#Api/v2"),
            component("x", "pkg:golang/example.org/f@v3.0.0#v3/package"),
            component("Typed", "pkg:npm/typed@1.0.0"),
            component("Zope.Interface", "pkg:pypi/zope-interface@5.0"),
            component("x", "pkg:npm/%40a/B@1.0.0"),
            component("x", "pkg:npm/JSONStream@1.0.0"),
            component("x", "pkg:npm/@Scope/Plain@1.0.0"),
            component("x", "pkg:npm/%40Scope/Escaped@1.0.0?a=b/c@d"),
            json!({"type": "library", "group": "@Scope", "name": "Grouped", "purl": "pkg:npm/%40scope/grouped@1.0.0"}),
            component("std", "pkg:golang/std@go1.20.1?type=module"),
        ],
    }));
    assert_eq!(
        packages(&bill),
        [
            "pypi Zope.Interface 5.0",
            "npm @Scope/Escaped 1.0.0",
            "npm @Scope/Grouped 1.0.0",
            "npm @Scope/Plain 1.0.0",
            "npm @a/B 1.0.0",
            "npm JSONStream 1.0.0",
            "npm Typed 1.0.0",
            "golang example.org/A/b v1.0.0",
            "golang example.org/C/d v1.0.0",
            "golang example.org/e v1.0.0",
            "golang example.org/f/v3 v3.0.0",
            "golang github.com/a/b/Api/v2 v2.0.0",
            "golang github.com/go-git/go-git/v5 v5.12.0",
            "golang stdlib go1.20.1",
        ]
    );
    let bill = told(&json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [{
            "SPDXID": "SPDXRef-1", "name": "example.org/C/d", "versionInfo": "v1.0.0",
            "externalRefs": [{
                "referenceType": "purl", "referenceLocator": "pkg:golang/example.org/c/d@v1.0.0",
            }],
        }],
    }));
    assert_eq!(packages(&bill), ["golang example.org/C/d v1.0.0"]);
}

/// A lock file has the build of a gem beside its version.
#[test]
fn the_platform_of_a_gem_is_no_part_of_its_version() {
    for (purl, version) in [
        ("pkg:gem/a@1.16.2-x86_64-linux", "1.16.2"),
        ("pkg:gem/a@1.16.2-aarch64-linux-musl", "1.16.2"),
        ("pkg:gem/a@1.16.2-java", "1.16.2"),
        ("pkg:gem/a@1.16.2-x64-mingw-ucrt", "1.16.2"),
        ("pkg:gem/a@2.0.0.rc1", "2.0.0.rc1"),
        ("pkg:gem/a@2.0.0-beta", "2.0.0-beta"),
    ] {
        let package = package::of_purl(purl).unwrap();
        assert_eq!(package.version, version);
    }
}

#[test]
fn what_a_package_of_the_distribution_holds_is_its() {
    let purl = |locator: &str| json!([{"referenceType": "purl", "referenceLocator": locator}]);
    let relationship = |from: &str, kind: &str, to: &str, comment: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to, "comment": comment});
    let bill = told(&json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {"SPDXID": "six", "name": "six", "externalRefs": purl("pkg:pypi/six@1")},
            {"SPDXID": "yaml", "name": "yaml", "externalRefs": purl("pkg:pypi/yaml@1")},
            {"SPDXID": "own", "name": "own", "externalRefs": purl("pkg:pypi/own@1")},
            {"SPDXID": "deb", "name": "python3-six", "externalRefs": purl("pkg:deb/debian/python3-six@1")},
            {"SPDXID": "docker", "name": "docker-ce", "supplier": "Person: Docker (support@docker.com)",
             "externalRefs": purl("pkg:deb/debian/docker-ce@1")},
            {"SPDXID": "image", "name": "image"},
        ],
        "relationships": [
            relationship("deb", "CONTAINS", "six", ""),
            relationship("deb", "OTHER", "yaml", "ownership-by-file-overlap: indicates that"),
            relationship("deb", "OTHER", "own", "evident-by: indicates that"),
            relationship("image", "CONTAINS", "own", ""),
            relationship("docker", "CONTAINS", "own", ""),
            relationship("own", "CONTAINS", "deb", ""),
            relationship("deb", "CONTAINS", "nowhere", ""),
        ],
    }));
    let owners = |bill: &BillOfMaterials| -> Vec<String> {
        let packages = bill.inventory.packages.iter();
        packages
            .map(|package| format!("{} {:?}", package.name, package.owned_by.as_deref()))
            .collect()
    };
    let expected = [
        "python3-six None",
        "own None",
        "six Some(\"python3-six\")",
        "yaml Some(\"python3-six\")",
    ];
    assert_eq!(owners(&bill)[0], "docker-ce None");
    assert_eq!(owners(&bill)[1..], expected);
    let element = |id: &str, purl: &str| json!({"type": "software_Package", "spdxId": id, "name": id, "software_packageUrl": purl});
    let bill = told(&json!({"@graph": [
        {"type": "Relationship", "relationshipType": "contains", "from": "deb", "to": ["six", "yaml"]},
        {"type": "Relationship", "relationshipType": "dependsOn", "from": "deb", "to": ["own"]},
        element("six", "pkg:pypi/six@1"),
        element("yaml", "pkg:pypi/yaml@1"),
        element("own", "pkg:pypi/own@1"),
        element("deb", "pkg:deb/debian/python3-six@1"),
    ]}));
    assert_eq!(owners(&bill), expected);
}

#[test]
fn what_the_tools_say_besides_is_kept() {
    let layer = format!("sha256:{}", "ab".repeat(32));
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {"component": {
            "type": "container", "name": "app",
            "properties": [
                {"name": "aquasecurity:trivy:DiffID", "value": format!("sha256:{}", "cd".repeat(32))},
                {"name": "aquasecurity:trivy:DiffID", "value": layer},
            ],
        }},
        "components": [
            {"type": "operating-system", "name": "alma", "version": "9.3"},
            {"type": "library", "name": "libs", "version": "1", "purl": "pkg:rpm/alma/libs@2-3?epoch=4",
             "properties": [
                {"name": "aquasecurity:trivy:LayerDiffID", "value": layer},
                {"name": "aquasecurity:trivy:SrcName", "value": "main"},
                {"name": "aquasecurity:trivy:SrcVersion", "value": "2"},
                {"name": "aquasecurity:trivy:SrcRelease", "value": "3"},
                {"name": "aquasecurity:trivy:SrcEpoch", "value": "4"},
             ]},
            {"type": "library", "name": "nameless", "components": [
                {"type": "library", "name": "inner", "purl": "pkg:cargo/inner@0.1.0",
                 "licenses": [{"license": {"id": "MIT"}}]},
            ]},
            {"type": "file", "name": "/etc/passwd"},
        ],
    }));
    assert_eq!(
        packages(&bill),
        ["rpm libs 4:2-3 (main 2-3)", "cargo inner 0.1.0"]
    );
    assert_eq!(bill.inventory.packages[0].layer, 1);
    assert_eq!(bill.inventory.packages[1].license.as_deref(), Some("MIT"));
    assert_eq!(bill.inventory.distribution.unwrap().id, "almalinux");
    assert_eq!(bill.unidentified, ["nameless"]);
}

#[test]
fn what_others_call_incomplete_is_told_so() {
    let incomplete = |compositions: Value| {
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {"component": {"type": "container", "name": "app", "bom-ref": "a"}},
            "compositions": compositions,
        });
        read(document.to_string().as_bytes()).unwrap().incomplete
    };
    let first_party = "incomplete_first_party_only";
    for compositions in [
        json!([{"aggregate": first_party, "assemblies": ["a"]}]),
        json!([{"aggregate": "complete"}, {"aggregate": first_party, "assemblies": ["b", "a"]}]),
    ] {
        assert_eq!(incomplete(compositions).as_deref(), Some(first_party));
    }
    for compositions in [
        json!([{"aggregate": "complete", "assemblies": ["a"]}, {"aggregate": "unknown"}]),
        json!([{"aggregate": "incomplete", "assemblies": ["b"]}]),
        json!([{"aggregate": "incomplete", "dependencies": ["b"]}]),
        json!({"aggregate": "incomplete"}),
    ] {
        assert_eq!(incomplete(compositions), None);
    }
}

#[test]
fn statements_and_envelopes_are_opened() {
    let document = json!({
        "spdxVersion": "SPDX-2.3", "name": "sbom",
        "packages": [
            {"name": "linux", "versionInfo": "12", "primaryPackagePurpose": "OPERATING_SYSTEM"},
            {"name": "a", "versionInfo": "1", "sourceInfo": "built package from: b 1:2",
             "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:deb/debian/a@1?distro=debian-12"}]},
        ],
    });
    let hex = "0f".repeat(32);
    let statement = json!({
        "predicateType": "https://spdx.dev/Document",
        "subject": [{"name": "i", "digest": {"sha256": hex}}],
        "predicate": document,
    });
    let envelope = json!({"payload": BASE64_STANDARD.encode(statement.to_string())});
    let bundle = json!({"mediaType": "x", "dsseEnvelope": envelope});
    let exported = told(&json!({"sbom": document}));
    assert_eq!(packages(&exported), ["deb a 1 (b 1:2)"]);
    for value in [&statement, &envelope, &bundle] {
        let bill = told(value);
        assert_eq!(packages(&bill), ["deb a 1 (b 1:2)"]);
        assert_eq!(bill.digest.unwrap().hex(), hex);
        // It may be that of a file.
        assert!(!bill.is_image);
        assert_eq!(bill.inventory.distribution.unwrap().id, "debian");
    }
}

#[test]
fn a_statement_is_about_an_image_where_its_subject_is_one() {
    let of = |name: &str, kind: &str| {
        told(&json!({
            "subject": [{"name": name, "digest": {"sha256": "0f".repeat(32)}}],
            "predicate": {
                "bomFormat": "CycloneDX", "specVersion": "1.6",
                "metadata": {"component": {"type": kind, "name": "app"}},
            },
        }))
    };
    assert!(
        of(
            "pkg:docker/acme/app@1?platform=linux%2Famd64",
            "application"
        )
        .is_image
    );
    assert!(of("app", "container").is_image);
    let file = of("app", "application");
    assert!(!file.is_image && file.digest.is_some());
}

#[test]
fn whatever_has_a_package_url_is_a_package() {
    let mut deep = json!({"type": "library", "name": "deep", "purl": "pkg:npm/deep@1"});
    for _ in 0..50 {
        deep = json!({"type": "library", "name": "x", "components": [deep]});
    }
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {
            "type": "application", "name": "app", "purl": "pkg:npm/app@1",
            "components": [{"type": "library", "name": "part", "purl": "pkg:npm/part@1"}],
        }},
        "components": [
            deep,
            {"type": "file", "name": "a.jar", "purl": "pkg:maven/g/a@1"},
            {"type": "file", "name": "b.txt"},
            {"type": "library", "name": "mine", "purl": "pkg:pypi/mine@1", "properties": [
                {"name": "plimsoll:owned-by", "value": "nobody"},
            ]},
            {"type": "library", "name": "theirs", "purl": "pkg:pypi/theirs@1", "properties": [
                {"name": "plimsoll:owned-by", "value": "python3-theirs"},
            ]},
            {"type": "library", "name": "python3-theirs", "purl": "pkg:deb/debian/python3-theirs@1"},
        ],
    }));
    let mut names: Vec<String> = bill
        .inventory
        .packages
        .iter()
        .map(|package| {
            format!(
                "{} {}",
                package.name,
                package.owned_by.as_deref().unwrap_or("-")
            )
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "app -",
            "deep -",
            "g:a -",
            "mine -",
            "part -",
            "python3-theirs -",
            "theirs python3-theirs",
        ]
    );
    assert_eq!(bill.unidentified.len(), 50);
}

#[test]
fn of_several_package_urls_the_one_of_an_ecosystem_counts() {
    let purl = |purl: &str| json!({"referenceType": "purl", "referenceLocator": purl});
    let bill = told(&json!({"spdxVersion": "SPDX-2.3", "packages": [
        {"name": "django", "externalRefs": [purl("pkg:generic/django@1"), purl("pkg:pypi/django@1")]},
        {"name": "tool", "externalRefs": [purl("pkg:generic/tool@1"), purl("nothing")]},
        {"name": "left-pad", "primaryPackagePurpose": "CONTAINER",
            "externalRefs": [purl("pkg:npm/left-pad@1")]},
        {"name": "app", "primaryPackagePurpose": "CONTAINER", "externalRefs": [purl("pkg:oci/app@1")]},
        {"name": "x", "externalRefs": []}]}));
    assert_eq!(
        packages(&bill),
        ["pypi django 1", "npm left-pad 1", "generic tool 1"]
    );
    assert_eq!(bill.unidentified, ["x"]);
    assert_eq!(bill.subject, "app");
}

/// A crate in two programs is there twice, and each of the two is built again by itself.
#[test]
fn what_lies_at_two_places_is_there_twice() {
    let of = |words: &str| {
        json!({"name": "a", "versionInfo": "1", "sourceInfo": words, "externalRefs": [
            {"referenceType": "purl", "referenceLocator": "pkg:cargo/a@1"}]})
    };
    let bill = told(&json!({"spdxVersion": "SPDX-2.3", "packages": [
        of("acquired from build-info: usr/bin/one; layer 3, Dockerfile:7"),
        of("acquired from build-info: usr/bin/two: b; layer 9; c; layer 3; built from x 1"),
        of("acquired package info from rust cargo manifest: /usr/bin/three, /usr/bin/four"),
        of("acquired from nothing in particular"),
        of("acquired from"),
    ]}));
    let packages = &bill.inventory.packages;
    let places: Vec<&str> = packages.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(
        places,
        [
            "",
            "usr/bin/one",
            "usr/bin/three",
            "usr/bin/two: b; layer 9; c"
        ]
    );
    assert_eq!(packages[1].evidence, Evidence::BuildInfo);
    let graph = told(&json!({"@graph": [
        {"type": "software_Package", "name": "a", "software_packageUrl": "pkg:cargo/a@1",
         "software_sourceInfo": "acquired from build-info: usr/bin/one; layer 3"},
        {"type": "software_Package", "name": "a", "software_packageUrl": "pkg:cargo/a@1",
         "software_sourceInfo": "acquired from build-info: usr/bin/two; layer 3"},
    ]}));
    assert_eq!(graph.inventory.packages.len(), 2);
}

#[test]
fn the_graph_of_spdx_3_is_read() {
    let bill = told(&json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "SpdxDocument", "name": "image"},
            {"type": "software_Package", "name": "a", "software_packageUrl": "pkg:gem/a@1"},
            {"type": "software_Package", "name": "b", "externalIdentifier": [
                {"externalIdentifierType": "packageUrl", "identifier": "pkg:gem/b@2"}]},
        ],
    }));
    assert_eq!(packages(&bill), ["gem a 1", "gem b 2"]);
    assert_eq!(bill.subject, "image");
}

#[test]
fn what_is_none_is_refused_with_what_it_should_be() {
    assert!(matches!(read(b"hello"), Err(ReadError::Json(_))));
    assert_eq!(read(b"{}"), Err(ReadError::Unknown));
    let mut deep = json!({"bomFormat": "CycloneDX"});
    for _ in 0..9 {
        deep = json!({"predicate": deep});
    }
    assert!(matches!(
        read(deep.to_string().as_bytes()),
        Err(ReadError::Envelope(_))
    ));
    assert!(looks_like_one(b"\xef\xbb\xbf \n{"));
    assert!(!looks_like_one(b"PK"));
}

/// syft's CycloneDX does not say whose a package is; ours does.
#[test]
fn what_the_distribution_brought_is_told_by_its_place() {
    let path = "/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO";
    for (property, owner) in [
        ("syft:location:0:path", Some("python3-six")),
        ("plimsoll:path", None),
    ] {
        let bill = told(&json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [
                {"type": "library", "name": "six", "purl": "pkg:pypi/six@1.16.0",
                 "properties": [{"name": property, "value": path}]},
                {"type": "library", "name": "python3-six",
                 "purl": "pkg:deb/debian/python3-six@1.16.0-4?distro=debian-12"},
            ],
        }));
        let six = bill.inventory.packages.iter().find(|one| one.name == "six");
        assert_eq!(six.unwrap().owned_by.as_deref(), owner);
    }
}

#[test]
fn other_forms_are_told() {
    for (bytes, form) in [
        (
            &b"<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">"[..],
            "is CycloneDX in its XML form",
        ),
        (
            b"\n<rdf:RDF xmlns:spdx=\"http://spdx.org/rdf/terms#\">",
            "is SPDX in its RDF form",
        ),
        (
            b"# made\nSPDXVersion: SPDX-2.3\r\nDataLicense: CC0-1.0",
            "is SPDX in its tag-value form",
        ),
        (
            b"SPDXID: x\nspdxVersion: SPDX-2.3\n",
            "is SPDX in its YAML form",
        ),
        (b"\x0a\x031.6\x12\x05", "is CycloneDX in its protobuf form"),
    ] {
        assert_eq!(read(bytes), Err(ReadError::Form(form)));
        assert!(looks_like_one(bytes), "{form}");
    }
    for bytes in [&b"<html>"[..], b"\x0a\x03foo", b"name: x", b""] {
        assert!(matches!(read(bytes), Err(ReadError::Json(_))));
        assert!(!looks_like_one(bytes));
    }
    let syft = br#"{"artifacts":[],"schema":{"url":"https://raw.githubusercontent.com/anchore/syft/main/x"}}"#;
    let trivy = br#"{"SchemaVersion":2,"ArtifactName":"x"}"#;
    for bytes in [&syft[..], trivy] {
        assert!(matches!(read(bytes), Err(ReadError::Form(_))));
    }
}

#[test]
fn every_type_of_package_url_is_known_by_its_word() {
    assert_eq!(
        PackageKind::from_purl_type("pypi"),
        Some(PackageKind::Python)
    );
    assert_eq!(
        PackageKind::from_purl_type("wordpress"),
        Some(PackageKind::WordPress)
    );
    assert_eq!(PackageKind::from_purl_type("nothing"), None);
}

proptest! {
    #[test]
    fn packages_are_in_the_order_of_an_inventory(names in proptest::collection::vec("[a-c]{1,2}", 0..40)) {
        let components = names.iter().map(|name| json!({"type": "library", "name": name,
            "purl": format!("pkg:npm/{name}@1")}));
        let bill = told(&json!({"bomFormat": "CycloneDX", "components": components.collect::<Vec<_>>()}));
        let found: Vec<String> = bill.inventory.packages.into_iter().map(|one| one.name).collect();
        let mut names = names;
        names.sort();
        names.dedup();
        prop_assert_eq!(found, names);
    }

    #[test]
    fn no_text_makes_it_panic(purl in "pkg:(deb|rpm|npm|x)/[a-z%@/.?&=:-]{0,40}", words in ".{0,30}") {
        let component = json!({"type": "library", "name": words, "purl": purl, "version": words,
            "properties": [{"name": "plimsoll:source-package", "value": words}], "licenses": [words]});
        let _ = read(json!({"bomFormat": "CycloneDX", "components": [component]}).to_string().as_bytes());
        let package = json!({"name": words, "sourceInfo": words,
            "externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]});
        let _ = read(json!({"spdxVersion": words, "packages": [package]}).to_string().as_bytes());
        let _ = read(words.as_bytes());
    }
}

/// A report repeats them with each finding of the package.
#[test]
fn what_is_longer_than_any_package_url_or_version_identifies_nothing() {
    let long = "1".repeat(5000);
    let component = |purl: &str| json!({"type": "library", "name": "x", "purl": purl});
    let bill = told(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            component(&format!("pkg:pypi/a@{long}")),
            component(&format!("pkg:pypi/b@1?{}", "k=v&".repeat(2000))),
            component(&format!("pkg:pypi/c@1?k={}", "v".repeat(3000))),
        ],
    }));
    assert_eq!(packages(&bill), ["pypi c 1"]);
    assert_eq!(bill.unidentified, ["x", "x"]);
    let purl = json!([{"referenceType": "purl", "referenceLocator": "pkg:pypi/a"}]);
    let bill = told(&json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [{"SPDXID": "1", "name": "a", "versionInfo": long, "externalRefs": purl}],
    }));
    assert_eq!(packages(&bill), ["pypi a "]);
    let bill = told(&json!({"@graph": [{
        "type": "software_Package", "spdxId": "a", "name": "a", "software_packageVersion": long,
        "software_packageUrl": "pkg:pypi/a",
    }]}));
    assert_eq!(packages(&bill), ["pypi a "]);
}
