//! No credential of a file is in what is said of the file: every rule, every format, every fix.

use std::fmt::Write as _;

use crate::stage::Stage;

/// The examples of every rule with credentials in them, each its own.
#[derive(Default)]
struct Planted {
    files: Vec<(String, String)>,
    values: Vec<String>,
}

impl Planted {
    fn everywhere() -> Self {
        let mut planted = Self::default();
        for rule in plimsoll_rules::all() {
            let meta = rule.meta();
            let Some((_, rest)) = meta.docs.split_once("## Example\n") else {
                continue;
            };
            let example = rest.split("\n ## ").next().unwrap_or_default();
            planted.add(meta.name, example);
        }
        planted
    }

    fn value(&mut self) -> String {
        let value = format!("Zx9kQ{:04}w7plM", self.values.len());
        self.values.push(value.clone());
        value
    }

    /// The fenced blocks of an example that are files.
    fn add(&mut self, rule: &str, example: &str) {
        let mut open: Option<(String, String)> = None;
        for line in example.lines() {
            let line = line.strip_prefix(' ').unwrap_or(line);
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some((name, text))) => {
                    let (name, text) = (std::mem::take(name), std::mem::take(text));
                    open = None;
                    let text = self.plant(&name, &text);
                    self.files.push((format!("{rule}/{name}"), text));
                }
                (Some("dockerfile"), None) => {
                    open = Some(("Dockerfile".to_owned(), String::new()));
                }
                (Some(info), None) => {
                    let name = info.split_once(':').map_or("", |(_, name)| name);
                    open = (!name.is_empty()).then(|| (name.to_owned(), String::new()));
                }
                (None, Some((_, text))) => {
                    let _ = writeln!(text, "{line}");
                }
                (None, None) => {}
            }
        }
    }

    fn plant(&mut self, name: &str, text: &str) -> String {
        let mut out = String::new();
        let mut carried = "";
        let mut heredoc: Option<String> = None;
        for line in text.lines() {
            let mut line = line.to_owned();
            if !line.starts_with('#') && line.contains("https://") && !line.contains('@') {
                let value = self.value();
                line = line.replacen("https://", &format!("https://ci:{value}@"), 1);
            }
            let word = line
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let first = if carried.is_empty() {
                word.as_str()
            } else {
                carried
            };
            let kind = match first {
                "RUN" => "RUN",
                "ENV" | "ARG" | "LABEL" => "ENV",
                "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => "CMD",
                _ => "",
            };
            if heredoc.as_deref() == Some(line.trim()) {
                heredoc = None;
            } else if heredoc.is_none() && name == "Dockerfile" {
                if let Some((_, mark)) = line.split_once("<<") {
                    let mark = mark.trim_start_matches('-').split([' ', ';']).next();
                    heredoc = mark.map(|mark| mark.trim_matches(['"', '\'']).to_owned());
                } else if line.ends_with('\\') {
                    carried = kind;
                    out.push_str(&line);
                    out.push('\n');
                    continue;
                } else if !line.starts_with('#') {
                    self.append(kind, &mut line);
                }
            }
            carried = "";
            out.push_str(&line);
            out.push('\n');
        }
        out
    }

    fn append(&mut self, kind: &str, line: &mut String) {
        if kind.is_empty() || line.ends_with("NONE") {
            return;
        }
        let value = self.value();
        let json = line.trim_end().ends_with(']') && line.contains("[\"");
        match kind {
            "RUN" if json => {}
            "RUN" => {
                let again = self.value();
                let _ = write!(
                    line,
                    " && curl -u ada:{value} e.example && export A_PASSWORD={again}"
                );
            }
            "ENV" => {
                let _ = write!(line, " A_TOKEN={value}");
            }
            _ if json => {
                let end = line.rfind(']').unwrap();
                line.insert_str(end, &format!(", \"--password={value}\""));
            }
            _ => {
                let _ = write!(line, " --password={value}");
            }
        }
    }
}

const FORMATS: &[&str] = &[
    "human",
    "plain",
    "json",
    "sarif",
    "checkstyle",
    "codeclimate",
    "gitlab",
    "junit",
    "github",
    "rdjson",
    "sonarqube",
    "markdown",
];

#[test]
fn no_rule_and_no_format_shows_a_credential() {
    let planted = Planted::everywhere();
    assert!(planted.values.len() > 200, "{}", planted.values.len());
    let stage = Stage::new();
    for (name, text) in &planted.files {
        stage.write(name, text.as_bytes());
    }
    let outputs: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("{format}={}", stage.root().join(format).display()))
        .collect();
    let mut arguments = vec!["check", ".", "--select", "ALL", "--verbose", "--exit-zero"];
    for output in &outputs {
        arguments.extend(["--output", output]);
    }
    let run = stage.run(&arguments).expect(0);
    let mut said = vec![("stdout", run.stdout), ("stderr", run.stderr)];
    for format in FORMATS {
        let text = std::fs::read_to_string(stage.root().join(format)).unwrap();
        assert!(text.len() > 1000, "{format}: {text}");
        said.push((format, text));
    }
    let diff = stage.run(&["check", ".", "--select", "ALL", "--diff", "--unsafe-fixes"]);
    assert!(diff.stdout.contains("+++ "), "{}", diff.stdout);
    said.push(("diff", diff.stdout));
    said.push(("diff's messages", diff.stderr));
    let fix = stage.run(&["check", ".", "--select", "ALL", "--fix", "--unsafe-fixes"]);
    assert!(fix.stderr.contains(": fixed "), "{}", fix.stderr);
    said.push(("fix", fix.stdout));
    said.push(("fix's messages", fix.stderr));
    let mut shown = String::new();
    for (what, text) in &said {
        for line in text.lines() {
            if planted
                .values
                .iter()
                .any(|value| line.contains(value.as_str()))
            {
                let _ = writeln!(
                    shown,
                    "{what}: {}",
                    line.chars().take(300).collect::<String>()
                );
            }
        }
    }
    assert!(shown.is_empty(), "{shown}");
    // What is written to the file is the file's.
    let written = stage.project().join("legacy-key-value/Dockerfile");
    let written = std::fs::read_to_string(written).unwrap();
    assert!(
        planted.values.iter().any(|value| written.contains(value)),
        "{written}"
    );
}

#[test]
fn what_an_image_is_found_guilty_of_its_dockerfile_is_too() {
    let stage = Stage::with(&[(
        "Dockerfile",
        "FROM debian:12.5\n\
         HEALTHCHECK CMD curl -fsS -u admin:Zx9kQw7plm http://localhost/\n\
         RUN export DB_PASSWORD=Zx9kQw7plm && make\n\
         CMD [\"app\",\"--password=Zx9kQw7plm\"]\n",
    )]);
    let run = stage
        .run(&[
            "check",
            "--select",
            "literal-credential",
            "--format",
            "json",
        ])
        .expect(1);
    let report = run.json();
    let lines: Vec<u64> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["line"].as_u64().unwrap_or_default())
        .collect();
    assert_eq!(lines, [2, 3, 4], "{}", run.stdout);
    assert!(!run.stdout.contains("Zx9kQw7plm"), "{}", run.stdout);
}

#[test]
fn a_rule_that_was_not_asked_for_hides_too() {
    let stage = Stage::with(&[(
        "Dockerfile",
        "FROM debian:12.5\nRUN curl -u admin:Zx9kQw7plm http://e.example/y -o y\n",
    )]);
    let run = stage
        .run(&["check", "--select", "curl-without-fail"])
        .expect(1);
    assert!(
        run.stdout.contains("curl -u admin:**********"),
        "{}",
        run.stdout
    );
}
