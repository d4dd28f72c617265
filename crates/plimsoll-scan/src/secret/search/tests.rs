use super::*;

fn search(path: &str, text: &str) -> Vec<FileSighting> {
    let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
    let mut search = searcher.file(path, text.len() as u64);
    search.feed(text.as_bytes());
    search.finish().sightings
}

fn told(path: &str, text: &str) -> Vec<(String, Severity)> {
    search(path, text)
        .into_iter()
        .map(|one| (one.kind.into_owned(), one.severity))
        .collect()
}

#[test]
fn a_password_in_an_address_is_one_in_lock_files() {
    let password = format!("Zk4vTqB9{}", "xWm2LrNs");
    let sum = "3kQmZ7xW4vT1pL9rY6nB3cF5hJ0sGaEw8Uq2Nd5HbVo";
    let text = format!(
        "resolved \"git+https://deploy:{password}@git.acme.io/priv.git#abc\"\ntoken = \"{sum}\"\n"
    );
    for name in [
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "Pipfile.lock",
        "Gemfile.lock",
        "Cargo.lock",
        "mix.lock",
    ] {
        for path in [name.to_owned(), format!("app/{name}")] {
            let found = told(&path, &text);
            let one = ("url-password".to_owned(), Severity::Critical);
            assert_eq!(found, [one], "{path}");
        }
        let of_others = format!("app/node_modules/a/{name}");
        assert!(told(&of_others, &text).is_empty());
    }
}

#[test]
fn what_a_package_explains_is_no_alarm() {
    let token = format!("hv{}.2OCsZxZA6Z9lChbt0janOOZI", "s");
    let severities = |path: &str, text: &str| -> Vec<Severity> {
        let found = told(path, &text.replace("TOKEN", &token)).into_iter();
        found.map(|(_, severity)| severity).collect()
    };
    let package = "app/node_modules/a/b.js";
    for text in ["{\n   * token: 'TOKEN'\n}", "// use TOKEN"] {
        assert_eq!(severities(package, text), [Severity::Info], "{text}");
        assert_eq!(severities("app/b.js", text), [Severity::Critical], "{text}");
    }
    let asked = "placeholder: 'e.g. TOKEN',";
    for path in [package, "app/b.js"] {
        assert_eq!(severities(path, asked), [Severity::Info]);
    }
    let tests = "#[cfg(test)]\nmod tests {\n    const A: &str = \"TOKEN\";\n}\n";
    let of_crate = "usr/local/cargo/registry/src/index/a-1/src/lib.rs";
    assert_eq!(severities(of_crate, tests), [Severity::Info]);
    assert_eq!(severities("app/src/lib.rs", tests), [Severity::Critical]);
    for text in ["x = 'TOKEN'", "// use TOKEN\nx = 'TOKEN'"] {
        assert_eq!(severities(package, text), [Severity::Critical], "{text}");
    }
}

#[test]
fn a_long_library_has_the_sum_that_proves_it() {
    let token = format!("hv{}.2OCsZxZA6Z9lChbt0janOOZI", "s");
    let text = format!("\n{token}\n{}", "x\n".repeat(WHOLE));
    let sums = |path: &str, text: &str| {
        let found = search(path, text);
        assert_eq!(found.len(), 1);
        found[0].sums.as_ref().map(|sums| sums.sha256.clone())
    };
    let proof = FileSums::of(text.as_bytes()).sha256;
    assert_eq!(sums("app/a.libs/liba-0.so.1", &text), Some(proof));
    assert_eq!(sums("app/a.txt", &text), None);
}

/// The history of a shell and the state of a project are long, and what only the whole of them tells is
/// told, or told to be missing.
#[test]
fn what_is_read_as_a_whole_may_be_long() {
    let command = "mysql -u root -pq7RtY2mWx9Kp\n";
    let state = "{\"type\": \"random_password\", \"result\": \"q7Rt{Y2mWx9Kp\"}";
    for (path, filler, text) in [
        ("root/.bash_history", "ls -la\n", command),
        ("app/deploy.sh", "true\n", command),
        ("app/terraform.tfstate", " ", state),
    ] {
        for (length, known) in [(WHOLE, true), (LONGEST_WHOLE, false)] {
            let text = format!("{}{text}", filler.repeat(length / filler.len()));
            let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
            let mut search = searcher.file(path, text.len() as u64);
            for piece in text.as_bytes().chunks(100_000) {
                search.feed(piece);
            }
            let found = search.finish();
            assert_eq!(found.sightings.is_empty(), !known, "{path} {length}");
            assert_eq!(found.partly, !known, "{path} {length}");
        }
    }
}

/// A configuration of one line in a Kubernetes Secret is read as one.
#[test]
fn a_configuration_in_a_secret_of_kubernetes() {
    for (entry, kind) in [
        (
            "app.yml: |-\n    password: hunter2-of-ours1",
            "kubernetes-secret",
        ),
        (".env: |\n    DB_PASSWORD=hunter2-of-ours1", "secret-value"),
        (
            "app.properties: |\n    spring.datasource.password=hunter2-of-ours1",
            "secret-value",
        ),
        ("app.yml: \"password: hunter2-of-ours1\"", "secret-value"),
    ] {
        let text = format!("kind: Secret\nstringData:\n  {entry}\n  user: bob\n");
        let found = search("srv/k.yaml", &text);
        let kinds: Vec<&str> = found.iter().map(|one| &*one.kind).collect();
        assert_eq!(kinds, [kind], "{text}");
        let print = Fingerprint::of(b"hunter2-of-ours1");
        assert_eq!(found[0].fingerprint, print, "{text}");
    }
}

/// What hardly hurts is told so often and no more; what gives everything away stands behind it.
#[test]
fn many_that_hardly_hurt_hide_none_that_do() {
    let drawn = |mut at: u64| -> String {
        let letter = || {
            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            char::from(b"aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC"[(at >> 59) as usize])
        };
        std::iter::repeat_with(letter).take(24).collect()
    };
    let line = |at| format!("sk_{}_{}\n", "test", drawn(at));
    let many = |count: u64| (0..count).map(line).collect::<String>();
    let token = format!("gh{}_{}", "p", drawn(1 << 40).repeat(2).split_at(36).0);
    // In one piece, and in several.
    for count in [400, 60_000] {
        let text = format!("{}{token}\n", many(count));
        let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
        let mut search = searcher.file("srv/dump.txt", text.len() as u64);
        for piece in text.as_bytes().chunks(256 << 10) {
            search.feed(piece);
        }
        let found = search.finish();
        assert!(found.partly);
        let worst = found.sightings.iter().max_by_key(|one| one.severity);
        let worst = worst.map(|one| (&*one.kind, one.line));
        match count {
            400 => assert_eq!(worst, Some(("github-token", Some(401)))),
            // Somewhere there is an end.
            _ => assert_eq!(found.sightings.len(), MAX_HITS),
        }
    }
}

#[test]
fn what_others_wrote_too_is_searched_for_what_is_drawn() {
    let value = format!("q7RtY2mW{}", "x9KpLz4V");
    let told = |path: &str, text: &str| told(path, &text.replace("VALUE", &value)).len();
    let map = r#"{"version":3,"sourcesContent":["export default { apiSecret: 'VALUE' }\nconst u = \"postgres://u:VALUE@db/x\""]}"#;
    assert_eq!(told("app/dist/main.js.map", map), 1);
    assert_eq!(
        told("app/dist/main.bundle.js", "x={apiSecret:\"VALUE\"}"),
        1
    );
    assert_eq!(told("app/fix.patch", "+  apiSecret: 'VALUE',\n"), 1);
    for path in ["var/www/html/index.html", "app/README.md", "data/users.csv"] {
        assert_eq!(told(path, "x,postgres://u:VALUE@db/x\n"), 1, "{path}");
        assert_eq!(told(path, "\"access_token\": \"VALUE\""), 0, "{path}");
        assert_eq!(
            told(path, "postgres://me:s3cr3t-pw@localhost/x"),
            0,
            "{path}"
        );
        for made_up in ["S3cretPassw0rd1", "MyS3cur3P4ssw0rd", "Adm1nP4ssw0rd"] {
            let address = format!("mysql://root:{made_up}@127.0.0.1/db");
            assert_eq!(told(path, &address), 0, "{path} {made_up}");
        }
    }
    for (path, text) in [
        (
            "app/main.min.js",
            "t={password:\"Passwort1!\",secretKey:\"secret_key_v2\"}",
        ),
        ("app/node_modules/a/b.min.js", "t={apiSecret:\"VALUE\"}"),
        ("app/docs/a.md", "postgres://u:VALUE@db/x"),
    ] {
        assert_eq!(told(path, text), 0, "{path}");
    }
}
