//! Bills of materials in forms that are not read, told by how they begin, so that people hear what
//! they have and not that it is no image.

/// How much of a file tells.
const HEAD: usize = 4096;

/// The form that bytes other than JSON are in; nothing where they are no bill of materials.
pub(super) fn of_text(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(HEAD)];
    if is_protobuf(head) {
        return Some("is CycloneDX in its protobuf form");
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return if text.contains("cyclonedx.org/schema/bom") {
            Some("is CycloneDX in its XML form")
        } else if text.contains("spdx.org/rdf") {
            Some("is SPDX in its RDF form")
        } else {
            None
        };
    }
    let begins = |word: &str| text.lines().any(|line| line.trim_end().starts_with(word));
    if begins("SPDXVersion: SPDX-") {
        Some("is SPDX in its tag-value form")
    } else if begins("spdxVersion:") {
        Some("is SPDX in its YAML form")
    } else {
        None
    }
}

/// What other JSON it is that tools write of packages.
pub(super) fn of_json(bytes: &[u8]) -> Option<&'static str> {
    let has = |word: &str| {
        let mut windows = bytes.windows(word.len());
        windows.any(|window| window == word.as_bytes())
    };
    if has("anchore/syft/") && has("\"artifacts\"") {
        Some("is syft's own JSON (`syft convert FILE -o cyclonedx-json`)")
    } else if has("\"ArtifactName\"") && has("\"SchemaVersion\"") {
        Some("is Trivy's own JSON (`trivy convert --format cyclonedx FILE`)")
    } else {
        None
    }
}

/// A message that begins with field 1, the version of the format: `1.4` and later.
fn is_protobuf(head: &[u8]) -> bool {
    matches!(head, [0x0a, 3, b'1', b'.', b'0'..=b'9', ..])
}
