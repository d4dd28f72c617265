use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellWord;

use crate::declare::declare_rule;
use crate::package::call::{Action, Call, Manager};
use crate::package::hadolint;
use crate::package::site::{self, Called, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that pip, pipx, npm, yarn, pnpm, gem or go installs a package by its name without
    /// saying which version. What a lock file, a requirements file or a constraints file names, what
    /// lies in the context, and what a digest or a commit fixes is left alone.
    ///
    /// ## Why it hurts in production
    /// These registries keep every version for ever, so that a pin costs nothing. Without one, the
    /// next build takes the release of the night before, with its bugs, and with what somebody who
    /// took over the package put into it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// RUN pip install --no-cache-dir gunicorn
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// RUN pip install --no-cache-dir gunicorn==23.0.0
    /// ```
    ///
    /// ## Fix
    /// None: which version was tested is not in the file.
    ///
    /// ## References
    /// - <https://pip.pypa.io/en/stable/topics/repeatable-installs/>
    /// - <https://docs.npmjs.com/cli/commands/npm-install>
    UnpinnedLanguagePackage = "unpinned-language-package",
    summary: "A language's package is installed in whatever version is newest",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["DL3013", "DL3016", "DL3028", "DL3062"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnpinnedLanguagePackage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            let runs = call.manager == Manager::Go && call.verb == "run";
            if call.manager.is_system()
                || !(call.action == Action::Install || runs)
                || call.packages.is_empty()
                || (call.manager == Manager::Npm && matches!(call.verb, "ci" | "ic" | "clean-install" | "install-clean"))
            {
                continue;
            }
            judge(file, &site, &called, sink);
        }
    }
}

fn judge(file: &ProjectFile<'_>, site: &Site<'_>, called: &Called<'_, '_>, sink: &mut Sink<'_>) {
    let call = &called.call;
    if is_fixed_elsewhere(call) {
        return;
    }
    let theirs = hadolint::speaks_of(called);
    let mut open: Vec<&ShellWord> = Vec::new();
    let mut doubtful: Option<&ShellWord> = None;
    let count = if call.verb == "run" { 1 } else { call.packages.len() };
    for &word in call.packages.iter().take(count) {
        match pin(file, site, call, word) {
            Pin::Fixed => {}
            Pin::Open => open.push(word),
            Pin::Doubtful => doubtful = doubtful.or(Some(word)),
        }
    }
    let aliases: &'static [&'static str] = match call.manager {
        _ if !theirs => &[],
        Manager::Pip => &["DL3013"],
        Manager::Npm => &["DL3016"],
        Manager::Gem => &["DL3028"],
        Manager::Go => &["DL3062"],
        _ => &[],
    };
    if let Some(first) = open.first() {
        let verb = if open.len() == 1 { "is" } else { "are" };
        sink.report(
            file.place(called.script.word_span(first)),
            format!(
                "{} {verb} installed in whatever version is the newest on the day of the build.",
                site::list(&open)
            ),
        )
        .help(help(call.manager))
        .confidence(site.where_built(Confidence::High))
        .aliases(aliases);
    } else if let (Some(word), true) = (doubtful, theirs) {
        sink.report(
            file.place(called.script.word_span(word)),
            format!("No version stands beside {}.", site::shown(word)),
        )
        .help(help(call.manager))
        .confidence(Confidence::Low)
        .aliases(aliases);
    }
}

fn help(manager: Manager) -> &'static str {
    match manager {
        Manager::Pip => "Write `name==version`, or install from a requirements file with `-r`.",
        Manager::Gem => "Write `name:version`, or name it in a Gemfile with its lock.",
        Manager::Go => "Write `path@version`.",
        _ => "Write `name@version`, or name it in package.json with its lock file.",
    }
}

/// Whether something beside the packages says which versions they have.
fn is_fixed_elsewhere(call: &Call<'_>) -> bool {
    match call.manager {
        Manager::Pip => call.has('c', &["--constraint", "--constraints"]) || call.has_long(&["--no-index"]),
        Manager::Gem => call.has('v', &["--version"]) || call.has('l', &["--local"]),
        _ => false,
    }
}

enum Pin {
    Fixed,
    Open,
    /// It hangs on what is not known here, or nobody would mend it.
    Doubtful,
}

fn pin(file: &ProjectFile<'_>, site: &Site<'_>, call: &Call<'_>, word: &ShellWord) -> Pin {
    let judge = |text: &str| match call.manager {
        Manager::Pip => pin_pip(text),
        Manager::Gem => pin_gem(text),
        Manager::Go => pin_go(text, call.verb),
        _ => pin_npm(text),
    };
    if let Some(literal) = &word.literal {
        return judge(literal);
    }
    let raw = word.raw.trim_matches(['"', '\'']);
    if let Some(words) = site::expanded(file, site, word) {
        let mut worst = Pin::Fixed;
        for word in words {
            match judge(&word) {
                Pin::Open => return Pin::Open,
                Pin::Doubtful => worst = Pin::Doubtful,
                Pin::Fixed => {}
            }
        }
        return worst;
    }
    // What is written around a variable may tell all there is to know.
    match judge(raw) {
        Pin::Fixed => Pin::Fixed,
        Pin::Open | Pin::Doubtful => Pin::Doubtful,
    }
}

fn pin_pip(text: &str) -> Pin {
    const FILES: &[&str] = &[".whl", ".gz", ".zip", ".bz2", ".tgz", ".xz", ".txt", ".in"];
    let (spec, marker) = text.split_once(';').unwrap_or((text, ""));
    let spec = spec.trim();
    if text == "." || spec.starts_with(['.', '/', '~']) || FILES.iter().any(|end| spec.ends_with(end)) {
        return Pin::Fixed;
    }
    if ["git+", "hg+", "svn+", "bzr+"].iter().any(|vcs| spec.contains(vcs)) {
        return if spec.contains('@') { Pin::Fixed } else { Pin::Open };
    }
    // An address, or a path.
    if spec.contains('/') || spec.contains(" @ ") {
        return Pin::Fixed;
    }
    if spec.contains("==") || spec.contains("~=") || spec.contains('<') {
        return Pin::Fixed;
    }
    if spec.contains(['>', '=', '!']) {
        return Pin::Open;
    }
    let name = spec.split('[').next().unwrap_or(spec);
    if name.is_empty() || !marker.is_empty() && name.contains(['$', '{']) {
        return Pin::Doubtful;
    }
    // Everybody brings pip itself up to date, and no program hangs on its version.
    if matches!(name, "pip" | "setuptools" | "wheel") || name.bytes().all(|b| b.is_ascii_digit()) {
        return Pin::Doubtful;
    }
    Pin::Open
}

fn pin_npm(text: &str) -> Pin {
    let local = text.starts_with(['.', '/', '~']) || text.starts_with("file:");
    if local || [".tgz", ".tar.gz", ".tar"].iter().any(|end| text.ends_with(end)) {
        return Pin::Fixed;
    }
    if text.contains("://") || text.starts_with("git@") || text.starts_with("github:") {
        let git = text.starts_with("git") || text.contains(".git");
        return match (text.contains('#'), git) {
            (true, _) => Pin::Fixed,
            (false, true) => Pin::Open,
            (false, false) => Pin::Doubtful,
        };
    }
    let scoped = text.strip_prefix('@').unwrap_or(text);
    match scoped.split_once('@') {
        Some((_, "" | "latest" | "next" | "*" | "x")) => Pin::Open,
        Some(_) => Pin::Fixed,
        None if text.contains('#') => Pin::Fixed,
        // `npm install npm -g` and the like read a version from nowhere either.
        None => Pin::Open,
    }
}

fn pin_gem(text: &str) -> Pin {
    if text.ends_with(".gem") || text.contains(['/', ':']) {
        Pin::Fixed
    } else {
        Pin::Open
    }
}

fn pin_go(text: &str, verb: &str) -> Pin {
    if text.starts_with(['.', '/']) || text.ends_with(".go") || text == "all" {
        return Pin::Fixed;
    }
    match text.split_once('@') {
        Some((_, "latest" | "upgrade" | "patch" | "master" | "main" | "HEAD")) => Pin::Open,
        Some((_, "none")) => Pin::Doubtful,
        Some(_) => Pin::Fixed,
        // Inside a module go.mod decides; outside of one only `get` goes on.
        None if verb == "get" && text.split('/').next().is_some_and(|host| host.contains('.')) => {
            Pin::Open
        }
        None => Pin::Doubtful,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "unpinned-language-package";

    fn lines(commands: &[&'static str]) -> Vec<(&'static str, String)> {
        commands
            .iter()
            .map(|command| (*command, format!("FROM x:1\nRUN {command}\n")))
            .collect()
    }

    #[test]
    fn cases() {
        let cases = lines(&[
            "pip install flask",
            "pip3.12 install -U 'flask[async]'",
            "python3 -m pip install flask",
            "pip install flask>=2",
            "pip install 'flask>=2'",
            "pip install --timeout 100 flask",
            "pip install git+https://example.com/a/b.git",
            "pip install -r requirements.txt gunicorn",
            "pip install flask==3.0 gunicorn",
            "pipx install poetry",
            "uv pip install --system flask",
            "/venv/bin/pip install flask",
            "npm install -g pnpm",
            "npm i left-pad",
            "npm install --registry https://example.com express",
            "npm install @scope/name sax@1",
            "npm install -g npm@latest",
            "npm install git+https://example.com/a/b.git",
            "yarn global add serve",
            "pnpm add -g serve",
            "gem install bundler",
            "gem install --no-document bundler",
            "gem i a:1 b",
            "go install example.com/x@latest",
            "go get -u example.com/x/...",
            "go run example.com/x@main -f",
        ]);
        for (what, dockerfile) in &cases {
            fires(RULE, &[(what, dockerfile, &[2])]);
        }
        fires(
            RULE,
            &[(
                "through a variable",
                "FROM x:1\nARG DEPS='a==1 b'\nRUN pip install $DEPS\n",
                &[3],
            )],
        );
        for (why, dockerfile) in &lines(&[
            "pip install flask==3.0",
            "pip install 'flask~=3.0' 'a<4' 'b>=1,<2'",
            "pip install -r requirements.txt",
            "pip install -Ur requirements.txt",
            "pip install -c constraints.txt flask",
            "pip install .",
            "pip install .[test]",
            "pip install -e .[dev]",
            "pip install ./dist/x.whl /tmp/y /z/*.whl",
            "pip install git+https://example.com/a/b.git@v1",
            "pip install https://example.com/x/y.zip",
            "pip install \"flask==${VERSION}\"",
            "pip install 'x==1; python_version<\"3.9\"'",
            "pip download flask",
            "npm install",
            "npm ci",
            "npm install --prefix /srv",
            "npm install express@4 @scope/name@1",
            "npm install ./x ../y /z ~/a x.tgz file:./b",
            "npm install git+ssh://git@example.com/a/b.git#v1",
            "npm run --crazy install",
            "yarn",
            "yarn add serve@14",
            "gem install bundler:2",
            "gem install bundler -v 2.5",
            "gem install ./x.gem",
            "gem install a:1 -- --with-x y",
            "go install example.com/x@v1",
            "go install ./...",
            "go get .",
            "go run main.go",
            "go run ./cmd x",
            "go build x",
            "echo pip install x",
        ]) {
            silent(RULE, &[(why, dockerfile)]);
        }
        unsure(
            RULE,
            &[
                ("everybody does", "FROM x:1\nRUN pip install --upgrade pip wheel\n"),
                ("not known", "FROM x:1\nRUN pip install $DEPS\n"),
                ("go.mod decides", "FROM x:1\nRUN go install example.com/x\n"),
                (
                    "a stage that is not built",
                    "FROM x:1 AS t\nRUN pip install x\nFROM scratch\n",
                ),
            ],
        );
    }
}
