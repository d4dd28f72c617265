use jsonschema::Registry;
use plimsoll_attest::{SbomInput, cyclonedx, spdx, spdx3};
use plimsoll_model::{
    Digest, Distribution, Evidence, ImageConfig, Inventory, LayerFacts, Package, PackageKind,
    Platform, Position, Skipped, SourceOrigin, Span, Topic,
};
use serde_json::Value;

fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

fn layer(byte: u8) -> LayerFacts {
    LayerFacts {
        digest: digest(byte),
        diff_id: digest(byte + 100),
        compressed_size: 10,
        size: 20,
        entries: 3,
        instruction: None,
        source: None,
        file_bytes: 0,
        wasted: 0,
        hidden: 0,
    }
}

fn package(kind: PackageKind, name: &str, purl: &str, license: &str) -> Package {
    Package {
        license: Some(license.to_owned()),
        size: Some(7),
        ..Package::new(
            kind,
            name,
            "1.0",
            purl.to_owned(),
            format!("lib/{name}"),
            Evidence::Database,
            1,
        )
    }
}

pub(crate) fn inventory() -> Inventory {
    let mut deb = package(
        PackageKind::Deb,
        "python3-six",
        "pkg:deb/debian/python3-six@1.0?arch=all&distro=debian-12",
        "Expat, GPL-2+, public-domain",
    );
    deb.license_expression =
        Some("MIT AND GPL-2.0-or-later AND LicenseRef-public-domain".to_owned());
    deb.source = Some(("six".to_owned(), "1.0-1".to_owned()));
    let mut six = package(PackageKind::Python, "six", "pkg:pypi/six@1.0", "MIT");
    six.license_expression = Some("MIT".to_owned());
    six.owned_by = Some("python3-six".to_owned());
    let mut twice = package(
        PackageKind::Npm,
        "@a/b",
        "pkg:npm/%40a/b@1.0",
        "MIT OR Apache-2.0",
    );
    twice.license_expression = Some("MIT OR Apache-2.0".to_owned());
    twice.path = "app/node_modules/c/node_modules/@a/b/package.json".to_owned();
    Inventory {
        distribution: Some(Distribution {
            id: "debian".to_owned(),
            version: "12".to_owned(),
            name: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            ..Distribution::default()
        }),
        packages: vec![
            deb,
            six,
            package(
                PackageKind::Npm,
                "@a/b",
                "pkg:npm/%40a/b@1.0",
                "SEE LICENSE IN \u{1b}[31m",
            ),
            twice,
            package(PackageKind::Npm, "odd \"name\"", "", ""),
        ],
        layers: vec![layer(1), layer(2)],
        ..Inventory::default()
    }
}

fn made(inventory: &Inventory, created: Option<&str>, timestamp: Option<i64>) -> Vec<u8> {
    rendered(cyclonedx::document, inventory, created, timestamp)
}

/// A bill of materials in some format.
pub(crate) fn rendered(
    render: impl Fn(&SbomInput<'_>) -> Vec<u8>,
    inventory: &Inventory,
    created: Option<&str>,
    timestamp: Option<i64>,
) -> Vec<u8> {
    rendered_with(&[], render, inventory, created, timestamp)
}

fn rendered_with(
    skipped: &[Skipped],
    render: impl Fn(&SbomInput<'_>) -> Vec<u8>,
    inventory: &Inventory,
    created: Option<&str>,
    timestamp: Option<i64>,
) -> Vec<u8> {
    let config = ImageConfig {
        created: created.map(str::to_owned),
        platform: Platform::parse("linux/amd64"),
        ..ImageConfig::default()
    };
    render(&SbomInput {
        name: "ghcr.io/acme/app:1.2",
        called: "ghcr.io/acme/app:1.2",
        digest: &digest(9),
        config: &config,
        inventory,
        layer_sources: &[
            None,
            Some(SourceOrigin {
                file: "Dockerfile".to_owned(),
                span: Span::new(10, 20),
                start: Position { line: 3, column: 1 },
                end: Position {
                    line: 3,
                    column: 11,
                },
            }),
        ],
        skipped,
        timestamp,
        tool_version: "0.1.0",
    })
}

/// Others name packages by what the document calls them.
#[test]
fn references_are_those_of_the_document() {
    let inventory = inventory();
    let references = std::cell::RefCell::new(None);
    let bytes = rendered(
        |input| {
            *references.borrow_mut() = Some(cyclonedx::references(input));
            cyclonedx::document(input)
        },
        &inventory,
        None,
        None,
    );
    let (serial, names) = references.take().unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["serialNumber"], format!("urn:uuid:{serial}"));
    assert_eq!(names.len(), inventory.packages.len());
    let components = document["components"].as_array().unwrap();
    for (package, name) in inventory.packages.iter().zip(&names) {
        let component = components
            .iter()
            .find(|component| component["bom-ref"] == name.as_str())
            .unwrap();
        if !package.purl.is_empty() {
            assert_eq!(component["purl"], package.purl.as_str());
        }
    }
}

fn assert_valid(bytes: &[u8]) {
    let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let registry = Registry::new()
        .add(
            "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
            schema(include_str!("../schemas/jsf-0.82.SNAPSHOT.schema.json")),
        )
        .unwrap()
        .add(
            "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
            schema(include_str!("../schemas/spdx.SNAPSHOT.schema.json")),
        )
        .unwrap()
        .prepare()
        .unwrap();
    let bom = schema(include_str!("../schemas/bom-1.6.SNAPSHOT.schema.json"));
    let validator = jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&bom)
        .unwrap();
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn documents_keep_to_the_published_schema() {
    assert_valid(&made(&inventory(), None, Some(1_700_000_000)));
    assert_valid(&made(
        &Inventory::default(),
        Some("2026-11-21T01:02:03.5Z"),
        None,
    ));
    assert_valid(&made(&Inventory::default(), Some("not a time"), None));
}

#[test]
fn the_schema_in_use_does_refuse() {
    let broken = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"boat","name":"x"}]}"#;
    let refused = std::panic::catch_unwind(|| assert_valid(broken));
    assert!(refused.is_err());
}

#[test]
fn every_component_is_found_by_layer_line_and_owner() {
    let value: Value = serde_json::from_slice(&made(&inventory(), None, Some(0))).unwrap();
    assert_eq!(value["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
    assert_eq!(
        value["metadata"]["component"]["purl"],
        format!(
            "pkg:oci/app@{}?arch=amd64&repository_url=ghcr.io%2Facme%2Fapp&tag=1.2",
            digest(9)
        )
    );
    let components = value["components"].as_array().unwrap();
    assert_eq!(components.len(), 6);
    assert_eq!(components[0]["type"], "operating-system");
    let six = &components[2];
    let property = |name: &str| {
        six["properties"]
            .as_array()
            .unwrap()
            .iter()
            .find(|property| property["name"] == name)
            .map(|property| property["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(property("plimsoll:layer").as_deref(), Some("1"));
    assert_eq!(
        property("plimsoll:layer-diff-id"),
        Some(digest(102).to_string())
    );
    assert_eq!(
        property("plimsoll:dockerfile-line").as_deref(),
        Some("Dockerfile:3")
    );
    assert_eq!(
        property("plimsoll:owned-by").as_deref(),
        Some("python3-six")
    );
    assert_eq!(components[3]["group"], "@a");
    assert_eq!(
        components[1]["licenses"],
        serde_json::json!([
            {"expression": "MIT AND GPL-2.0-or-later AND LicenseRef-public-domain"}
        ])
    );
    let dependencies = value["dependencies"].as_array().unwrap();
    let of = |reference: &Value| {
        dependencies
            .iter()
            .find(|dependency| dependency["ref"] == *reference)
            .map(|dependency| dependency["dependsOn"].as_array().unwrap().clone())
    };
    // What a Debian package brought hangs on it, all else on the image.
    assert_eq!(
        of(&components[1]["bom-ref"]).unwrap(),
        [six["bom-ref"].clone()]
    );
    let top = of(&value["metadata"]["component"]["bom-ref"]).unwrap();
    assert_eq!(top.len(), 5);
    assert!(!top.contains(&six["bom-ref"]));
}

/// Nobody who has the bill alone is to take it for all that there is.
#[test]
fn a_bill_says_that_it_is_incomplete() {
    let gap = |what: &str, about| Skipped::blocking(about, what, "it is damaged");
    let gaps = [
        gap("layer 2", Topic::Files),
        gap("opt/app", Topic::Packages),
        gap("etc/key", Topic::Secrets),
    ];
    let inventory = inventory();
    let said =
        "Incomplete: these were not looked at in full, and may hold packages: layer 2; opt/app";
    let written = |gaps: &[Skipped], render: fn(&SbomInput<'_>) -> Vec<u8>| -> Value {
        let bytes = rendered_with(gaps, render, &inventory, None, Some(0));
        serde_json::from_slice(&bytes).unwrap()
    };
    let bytes = rendered_with(&gaps, cyclonedx::document, &inventory, None, Some(0));
    assert_valid(&bytes);
    let bill = written(&gaps, cyclonedx::document);
    let image = &bill["metadata"]["component"];
    assert_eq!(bill["compositions"][0]["aggregate"], "incomplete");
    assert_eq!(bill["compositions"][0]["assemblies"][0], image["bom-ref"]);
    let properties = image["properties"].as_array().unwrap();
    let told = |one: &Value| one["name"] == "plimsoll:incomplete" && one["value"] == said;
    assert!(properties.iter().any(told), "{image}");
    assert_eq!(written(&gaps, spdx::document)["comment"], said);
    let graph = written(&gaps, spdx3::document)["@graph"].clone();
    let documents = graph.as_array().unwrap().iter();
    let mut documents = documents.filter(|one| one["type"] == "SpdxDocument");
    assert_eq!(documents.next().unwrap()["comment"], said);
    // Who reads it is told.
    for render in [cyclonedx::document, spdx::document, spdx3::document] {
        let read = |gaps: &[Skipped]| {
            let bytes = rendered_with(gaps, render, &inventory, None, Some(0));
            plimsoll_attest::read::read(&bytes).unwrap().incomplete
        };
        assert_eq!(read(&gaps).as_deref(), said.strip_prefix("Incomplete: "));
        assert_eq!(read(&gaps[2..]), None);
    }
    let bill = written(&gaps[2..], cyclonedx::document);
    assert!(bill.get("compositions").is_none());
    assert!(written(&gaps[2..], spdx::document).get("comment").is_none());
}

#[test]
fn equal_input_gives_equal_bytes_and_other_input_another_number() {
    let first = made(&inventory(), None, Some(5));
    assert_eq!(first, made(&inventory(), None, Some(5)));
    let number =
        |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap()["serialNumber"].clone();
    assert_ne!(
        number(&first),
        number(&made(&Inventory::default(), None, Some(5)))
    );
}
