//! Commands in an environment that is the same on every machine.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A binary that is run in a directory of its own, with an environment made from nothing.
///
/// `HOME` and `TMPDIR` are inside [`Scrubbed::root`], commands start in its `work`, and the root
/// is removed with this value.
#[derive(Debug)]
pub struct Scrubbed {
    binary: PathBuf,
    root: TempDir,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    replacements: Vec<(String, String)>,
    time_limit: Duration,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output, scrubbed.
    pub stdout: String,
    /// Standard error, scrubbed.
    pub stderr: String,
}

impl Outcome {
    /// The exit code, `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Scrubbed {
    /// Prepares the directories.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(binary: impl AsRef<Path>) -> io::Result<Self> {
        let root = tempfile::Builder::new()
            .prefix("plimsoll-test-")
            .tempdir()?;
        for dir in ["home", "tmp", "work"] {
            fs::create_dir(root.path().join(dir))?;
        }
        Ok(Self {
            binary: binary.as_ref().to_owned(),
            root,
            arguments: Vec::new(),
            environment: Vec::new(),
            stdin: Vec::new(),
            replacements: Vec::new(),
            time_limit: Duration::from_secs(120),
        })
    }

    /// The directory that holds `home`, `tmp` and `work`; `[ROOT]` in outputs.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The directory commands start in.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Writes a file below [`Scrubbed::work`], with the directories it needs.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.work().join(path);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&path, content)?;
        Ok(path)
    }

    /// The arguments of the next runs, in place of the former ones.
    pub fn args<S: AsRef<OsStr>>(&mut self, words: impl IntoIterator<Item = S>) -> &mut Self {
        self.arguments = words
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        self
    }

    /// Sets a variable; also one of the fixed ones.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        let pair = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.push(pair);
        self
    }

    /// What the command reads; nothing unless told.
    pub fn stdin(&mut self, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.stdin = bytes.into();
        self
    }

    /// Replaces another text that varies, such as a port, in outputs.
    pub fn replace(&mut self, text: &str, by: &str) -> &mut Self {
        self.replacements.push((text.to_owned(), by.to_owned()));
        self
    }

    /// Kills the command after this time; 120 s unless told.
    pub fn time_limit(&mut self, limit: Duration) -> &mut Self {
        self.time_limit = limit;
        self
    }

    /// Runs the command and waits for it.
    ///
    /// # Errors
    /// It cannot be started, or ran longer than the limit and was killed.
    pub fn run(&self) -> io::Result<Outcome> {
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .current_dir(self.work())
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", self.home())
            .env("TMPDIR", self.root().join("tmp"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        thread::scope(|scope| {
            scope.spawn(|| {
                // A command that does not read its input closes the pipe.
                input.map(|mut pipe| pipe.write_all(&self.stdin))
            });
            let stdout = scope.spawn(|| drain(stdout));
            let stderr = scope.spawn(|| drain(stderr));
            let status = wait(&mut child, self.time_limit);
            let stdout = stdout.join().unwrap_or_default();
            let stderr = stderr.join().unwrap_or_default();
            Ok(Outcome {
                status: status?,
                stdout: self.scrub(&stdout),
                stderr: self.scrub(&stderr),
            })
        })
    }

    fn scrub(&self, output: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(output).into_owned();
        // The root as the system names it, where a link leads to it.
        let canonical = fs::canonicalize(self.root()).unwrap_or_default();
        for root in [canonical.as_path(), self.root()] {
            let root = root.to_string_lossy();
            if !root.is_empty() {
                text = text.replace(root.as_ref(), "[ROOT]");
            }
        }
        for (from, to) in &self.replacements {
            text = text.replace(from, to);
        }
        text
    }
}

fn drain(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is what there is to show.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            let message = format!("the command ran longer than {limit:?} and was killed");
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Scrubbed {
        let mut scrubbed = Scrubbed::new("/bin/sh").unwrap();
        scrubbed.args(["-c", script]);
        scrubbed
    }

    #[test]
    fn the_environment_is_made_from_nothing() {
        let mut scrubbed = shell("env | sort; pwd >&2; exit 3");
        scrubbed
            .env("COLUMNS", "40")
            .env("EXTRA", "port 1234")
            .replace("1234", "[PORT]");
        let outcome = scrubbed.run().unwrap();
        assert_eq!(outcome.code(), Some(3));
        let lines: Vec<&str> = outcome
            .stdout
            .lines()
            .filter(|line| !line.starts_with("_="))
            .collect();
        assert_eq!(
            lines,
            [
                "COLUMNS=40",
                "EXTRA=port [PORT]",
                "HOME=[ROOT]/home",
                "LC_ALL=C.UTF-8",
                "NO_COLOR=1",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "PWD=[ROOT]/work",
                "TERM=dumb",
                "TMPDIR=[ROOT]/tmp",
                "TZ=UTC",
            ]
        );
        assert_eq!(outcome.stderr, "[ROOT]/work\n");
    }

    #[test]
    fn input_goes_in_and_files_are_there() {
        let mut scrubbed = shell("cat - a/b");
        scrubbed.write("a/b", "file").unwrap();
        let outcome = scrubbed.stdin("input ").run().unwrap();
        assert_eq!(outcome.stdout, "input file");
    }

    #[test]
    fn a_command_without_an_end_is_killed() {
        let mut scrubbed = Scrubbed::new("/bin/sleep").unwrap();
        scrubbed.args(["60"]).time_limit(Duration::from_millis(50));
        assert_eq!(scrubbed.run().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
