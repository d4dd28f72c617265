use proptest::prelude::*;

use super::*;

fn found(text: &str) -> (Vec<(&'static str, &str)>, usize) {
    let (mut hits, mut cleared) = (Hits::default(), Vec::new());
    in_manifests(Detector::shared(), text, &mut hits, &mut cleared);
    let hits = hits
        .into_iter()
        .map(|hit| (hit.kind, &text[hit.start..hit.end]))
        .collect();
    (hits, cleared.len())
}

#[test]
fn values_are_told_as_what_they_decode_to() {
    let password = BASE64.encode("hunter2-of-ours\n");
    let token = BASE64.encode(format!(
        "gh{}_{}",
        "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7"
    ));
    let user = BASE64.encode("admin");
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  password: {password}\n---\n\
         data:\n  username: {user}\n  # the password\n  password: \"{password}\"\n  ci: {token}\nkind: Secret\n\
         metadata:\n  name: {password}\n"
    );
    let both = vec![("kubernetes-secret", &*password), ("github-token", &*token)];
    assert_eq!(found(&yaml), (both.clone(), 1));
    let json = format!(
        "{{\"kind\":\"List\",\"items\":[{{\"kind\":\"Secret\",\"data\":{{\"username\":\"{user}\",\
         \"password\":\"{password}\",\"ci\":\"{token}\"}}}}]}}"
    );
    assert_eq!(found(&json), (both, 1));
    let plain = "kind: Secret\nstringData:\n  password: hunter2-of-ours\n";
    assert_eq!(found(plain).0, [("kubernetes-secret", "hunter2-of-ours")]);
}

/// Whatever escapes stand in it, a value is what they mean, and its place is where it is written.
#[test]
fn values_are_read_as_their_format_means_them() {
    let value = "q7&R\"tY2'mW\nx9";
    let print = Fingerprint::of(value.as_bytes());
    let json = "q7\\u0026R\\\"tY2'mW\\nx9";
    let encoded = BASE64.encode(value);
    let (first, last) = encoded.split_at(8);
    for (text, written) in [
        (
            format!("{{\"kind\":\"Secret\",\"stringData\":{{\"password\":\"{json}\"}}}}"),
            json.to_owned(),
        ),
        (
            format!("kind: Secret\nstringData:\n  password: \"{json}\" # ours\n  user: x\n"),
            json.to_owned(),
        ),
        (
            format!("kind: Secret\ndata:\n  password: |\n    {first}\n    {last}\n  user: eA==\n"),
            format!("{first}\n    {last}"),
        ),
        (
            format!("data: # ours\n  password: >-\n    {encoded}\nkind: Secret\n"),
            encoded.clone(),
        ),
    ] {
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_manifests(Detector::shared(), &text, &mut hits, &mut cleared);
        let told: Vec<&str> = hits.iter().map(|hit| &text[hit.start..hit.end]).collect();
        assert_eq!(told, [written], "{text}");
        assert_eq!(hits[0].fingerprint, print, "{text}");
    }
    let plain = [
        ("'q7''tY2mW' # x", "q7''tY2mW", "q7'tY2mW"),
        ("q7#tY2mW # x", "q7#tY2mW", "q7#tY2mW"),
        ("|\n    q7: #tY2mW", "q7: #tY2mW", "q7: #tY2mW"),
    ];
    for (value, written, said) in plain {
        let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_manifests(Detector::shared(), &text, &mut hits, &mut cleared);
        assert_eq!(&text[hits[0].start..hits[0].end], written, "{text}");
        assert_eq!(hits[0].fingerprint, Fingerprint::of(said.as_bytes()));
    }
}

/// What is a placeholder once its escapes are read is one.
#[test]
fn placeholders_may_be_escaped() {
    for value in [
        "\"\\u003cpassword\\u003e\"",
        "\"change\\u006de\"",
        "'<password>'",
    ] {
        let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
        assert_eq!(found(&text), (vec![], 1), "{text}");
    }
    // A configuration in more lines is no value of its name, and its lines are read.
    let text =
        "kind: Secret\nstringData:\n  app.yml: |\n    user: bob\n    password: hunter2-of-ours\n";
    assert_eq!(found(text).0, [("kubernetes-secret", "hunter2-of-ours")]);
}

/// Nor is one in a single line, in a block or in quotes: others read it.
#[test]
fn configurations_of_one_line_are_left_to_others() {
    for value in [
        "app.yml: |-\n    password: changeme",
        "app.yml: |-\n    url: x\n  user: bob",
        ".env: |\n    DB_PASSWORD=hunter2-of-ours",
        "app.properties: |\n    spring.datasource.password=hunter2-of-ours",
        "password.properties: |\n    db=hunter2-of-ours",
        "app.yml: \"password: hunter2-of-ours\"",
    ] {
        let text = format!("kind: Secret\nstringData:\n  {value}\n");
        let (hits, _) = found(&text);
        assert!(hits.iter().all(|hit| !hit.1.contains(':')), "{text}");
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_manifests(Detector::shared(), &text, &mut hits, &mut cleared);
        let place = text.find("hunter2").unwrap_or(text.len());
        assert!(
            cleared.iter().all(|range| !range.contains(&place)),
            "{text}"
        );
        assert!(hits.iter().all(|hit| hit.start == place), "{text}");
    }
    for value in [
        "password: |\n    hunter2:of=ours",
        "db.password: |-\n    hunter2:of=ours",
        "seed: |-\n    q7RtY2mWx9KpLz4VbN8cHd3FjGs6TvXy",
    ] {
        let text = format!("kind: Secret\nstringData:\n  {value}\n");
        let written = value.rsplit(' ').next().unwrap();
        assert_eq!(found(&text).0, [("kubernetes-secret", written)], "{text}");
    }
}

/// However they are written, and whatever their name says. Those of YAML are read line by line, and of
/// the others nobody else reads what they say.
#[test]
fn configurations_are_no_values() {
    for (key, text, password) in [
        ("api.token.properties", "timeout=30 seconds", ""),
        ("token-settings.properties", "timeout=30\\nretries=5\\n", ""),
        ("password.properties", "db=hunter2-of-ours1", ""),
        ("secret.yml", "a: 1\\nurl: https://db.corp.net/", ""),
        (
            "oauth.conf",
            "client_id=q7RtY2mWx9KpLz4VbN8c\\nsum=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            "",
        ),
        (
            "tls.yml",
            "ca: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJ1\\nzone: Europe/Berlin",
            "",
        ),
        (
            "app.properties",
            "db_password=hunter2-of-ours1",
            "hunter2-of-ours1",
        ),
        (
            "app.conf",
            "a=b\\ndb_password=hunter2-of-ours1",
            "hunter2-of-ours1",
        ),
        (
            "config.ini",
            "[x]\\nkey=q7RtY2mWx9KpLz4VbN8c",
            "q7RtY2mWx9KpLz4VbN8c",
        ),
        (
            "login.txt",
            "user: bob\\nlogin: Tr0ub4dor3x9Q",
            "Tr0ub4dor3x9Q",
        ),
        ("odbc.ini", "[x]\\nUID=sa\\nPWD=hunter2x", "hunter2x"),
    ] {
        let yaml = format!("kind: Secret\nstringData:\n  {key}: \"{text}\"\n");
        assert_eq!(found(&yaml), (vec![], 0), "{yaml}");
        let plain = text.replace("\\n", "\n");
        for manifest in [
            format!("kind: Secret\ndata:\n  {key}: {}\n", BASE64.encode(&plain)),
            format!("{{\"kind\":\"Secret\",\"stringData\":{{\"{key}\":\"{text}\"}}}}"),
        ] {
            let (mut hits, mut cleared) = (Hits::default(), Vec::new());
            in_manifests(Detector::shared(), &manifest, &mut hits, &mut cleared);
            let expected = !password.is_empty();
            assert_eq!(
                (hits.len(), cleared.len()),
                (expected.into(), (!expected).into()),
                "{manifest}"
            );
            let print = Fingerprint::of(password.as_bytes());
            assert!(hits.iter().all(|hit| hit.fingerprint == print), "{text}");
        }
    }
    // What has such marks may be a value all the same.
    for (key, value) in [
        ("seed", "cTdSdFkybVd4OUtwTHo0Vg=="),
        ("users", "bob:q7RtY2mWx9KpLz4VbN8c"),
        ("db.password", "hunter2=of: ours"),
        ("token", "q7RtY2mW=9KpLz4V"),
    ] {
        let text = format!("kind: Secret\nstringData:\n  {key}: '{value}'\n");
        assert_eq!(found(&text).0, [("kubernetes-secret", value)], "{text}");
    }
}

/// What a manifest is stands in a line of YAML like others, and in a template among marks.
#[test]
fn manifests_are_known_however_they_are_written() {
    let password = BASE64.encode("hunter2-of-ours\n");
    for kind in [
        "Secret # ours",
        "&kind Secret",
        "!!str Secret",
        "\"Secret\" # ours",
        "'Secret'",
    ] {
        let text = format!("kind: {kind}\ndata:\n  password: {password}\n");
        assert_eq!(
            found(&text).0,
            [("kubernetes-secret", &*password)],
            "{text}"
        );
    }
    for kind in [
        "SecretStore # Secret",
        "ConfigMap # Secret",
        "*Secret",
        "Secret#1",
    ] {
        let text = format!("kind: {kind}\ndata:\n  password: {password}\n");
        assert_eq!(found(&text).0, [], "{text}");
    }
    let template = format!(
        "{{{{- if .Values.x }}}}\nkind: Secret\ndata:\n{{{{- with .Values.y }}}}\n  user: {{{{ .user }}}}\n\
         {{{{- end }}}}\n  password: {password}\n{{{{- end }}}}\n"
    );
    assert_eq!(found(&template).0, [("kubernetes-secret", &*password)]);
    // What follows the map does not lie in it.
    let template = format!("kind: Secret\ndata:\n{{{{ .x }}}}\ntype: x\n  password: {password}\n");
    assert_eq!(found(&template).0, []);
}

/// A comment, a tag, an anchor and what names one are no part of a value.
#[test]
fn values_stand_among_other_things() {
    for (value, written) in [
        ("!!str Tr0ub4dor9", "Tr0ub4dor9"),
        ("&pw Tr0ub4dor9 # ours", "Tr0ub4dor9"),
        ("!!str &pw \"Tr0ub4dor9\"", "Tr0ub4dor9"),
        ("!!str |-\n    Tr0ub4dor9", "Tr0ub4dor9"),
        ("Tr0ub4dor9\t# ours", "Tr0ub4dor9"),
        ("'!Tr0ub4dor9'", "!Tr0ub4dor9"),
        ("\"&Tr0ub #4dor9\"", "&Tr0ub #4dor9"),
    ] {
        let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
        assert_eq!(found(&text).0, [("kubernetes-secret", written)], "{text}");
    }
    for value in [
        "# set by the pipeline 2",
        "!!str",
        "&pw # set by the pipeline 2",
        "*Tr0ub4dor9",
    ] {
        let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
        assert_eq!(found(&text), (vec![], 0), "{text}");
    }
}

#[test]
fn sealed_maps_are_read_once() {
    for text in [
        "\"encryptedData\" ".repeat(100_000),
        "encryptedData SealedSecret ".repeat(60_000),
        "\"encryptedData\"}".repeat(100_000),
    ] {
        let ranges: Vec<Cleared> = sealed(&text).collect();
        let apart = ranges.windows(2).all(|pair| pair[0].end <= pair[1].start);
        assert!(apart && !ranges.is_empty());
        let looked_at: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        assert!(looked_at <= text.len());
    }
}

#[test]
fn examples_and_templates_are_none() {
    // As the documentation of Kubernetes has it.
    let example = BASE64.encode("1f2d1e2e67df");
    let yaml = format!("kind: Secret\ndata:\n  password: {example}\n");
    assert_eq!(found(&yaml), (vec![], 1));
    let template = "kind: Secret\ndata:\n  password: {{ .Values.password | b64enc }}\n";
    assert_eq!(found(template), (vec![], 0));
    let later = BASE64.encode("changeme");
    assert_eq!(
        found(&format!("kind: Secret\ndata:\n  password: {later}\n")).0,
        []
    );
}

#[test]
fn sealed_values_are_cleared() {
    let value = "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEqTr7o0qTzXw9kQ2mWv7LpT4rYb8Nc";
    let cleared = |text: &str| {
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_manifests(Detector::shared(), text, &mut hits, &mut cleared);
        assert!(hits.is_empty());
        let at = text.find(value).unwrap();
        let later = text.find("later").unwrap();
        let holds = |place| cleared.iter().any(|range| range.contains(&place));
        (holds(at), holds(later))
    };
    let yaml = format!(
        "kind: SealedSecret\nspec:\n  encryptedData:\n    user: x\n    password: {value}\n  later: y\n"
    );
    assert_eq!(cleared(&yaml), (true, false));
    let json = format!(
        "{{\"kind\":\"SealedSecret\",\"spec\":{{\"encryptedData\":{{\"password\":\"{value}\"}},\"later\":1}}}}"
    );
    assert_eq!(cleared(&json), (true, false));
}

proptest! {
    #[test]
    fn any_text_ends(text in "(kind: Secret\n|kind: SealedSecret\n|encryptedData:\n|\"encryptedData\"|data:\n|  [a-z]{1,9}: [\"'|>]{0,2}[A-Za-z0-9+/=é\\\\']{0,20}[\"']?\n|\\{|\"|:|---\n| |é){0,20}") {
        let _ = found(&format!("kind: Secret\n{text}"));
        let _ = found(&format!("{{\"kind\":\"Secret\",\"data\":{{\"a\":\"{text}\"}}}}"));
    }
}
