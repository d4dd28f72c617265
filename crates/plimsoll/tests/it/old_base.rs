//! `examples/pipeline` on a base that is out of date, and with a requirement that is: held back with
//! the edits that free it, and with just those edits it sails.
//!
//! The base is real: Debian as its last point release left it, without what the security team
//! published since. Needs what the tests of the example need.

use std::collections::BTreeMap;

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::distribution::Distribution;
use serde_json::{Value, json};

use crate::pipeline::{example, required};
use crate::stage::{Stage, engine_tests};

const OLD_NAME: &str = "debian:bookworm-slim";
const NEW_NAME: &str = "debian:bookworm-backed-slim";

/// Takes back every package to what the point release has.
const TAKE_BACK: &str = "\
FROM debian:bookworm-slim
RUN printf 'Package: *\\nPin: release n=bookworm\\nPin-Priority: 1001\\n' \\
        >/etc/apt/preferences.d/point-release \\
 && apt-get update \\
 && apt-get dist-upgrade -y --allow-downgrades \\
 && apt-get clean \
 && rm -rf /etc/apt/preferences.d/point-release /var/lib/apt/lists/*
";

/// Sources with their versions.
type Sources = BTreeMap<String, String>;

fn sources(stage: &Stage, layout: &str) -> Sources {
    let call = [
        "inspect",
        &format!("oci:{layout}"),
        "--db",
        "none",
        "--format",
        "json",
    ];
    let report = stage.run(&call).json();
    let packages = report["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| package["kind"] == "deb")
        .map(|package| {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            let source = &package["source"];
            (word(&source["name"]), word(&source["version"]))
        })
        .collect()
}

/// An advisory of high severity on all versions below one.
fn advisory(id: &str, ecosystem: &str, name: &str, fixed: &str) -> Value {
    Advisory::below(id, ecosystem, name, fixed)
        .scored("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N")
        .record()
}

struct Yard {
    stage: Stage,
    registry: Distribution,
    /// Where the base images lie, by the name that a Dockerfile gives them.
    bases: [String; 2],
}

impl Yard {
    /// Ships it, ending with that exit code: the report, and what a person reads.
    fn ship(&self, code: i32) -> (Value, String) {
        let to = format!("registry:{}/fleet/pipeline", self.registry.host());
        let mut arguments = vec![
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            &to,
            "--tag",
            "1.0.0",
            "--progress",
            "plain",
            "--db",
            "all.index",
            "--evidence",
            "evidence",
        ];
        for base in &self.bases {
            arguments.extend(["--build-context", base]);
        }
        let certificates = std::env::var("PLIMSOLL_TEST_CA");
        let certificates = certificates.map(|path| format!("id=ca,src={path}"));
        if let Ok(certificates) = &certificates {
            arguments.extend(["--secret", certificates]);
        }
        let run = self.stage.run(&arguments).expect(code);
        let report = std::fs::read(self.stage.project().join("evidence/report.json")).unwrap();
        (serde_json::from_slice(&report).unwrap(), run.stdout)
    }

    /// The digest that the registry has for the tag; none where nothing was sent.
    fn pushed(&self) -> Option<String> {
        let output = std::process::Command::new("skopeo")
            .args(["inspect", "--tls-verify=false", "--format", "{{.Digest}}"])
            .arg(format!(
                "docker://{}/fleet/pipeline:1.0.0",
                self.registry.host()
            ))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(said)
    }

    /// Does what an edit of the report says, at the line it says.
    fn apply(&self, edit: &Value) {
        let path = edit["file"].as_str().unwrap();
        let number = usize::try_from(edit["line"].as_u64().unwrap()).unwrap();
        let text = std::fs::read_to_string(self.stage.project().join(path)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = &mut lines[number - 1];
        let before = line.clone();
        match edit["action"].as_str().unwrap() {
            // Which base has the packages is for people to know.
            "renew-base" => *line = line.replace(OLD_NAME, NEW_NAME),
            "raise-versions" => {
                for step in edit["steps"].as_array().unwrap() {
                    let word = |key: &str| step[key].as_str().unwrap();
                    assert!(line.starts_with(word("name")), "{line}");
                    *line = line.replace(word("installed"), word("to"));
                }
            }
            other => panic!("{other}: {edit:#}"),
        }
        assert_ne!(*line, before, "{edit:#}");
        self.stage
            .write(path, format!("{}\n", lines.join("\n")).as_bytes());
    }
}

/// The example, two bases, and advisories on what tells them apart and on a requirement.
fn yard() -> (Yard, usize) {
    let stage = example();
    let new = required("PLIMSOLL_TEST_DEBIAN");
    let old = stage.root().join("old").display().to_string();
    stage.write("old/Dockerfile", TAKE_BACK.as_bytes());
    stage
        .run(&[
            "build",
            "old",
            "--engine",
            "native",
            "--progress",
            "plain",
            "--build-context",
            &format!("{OLD_NAME}=oci-layout://{new}"),
            "--to",
            &format!("oci:{old}"),
            "--tag",
            "latest",
        ])
        .expect(0);
    std::fs::remove_dir_all(stage.project().join("old")).unwrap();
    let (of_old, of_new) = (sources(&stage, &old), sources(&stage, &new));
    let behind: Vec<(&String, &String)> = of_old
        .iter()
        .filter_map(|(name, version)| {
            let renewed = of_new.get(name)?;
            (renewed != version).then_some((name, renewed))
        })
        .collect();
    assert!(
        !behind.is_empty(),
        "the base of PLIMSOLL_TEST_DEBIAN has no security update that the point release has not"
    );
    let osv = stage.root().join("osv");
    let behind_by = behind.iter().enumerate();
    let mut records: Vec<Value> = behind_by
        .map(|(number, (name, fixed))| {
            let id = format!("DSA-{}-1", 90_001 + number);
            advisory(&id, "Debian:12", name, fixed)
        })
        .collect();
    records.push(advisory("PYSEC-2026-90001", "PyPI", "pytz", "2024.2"));
    // One that nobody has mended holds nothing back where only the others count.
    records.push(Advisory::of("PYSEC-2026-90002", "PyPI", "six").record());
    plimsoll_testkit::advisory::write(&records, &osv).unwrap();
    let osv = osv.display().to_string();
    stage
        .run(&["db", "build", &osv, "--out", "all.index"])
        .expect(0);
    let registry = Distribution::start(stage.root()).unwrap();
    let bases = [
        format!("{OLD_NAME}=oci-layout://{old}"),
        format!("{NEW_NAME}=oci-layout://{new}"),
    ];
    let yard = Yard {
        stage,
        registry,
        bases,
    };
    (yard, behind.len())
}

#[test]
fn an_old_base_holds_the_example_back_and_the_edits_it_is_told_free_it() {
    let name = "an_old_base_holds_the_example_back_and_the_edits_it_is_told_free_it";
    if !engine_tests(name) {
        return;
    }
    let (yard, behind) = yard();
    let (held, said) = yard.ship(1);
    assert_eq!(held["verdict"]["holds"], false);
    assert_eq!(yard.pushed(), None);

    // Two edits suffice, each at its line, and what they remove is all that counts.
    let advice = &held["advice"];
    let edits = advice["edits"].as_array().unwrap();
    let plan: Vec<&Value> = advice["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| &edits[usize::try_from(at.as_u64().unwrap()).unwrap()])
        .collect();
    assert_eq!(advice["remaining"], json!([]), "{advice:#}");
    let [base, requirement] = &plan[..] else {
        panic!("{advice:#}");
    };
    assert_eq!(base["action"], "renew-base");
    assert_eq!(base["steps"].as_array().unwrap().len(), behind);
    assert!(base["removes"].as_array().unwrap().len() >= behind);
    assert_eq!(requirement["action"], "raise-versions");
    assert_eq!(requirement["steps"][0]["name"], "pytz");
    assert_eq!(requirement["steps"][0]["to"], "2024.2");
    for edit in &plan {
        let removes = edit["removes"].as_array().unwrap().len();
        let told = format!(
            "{}:{} removes {removes} of {removes}",
            edit["file"].as_str().unwrap(),
            edit["line"]
        );
        assert!(said.contains(&told), "{told}\n{said}");
    }

    // One of them is not enough.
    yard.apply(requirement);
    let (held, _) = yard.ship(1);
    assert_eq!(held["advice"]["plan"].as_array().unwrap().len(), 1);
    assert_eq!(yard.pushed(), None);

    yard.apply(base);
    let (sails, said) = yard.ship(0);
    assert_eq!(sails["verdict"]["holds"], true);
    assert_eq!(sails["advice"]["plan"], json!([]));
    let left: Vec<&Value> = sails["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(left, ["PYSEC-2026-90002"]);
    let digest = sails["image"]["digest"].as_str().unwrap();
    assert!(said.contains(digest), "{said}");
    assert_eq!(
        yard.pushed().as_deref(),
        Some(digest),
        "what was judged is what was sent"
    );
}
