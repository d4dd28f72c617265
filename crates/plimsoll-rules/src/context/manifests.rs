//! Commands that install what a manifest of the project lists.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use crate::package::call::is_pip;

/// A way to install dependencies, and the files that tell it which.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Installer {
    /// As people call it.
    pub(crate) name: &'static str,
    /// The files it reads, the one it cannot do without first.
    pub(crate) files: &'static [&'static str],
    /// Those of them that fix every version; empty where it knows none.
    pub(crate) locks: &'static [&'static str],
}

impl Installer {
    /// The file it cannot do without.
    pub(crate) fn manifest(&self) -> &'static str {
        self.files[0]
    }
}

macro_rules! installers {
    ($($constant:ident = $name:literal reads $($file:literal),+ locked by [$($lock:literal),*];)+) => {
        $(pub(crate) const $constant: &Installer = &Installer {
            name: $name,
            files: &[$($file),+],
            locks: &[$($lock),*],
        };)+
    };
}

installers! {
    PIP = "pip" reads "requirements.txt"
        locked by [];
    NPM = "npm" reads "package.json", "package-lock.json", "npm-shrinkwrap.json"
        locked by ["package-lock.json", "npm-shrinkwrap.json"];
    YARN = "yarn" reads "package.json", "yarn.lock", ".yarnrc.yml"
        locked by ["yarn.lock"];
    PNPM = "pnpm" reads "package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"
        locked by ["pnpm-lock.yaml"];
    BUNDLER = "bundle" reads "Gemfile", "Gemfile.lock"
        locked by ["Gemfile.lock"];
    COMPOSER = "composer" reads "composer.json", "composer.lock"
        locked by ["composer.lock"];
    POETRY = "poetry" reads "pyproject.toml", "poetry.lock"
        locked by ["poetry.lock"];
    PIPENV = "pipenv" reads "Pipfile", "Pipfile.lock"
        locked by ["Pipfile.lock"];
    UV = "uv" reads "pyproject.toml", "uv.lock"
        locked by ["uv.lock"];
    GO = "go" reads "go.mod", "go.sum"
        locked by ["go.sum"];
    CARGO = "cargo" reads "Cargo.toml", "Cargo.lock"
        locked by ["Cargo.lock"];
    MAVEN = "mvn" reads "pom.xml"
        locked by [];
    MIX = "mix" reads "mix.exs", "mix.lock"
        locked by ["mix.lock"];
}

/// A command that installs what manifests list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Installation<'a> {
    pub(crate) installer: &'static Installer,
    /// The manifests that the command itself names (`-r FILE`); empty where it finds them itself.
    pub(crate) named: Vec<&'a str>,
}

/// Reads a command as one that installs what a manifest lists. One that names packages itself, or
/// installs the project's own code, is none.
pub(crate) fn installation(command: &ShellCommand) -> Option<Installation<'_>> {
    let program = command.program()?;
    let arguments = command.arguments();
    let whole = |installer| {
        Some(Installation {
            installer,
            named: Vec::new(),
        })
    };
    let words: Vec<&str> = arguments
        .iter()
        .filter_map(|word| word.literal.as_deref())
        .filter(|word| !word.starts_with('-'))
        .collect();
    let flagged = |flags: &[&str]| {
        arguments
            .iter()
            .any(|word| flags.contains(&word.raw.as_str()))
    };
    match (program, words.as_slice()) {
        (pip, ["install", ..]) if is_pip(pip) => named_requirements(arguments),
        (python, ["pip", "install", ..]) if python.starts_with("python") && flagged(&["-m"]) => {
            named_requirements(arguments)
        }
        ("uv", ["pip", "install" | "sync", ..]) => named_requirements(arguments),
        ("npm", ["ci" | "clean-install"]) => whole(NPM),
        ("npm", ["install" | "i"]) if !flagged(&["-g", "--global"]) => whole(NPM),
        ("yarn", [] | ["install"]) if !flagged(&["--version", "-v"]) => whole(YARN),
        ("pnpm", ["install" | "i" | "fetch"]) => whole(PNPM),
        ("bundle", ["install"]) => whole(BUNDLER),
        ("composer", ["install"]) => whole(COMPOSER),
        ("poetry", ["install"]) => whole(POETRY),
        ("pipenv", ["install" | "sync"]) => whole(PIPENV),
        ("uv", ["sync"]) => whole(UV),
        ("go", ["mod", "download"]) => whole(GO),
        ("cargo", ["fetch"]) => whole(CARGO),
        ("mvn", [goal, ..]) if goal.starts_with("dependency:") => whole(MAVEN),
        ("mix", ["deps.get"]) => whole(MIX),
        _ => None,
    }
}

fn named_requirements(arguments: &[ShellWord]) -> Option<Installation<'_>> {
    let mut named = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = word.literal.as_deref().unwrap_or_default();
        if matches!(text, "-r" | "--requirement" | "--requirements") {
            named.push(words.next()?.literal.as_deref()?);
        } else if let Some(file) = text
            .strip_prefix("--requirement=")
            .or_else(|| text.strip_prefix("-r"))
            .filter(|file| !file.is_empty())
        {
            named.push(file);
        }
    }
    (!named.is_empty()).then_some(Installation {
        installer: PIP,
        named,
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Dialect};

    use super::*;

    #[test]
    fn installations_read_manifests() {
        for (text, name, named) in [
            (
                "pip install --no-cache-dir -r requirements.txt",
                "pip",
                "requirements.txt",
            ),
            (
                "python3 -m pip install -rdev.txt --requirement=b.txt",
                "pip",
                "dev.txt b.txt",
            ),
            ("pip3.12 install -r a", "pip", "a"),
            ("npm ci --omit=dev", "npm", ""),
            ("npm install", "npm", ""),
            ("yarn --frozen-lockfile", "yarn", ""),
            ("go mod download", "go", ""),
            ("bundle install --jobs=4", "bundle", ""),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let found = installation(&script.commands[0]).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (found.installer.name, found.named.join(" ").as_str()),
                (name, named),
                "{text}"
            );
        }
        for text in [
            "pip install flask",
            "pip install .",
            "npm install -g pnpm",
            "npm install left-pad",
            "npm run build",
            "yarn build",
            "cargo build",
            "pip install -r $FILE",
            "pipx install -r x",
        ] {
            let script = shell::parse(text, Dialect::Bash);
            assert_eq!(installation(&script.commands[0]), None, "{text}");
        }
    }
}
