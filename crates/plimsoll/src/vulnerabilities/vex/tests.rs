use plimsoll_model::{Digest, ImageConfig, ImageSummary};
use proptest::prelude::*;

use super::*;

fn read_text(text: &str) -> Result<Vex, String> {
    parse(text.as_bytes(), "vex.json").map_err(|failure| failure.to_string())
}

#[test]
fn openvex_is_read() {
    let vex = read_text(
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/1",
        "author":"Wolfi","timestamp":"2026-01-08T18:02:03.647787998-06:00","version":1,
        "statements":[
          {"vulnerability":{"@id":"https://nvd.nist.gov/vuln/detail/CVE-2026-1",
              "name":"GHSA-1","aliases":["GO-1"]},
           "products":[{"@id":"pkg:oci/app","hashes":{"sha-256":"ab"},
              "subcomponents":[{"identifiers":{"purl":"pkg:npm/a@1"}}]},"pkg:npm/b"],
           "status":"not_affected","justification":"vulnerable_code_not_present",
           "impact_statement":"patched out"},
          {"vulnerability":"CVE-2026-2","timestamp":"2026-02-01T00:00:00Z",
           "products":["pkg:npm/b"],"status":"under_investigation"},
          {"vulnerability":{"name":"CVE-2026-3"},"status":"fixed"},
          {"vulnerability":{"name":"CVE-2026-4"},"status":"fixed",
           "products":[{"@id":"pkg:oci/app","subcomponents":[{"@id":""}]}]}]}"#,
    )
    .unwrap();
    assert_eq!(vex.statements.len(), 2);
    let first = &vex.statements[0];
    assert_eq!(first.ids, ["GHSA-1", "GO-1", "CVE-2026-1"]);
    assert_eq!(first.products.len(), 2);
    assert_eq!(first.products[0].parts.len(), 1);
    assert_eq!(
        first.explanation(),
        "not affected, says Wolfi: vulnerable code not present: patched out"
    );
    assert!(first.said < vex.statements[1].said);
    // What is about nothing says nothing; what is about an unknown part does not speak of all.
    assert_eq!(vex.dropped.len(), 2);
    assert_eq!(vex.dropped[0].what, "vex.json: statements[2]");
}

#[test]
fn an_attestation_says_what_it_is_about() {
    let vex = read_text(
        r#"{"_type":"https://in-toto.io/Statement/v1",
        "subject":[{"name":"app","digest":{"sha256":"abcd"}}],
        "predicateType":"https://openvex.dev/ns/v0.2.0",
        "predicate":{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
            {"vulnerability":{"name":"CVE-2026-1"},"status":"fixed"}]}}"#,
    )
    .unwrap();
    let product = &vex.statements[0].products[0];
    assert_eq!(product.itself.sha256.as_deref(), Some("abcd"));
    assert!(product.itself.names.is_empty());
}

#[test]
fn what_statements_inherit_is_there_once() {
    let subjects: Vec<String> = (0..300)
        .map(|at| format!("{{\"name\":\"pkg:pypi/a{at}\"}}"))
        .collect();
    let statements: Vec<String> = (0..300)
        .map(|at| format!("{{\"vulnerability\":\"C-{at}\",\"status\":\"fixed\"}}"))
        .collect();
    let text = format!(
        r#"{{"subject":[{}],"predicateType":"https://openvex.dev/ns/v0.2.0",
        "predicate":{{"statements":[{}]}}}}"#,
        subjects.join(","),
        statements.join(",")
    );
    let vex = read_text(&text).unwrap();
    let first = &vex.statements[0].products;
    assert_eq!(first.len(), 300);
    for statement in &vex.statements {
        assert!(Arc::ptr_eq(first, &statement.products));
    }
    // They count, too.
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut reading = Reading::of("vex.json");
    reading.parts = MAX_PARTS - 299;
    assert!(openvex::subjects(&mut reading, &document).is_err());
}

#[test]
fn envelopes_are_opened() {
    // {"@context":"https://openvex.dev/ns/v0.2.0","statements":[]} in base64.
    let payload =
        "eyJAY29udGV4dCI6Imh0dHBzOi8vb3BlbnZleC5kZXYvbnMvdjAuMi4wIiwic3RhdGVtZW50cyI6W119";
    for text in [
        format!(r#"{{"payloadType":"application/vnd.in-toto+json","payload":"{payload}"}}"#),
        format!(r#"{{"dsseEnvelope":{{"payload":"{payload}"}},"mediaType":"x"}}"#),
    ] {
        assert!(read_text(&text).unwrap().statements.is_empty());
    }
    // What is no VEX document is nobody's mistake where it is only attached.
    let other = br#"{"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}"#;
    assert!(parse_any(other, "x").unwrap().is_none());
    assert!(read_text(r#"{"payload":"e30="}"#).is_err());
    let broken = read_text(r#"{"payload":"***"}"#).unwrap_err();
    assert!(broken.contains("no base64"), "{broken}");
}

#[test]
fn cyclonedx_is_read() {
    let vex = read_text(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6",
        "metadata":{"timestamp":"2026-01-01T00:00:00Z",
            "component":{"bom-ref":"image","purl":"pkg:oci/app@sha256%3Aab","type":"container"}},
        "components":[{"bom-ref":"one","purl":"pkg:npm/a@1",
            "components":[{"bom-ref":"two","purl":"pkg:npm/b@1"}]}],
        "vulnerabilities":[
          {"id":"CVE-2026-1","references":[{"id":"GHSA-1"}],
           "analysis":{"state":"false_positive","detail":"another product"},
           "affects":[{"ref":"two"},
              {"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fc%401"}]},
          {"id":"CVE-2026-2","analysis":{"state":"resolved"},"affects":[{"ref":"image"}]},
          {"id":"CVE-2026-3","analysis":{"state":"exploitable"},
           "affects":[{"ref":"one","versions":[{"version":"1","status":"affected"}]}]},
          {"id":"CVE-2026-4","affects":[{"ref":"one"}]},
          {"id":"CVE-2026-5","analysis":{"state":"in_triage"},
           "affects":[{"ref":"nowhere"},{"ref":"one","versions":[{"range":"vers:npm/<2"}]}]},
          {"id":"CVE-2026-6","analysis":{"state":"not_affected"}}]}"#,
    )
    .unwrap();
    let told: Vec<_> = vex
        .statements
        .iter()
        .map(|one| (one.ids.join(" "), one.status, one.products.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("CVE-2026-1 GHSA-1".to_owned(), Status::NotAffected, 2),
            ("CVE-2026-2".to_owned(), Status::Fixed, 1),
            ("CVE-2026-3".to_owned(), Status::Affected, 1),
        ]
    );
    assert_eq!(vex.statements[2].products[0].itself.versions, ["1"]);
    assert_eq!(vex.dropped.len(), 3);
}

#[test]
fn a_statement_inherits_when_its_document_was_issued() {
    let vex = read_text(
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-01-01T00:00:00Z",
        "last_updated":"2026-06-01T00:00:00Z","statements":[
          {"vulnerability":"C-1","products":["pkg:npm/b"],"status":"not_affected"},
          {"vulnerability":"C-1","products":["pkg:npm/b"],"status":"affected",
           "timestamp":"2026-03-01T00:00:00Z"},
          {"vulnerability":"C-1","products":["pkg:npm/b"],"status":"fixed",
           "timestamp":"2026-02-01T00:00:00Z","last_updated":"2026-04-01T00:00:00Z"}]}"#,
    )
    .unwrap();
    let mut said: Vec<_> = vex.statements.iter().map(|one| one.said).collect();
    assert!(said.is_sorted() && said[0].is_some());
    said.dedup();
    assert_eq!(said.len(), 3);
}

#[test]
fn what_is_named_by_bytes_is_those_bytes() {
    let vex = read_text(
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
          {"vulnerability":"C-1","status":"fixed","products":[
            {"@id":"pkg:npm/a","hashes":{"sha-256":"00"}},
            {"@id":"pkg:oci/app","hashes":{"sha-256":"00"},"subcomponents":[
                {"@id":"pkg:npm/b","hashes":{"sha-256":"00"}}]},
            {"@id":"pkg:oci/app?repository_url=docker.io/library","hashes":{"sha-256":"00"}}]}]}"#,
    )
    .unwrap();
    let [product] = &*vex.statements[0].products else {
        panic!("{:?}", vex.statements[0].products)
    };
    assert_eq!(vex.dropped.len(), 2);
    let digest = Digest::from_sha256([0xab; 32]);
    let image = ImageIdentity::of(&ImageSummary {
        name: "docker.io/library/app:1".to_owned(),
        digest: digest.clone(),
        config: ImageConfig::default(),
        compressed_size: 0,
    });
    let mut named = product.itself.clone();
    assert!(!named.is_image(&image));
    named.sha256 = Some(digest.hex().to_uppercase());
    assert!(named.is_image(&image));
    named.sha256 = None;
    assert!(named.is_image(&image));
}

#[test]
fn a_component_of_another_bill_is_no_component_here() {
    let read = |link: &str, versions: &str, state: &str| {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","serialNumber":"urn:uuid:aaaa","components":[
                {{"bom-ref":"1","purl":"pkg:npm/a@1"}}],"vulnerabilities":[
                {{"id":"C-1","analysis":{{"state":"{state}"}},
                  "affects":[{{"ref":"{link}","versions":[{versions}]}}]}}]}}"#
        );
        let vex = read_text(&text).unwrap();
        let products = vex.statements.iter().flat_map(|one| one.products.iter());
        let versions = products.map(|product| product.itself.versions.clone());
        versions.collect::<Vec<_>>()
    };
    let all: Vec<Vec<String>> = vec![Vec::new()];
    assert_eq!(read("urn:cdx:aaaa/1#1", "", "resolved"), all);
    assert_eq!(read("1", "", "resolved"), all);
    assert!(read("urn:cdx:bbbb/1#1", "", "resolved").is_empty());
    assert_eq!(read("urn:cdx:bbbb/1#pkg:npm%2Fa", "", "resolved"), all);
    // A version may be told of to say that it is not meant.
    let two = r#"{"version":"1","status":"affected"},{"version":"2"}"#;
    assert_eq!(read("1", two, "resolved"), [["2"]]);
    assert_eq!(read("1", two, "exploitable"), [["1", "2"]]);
    let one = r#"{"version":"1","status":"affected"}"#;
    assert!(read("1", one, "not_affected").is_empty());
    let other = r#"{"version":"1","status":"unaffected"}"#;
    assert!(read("1", other, "exploitable").is_empty());
    assert_eq!(read("1", other, "not_affected"), [["1"]]);
}

#[test]
fn what_is_none_is_told() {
    let openvex = |statement: &str| {
        format!("{{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[{statement}]}}")
    };
    for (text, said) in [
        ("{\n\n!".to_owned(), "vex.json:3: "),
        ("{}".to_owned(), "vex.json: neither"),
        ("[]".to_owned(), "vex.json: neither"),
        (
            "{\"@context\":\"https://openvex.dev/ns\"}".to_owned(),
            "vex.json: statements: a list",
        ),
        (openvex("{}"), "vex.json: statements[0]: names no"),
        (
            openvex("{\"vulnerability\":{\"name\":\"C\"},\"status\":\"x\"}"),
            "vex.json: statements[0].status: expected",
        ),
        (
            openvex("{\"vulnerability\":\"C\",\"status\":\"fixed\",\"timestamp\":\"soon\"}"),
            "vex.json: statements[0].timestamp: not a time",
        ),
        (
            "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[{\"analysis\":{\"state\":\"x\"}}]}"
                .to_owned(),
            "vex.json: vulnerabilities[0].analysis.state: expected",
        ),
        (
            "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[{\"id\":\"C\",\"analysis\":\
             {\"state\":\"exploitable\",\"lastUpdated\":\"2026-01-01 10:00\"}}]}"
                .to_owned(),
            "vex.json: vulnerabilities[0].analysis.lastUpdated: not a time",
        ),
        ("[".repeat(100_000), "vex.json:1: recursion"),
    ] {
        let failure = read_text(&text).unwrap_err();
        assert!(failure.starts_with(said), "{failure}");
    }
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(
        head in prop_oneof![
            Just("\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\""),
            Just("\"bomFormat\":\"CycloneDX\",\"vulnerabilities\""),
            Just("\"bomFormat\":\"CycloneDX\",\"components\""),
        ],
        body in "(\\[|\\]|\\{|\\}|,|:|\"(id|ref|status|vulnerability|products|analysis|affects|fixed|state|bom-ref|purl|pkg:npm/[a-z%@é]{0,4}|urn:cdx:[#%é0-9a-f]{0,6})\"|1|null){0,40}",
        tail in "\\]{0,2}\\}{0,2}",
    ) {
        let _ = parse(format!("{{{head}:[{body}{tail}").as_bytes(), "vex.json");
        let _ = parse(format!("{{{head}:{body}}}").as_bytes(), "vex.json");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes, "vex.json");
    }
}
