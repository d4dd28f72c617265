//! A clean stage for running the binary: a home, a cache and an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use plimsoll_testkit::advisory::Advisory;

/// A temporary folder with a project in it and a binary that sees nothing else of this machine's
/// configuration.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

/// What a run of the binary gave.
pub(crate) struct Run {
    /// Exit code; a signal counts as -1.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Stage {
    /// An empty one. It lies where an ordinary user may go, too.
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new()
            .prefix("plimsoll-test-")
            .tempdir()
            .unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// One with these files in its project folder.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let stage = Self::new();
        for (name, content) in files {
            stage.write(name, content.as_bytes());
        }
        stage
    }

    /// The folder of the stage.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The project folder.
    pub(crate) fn project(&self) -> PathBuf {
        let project = self.folder.path().join("project");
        std::fs::create_dir_all(&project).unwrap();
        project
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Makes `all.index` of these advisories and those that it was made of before: `osv/1.json` and on.
    pub(crate) fn know(&self, advisories: &[Advisory]) {
        let folder = self.project().join("osv");
        std::fs::create_dir_all(&folder).unwrap();
        let there = std::fs::read_dir(folder).unwrap().count();
        for (at, advisory) in advisories.iter().enumerate() {
            let name = format!("osv/{}.json", there + at + 1);
            self.write(&name, advisory.text().as_bytes());
        }
        self.run(&["db", "build", "osv", "--out", "all.index"])
            .expect(0);
    }

    /// The binary, in the project folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root())
            .env("PLIMSOLL_CACHE", self.root().join("cache"))
            .env("PLIMSOLL_DATA", self.root().join("data"))
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::from(self.command(arguments).output().unwrap())
    }

    /// Runs it with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Run {
        use std::io::Write;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        match child.stdin.take().unwrap().write_all(input) {
            // It may know what to say before it has read all.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
        Run::from(child.wait_with_output().unwrap())
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    /// Fails with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.stdout))
    }
}

/// Whether tests that need an engine, a server or a namespace are to run. Without
/// `PLIMSOLL_ENGINE_TESTS=1` they say that they do not and pass; with it, whatever they miss fails
/// them.
pub(crate) fn engine_tests(test: &str) -> bool {
    let wanted = std::env::var_os("PLIMSOLL_ENGINE_TESTS").is_some_and(|value| value == "1");
    if !wanted {
        eprintln!("skipped: {test}: set PLIMSOLL_ENGINE_TESTS=1 to run it");
    }
    wanted
}

/// Runs another program; what it printed, or a panic that names it.
#[track_caller]
pub(crate) fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
