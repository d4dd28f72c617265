use proptest::prelude::*;

use super::*;

/// `line name version` of all that a file asks for.
fn read(name: &str, text: &str) -> Vec<String> {
    declarations(&SourceFile::new(name, text))
        .into_iter()
        .map(|one| {
            let version = one.version.as_deref().unwrap_or("-");
            format!("{} {} {version}", one.place.start.line, one.name)
        })
        .collect()
}

#[test]
fn python() {
    assert_eq!(
        read(
            "app/requirements-dev.txt",
            "# comment\n-r base.txt\npandas==1.5.0 \\\n    --hash=sha256:aa\nDjango[argon2] >= 4 ; \
             python_version > \"3\"\n./local\nhttps://example.com/x.whl\nnumpy==1.*\r\nflask==2.0 # why\n"
        ),
        ["3 pandas 1.5.0", "5 Django -", "8 numpy -", "9 flask 2.0"]
    );
    assert_eq!(
        read(
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\n  \"pandas==1.5\",\n  \"numpy\", \"flask>1\",\n]\n\
             [project.optional-dependencies]\ndev = [\"black\"]\n[tool.poetry.dependencies]\npython = \"^3\"\n\
             requests = \"2.0\"\n[tool.other]\nx = \"1\"\n"
        ),
        [
            "4 pandas 1.5",
            "5 numpy -",
            "5 flask -",
            "8 black -",
            "11 requests 2.0"
        ]
    );
    assert_eq!(
        read(
            "poetry.lock",
            "[[package]]\nname = \"pandas\"\nversion = \"1.5\"\n\n[package.dependencies]\nname = \"no\"\n\n\
             [[package]]\nname = \"numpy\"\nversion = \"2\"\n[metadata]\nname = \"no\"\n"
        ),
        ["2 pandas 1.5", "9 numpy 2"]
    );
    assert_eq!(
        read(
            "Pipfile",
            "[[source]]\nname = \"pypi\"\n[packages]\npandas = \"==1.5\"\n[dev-packages]\nblack = \"*\"\n"
        ),
        ["4 pandas 1.5", "6 black -"]
    );
}

#[test]
fn rust_and_go() {
    assert_eq!(
        read(
            "Cargo.toml",
            "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\nold = { package = \"real\", version = \"1\" }\n\
             tokio.workspace = true\n[target.'cfg(unix)'.dev-dependencies]\nlibc = \"1\"\n[workspace.dependencies.time]\n\
             version = \"0.3\"\n"
        ),
        ["4 serde -", "5 real -", "6 tokio -", "8 libc -", "9 time -"]
    );
    assert_eq!(
        read(
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n"
        ),
        ["3 serde 1.0.1"]
    );
    assert_eq!(
        read(
            "go.mod",
            "module x\n\ngo 1.21\n\nrequire golang.org/x/net v0.7.0\nrequire (\n\tgithub.com/a/b v1.0.0 // indirect\n\
             \t// c v1\n)\nreplace (\n\td v1 => e v2\n)\n"
        ),
        ["5 golang.org/x/net -", "7 github.com/a/b -"]
    );
}

#[test]
fn javascript_and_php() {
    assert_eq!(
        read(
            "package.json",
            "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"lodash\": \"4.17.0\",\n    \"@a/b\": \"^1.0.0\"\n  },\n\
             \"scripts\": {\n    \"build\": \"1\"\n  }\n}\n"
        ),
        ["4 lodash 4.17.0", "5 @a/b -"]
    );
    assert_eq!(
        read(
            "package-lock.json",
            "{\n  \"packages\": {\n    \"\": {\n      \"version\": \"0\"\n    },\n    \"node_modules/a/node_modules/@s/b\": {\n\
             \"version\": \"1.0.0\",\n      \"dependencies\": {\n        \"c\": \"1\"\n      }\n    }\n  }\n}\n"
        ),
        ["6 @s/b 1.0.0"]
    );
    assert_eq!(
        read(
            "yarn.lock",
            "# yarn\n\n\"@s/b@^1.0.0\", \"@s/b@^1.2.0\":\n  version \"1.2.3\"\n\na@npm:^2:\n  version: 2.0.0\n"
        ),
        ["3 @s/b 1.2.3", "6 a 2.0.0"]
    );
    assert_eq!(
        read(
            "pnpm-lock.yaml",
            "packages:\n\n  '@s/b@1.2.3(c@2.0.0)':\n    resolution: {}\n\n  /a@2.0.0:\nsnapshots:\n  d@1.0.0:\n"
        ),
        ["3 @s/b 1.2.3", "6 a 2.0.0"]
    );
    assert_eq!(
        read(
            "composer.lock",
            "{\n  \"packages\": [\n    {\n      \"name\": \"a/b\",\n      \"version\": \"v1.2\",\n      \"authors\": [{\n\
             \"name\": \"Me\" }]\n    }\n  ]\n}\n"
        ),
        ["4 a/b v1.2"]
    );
}

#[test]
fn ruby_java_and_dotnet() {
    assert_eq!(
        read(
            "Gemfile",
            "source \"https://x\"\ngem \"rails\", \"7.0.0\"\n  gem 'rack', '~> 2'\ngemspec\n"
        ),
        ["2 rails 7.0.0", "3 rack -"]
    );
    assert_eq!(
        read(
            "Gemfile.lock",
            "GEM\n  specs:\n    rails (7.0.0)\n      rack (>= 2)\n    rack (2.2.0)\n"
        ),
        ["3 rails 7.0.0", "5 rack 2.2.0"]
    );
    assert_eq!(
        read(
            "pom.xml",
            "<dependency>\n <groupId>g</groupId>\n <artifactId>a</artifactId>\n <version>1.0</version>\n \
             <exclusions>\n  <artifactId>no</artifactId>\n </exclusions>\n</dependency>\n<dependency>\n \
             <groupId>h</groupId>\n <artifactId>b</artifactId>\n <version>${b}</version>\n</dependency>\n"
        ),
        ["4 g:a 1.0", "12 h:b -"]
    );
    assert_eq!(
        read(
            "build.gradle.kts",
            "// x(\"g:no:1\")\nimplementation(\"g:a:1.0\")\napi 'h:b'\nurl \"https://x\"\n"
        ),
        ["2 g:a 1.0", "3 h:b -"]
    );
    assert_eq!(
        read("gradle.lockfile", "# x\ng:a:1.0=compile\nempty=\n"),
        ["2 g:a 1.0"]
    );
    assert_eq!(
        read(
            "x.csproj",
            "<PackageReference Include=\"A.B\" Version=\"1.0.0\" />\n<Other Include=\"C\"/>\n"
        ),
        ["1 A.B 1.0.0"]
    );
}

#[test]
fn the_place_is_the_line_without_its_margins() {
    let file = SourceFile::new("requirements.txt", "a\n  pandas==1.0  \r\n");
    let found = declarations(&file);
    assert_eq!(found[1].place.span.of(file.bytes()), b"pandas==1.0");
    assert_eq!(
        (found[1].place.start.line, found[1].place.start.column),
        (2, 3)
    );
}

#[test]
fn people_edit_manifests_and_only_what_asks_for_the_installed_version() {
    let of = |name: &str, text: &str| declarations(&SourceFile::new(name, text));
    let mut declared = of(
        "poetry.lock",
        "[[package]]\nname = \"Py_YAML\"\nversion = \"5.0\"\n",
    );
    declared.extend(of("old/requirements.txt", "pyyaml==4\n"));
    declared.extend(of("requirements.txt", "PyYAML==5\n"));
    let declarations = Declarations::new(&declared);
    assert_eq!(
        declarations.find(PackageKind::Python, "pyyaml", "5.0"),
        Some(2)
    );
    assert_eq!(
        declarations.find(PackageKind::Python, "py-yaml", "5.0"),
        Some(0)
    );
    assert_eq!(declarations.find(PackageKind::Python, "pyyaml", "6"), None);
    assert_eq!(declarations.find(PackageKind::Npm, "pyyaml", "5.0"), None);
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(
        name in prop::sample::select(vec![
            "requirements.txt", "pyproject.toml", "Pipfile", "poetry.lock", "Cargo.toml", "go.mod",
            "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Gemfile",
            "Gemfile.lock", "composer.json", "composer.lock", "pom.xml", "build.gradle",
            "gradle.lockfile", "a.csproj",
        ]),
        lines in proptest::collection::vec(
            prop_oneof![
                "[ \\[\\]\"'@/:=.a-z0-9{}<>()é-]{0,30}",
                ".{0,20}",
                prop::sample::select(vec![
                    "[dependencies]", "[[package]]", "name = \"é\"", "version = \"1\"", "require (",
                    "  \"dependencies\": {", "\"node_modules/\": {", "packages:", "  @:", "\"@\":",
                    "<dependency>", "<artifactId>", "</dependency>", "dependencies = [\"", "gem '",
                ]).prop_map(str::to_owned),
            ],
            0..12,
        ),
    ) {
        let text = lines.join("\n");
        let file = SourceFile::new(name, text.as_str());
        for one in declarations(&file) {
            prop_assert!(one.place.span.end <= text.len());
            prop_assert!(!one.place.span.of(text.as_bytes()).contains(&b'\n'));
        }
    }
}
