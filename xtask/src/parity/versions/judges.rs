//! The ecosystems' own tools, each asked once for all pairs.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use plimsoll_scan::advisory::Order;

/// A tool that knows how its ecosystem orders.
pub(in crate::parity) struct Judge {
    pub(in crate::parity) order: Order,
    /// How it is asked for on the command line.
    pub(in crate::parity) name: &'static str,
    /// The program, and the variable that names another one.
    program: (&'static str, &'static str),
    /// The script that reads the pairs and prints a sign for each.
    script: (&'static str, &'static str),
    how: How,
    /// What to install.
    wants: &'static str,
}

/// How the script is run.
#[derive(Clone, Copy)]
enum How {
    /// By the program.
    Script,
    /// By a shell that calls the program.
    Shell,
    Rpm,
    Java,
    Go,
}

/// The tools there are.
pub(in crate::parity) const JUDGES: [Judge; 14] = [
    Judge {
        order: Order::Dpkg,
        name: "dpkg",
        program: ("dpkg", "DPKG"),
        script: ("dpkg.sh", include_str!("judges/dpkg.sh")),
        how: How::Shell,
        wants: "dpkg",
    },
    Judge {
        order: Order::Apk,
        name: "apk",
        program: ("apk", "APK"),
        script: ("apk.sh", include_str!("judges/apk.sh")),
        how: How::Shell,
        wants: "apk-tools 3",
    },
    Judge {
        order: Order::Rpm,
        name: "rpm",
        program: ("rpm", "RPM"),
        script: ("rpm.lua", include_str!("judges/rpm.lua")),
        how: How::Rpm,
        wants: "rpm 4.16 or later",
    },
    Judge {
        order: Order::Pep440,
        name: "pep440",
        program: ("python3", "PYTHON"),
        script: ("pep440.py", include_str!("judges/pep440.py")),
        how: How::Script,
        wants: "Python with its package packaging",
    },
    Judge {
        order: Order::Semver,
        name: "semver",
        program: ("node", "NODE"),
        script: ("semver.js", include_str!("judges/semver.js")),
        how: How::Script,
        wants: "Node.js with npm's package semver (NODE_PATH)",
    },
    Judge {
        order: Order::Go,
        name: "go",
        program: ("go", "GO"),
        script: ("main.go", include_str!("judges/go.go")),
        how: How::Go,
        wants: "Go 1.22 or later",
    },
    Judge {
        order: Order::Maven,
        name: "maven",
        program: ("java", "JAVA"),
        script: ("Maven.java", include_str!("judges/Maven.java")),
        how: How::Java,
        wants: "a JDK and maven-artifact 3.9.2 or later (MAVEN_ARTIFACT: its jar)",
    },
    Judge {
        order: Order::Gem,
        name: "gem",
        program: ("ruby", "RUBY"),
        script: ("gem.rb", include_str!("judges/gem.rb")),
        how: How::Script,
        wants: "Ruby",
    },
    Judge {
        order: Order::Composer,
        name: "composer",
        program: ("php", "PHP"),
        script: ("composer.php", include_str!("judges/composer.php")),
        how: How::Script,
        wants: "PHP and composer/semver 3.4.0 or later (COMPOSER_SEMVER: its autoload.php)",
    },
    Judge {
        order: Order::NuGet,
        name: "nuget",
        program: ("mono", "MONO"),
        script: ("nuget.sh", include_str!("judges/nuget.sh")),
        how: How::Shell,
        wants: "mono with mcs and NuGet.Versioning (NUGET_VERSIONING: its library)",
    },
    Judge {
        order: Order::Hex,
        name: "hex",
        program: ("elixir", "ELIXIR"),
        script: ("hex.exs", include_str!("judges/hex.exs")),
        how: How::Script,
        wants: "Elixir",
    },
    Judge {
        order: Order::Cran,
        name: "cran",
        program: ("Rscript", "RSCRIPT"),
        script: ("cran.R", include_str!("judges/cran.R")),
        how: How::Script,
        wants: "R",
    },
    Judge {
        order: Order::Opam,
        name: "opam",
        program: ("opam", "OPAM"),
        script: ("opam.sh", include_str!("judges/opam.sh")),
        how: How::Shell,
        wants: "opam 2.4 or later",
    },
    Judge {
        order: Order::Conan,
        name: "conan",
        program: ("python3", "PYTHON"),
        // Python looks for packages beside the script first.
        script: ("judge.py", include_str!("judges/conan.py")),
        how: How::Script,
        wants: "Python with its package conan, 2 or later",
    },
];

/// What parts the two versions of a line.
const SEPARATOR: &str = "\u{1f}";

/// What a judge said.
pub(in crate::parity) enum Verdict {
    /// Which judge it is, and a sign for every pair: `<`, `=`, `>`, or `!` where one is no version.
    Signs(String, Vec<char>),
    /// Why it could not be asked.
    Absent(String),
}

impl Judge {
    /// Asks for all pairs at once.
    pub(in crate::parity) fn ask(&self, pairs: &[(String, String)]) -> anyhow::Result<Verdict> {
        let folder = tempfile::tempdir().context("cannot make a folder for the pairs")?;
        let lines: String = pairs
            .iter()
            .map(|(left, right)| format!("{left}{SEPARATOR}{right}\n"))
            .collect();
        let file = folder.path().join("pairs");
        fs::write(&file, lines).context("cannot write the pairs")?;
        let script = folder.path().join(self.script.0);
        fs::write(&script, self.script.1).context("cannot write the script")?;

        let output = self.command(folder.path(), &script, &file)?.output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Verdict::Absent(self.missing("")));
            }
            output => output.with_context(|| format!("cannot run {}", self.program()))?,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty());
            return Ok(Verdict::Absent(self.missing(last.unwrap_or_default())));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let mut lines = said.lines().filter(|line| !line.is_empty());
        let judge = lines.next().unwrap_or_default().trim().to_owned();
        let signs = lines
            .map(|line| match line.trim() {
                "<" => Ok('<'),
                "=" => Ok('='),
                ">" => Ok('>'),
                "!" => Ok('!'),
                other => bail!("{judge}: {other:?} is no sign"),
            })
            .collect::<anyhow::Result<Vec<char>>>()?;
        ensure!(
            signs.len() == pairs.len(),
            "{judge}: {} signs for {} pairs",
            signs.len(),
            pairs.len()
        );
        Ok(Verdict::Signs(judge, signs))
    }

    fn program(&self) -> String {
        let (program, variable) = self.program;
        std::env::var(variable).unwrap_or_else(|_| program.to_owned())
    }

    fn missing(&self, said: &str) -> String {
        let (_, variable) = self.program;
        let wants = self.wants;
        let colon = if said.is_empty() { "" } else { ": " };
        format!("wants {wants}; {variable} may name the program{colon}{said}")
    }

    fn command(&self, folder: &Path, script: &Path, pairs: &Path) -> anyhow::Result<Command> {
        let program = self.program();
        let mut command = Command::new(&program);
        match self.how {
            How::Script => {
                command.arg(script).arg(pairs);
            }
            How::Shell => {
                command = Command::new("sh");
                command.arg(script).arg(pairs);
                command.env("PROGRAM", program).env("SEPARATOR", SEPARATOR);
            }
            How::Rpm => {
                command
                    .arg("--define")
                    .arg(format!("pairs {}", pairs.display()))
                    .arg("--eval")
                    .arg(format!("%{{lua: dofile('{}')}}", script.display()));
            }
            How::Java => {
                let jar = std::env::var("MAVEN_ARTIFACT")
                    .unwrap_or_else(|_| "/usr/share/java/maven3-artifact.jar".to_owned());
                command.arg("-cp").arg(jar).arg(script).arg(pairs);
            }
            How::Go => {
                lay_module(&program, folder)?;
                command.args(["run", "."]).arg(pairs).current_dir(folder);
                command.env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
            }
        }
        Ok(command)
    }
}

/// Makes a module of the script, with the semver package that Go's own command is built with.
fn lay_module(program: &str, folder: &Path) -> anyhow::Result<()> {
    let Ok(root) = Command::new(program).args(["env", "GOROOT"]).output() else {
        // That it is not there is said when it is run.
        return Ok(());
    };
    let root = String::from_utf8_lossy(&root.stdout);
    let source = Path::new(root.trim()).join("src/cmd/vendor/golang.org/x/mod/semver/semver.go");
    fs::create_dir(folder.join("semver"))?;
    fs::copy(&source, folder.join("semver/semver.go"))
        .with_context(|| format!("cannot copy {}", source.display()))?;
    fs::write(folder.join("go.mod"), "module parity\n\ngo 1.22\n")?;
    Ok(())
}
