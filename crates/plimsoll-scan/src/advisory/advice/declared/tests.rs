use proptest::prelude::*;

use super::*;

/// `line name words` of all that a file asks for; `*` is anything, `-` what cannot be told here, `!` behind
/// the name what overrules others.
fn read(name: &str, text: &str) -> Vec<String> {
    let (_, _, reader) = format(name.rsplit('/').next().unwrap()).unwrap();
    let file = SourceFile::new(name, text);
    reader(&lines_of(text))
        .into_iter()
        .map(|one| {
            let words = match &one.wanted {
                Wanted::Any => "*",
                Wanted::These(words) => words,
                Wanted::Exactly(version) => version,
                Wanted::Elsewhere => "-",
            };
            let line = file.position(one.line.start).line;
            let mark = if one.reach.overrules() { "!" } else { "" };
            format!("{line} {}{mark} {words}", one.name)
        })
        .collect()
}

#[test]
fn python() {
    assert_eq!(
        read(
            "app/requirements-dev.txt",
            "# comment\n-r base.txt\npandas==1.5.0 \\\n    --hash=sha256:aa\nDjango[argon2] >= 4 ; \
             python_version > \"3\"\n./local\nhttps://example.com/x.whl\nnumpy==1.*\r\nflask==2.0 # why\nblack\n\
             tool @ https://example.com/x.whl\njinja2\\\n==2.10 \\\n  --hash=sha256:aa\nclick \\\n  --hash=sha256:aa\n\
             ==1\n"
        ),
        [
            "3 pandas ==1.5.0",
            "5 Django >= 4",
            "8 numpy ==1.*",
            "9 flask ==2.0",
            "10 black *",
            "11 tool -",
            "13 jinja2 ==2.10",
            "15 click *",
        ]
    );
    assert_eq!(
        read(
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\n  \"pandas==1.5\",\n  \"numpy\", \"flask>1\",\n]\n\
             [project.optional-dependencies]\ndev = [\"black\"]\n[tool.poetry.dependencies]\npython = \"^3\"\n\
             requests = \"2.0\"\nurllib3 = { extras = [\"version\"], version = \"^1\" }\nx = { git = \"version\" }\n\
             [tool.other]\nx = \"1\"\n\
             [tool.poetry.group.dev.dependencies.pillow]\nversion = \"9.3.0\"\nextras = [\"no\"]\n[dependency-groups]\n\
             test = [{include-group = \"no\"}, \"jinja2==2.10\",\n# \"no==1\",\n\"click\"] # \"no\"\n[tool.uv]\n\
             override-dependencies = [\"attrs==20\"]\n"
        ),
        [
            "4 pandas ==1.5",
            "5 numpy *",
            "5 flask >1",
            "8 black *",
            "11 requests 2.0",
            "12 urllib3 ^1",
            "13 x -",
            "17 pillow 9.3.0",
            "20 jinja2 ==2.10",
            "22 click *",
            "24 attrs! ==20",
        ]
    );
    // One package by several conditions.
    assert_eq!(
        read(
            "pyproject.toml",
            "[tool.poetry.dependencies]\nflask = [\n  {version = \"<=0.9\", python = \"<3.8\"}, # }]\n  \
             {version = \">=1,<2\", extras = [\"a\"], python = \">=3.8\"},\n\n  {git = \"x\"}\n]\nclick = \"7\"\n\
             a = [{version = \"1\"}, {version = \"2\"}]\nb = []\nc = \"3\"\nd = [\n[tool.other]\ne = \"1\"\n"
        ),
        [
            "3 flask <=0.9",
            "4 flask >=1,<2",
            "6 flask -",
            "8 click 7",
            "9 a 1",
            "9 a 2",
            "11 c 3",
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
            "[[source]]\nname = \"pypi\"\n[packages]\npandas = \"==1.5\"\n[dev-packages]\nblack = \"*\"\n\
             flask = {version=\">1\"}\n"
        ),
        ["4 pandas ==1.5", "6 black *", "7 flask >1"]
    );
}

#[test]
fn rust_and_go() {
    assert_eq!(
        read(
            "Cargo.toml",
            "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\nold = { package = \"real\", version = \"1\" }\n\
             tokio.workspace = true\n[target.'cfg(unix)'.dev-dependencies]\nlibc = \"1\"\n[workspace.dependencies.time]\n\
             version = \"0.3\"\n[patch.crates-io]\nfoo = { git = \"x\" }\n[patch.\"https://a.b/c\"]\nbar = { path = \"y\" }\n\
             [patch.crates-io.baz]\ngit = \"z\"\n"
        ),
        [
            "4 serde 1",
            "5 real 1",
            "6 tokio -",
            "8 libc 1",
            "10 time 0.3",
            "12 foo! -",
            "14 bar! -",
            "15 baz! -",
        ]
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
             \t// c v1\n)\nreplace (\n\td v1 => e v2\n\tf => ../f\n)\n\
             replace g => h/i v1.0.0\nexclude j v1\n"
        ),
        [
            "3 stdlib 1.21",
            "5 golang.org/x/net v0.7.0",
            "7 github.com/a/b v1.0.0",
            "11 e! v2",
            "14 h/i! v1.0.0",
        ]
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
        ["4 lodash 4.17.0", "5 @a/b ^1.0.0"]
    );
    assert_eq!(
        read(
            "composer.json",
            "{\n  \"require\": {\n    \"a/b\": \"^1\"\n  },\n  \"require-dev\": { \"c/d\": \"2\" },\n  \"x\": {\"e/f\": \"3\"}\n}\n"
        ),
        ["3 a/b ^1", "5 c/d 2"]
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
            "bun.lock",
            "{\n  \"workspaces\": {\n    \"\": {\n      \"dependencies\": {\n        \"a\": \"^2\",\n      },\n    },\n  },\n\
             \"trustedDependencies\": [\n    \"a\",\n  ],\n  \"packages\": {\n\
             \"@s/b\": [\"@s/b@1.2.3\", \"\", { \"dependencies\": { \"a\": \"2\" }, \"optionalPeers\": [\"c\"] }, \"sha512-x\"],\n\n\
             \"@s/b/a\": [\"a@2.0.0\", \"\", {}, \"sha512-x\"],\n  }\n}\n"
        ),
        ["13 @s/b 1.2.3", "15 a 2.0.0"]
    );
    assert_eq!(
        read(
            "pnpm-workspace.yaml",
            "packages:\n  - 'a: b'\ncatalog:\n  lodash: ^4.17.20 # why\n  # no: 1\ncatalogs:\n  old:\n    '@s/b': \"1.0.0\"\n\
             \"overrides\": # pins\n  a>c@2: 2.0.1\n  g: $g\nother:\n  no: 1\n"
        ),
        ["4 lodash ^4.17.20", "8 @s/b 1.0.0", "10 c! 2.0.1"]
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
fn overrides_of_packages_of_others() {
    assert_eq!(
        read(
            "package.json",
            "{\n\"eslintConfig\": {\"overrides\": [{\"files\": \"no\"}, {\"rules\": {\"no\": \"1\"}}]},\n\
             \"scripts\": {\"a\": \"x \\\"{ y\"},\n\
             \"overrides\": {\n\"a\": \"1.0.0\",\n\"b\": {\n\".\": \"2.0.0\",\n\"c@^3\": \"3.0.0\"\n},\n\"d\": {\"e\": {\"f\": \"4\"}},\n\
             \"g\": \"$g\"\n},\n\"resolutions\": {\n\"**/h\": \"5.0.0\",\n\"i/**/@s/j\": \"6.0.0\",\n\"@s/k/l\": \"7.0.0\",\n\
             \"@s/m\": \"8.0.0\",\n\"n@npm:1/@s/o@npm:^9\": \"npm:9.0.0\"\n},\n\"pnpm\": {\n\"overrides\": {\n\"p@1>q@<2\": \"2.0.0\",\n\
             \"@s/r@>=1 <3\": \"3.0.0\",\n\"t@1 || >2\": \"4.0.0\"\n}\n},\n\"dependencies\": {\"u\": \"1\"}\n}\n"
        ),
        [
            "5 a! 1.0.0",
            "7 b! 2.0.0",
            "8 c! 3.0.0",
            "10 f! 4",
            "14 h! 5.0.0",
            "15 @s/j! 6.0.0",
            "16 l! 7.0.0",
            "17 @s/m! 8.0.0",
            "18 @s/o! 9.0.0",
            "22 q! 2.0.0",
            "23 @s/r! 3.0.0",
            "24 t! 4.0.0",
            "27 u 1",
        ]
    );
    // What overrules counts for what other packages bring, too.
    let declared = of(
        "package.json",
        "{\n\"dependencies\": {\n\"lodash\": \"^4.17.4\"\n},\n\"resolutions\": {\n\"**/lodash\": \"4.17.20\"\n}\n}\n",
    );
    let declarations = Declarations::new(&declared);
    let find = |lying| declarations.find(PackageKind::Npm, "lodash", "4.17.20", lying, None);
    assert_eq!(find(Lying::As("lodash")), claim(1, false));
    assert_eq!(find(Lying::Within), claim(1, false));
    // What overrules below one package does not count for another one's, nor for the project's own.
    for overrides in [
        "\"foo\": {\"lodash\": \"4.17.20\"}",
        "\"foo>lodash\": \"4.17.20\"",
        "\"foo/**/lodash\": \"4.17.20\"",
    ] {
        let declared = of(
            "package.json",
            &format!(
                "{{\n\"dependencies\": {{\n\"lodash\": \"^4.17.4\"\n}},\n\"overrides\": {{\n{overrides}\n}}\n}}\n"
            ),
        );
        let declarations = Declarations::new(&declared);
        let find = |lying| declarations.find(PackageKind::Npm, "lodash", "4.17.20", lying, None);
        assert_eq!(find(Lying::As("lodash")), claim(0, false), "{overrides}");
        assert_eq!(find(Lying::Within), claim(1, false), "{overrides}");
        // Where nobody else asks for it, npm lays it where all find it.
        let declared = of(
            "package.json",
            &format!(
                "{{\n\"dependencies\": {{\n\"foo\": \"^1\"\n}},\n\"overrides\": {{\n{overrides}\n}}\n}}\n"
            ),
        );
        let declarations = Declarations::new(&declared);
        let lying = Lying::As("lodash");
        let found = declarations.find(PackageKind::Npm, "lodash", "4.17.20", lying, None);
        assert_eq!(found, claim(1, false), "{overrides}");
    }
    // Brackets that nobody closes are bounded.
    let lines = "[{".repeat(1000);
    assert!(read("package.json", &lines).is_empty());
}

/// A project may call a package otherwise than it is: `called = name words`.
#[test]
fn what_is_asked_for_under_another_name() {
    for (name, text, expected) in [
        (
            "package.json",
            "{\n\"dependencies\": {\n\"old\": \"npm:lodash@^3\",\n\"s\": \"npm:@a/b@1.0.0\",\n\"t\": \"npm:lodash\",\n\
             \"lodash\": \"npm:^4\",\n\"@a/b\": \"npm:@a/b@2\"\n}\n}\n",
            &[
                "old = lodash ^3",
                "s = @a/b 1.0.0",
                "t = lodash *",
                "lodash = lodash ^4",
                "@a/b = @a/b 2",
            ][..],
        ),
        (
            "package-lock.json",
            "{\n\"packages\": {\n\"node_modules/old\": {\n\"name\": \"lodash\",\n\"version\": \"3.0.0\",\n\
             \"dependencies\": {\n\"name\": \"1\"\n}\n}\n}\n}\n",
            &["old = lodash 3.0.0"],
        ),
        (
            "yarn.lock",
            "\"old@npm:lodash@^3\", \"old@npm:lodash@3.0.0\":\n  version \"3.0.0\"\n\"old@npm:@a/b@1\":\n  version: 1.0.0\n\
             \x20 resolution: \"@a/b@npm:1.0.0\"\n\"c@npm:latest\":\n  version: 1.0.0\n  resolution: \"c@npm:1.0.0\"\n",
            &["old = lodash 3.0.0", "old = @a/b 1.0.0", "c = c 1.0.0"],
        ),
    ] {
        let (_, _, reader) = format(name).unwrap();
        let found: Vec<String> = reader(&lines_of(text))
            .iter()
            .map(|one| {
                let words = match &one.wanted {
                    Wanted::Any => "*",
                    Wanted::These(words) => words,
                    Wanted::Exactly(version) => version,
                    Wanted::Elsewhere => "-",
                };
                format!("{} = {} {words}", one.alias.unwrap(), one.name)
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
    // Each is where its folder is asked for, whatever the others would take.
    let declared = of(
        "package.json",
        "{\n\"dependencies\": {\n\"lodash\": \"4.17.10\",\n\"old\": \"npm:lodash@^4\"\n}\n}\n",
    );
    let declarations = Declarations::new(&declared);
    let find = |lying| declarations.find(PackageKind::Npm, "lodash", "4.17.10", lying, None);
    assert_eq!(find(Lying::As("lodash")), claim(0, false));
    assert_eq!(find(Lying::As("old")), claim(1, false));
    assert_eq!(find(Lying::As("other")), claim(None, true));
    assert_eq!(find(Lying::Anywhere), claim(0, false));
}

#[test]
fn ruby_java_and_dotnet() {
    assert_eq!(
        read(
            "Gemfile",
            "source \"https://x\"\ngem \"rails\", \"7.0.0\"\n  gem 'rack', '~> 2.0', '>= 2.0.1', require: false\n\
             gemspec\ngem \"a\"\ngem \"b\", require: false\ngem \"c\", github: \"x/c\"\ngem \"d\", :git => \"x\"\n=begin\ngem \"no\"\n=end\n\
             gem \"e\", VERSION\ngem \"f\", \">= 1\", ENV.fetch(\"X\")\ngem(\"g\", :require => false) # , V\ngem \"h\",\n\
             gem \"i\", A::B\ngem \"j\", \"~> 1\", git: \"x\"\n"
        ),
        [
            "2 rails 7.0.0",
            "3 rack ~> 2.0,>= 2.0.1",
            "5 a *",
            "6 b *",
            "7 c -",
            "8 d -",
            "12 e -",
            "13 f -",
            "14 g *",
            "15 h -",
            "16 i -",
            "17 j ~> 1"
        ]
    );
    assert_eq!(
        read(
            "Gemfile.lock",
            "GEM\n  specs:\n    rails (7.0.0)\n      rack (>= 2)\n    rack (2.2.0)\n"
        ),
        ["3 rails 7.0.0", "5 rack 2.2.0"]
    );
    // A property is raised where it is set.
    assert_eq!(
        read(
            "pom.xml",
            "<properties>\n <c.version>2.0</c.version>\n</properties>\n<dependency>\n <groupId>g</groupId>\n \
             <artifactId>a</artifactId>\n <version>1.0</version>\n \
             <exclusions>\n  <artifactId>no</artifactId>\n </exclusions>\n</dependency>\n<dependency>\n \
             <groupId>h</groupId>\n <artifactId>b</artifactId>\n <version>${b}</version>\n</dependency>\n<dependency>\n \
             <groupId>i</groupId>\n <artifactId>c</artifactId>\n <version>${c.version}</version>\n</dependency>\n\
             <dependency>\n <groupId>j</groupId>\n <artifactId>d</artifactId>\n</dependency>\n\
             <!--\n<dependency>\n <groupId>k</groupId>\n <artifactId>no</artifactId>\n</dependency>\n--> <dependency>\n \
             <groupId>k</groupId>\n <artifactId>e</artifactId>\n <version>1.0</version> <!-- why -->\n</dependency>\n"
        ),
        [
            "7 g:a 1.0",
            "15 h:b ${b}",
            "2 i:c 2.0",
            "24 j:d -",
            "34 k:e 1.0"
        ]
    );
    assert_eq!(
        read(
            "build.gradle.kts",
            "// x(\"g:no:1\")\nimplementation(\"g:a:1.0\")\napi 'h:b'\nurl \"https://x\"\napi 'h:c:1.0:sources@jar'\n/* x\napi 'h:no:1'\n*/ api 'h:d:1'\n\
             exclude \"**/*\"\napi 'h:e:1' // \"h:no:1\"\n"
        ),
        ["2 g:a 1.0", "3 h:b -", "5 h:c 1.0", "8 h:d 1", "10 h:e 1"]
    );
    assert_eq!(
        read("gradle.lockfile", "# x\ng:a:1.0=compile\nempty=\n"),
        ["2 g:a 1.0"]
    );
    assert_eq!(
        read(
            "x.csproj",
            "<PackageReference Include=\"A.B\" Version=\"1.0.0\" />\n<Other Include=\"C\"/>\n\
             <!-- <PackageReference Include=\"No\" />\n<PackageReference Include=\"No\" Version=\"1.0.0\" />\n-->\n"
        ),
        ["1 A.B 1.0.0"]
    );
}

#[test]
fn the_place_is_the_line_without_its_margins() {
    let file = SourceFile::new("requirements.txt", "a\n  pandas==1.0  \r\n");
    let found = declarations(&file, false);
    assert_eq!(found[1].place.span.of(file.bytes()), b"pandas==1.0");
    assert_eq!(
        (found[1].place.start.line, found[1].place.start.column),
        (2, 3)
    );
}

fn of(name: &str, text: &str) -> Vec<DeclaredPackage> {
    declarations(&SourceFile::new(name, text), false)
}

fn claim(at: impl Into<Option<usize>>, is_brought: bool) -> Claim {
    Claim {
        at: at.into(),
        lock: None,
        is_brought,
    }
}

#[test]
fn people_edit_manifests_and_only_what_asks_for_the_installed_version() {
    let mut declared = of(
        "poetry.lock",
        "[[package]]\nname = \"Py_YAML\"\nversion = \"5.0\"\n",
    );
    declared.extend(of("old/requirements.txt", "pyyaml==4\n"));
    declared.extend(of("requirements.txt", "PyYAML==5\n"));
    let declarations = Declarations::new(&declared);
    let find =
        |kind, name, installed| declarations.find(kind, name, installed, Lying::Anywhere, None);
    assert_eq!(find(PackageKind::Python, "pyyaml", "5.0"), claim(2, false));
    assert_eq!(find(PackageKind::Python, "py-yaml", "5.0"), claim(0, false));
    assert_eq!(find(PackageKind::Python, "pyyaml", "6"), claim(None, true));
    assert_eq!(find(PackageKind::Npm, "pyyaml", "5.0"), claim(None, false));
    // However many vulnerabilities a package has, the lines are held against it once.
    for _ in 0..1000 {
        assert_eq!(find(PackageKind::Python, "pyyaml", "5.0"), claim(2, false));
    }
    assert_eq!(declarations.asked(), 4);
}

#[test]
fn a_range_is_the_place_only_for_what_it_takes() {
    let mut declared = of(
        "package.json",
        "{\n\"dependencies\": {\n\"lodash\": \"^4.17.15\",\n\"tag\": \"latest\",\n\"any\": \"*\"\n}\n}\n",
    );
    declared.extend(of(
        "package-lock.json",
        "\"node_modules/foo/node_modules/lodash\": {\n\"version\": \"3.10.1\"\n}\n",
    ));
    let declarations = Declarations::new(&declared);
    let find = |name, installed, is_nested| {
        let lying = match is_nested {
            true => Lying::Within,
            false => Lying::As(name),
        };
        declarations.find(PackageKind::Npm, name, installed, lying, None)
    };
    assert_eq!(find("lodash", "4.17.15", false), claim(0, false));
    assert_eq!(find("lodash", "4.17.14", false), claim(None, true));
    // The lock tells where the other one is written down.
    assert_eq!(find("lodash", "3.10.1", false), claim(3, true));
    assert_eq!(find("lodash", "4.17.15", true), claim(None, true));
    // What cannot be told is neither the place nor somebody else's.
    assert_eq!(find("tag", "1.0.0", false), claim(None, false));
    assert_eq!(find("any", "1.0.0", false), claim(2, false));
    assert!(declared[0].resolves_to("4.17.21"));
    assert!(!declared[0].resolves_to("5.0.0"));
    assert!(!declared[1].resolves_to("5.0.0"));
    assert!(!declared[3].resolves_to("3.10.1"));
}

#[test]
fn what_overrules_other_lines_is_the_one_to_change() {
    let module = "require x v0.3.0\nreplace x => x v0.3.5\n";
    let declared = of("go.mod", module);
    let declarations = Declarations::new(&declared);
    let find = |name, installed| {
        declarations.find(PackageKind::Go, name, installed, Lying::Anywhere, None)
    };
    assert_eq!(find("x", "v0.3.5"), claim(1, false));
    // Another module's.
    assert_eq!(find("x", "v0.4.0"), claim(0, false));
    assert!(!declared[1].resolves_to("v0.3.8"));
    let manifest =
        "[dependencies]\ntime = \"0.3\"\n[patch.crates-io]\ntime = { git = \"https://x\" }\n";
    let declared = of("Cargo.toml", manifest);
    let declarations = Declarations::new(&declared);
    let found = declarations.find(PackageKind::Cargo, "time", "0.3.1", Lying::Anywhere, None);
    assert_eq!(found, claim(1, false));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(
        name in prop::sample::select(vec![
            "requirements.txt", "pyproject.toml", "Pipfile", "poetry.lock", "Cargo.toml", "go.mod",
            "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Gemfile",
            "Gemfile.lock", "composer.json", "composer.lock", "pom.xml", "build.gradle",
            "gradle.lockfile", "a.csproj", "pnpm-workspace.yaml",
        ]),
        lines in proptest::collection::vec(
            prop_oneof![
                "[ \\[\\]\"'@/:=.a-z0-9{}<>()é-]{0,30}",
                ".{0,20}",
                prop::sample::select(vec![
                    "[dependencies]", "[[package]]", "name = \"é\"", "version = \"1\"", "require (",
                    "  \"dependencies\": {", "\"node_modules/\": {", "packages:", "  @:", "\"@\":",
                    "<!--", "-->", "/*", "*/", "=begin", "=end", "<dependency>", "<artifactId>", "</dependency>", "dependencies = [\"", "gem '",
                ]).prop_map(str::to_owned),
            ],
            0..12,
        ),
    ) {
        let text = lines.join("\n");
        let file = SourceFile::new(name, text.as_str());
        for one in declarations(&file, false) {
            prop_assert!(one.place.span.end <= text.len());
            prop_assert!(!one.place.span.of(text.as_bytes()).contains(&b'\n'));
        }
    }
}
