use plimsoll_model::Digest;
use proptest::prelude::*;

use super::*;
use crate::policy::vulnerabilities::image::BillReferences;
use crate::policy::vulnerabilities::testing;
use crate::policy::vulnerabilities::work::Work;

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
    let places: Vec<&str> = vex.dropped.iter().map(|one| one.what.as_str()).collect();
    let [third, fourth] = ["vex.json: statements[2]", "vex.json: statements[3]"];
    assert_eq!(places, [third, fourth, fourth]);
}

/// Whatever order they are named in.
#[test]
fn a_newer_version_takes_the_place_of_a_document() {
    let document = |version: &str, statements: &str| {
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://e.org/1","version":{version},
               "timestamp":"2026-01-08T18:02:03Z","statements":[{statements}]}}"#
        );
        read_text(&text).unwrap().statements
    };
    let of = |number: &str, status: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"{number}"}},"products":["pkg:npm/a"],"status":"{status}"}}"#
        )
    };
    let first = document(
        "1",
        &[of("CVE-1", "not_affected"), of("CVE-2", "fixed")].join(","),
    );
    let statements = [of("CVE-1", "affected"), of("CVE-3", "fixed")];
    let second = document("10", &statements.join(","));
    // A version of it that is about another image says nothing here.
    let mut other = document("99", &of("CVE-9", "affected"));
    for statement in &mut other {
        statement.attested_of = ["00".repeat(32)].into();
    }
    for statements in [
        [first.clone(), second.clone(), other.clone()].concat(),
        [other, second, first].concat(),
    ] {
        let image = ImageIdentity::default();
        let mut coverage = Coverage::new(&statements, &image, Work::of(1_000_000));
        let mut aside = |number: &str| {
            let found = testing::vulnerability(number, "a");
            let said = coverage.said(&testing::subject(&found)).unwrap();
            said.and_then(|statement| statement.status.sets_aside())
        };
        assert_eq!(aside("CVE-1"), None);
        assert_eq!(aside("CVE-2"), None);
        assert!(aside("CVE-3").is_some());
    }
}

/// A word on a part is none on the whole, wherever the parts stand.
#[test]
fn parts_beside_products_are_those_of_each() {
    let statement = |rest: &str| {
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns","statements":[
                {{"vulnerability":"CVE-1","status":"not_affected",{rest}}}]}}"#
        );
        read_text(&text).unwrap()
    };
    let vex =
        statement(r#""products":["pkg:oci/app","pkg:oci/b"],"subcomponents":["pkg:npm/a@1"]"#);
    let products = &vex.statements[0].products;
    assert_eq!(products.len(), 2);
    assert!(products.iter().all(|product| product.parts.len() == 1));
    // What each names itself counts first.
    let vex = statement(
        r#""products":[{"@id":"pkg:oci/app","subcomponents":["pkg:npm/b","pkg:npm/c"]}],
           "subcomponents":["pkg:npm/a@1"]"#,
    );
    assert_eq!(vex.statements[0].products[0].parts.len(), 2);
    for unknown in [
        r#""products":["pkg:oci/app"],"subcomponents":[{"@id":""}]"#,
        r#""subcomponents":[{"@id":""}]"#,
    ] {
        let vex = statement(unknown);
        assert_eq!(
            (vex.statements.len(), vex.dropped.len()),
            (0, 2),
            "{unknown}"
        );
    }
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

/// in-toto: a statement applies to its subjects, whatever its predicate names.
#[test]
fn what_is_attested_of_something_else_says_nothing() {
    let own = "ab".repeat(32);
    let image = ImageIdentity::of(&testing::image(
        "reg.example/app:1",
        Digest::from_sha256([0xab; 32]),
    ));
    let image = image.known_as(&[Digest::from_sha256([0xcd; 32])]);
    let one = testing::vulnerability("CVE-2026-1", "a");
    let openvex = r#""predicateType":"https://openvex.dev/ns/v0.2.0","predicate":{
        "@context":"https://openvex.dev/ns/v0.2.0","statements":[{"status":"fixed",
        "vulnerability":{"name":"CVE-2026-1"},"products":[{"@id":"pkg:npm/a"}]}]}"#;
    let bill = r#"{"bomFormat":"CycloneDX","components":[{"bom-ref":"a","purl":"pkg:npm/a"}],
        "vulnerabilities":[{"id":"CVE-2026-1","analysis":{"state":"resolved"},
        "affects":[{"ref":"a"}]}]}"#;
    let cyclonedx = format!(r#""predicateType":"https://cyclonedx.org/bom","predicate":{bill}"#);
    let wrapped = format!(
        r#""predicateType":"https://cyclonedx.org/bom/v1.6","predicate":{{"Data":{bill}}}"#
    );
    let other = "00".repeat(32);
    for (subject, in_file, attached) in [
        (
            format!(r#"{{"name":"app","digest":{{"sha256":"{own}"}}}}"#),
            true,
            true,
        ),
        (
            format!(r#"{{"digest":{{"sha256":"{}"}}}}"#, own.to_uppercase()),
            true,
            true,
        ),
        // The index that it was chosen from.
        (
            format!(r#"{{"digest":{{"sha256":"{}"}}}}"#, "cd".repeat(32)),
            true,
            true,
        ),
        (
            format!(r#"{{"name":"app","digest":{{"sha256":"{other}"}}}}"#),
            false,
            false,
        ),
        (
            format!(r#"{{"name":"app","digest":{{"sha512":"{other}"}}}}"#),
            false,
            false,
        ),
        (
            format!(r#"{{"digest":{{"sha256":"{other}"}}}},{{"digest":{{"sha256":"{own}"}}}}"#),
            true,
            true,
        ),
        // A package is not compared by its bytes; what is attached is attached to the image.
        (
            format!(r#"{{"name":"pkg:npm/a@1","digest":{{"sha256":"{other}"}}}}"#),
            true,
            false,
        ),
        (r#"{"name":"app"}"#.to_owned(), true, true),
    ] {
        let speaks = |vex: &Vex| {
            let mut coverage = Coverage::new(&vex.statements, &image, Work::of(1000));
            let said = coverage.said(&testing::subject(&one)).unwrap();
            assert_eq!(said.is_some(), coverage.validity(0) == Validity::Valid);
            said.is_some()
        };
        let of = |predicate: &str| {
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subject}],{predicate}}}"#
            )
        };
        for predicate in [openvex, &cyclonedx, &wrapped] {
            let vex = read_text(&of(predicate)).unwrap();
            assert_eq!(speaks(&vex), in_file, "{subject} {predicate:.60}");
        }
        let vex = parse_attached(of(openvex).as_bytes(), "vex.json");
        assert_eq!(speaks(&vex.unwrap().unwrap()), attached, "{subject}");
    }
    // Nothing is known of what has no digest.
    let text = format!(r#"{{"subject":[{{"digest":{{"sha256":"{own}"}}}}],{openvex}}}"#);
    let vex = read_text(&text).unwrap();
    let unknown = ImageIdentity::UNKNOWN;
    let coverage = Coverage::new(&vex.statements, &unknown, Work::of(1000));
    assert_eq!(coverage.validity(0), Validity::OfAnotherImage);
}

/// A short document may name many parts of as many products.
#[test]
fn parts_of_all_products_count_for_each() {
    let names = |number: usize| {
        let names = (0..number).map(|at| format!("\"pkg:npm/a{at}\""));
        names.collect::<Vec<_>>().join(",")
    };
    let statement = |products: usize, parts: usize| {
        let (products, parts) = (names(products), names(parts));
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns","statements":[{{"vulnerability":"C-1",
            "status":"fixed","products":[{products}],"subcomponents":[{parts}]}}]}}"#
        );
        read_text(&text).map(|vex| vex.statements[0].products.len())
    };
    assert_eq!(statement(100, 100).unwrap(), 100);
    let failure = statement(1000, 1000).unwrap_err();
    assert!(failure.contains("too many"), "{failure}");
}

/// What a statement means is said of where it cannot be told, beside what can.
#[test]
fn a_product_that_is_not_understood_is_told() {
    let cpe = r#"{"identifiers":{"cpe23":"cpe:2.3:a:a:a:1:*:*:*:*:*:*:*"}}"#;
    let part = format!(r#"{{"@id":"pkg:npm/a","subcomponents":["pkg:npm/c",{cpe}]}}"#);
    for (products, what) in [(cpe.to_owned(), "product"), (part, "part")] {
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{{"vulnerability":
            {{"name":"C-1"}},"status":"affected","products":["pkg:npm/b",{products}]}}]}}"#
        );
        let vex = read_text(&text).unwrap();
        assert_eq!(vex.statements.len(), 1);
        let whys: Vec<&str> = vex.dropped.iter().map(|one| one.why.as_str()).collect();
        let why = format!("names a {what} in a way that is not understood");
        assert_eq!(whys, [why], "{products}");
    }
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
    assert!(in_toto::subjects(&mut reading, &document).is_err());
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
    assert_eq!(vex.statements[2].products[0].parts[0].versions, ["1"]);
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
    let image = ImageIdentity::of(&testing::image("docker.io/library/app:1", digest.clone()));
    let mut named = product.itself.clone();
    assert!(!named.is_image(&image));
    named.sha256 = Some(digest.hex().to_uppercase());
    assert!(named.is_image(&image));
    named.sha256 = None;
    assert!(named.is_image(&image));
}

#[test]
fn versions_of_a_component_are_those_that_are_meant() {
    let read = |versions: &str, state: &str| {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","serialNumber":"urn:uuid:aaaa","components":[
                {{"bom-ref":"1","purl":"pkg:npm/a@1"}}],"vulnerabilities":[
                {{"id":"C-1","analysis":{{"state":"{state}"}},
                  "affects":[{{"ref":"1","versions":[{versions}]}}]}}]}}"#
        );
        let vex = read_text(&text).unwrap();
        let products = vex.statements.iter().flat_map(|one| one.products.iter());
        let versions = products.map(|product| product.itself.versions.clone());
        versions.collect::<Vec<_>>()
    };
    // A version may be told of to say that it is not meant.
    let two = r#"{"version":"1","status":"affected"},{"version":"2"}"#;
    assert!(read(two, "resolved").is_empty());
    let mended = r#"{"version":"1","status":"affected"},{"version":"2","status":"unaffected"}"#;
    assert_eq!(read(mended, "resolved"), [["2"]]);
    assert_eq!(read(two, "not_affected"), [["2"]]);
    assert_eq!(read(two, "exploitable"), [["1", "2"]]);
    let one = r#"{"version":"1","status":"affected"}"#;
    assert!(read(one, "not_affected").is_empty());
    let other = r#"{"version":"1","status":"unaffected"}"#;
    assert!(read(other, "exploitable").is_empty());
    assert_eq!(read(other, "not_affected"), [["1"]]);
}

#[test]
fn the_version_of_a_component_counts_where_its_package_url_has_none() {
    let read = |component: &str, affects: &str| {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","components":[{{"bom-ref":"1",{component}}}],
                "vulnerabilities":[{{"id":"C-1","analysis":{{"state":"not_affected"}},
                  "affects":[{{"ref":"1"{affects}}}]}}]}}"#
        );
        let vex = read_text(&text).unwrap();
        vex.statements[0].products[0].itself.versions.clone()
    };
    let bare = r#""version":"2","purl":"pkg:npm/a""#;
    assert_eq!(read(bare, ""), ["2"]);
    assert_eq!(read(bare, r#","versions":[{"version":"3"}]"#), ["3"]);
    assert!(read(r#""version":"2","purl":"pkg:npm/a@2""#, "").is_empty());
    assert!(read(r#""purl":"pkg:npm/a""#, "").is_empty());
}

/// Which of two packages, `a` at 0 and `b` at 1, a document sets `C-1` aside in, where the bill of
/// materials with the serial number `aaaa` calls them `c0` and `c1`.
fn set_aside(head: &str, affects: &str) -> Vec<usize> {
    let text = format!(
        r#"{{"bomFormat":"CycloneDX",{head}"vulnerabilities":[
            {{"id":"C-1","analysis":{{"state":"not_affected"}},"affects":[{{"ref":"{affects}"}}]}}]}}"#
    );
    let vex = read_text(&text).unwrap();
    let references = [("c0".to_owned(), 0), ("c1".to_owned(), 1)];
    let bills = vec![BillReferences::new("AAAA", references)];
    let digest = Digest::from_sha256([0xab; 32]);
    let image = ImageIdentity::of(&testing::image("registry.example/app:1", digest));
    let image = image.told_by(bills);
    let work = Work::of(1_000_000);
    let mut coverage = Coverage::new(&vex.statements, &image, work);
    ["a", "b"]
        .into_iter()
        .enumerate()
        .filter(|(at, name)| {
            let mut found = testing::vulnerability("C-1", name);
            found.package = *at;
            let subject = testing::subject(&found);
            let is_covered = coverage.said(&subject).unwrap().is_some();
            let mut heard = Vec::new();
            let mut work = work;
            coverage
                .each(&subject, &mut work, &mut |at| heard.push(at))
                .unwrap();
            assert_eq!(!heard.is_empty(), is_covered);
            is_covered
        })
        .map(|(at, _)| at)
        .collect()
}

/// A BOM-Link names a component of the bill that has that serial number, and of no other.
#[test]
fn a_link_is_to_the_bill_that_it_names() {
    let a = "pkg:npm/a@1.0.0";
    for (head, affects, aside) in [
        ("", "urn:cdx:aaaa/1#c0", &[0][..]),
        ("", "urn:cdx:AAAA/2#c1", &[1]),
        ("", "urn:cdx:aaaa/1#c2", &[]),
        ("", "urn:cdx:bbbb/1#c0", &[]),
        ("", "urn:cdx:bbbb/1#pkg:npm%2Fa%401.0.0", &[]),
        ("", "urn:cdx:bbbb/1#pkg:npm/a@1.0.0", &[]),
        // What the bill calls otherwise goes by its package URL.
        ("", "urn:cdx:aaaa/1#pkg:npm%2Fa%401.0.0", &[0]),
        ("", "urn:cdx:bbbb/1#pkg:oci%2Fapp%3Ftag=1", &[]),
        // It names no product.
        ("", a, &[0]),
        ("", "pkg:npm/a", &[0]),
        ("", "pkg:npm/a@1.0.0?package-id=57a1f0bd9c0f7a4b", &[0]),
        ("", "pkg:npm/a@1.0.1", &[]),
        // The bill itself, with statements in it.
        (
            r#""serialNumber":"urn:uuid:aaaa","components":[{"bom-ref":"c1","name":"b"}],"#,
            "c1",
            &[1],
        ),
        (r#""serialNumber":"urn:uuid:bbbb","#, "c1", &[]),
    ] {
        assert_eq!(set_aside(head, affects), aside, "{head} {affects}");
    }
}

/// An image goes by the digest of its manifest, as a product or as a part of the index it is in.
#[test]
fn an_image_goes_by_its_hash() {
    let [own, index, other] = ["ab", "cd", "ef"].map(|byte| byte.repeat(32));
    let by = |hash: &str| format!(r#""hashes":{{"sha-256":"{hash}"}}"#);
    let within = |whole: &str, part: &str| format!("{},\"subcomponents\":[{{{part}}}]", by(whole));
    let image = ImageIdentity::of(&testing::image(
        "registry.example/app:1",
        Digest::from_sha256([0xab; 32]),
    ));
    let image = image.known_as(&[Digest::from_sha256([0xcd; 32])]);
    for (product, speaks) in [
        (by(&own), true),
        (by(&own.to_uppercase()), true),
        (by(&format!("sha256:{own}")), true),
        (by(&index), true),
        (by(&other), false),
        // Whatever it is called.
        (format!(r#""@id":"pkg:oci/other",{}"#, by(&own)), true),
        (
            format!(r#""@id":"pkg:oci/app?tag=1",{}"#, by(&other)),
            false,
        ),
        // A hash that is not compared fits nothing.
        (
            r#""@id":"pkg:oci/app?tag=1","hashes":{"sha-512":"00"}"#.to_owned(),
            false,
        ),
        (within(&index, &by(&own)), true),
        (within(&index, &by(&other)), false),
        (within(&other, &by(&own)), false),
        (within(&own, r#""@id":"pkg:npm/a""#), true),
        (within(&own, r#""@id":"pkg:npm/b""#), false),
    ] {
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{{"vulnerability":
            {{"name":"C-1"}},"status":"not_affected","products":[{{{product}}}]}}]}}"#
        );
        let vex = read_text(&text).unwrap();
        let work = Work::of(1_000_000);
        let mut coverage = Coverage::new(&vex.statements, &image, work);
        let found = testing::vulnerability("C-1", "a");
        let said = coverage.said(&testing::subject(&found)).unwrap();
        assert_eq!(said.is_some(), speaks, "{product}");
    }
}

/// A document that is about another product sets nothing aside here.
#[test]
fn what_is_said_of_another_product_is_not_said_of_this_one() {
    let own = format!("sha256:{}", "ab".repeat(32));
    let other = format!("sha256:{}", "cd".repeat(32));
    let parts = r#""components":[{"bom-ref":"c9","purl":"pkg:npm/a@1.0.0"}],"#;
    let about = |subject: &str| {
        format!(r#""metadata":{{"component":{{"bom-ref":"root",{subject}}}}},{parts}"#)
    };
    let serial = format!(
        r#""serialNumber":"urn:uuid:aaaa",{}"#,
        about(r#""purl":"pkg:oci/other""#)
    );
    for (head, affects, aside) in [
        (
            about(&format!(r#""purl":"pkg:oci/x@{own}""#)),
            "c9",
            &[0][..],
        ),
        (
            about(&format!(r#""name":"app","version":"{own}""#)),
            "c9",
            &[0],
        ),
        (about(r#""purl":"pkg:oci/app?tag=1""#), "c9", &[0]),
        (
            about(&format!(r#""purl":"pkg:oci/app@{other}""#)),
            "c9",
            &[],
        ),
        (
            about(&format!(r#""name":"app","version":"{other}""#)),
            "c9",
            &[],
        ),
        (about(r#""purl":"pkg:oci/other""#), "c9", &[]),
        (about(r#""purl":"pkg:oci/other""#), "pkg:npm/a@1.0.0", &[]),
        (about(r#""purl":"pkg:npm/app@1""#), "c9", &[]),
        // Its own word for the whole of it.
        (about(r#""purl":"pkg:oci/other""#), "root", &[]),
        (about(r#""purl":"pkg:oci/app?tag=1""#), "root", &[0, 1]),
        // The name of an application is many's.
        (about(r#""name":"shop","version":"1""#), "c9", &[0]),
        // The bill of this image, whatever it calls it.
        (serial, "c9", &[0]),
        // A link says exactly of what it speaks.
        (
            about(r#""purl":"pkg:oci/other""#),
            "urn:cdx:aaaa/1#c0",
            &[0],
        ),
    ] {
        assert_eq!(set_aside(&head, affects), aside, "{head} {affects}");
    }
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
