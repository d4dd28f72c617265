//! Properties that hold for any bytes: no reader panics, and a search in pieces finds what a search
//! of the whole finds.

use proptest::prelude::*;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::catalogue::CATALOGUERS;
use crate::secret::{Detector, Found, Searcher};

/// Pieces that readers look for, put together at random.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"Package: x\n".to_vec()),
        Just(b"Status: install ok installed\n".to_vec()),
        Just(b"Version: 1\n\n".to_vec()),
        Just(b"Name: x\nVersion:".to_vec()),
        Just(b"{\"name\":\"a\",\"version\":".to_vec()),
        Just(b"\"auths\":{\"r\":{\"auth\":\"".to_vec()),
        Just(b"ID=\"".to_vec()),
        Just(b"P:x\nV:1\nF:a\nR:b\nZ:Q1\n\n".to_vec()),
        Just(b"%NAME%\nx\n%VERSION%\n1\n%FILES%\n".to_vec()),
        Just(b"License: GPL-2+ with x or (\n/usr/share/common-licenses/GPL".to_vec()),
        Just(b",sha256=a,18446744073709551615\n".to_vec()),
        Just(format!("-----{} RSA PRIVATE KEY-----\\n", "BEGIN").into_bytes()),
        Just(b"-----END RSA PRIVATE KEY-----".to_vec()),
        Just(format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7").into_bytes()),
        Just(b"aws_secret_access_key = ".to_vec()),
        Just(b"postgres://a:b\xff@c".to_vec()),
        Just(b"postgres://app:s3cr3t!x@db/".to_vec()),
        Just(b"\ndb_password: \"Tr0ub4dor&3x\"".to_vec()),
        Just(b"api_key = \"".to_vec()),
        Just(b"Bearer eyJ".to_vec()),
        Just(b"client-key-data: LS0t".to_vec()),
        Just(b"abc8Q~".to_vec()),
        Just(b"SG.".to_vec()),
        Just(b":AA".to_vec()),
        Just(b".atlasv1.".to_vec()),
        "[A-Za-z0-9+/]{60,90}={0,2}".prop_map(String::into_bytes),
        Just(
            BASE64
                .encode(format!(
                    "x gh{}_{}",
                    "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7"
                ))
                .into_bytes()
        ),
        Just(b"=\"\xc3\xa4'\\".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_reader_panics(bytes in pieces()) {
        for cataloguer in CATALOGUERS {
            let _ = (cataloguer.read)("var/lib/dpkg/status", &bytes);
        }
        let detector = Detector::shared();
        for name in [".env", ".npmrc", ".netrc", ".pypirc", ".git-credentials", "config.json", "x"] {
            let _ = in_pieces(name, &bytes, &[usize::MAX], u64::MAX);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let config = plimsoll_model::ImageConfig {
            env: vec![text.clone()],
            history: vec![plimsoll_model::HistoryEntry {
                created_by: Some(format!("|1 {text}")),
                ..plimsoll_model::HistoryEntry::default()
            }],
            ..plimsoll_model::ImageConfig::default()
        };
        let shown = crate::redacted(&config);
        let _ = crate::secret::in_config(&shown.config, &shown, detector);
    }

    #[test]
    fn any_path_is_told_apart(path in "([a-z@./_-]|node_modules/|\\.dist-info/|METADATA|package\\.json|\u{fffd}){0,12}") {
        let _ = crate::catalogue::claimant(&crate::catalogue::Candidate::named(&path));
        let _ = crate::catalogue::npm::package_folder(&path);
    }

}

fn in_pieces(path: &str, bytes: &[u8], lengths: &[usize], limit: u64) -> Found {
    let mut searcher = Searcher::new(Detector::shared(), limit);
    let mut search = searcher.file(path, bytes.len() as u64);
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        let (piece, later) = rest.split_at(rest.len().min(*length));
        search.feed(piece);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    search.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn where_pieces_are_parted_changes_nothing(
        begin in pieces(),
        middle in prop_oneof![0_usize..4, 0_usize..90_000, 1_030_000_usize..1_400_000],
        end in pieces(),
        fill in prop_oneof![Just(b'\n'), Just(b'a'), Just(0_u8)],
        lengths in proptest::collection::vec(
            prop_oneof![1_usize..300, 300_usize..50_000, 50_000_usize..2_000_000], 1..6),
        limit in prop_oneof![Just(u64::MAX), 0_u64..100_000],
    ) {
        let mut bytes = begin;
        bytes.resize(bytes.len() + middle, fill);
        bytes.extend(end);
        for path in ["a/.env", "x"] {
            let whole = in_pieces(path, &bytes, &[usize::MAX], limit);
            prop_assert_eq!(in_pieces(path, &bytes, &lengths, limit), whole);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_token_is_found_wherever_it_lies(before in 0_usize..2_200_000) {
        let token = format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
        let mut bytes = vec![b'\n'; before];
        bytes.extend(token.bytes());
        let found = in_pieces("x", &bytes, &[1 << 16], u64::MAX);
        prop_assert_eq!(found.sightings.len(), 1);
        prop_assert_eq!(found.sightings[0].line, Some(before + 1));
    }
}
