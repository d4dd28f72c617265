//! RUN: its command, its mounts, its cache key.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::thread;

use plimsoll_syntax::dockerfile::{
    Base, Command, CommandForm, Heredoc, HeredocOpener, Mount, MountKind as Kind, Sharing,
    expanded_mounts, is_proxy_argument,
};

use super::build::{Key, StepFailure, Tree};
use super::logs::{Tail, forward};
use super::stage::{At, Evaluation, StageRun, arguments, in_shell, unsupported};
use super::store::{KeyLock, in_memory};
use super::wire::{
    Answer, Exit, Failure, MountKind, MountSpec, Request, RunSpec, Tree as WireTree, WorkId,
};
use crate::{LogStream, SecretSource};

/// Where the script of a heredoc with `#!` is shown.
const SCRIPTS: &str = "/dev/pipes";
/// Bytes of one secret.
const MAX_SECRET: u64 = 1 << 20;

/// A mount whose source is known but not yet made ready.
struct Planned {
    mount: Mount,
    target: String,
    source: Option<Origin>,
}

/// Where a mount's files come from.
enum Origin {
    Tree(Tree),
    /// A context's files: context name and selection digest.
    Context {
        name: String,
        path: String,
        digest: String,
    },
}

/// Secrets of a step: what the helper needs to know and the values.
#[derive(Default)]
struct Secrets {
    values: Vec<Vec<u8>>,
    descriptors: Vec<OwnedFd>,
}

impl Secrets {
    /// Adds a value; gives the number its descriptor will have.
    fn add(&mut self, value: Vec<u8>) -> Result<usize, Failure> {
        self.descriptors.push(in_memory(&value)?);
        self.values.push(value);
        Ok(self.descriptors.len() - 1)
    }
}

impl Evaluation<'_> {
    pub(super) fn run(
        &self,
        at: &At<'_>,
        command: &Command,
        run: &mut StageRun,
    ) -> Result<(), StepFailure> {
        let host_network = refuse_flags(at)?;
        let (args, script) = command_line(at, command)?;
        let mut prefix = String::new();
        if !run.arguments.is_empty() {
            prefix = format!("|{}", run.arguments.len());
            for (name, value) in &run.arguments {
                prefix.push_str(&format!(" {name}={}", value.as_deref().unwrap_or("")));
            }
            prefix.push(' ');
        }
        let created_by = format!("RUN {prefix}{} # buildkit", args.join(" "));
        let mounts = self.planned(at)?;
        let user = at.before.user.clone().unwrap_or_default();
        let workdir = match at.before.workdir.as_deref() {
            None | Some("") => "/".to_owned(),
            Some(path) => path.to_owned(),
        };
        let mut env: Vec<(String, String)> = at
            .before
            .variables
            .iter()
            .filter_map(|(name, variable)| Some((name.clone(), variable.value.clone()?)))
            .collect();
        let mut key = Key::new("run");
        key.add(&run.tree.identity)
            .add(&user)
            .add(&workdir)
            .add([u8::from(host_network)]);
        for arg in &args {
            key.add(arg);
        }
        key.add("env");
        for (name, value) in env.iter().filter(|(name, _)| !is_proxy_argument(name)) {
            key.add(name).add(value);
        }
        if let Some((name, text)) = &script {
            key.add("script").add(name).add(text);
        }
        for planned in &mounts {
            planned.add_to(&mut key);
        }
        for (name, value) in &self.build.plan.build_args {
            if is_proxy_argument(name) && !env.iter().any(|(known, _)| known == name) {
                env.push((name.clone(), value.clone()));
            }
        }
        let shown = match &command.form {
            CommandForm::Shell(text) => text.value.clone(),
            CommandForm::Exec(_) => at.instruction.text.value.clone(),
        };
        let mut vertex = self.build.vertex(&run.step_title(&shown, "RUN"));
        let before = run.tree.clone();
        let id = vertex.id.clone();
        self.layer(at, run, &key.finish(), &created_by, &mut vertex, || {
            let mut secrets = Secrets::default();
            let mut locks = Vec::new();
            let mut secret_env = Vec::new();
            let mut specs = Vec::new();
            for planned in &mounts {
                if let Some(spec) =
                    self.ready(planned, &mut secrets, &mut secret_env, &mut locks)?
                {
                    specs.push(spec);
                }
            }
            if let Some((name, text)) = script {
                specs.push(MountSpec {
                    target: SCRIPTS.to_owned(),
                    kind: MountKind::Script { name, text },
                });
            }
            let spec = RunSpec {
                args,
                env,
                secret_env,
                workdir,
                user,
                host_network,
                mounts: specs,
                resolv_conf: host_file("/etc/resolv.conf"),
                hosts: "127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                    .to_owned(),
            };
            self.execute(&before, spec, secrets, &id)
        })
    }

    /// Runs the command, passing on what it writes.
    fn execute(
        &self,
        tree: &Tree,
        spec: RunSpec,
        secrets: Secrets,
        vertex: &str,
    ) -> Result<WorkId, StepFailure> {
        let parents = self.build.chain(tree)?;
        let worker = self.build.worker()?;
        let pipe = || io::pipe().map_err(|e| Failure::system("a pipe", e));
        let (stdout, out) = pipe()?;
        let (stderr, err) = pipe()?;
        let tail = Tail::default();
        let shown = spec.args.join(" ");
        let request = Request::Run {
            parents,
            spec: Box::new(spec),
        };
        let events = self.build.events;
        let answer = thread::scope(|scope| {
            for (pipe, stream) in [(stdout, LogStream::Stdout), (stderr, LogStream::Stderr)] {
                let (tail, values) = (&tail, &secrets.values);
                scope.spawn(move || {
                    forward(
                        OwnedFd::from(pipe).into(),
                        vertex,
                        stream,
                        values,
                        tail,
                        events,
                    );
                });
            }
            let mut descriptors = vec![out.as_fd(), err.as_fd()];
            descriptors.extend(secrets.descriptors.iter().map(|fd| fd.as_fd()));
            let asked = worker.ask(&request, &descriptors);
            drop((out, err));
            asked.and_then(|()| worker.answer())
        });
        match answer? {
            Answer::Ran { work, exit } => match exit {
                Exit::Code(0) => Ok(work),
                exit => {
                    let _ = worker.call(&Request::Discard { work }, &[]);
                    let how = match exit {
                        Exit::Code(code) => format!("exit code {code}"),
                        Exit::Signal(9) => "signal 9: killed, perhaps out of memory".to_owned(),
                        Exit::Signal(signal) => format!("signal {signal}"),
                    };
                    Err(StepFailure::Command {
                        message: format!("`{}` failed: {how}", shorten(&shown)),
                        tail: tail.lines(),
                    })
                }
            },
            _ => Err(Failure::environment("the build helper answered oddly").into()),
        }
    }

    /// The mounts of the step with their sources looked up.
    fn planned(&self, at: &At<'_>) -> Result<Vec<Planned>, Failure> {
        let mounts = expanded_mounts(at.instruction, at.before, at.escape)
            .map_err(|e| Failure::input(e.to_string()))?;
        let mut bases = at.from.iter();
        let mut planned = Vec::new();
        for mount in mounts {
            if let Some(problem) = mount.problems.first() {
                return Err(Failure::input(problem.clone()));
            }
            // The resolution lists a base for every `from` that is not empty, in order.
            let base = match mount.from.as_deref() {
                None | Some("") => None,
                Some(_) => bases.next(),
            };
            let source = self.origin(&mount, base)?;
            let target = match (&mount.target, mount.kind) {
                (Some(target), _) => absolute(at, target),
                (None, Kind::Secret) => {
                    let id = mount
                        .id
                        .as_deref()
                        .or(mount.source.as_deref())
                        .unwrap_or("");
                    format!("/run/secrets/{}", id.rsplit('/').next().unwrap_or(id))
                }
                (None, _) => {
                    return Err(Failure::input("the mount needs a `target`"));
                }
            };
            planned.push(Planned {
                mount,
                target,
                source,
            });
        }
        Ok(planned)
    }

    fn origin(&self, mount: &Mount, base: Option<&Base>) -> Result<Option<Origin>, Failure> {
        let wanted = match mount.kind {
            Kind::Bind => true,
            Kind::Cache => base.is_some(),
            Kind::Ssh => return Err(unsupported("a mount of the SSH agent")),
            Kind::Tmpfs | Kind::Secret => false,
        };
        if !wanted {
            return Ok(None);
        }
        let context = match base {
            None => String::new(),
            Some(Base::Context(name)) if self.is_folder(name) => name.clone(),
            Some(base) => return Ok(Some(Origin::Tree(self.source_tree(base)?))),
        };
        let path = mount.source.clone().unwrap_or_else(|| "/".to_owned());
        let selection = self
            .build
            .context(&context)?
            .select(&[(path.clone(), false)])?;
        Ok(Some(Origin::Context {
            name: context,
            path,
            digest: selection.digest,
        }))
    }

    /// Makes a mount's source ready; `None` where an optional secret was not given.
    fn ready(
        &self,
        planned: &Planned,
        secrets: &mut Secrets,
        secret_env: &mut Vec<(String, usize)>,
        locks: &mut Vec<KeyLock>,
    ) -> Result<Option<MountSpec>, Failure> {
        let mount = &planned.mount;
        let source = match &planned.source {
            None => None,
            Some(Origin::Tree(tree)) => Some(WireTree::Chain(self.build.chain(tree)?)),
            Some(Origin::Context { name, path, digest }) => {
                let context = self.build.context(name)?;
                let selection = context.select(&[(path.clone(), false)])?;
                let work = self
                    .build
                    .stage(digest, |out| context.write_tar(&selection, out))?;
                Some(WireTree::Staged(work))
            }
        };
        let inside = mount.source.clone().unwrap_or_else(|| "/".to_owned());
        let kind = match mount.kind {
            Kind::Bind => MountKind::Bind {
                tree: source.ok_or_else(|| Failure::environment("a mount without a source"))?,
                path: inside,
                writable: !mount.is_read_only(),
            },
            Kind::Cache => {
                let (folder, lock) = self.cache_folder(mount, &planned.target)?;
                locks.extend(lock);
                MountKind::Cache {
                    folder,
                    from: source.map(|tree| (tree, inside)),
                    mode: mount.mode.unwrap_or(0o755),
                    uid: mount.uid.unwrap_or(0),
                    gid: mount.gid.unwrap_or(0),
                    readonly: mount.is_read_only(),
                }
            }
            Kind::Tmpfs => MountKind::Tmpfs { size: mount.size },
            Kind::Ssh => return Err(unsupported("a mount of the SSH agent")),
            Kind::Secret => {
                let Some(value) = self.secret(mount, &planned.target)? else {
                    return Ok(None);
                };
                let descriptor = secrets.add(value)?;
                if let Some(name) = &mount.env {
                    secret_env.push((name.clone(), descriptor));
                    if mount.target.is_none() {
                        return Ok(None);
                    }
                }
                MountKind::Secret {
                    descriptor,
                    mode: mount.mode.unwrap_or(0o400),
                    uid: mount.uid.unwrap_or(0),
                    gid: mount.gid.unwrap_or(0),
                }
            }
        };
        Ok(Some(MountSpec {
            target: planned.target.clone(),
            kind,
        }))
    }

    /// The value of a secret, read now and never kept.
    fn secret(&self, mount: &Mount, target: &str) -> Result<Option<Vec<u8>>, Failure> {
        let id = mount
            .id
            .as_deref()
            .or(mount.source.as_deref())
            .unwrap_or_else(|| target.rsplit('/').next().unwrap_or(target));
        match self.build.plan.secrets.get(id) {
            None if mount.required => Err(Failure::input(format!(
                "the step needs the secret `{id}`: give it with `--secret id={id},src=FILE`"
            ))),
            None => Ok(None),
            Some(SecretSource::Value(value)) => Ok(Some(value.0.clone())),
            Some(SecretSource::File(path)) => {
                use std::io::Read as _;
                let mut bytes = Vec::new();
                std::fs::File::open(path)
                    .and_then(|file| file.take(MAX_SECRET + 1).read_to_end(&mut bytes))
                    .map_err(|e| {
                        Failure::input(format!("the secret `{id}`: {}: {e}", path.display()))
                    })?;
                if bytes.len() as u64 > MAX_SECRET {
                    return Err(Failure::input(format!(
                        "the secret `{id}` is larger than {MAX_SECRET} bytes"
                    )));
                }
                Ok(Some(bytes))
            }
        }
    }

    /// The folder behind a cache mount, locked as its `sharing` says.
    fn cache_folder(
        &self,
        mount: &Mount,
        target: &str,
    ) -> Result<(String, Option<KeyLock>), Failure> {
        let name = |number: usize| {
            let mut key = Key::new("cache mount");
            key.add(mount.id.as_deref().unwrap_or(target));
            if number > 0 {
                key.add(number.to_string());
            }
            let mut name = key.finish();
            name.truncate(24);
            name
        };
        let store = &self.build.store;
        match mount.sharing.unwrap_or_default() {
            Sharing::Shared => {
                let folder = name(0);
                let lock = store.lock_cache(&folder, false, true)?;
                Ok((folder, lock))
            }
            Sharing::Locked => {
                let folder = name(0);
                let lock = store.lock_cache(&folder, true, true)?;
                Ok((folder, lock))
            }
            Sharing::Private => {
                for number in 0..1_000 {
                    let folder = name(number);
                    if let Some(lock) = store.lock_cache(&folder, true, false)? {
                        return Ok((folder, Some(lock)));
                    }
                }
                Err(Failure::environment(
                    "a thousand builds hold this cache mount",
                ))
            }
        }
    }

    /// Whether a named context is a folder.
    pub(super) fn is_folder(&self, name: &str) -> bool {
        matches!(
            self.build.plan.named_contexts.get(name),
            Some(crate::NamedContext::Directory(_))
        )
    }
}

impl Planned {
    /// Everything the result may depend on; of a secret only which and where.
    fn add_to(&self, key: &mut Key) {
        let mount = &self.mount;
        key.add("mount")
            .add(format!("{:?}", mount.kind))
            .add(&self.target)
            .add(mount.id.as_deref().unwrap_or(""))
            .add(mount.source.as_deref().unwrap_or(""))
            .add(mount.env.as_deref().unwrap_or(""))
            .add(format!(
                "{:?} {:?} {:?} {:?} {}",
                mount.size,
                mount.mode,
                mount.uid,
                mount.gid,
                mount.is_read_only()
            ));
        match &self.source {
            None => key.add("none"),
            Some(Origin::Tree(tree)) => key.add("tree").add(&tree.identity),
            Some(Origin::Context { digest, .. }) => key.add("context").add(digest),
        };
    }
}

/// Flags that need the other engine; gives whether the host's network is seen.
fn refuse_flags(at: &At<'_>) -> Result<bool, Failure> {
    let value = |name: &str| at.instruction.flag(name).map(|word| word.value.as_str());
    match value("security") {
        None | Some("sandbox") => {}
        Some("insecure") => return Err(unsupported("`RUN --security=insecure`")),
        Some(other) => {
            return Err(Failure::input(format!("`--security={other}` is not known")));
        }
    }
    if at
        .instruction
        .flags
        .iter()
        .any(|flag| flag.name == "device")
    {
        return Err(unsupported("`RUN --device`"));
    }
    match value("network") {
        None | Some("default" | "host") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => Err(Failure::input(format!(
            "`--network={other}` is not known: use default, none or host"
        ))),
    }
}

/// Arguments of the command, and the script that a heredoc with `#!` is.
type CommandLine = (Vec<String>, Option<(String, String)>);

fn command_line(at: &At<'_>, command: &Command) -> Result<CommandLine, Failure> {
    let heredocs = &at.instruction.heredocs;
    let (CommandForm::Shell(text), Some(first)) = (&command.form, heredocs.first()) else {
        return Ok((arguments(command, at.before), None));
    };
    if HeredocOpener::parse(text.value.trim()).is_some() {
        let body = content(first);
        if body.starts_with("#!") {
            let path = format!("{SCRIPTS}/{}", first.name);
            let args = in_shell(at.before, path);
            if first.name.contains('/') {
                return Err(Failure::input("the name of a heredoc cannot hold `/`"));
            }
            return Ok((args, Some((first.name.clone(), body))));
        }
        return Ok((in_shell(at.before, body), None));
    }
    // The shell reads the heredocs itself.
    let mut full = text.value.clone();
    for heredoc in heredocs {
        full.push('\n');
        full.push_str(&heredoc.body.value);
        full.push_str(&heredoc.name);
    }
    Ok((in_shell(at.before, full), None))
}

/// A heredoc's body, its leading tabs taken off where it says so.
pub(super) fn content(heredoc: &Heredoc) -> String {
    if !heredoc.chomp {
        return heredoc.body.value.clone();
    }
    heredoc
        .body
        .value
        .split_inclusive('\n')
        .map(|line| line.trim_start_matches('\t'))
        .collect()
}

/// A path made absolute by the working directory.
pub(super) fn absolute(at: &At<'_>, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let workdir = at.before.workdir.as_deref().unwrap_or("/");
    format!("{}/{path}", workdir.trim_end_matches('/'))
}

fn host_file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first line of a command, for an error message.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(120).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}
