use super::*;

fn kinds(text: &str, program: bool) -> Vec<&'static str> {
    let mut hits = Hits::default();
    let piece = Piece {
        program,
        ..Piece::text(text)
    };
    Detector::shared().find(piece, &mut Told::default(), &mut hits);
    hits.into_iter().map(|hit| hit.kind).collect()
}

#[test]
fn a_program_that_looks_for_tokens_holds_none() {
    let mark = "glpat-";
    let list = format!("x {mark}pypi-xoxb-xoxa-AccountKey=dckr_pat_hvs.github_pat_");
    assert_eq!(kinds(&list, true), Vec::<&str>::new());
    let token = format!("TOKEN={mark}aB3dE5gH7jK9mN1pQ2rS\n");
    assert_eq!(kinds(&token, true), ["gitlab-token"]);
    assert_eq!(kinds(&token, false), ["gitlab-token"]);
    let routable = format!("{mark}aB3dE5gH7jK9mN1pQ2rSaB3dE5gH7jK.01.0z1x2y3w4");
    assert_eq!(kinds(&routable, false), ["gitlab-token"]);
}

#[test]
fn a_name_in_a_program_that_ends_like_a_mark_is_no_token() {
    let body = "wrapper1cpython2x86q64linux3gnu4mangl";
    assert_eq!(body.len(), 37);
    let name = format!("_hi{}s_{body}", "gh");
    assert_eq!(kinds(&name, true), Vec::<&str>::new());
    let apart = format!(" {}s_{}", "gh", &body[..36]);
    assert_eq!(kinds(&apart, true), ["github-token"]);
}

#[test]
fn texts_of_a_program_that_run_into_each_other_are_no_token() {
    let mark = format!("s{}_live_", "k");
    let run_together = format!("blocks{mark}mips64lewildcardstatfs64x86");
    assert!(kinds(&run_together, true).is_empty());
    assert_eq!(
        kinds(&format!("blocks {run_together}")[13..], true),
        ["stripe-key"]
    );
    let drawn = format!("blocks{mark}aB3dE5gH7jK9mN1pQ2rS4tU6wildcard");
    assert_eq!(kinds(&drawn, true), ["stripe-key"]);
}

#[test]
fn the_key_that_both_ends_of_a_tunnel_share() {
    let name = "OpenVPN Static key V1";
    let key = |line: &str, count: usize| {
        let lines = format!("{line}\n").repeat(count);
        format!("# 2048 bit\n-----BEGIN {name}-----\n{lines}-----END {name}-----\n")
    };
    let line = "069ed13b41b2094d7831054cc2002498";
    assert_eq!(kinds(&key(line, 16), false), ["openvpn-static-key"]);
    assert_eq!(kinds(&key(line, 15), false), [""; 0]);
    assert_eq!(kinds(&key(&"0".repeat(32), 16), false), [""; 0]);
    assert_eq!(
        kinds(&key("[inline key goes here for sure!]", 16), false),
        [""; 0]
    );
}

#[test]
fn a_mark_that_is_zeros() {
    let token = "xTmQbp%2BIHDtAhTBbyNJon%2BA72K4%3DeIaigY0QBrv6Rp8KZQQLOTpo9ubw5Jt";
    let drawn = "q7RtY2mWx9KpLz4VbN8c".repeat(4);
    for (zeros, rest, expected) in [
        (22, format!("Fnz2wAAAAAA{token}"), vec!["twitter-token"]),
        (30, format!("Fnz2wAAAAAA{token}"), vec![]),
        (22, drawn, vec![]),
    ] {
        let text = format!("a(\"{}{rest}\")", "A".repeat(zeros));
        assert_eq!(kinds(&text, false), expected, "{text}");
    }
    // Zeros without end take no time.
    assert!(kinds(&"A".repeat(1 << 20), false).is_empty());
}

#[test]
fn a_mark_in_an_address_is_told_whatever_stands_before_it() {
    let hook = format!(
        "url: https://discord.com/api/{}/{}/{}\n",
        "webhooks",
        "1".repeat(3).replace('1', "903847"),
        "aB3dE5gH7j".repeat(7)
    );
    assert_eq!(kinds(&hook, false), ["discord-webhook"]);
}

#[test]
fn a_json_web_token_is_told_where_people_put_their_own_files() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as URL;
    let token = |payload: &str| {
        let header = URL.encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        format!(
            "{header}.{}.{}",
            URL.encode(payload),
            "aB3dE5gH7j".repeat(4)
        )
    };
    let own = token("{\"sub\":\"system:serviceaccount:a:b\"}");
    assert_eq!(kinds(&own, false), ["jwt"]);
    let mut hits = Hits::default();
    let piece = Piece {
        own: false,
        ..Piece::text(&own)
    };
    Detector::shared().find(piece, &mut Told::default(), &mut hits);
    assert!(hits.is_empty());
    let manual = token("{\"sub\":\"1234567890\",\"name\":\"John Doe\"}");
    assert_eq!(kinds(&manual, false), Vec::<&str>::new());
}

#[test]
fn every_kind_is_found_by_its_mark() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    compiled(PEM);
    let mut runner = TestRunner::deterministic();
    let mut failed = Vec::new();
    // What is drawn decodes to nothing.
    for pattern in patterns().filter(|pattern| pattern.kind != "jwt") {
        // What is drawn is drawn from each range of a class alike: `+` would come too often.
        let mut regex = pattern.regex.to_owned();
        for (class, plain) in [
            ("0-9%", "0-9"),
            ("+/=", ""),
            ("+/", ""),
            ("_=.-", "_-"),
            ("_.=-", "_-"),
            ("_=-", "_-"),
        ] {
            regex = regex.replace(class, plain);
        }
        let strategy = proptest::string::string_regex(&regex).unwrap();
        let mut found = 0;
        for _ in 0..20 {
            let token = strategy.new_tree(&mut runner).unwrap().current();
            let text = format!("key = \"{token}\"\n");
            let hits = Detector::shared().find_in(&text);
            found += usize::from(hits.iter().any(|hit| hit.kind == pattern.kind));
        }
        // A few draws read like examples.
        if found < 14 {
            failed.push(format!(
                "{}: {found} of 20 of {}",
                pattern.kind, pattern.regex
            ));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn tokens_by_their_marks() {
    let hex = "9f3b7a1c5d2e8046b1f7c3a95e0d8264";
    let letters = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7hJ9kL1nM3qR5tV7wX9";
    let of = |count: usize| &letters[..count];
    for (kind, token) in [
        ("k3s-token", format!("K1{}{hex}{hex}::server:{hex}", "0")),
        (
            "openai-key",
            format!("s{}-{}T3BlbkFJ{}", "k", of(20), of(20)),
        ),
        ("ai-service-key", format!("s{}-{}", "k", of(48))),
        ("stripe-key", format!("s{}_prod_{}", "k", of(32))),
        ("duffel-test-token", format!("duffel_te{}_{}", "st", of(43))),
        (
            "shippo-test-token",
            format!("shippo_te{}_{hex}{}", "st", &hex[..8]),
        ),
        ("easypost-test-key", format!("EZ{}{}", "TK", of(54))),
        ("sourcegraph-token", format!("sl{}_{hex}{hex}", "k")),
        ("mailersend-token", format!("ml{}.{hex}{hex}", "sn")),
        ("netbird-token", format!("nb{}_{}", "p", of(36))),
        ("e2b-key", format!("e2{}_{hex}{}", "b", &hex[..8])),
        ("polar-token", format!("polar_o{}_{}", "at", of(43))),
        ("trello-token", format!("AT{}{hex}{hex}1A2B3C4D", "TA")),
        (
            "mapbox-token",
            format!(
                "s{}.eyJ1IjoiYWNtZSIsImEiOiJjbHc1aHF4ZGdsdnh6eDNzY2I4Zm52Z254In0.{}",
                "k",
                of(22)
            ),
        ),
    ] {
        assert_eq!(kinds(&format!("x = \"{token}\""), false), [kind], "{token}");
    }
    assert!(kinds(&format!("K1{}{hex}{hex}::server", "0"), false).is_empty());
}
