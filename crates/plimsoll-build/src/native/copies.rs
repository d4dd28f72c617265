//! COPY and ADD: what they take, from where, and their cache key.

use std::io::Write;

use plimsoll_image::told_address;
use plimsoll_syntax::dockerfile::expand::Lexer;
use plimsoll_syntax::dockerfile::{Argument, Base, HeredocOpener};
use sha2::{Digest as _, Sha256};

use super::build::{Key, StepFailure, digest_of};
use super::download::{Download, download};
use super::mode::ModeChange;
use super::stage::{At, Evaluation, StageRun, unsupported};
use super::steps::{absolute, content};
use super::wire::{CopySource, CopySpec, Failure, Request, Tree as WireTree, WorkId};
use super::worker::work_of;
use plimsoll_model::{BuildInput, hex};

/// One thing to copy, its place known, nothing moved yet.
enum Taken {
    /// Paths of a context.
    Context {
        name: String,
        paths: Vec<(String, bool)>,
        digest: String,
    },
    /// A path of a stage or image.
    Tree {
        tree: super::build::Tree,
        path: String,
    },
    /// A heredoc.
    Text { name: String, text: String },
    /// A download.
    Http(Download),
}

impl Evaluation<'_> {
    pub(super) fn copy(
        &self,
        at: &At<'_>,
        words: &[Argument],
        is_add: bool,
        run: &mut StageRun,
    ) -> Result<(), StepFailure> {
        let keyword = if is_add { "ADD" } else { "COPY" };
        for name in ["parents", "exclude", "keep-git-dir", "unpack"] {
            if at.instruction.flags.iter().any(|flag| flag.name == name) {
                return Err(unsupported(format!("`{keyword} --{name}`")).into());
            }
        }
        let flag = |name: &str| {
            at.instruction
                .flag(name)
                .map(|word| at.expand(word))
                .transpose()
        };
        let owner = flag("chown")?.filter(|text| !text.is_empty());
        let mode = flag("chmod")?.filter(|text| !text.is_empty());
        if let Some(mode) = &mode
            && ModeChange::parse(mode).is_none()
        {
            return Err(Failure::input(format!(
                "`--chmod={mode}` is neither octal (`0755`) nor symbolic (`u+x,go-w`)"
            ))
            .into());
        }
        let (destination_word, sources) = words
            .split_last()
            .filter(|(_, sources)| !sources.is_empty())
            .ok_or_else(|| Failure::input(format!("{keyword} needs a source and a destination")))?;
        let written = at.expand(destination_word)?;
        let mut destination = absolute(at, &written);
        let is_folder = written.is_empty() || written == "." || written.ends_with('/');
        if is_folder && !destination.ends_with('/') {
            destination.push('/');
        }
        if sources.len() > 1 && !is_folder {
            return Err(Failure::input(format!(
                "{keyword} of several sources needs a folder: end the destination `{written}` with `/`"
            ))
            .into());
        }
        let checksum = flag("checksum")?;
        let mut texts = Vec::new();
        let mut taken = Vec::new();
        for word in sources {
            let heredoc = HeredocOpener::parse(&word.value).and_then(|opener| {
                at.instruction
                    .heredocs
                    .iter()
                    .find(|heredoc| heredoc.name == opener.name)
            });
            if let Some(heredoc) = heredoc {
                let mut text = content(heredoc);
                if heredoc.expand {
                    text = Lexer::heredoc_body(at.escape)
                        .expand(&text, at.before)
                        .map_err(|e| Failure::input(e.to_string()))?
                        .value;
                }
                texts.push(format!("<<{}", heredoc.name));
                taken.push(Taken::Text {
                    name: heredoc.name.clone(),
                    text,
                });
                continue;
            }
            let source = at.expand(word)?;
            texts.push(source.clone());
            taken.push(self.taken(at, source, is_add, checksum.as_deref())?);
        }
        let created_by = format!("{keyword} {} {written} # buildkit", texts.join(" "));
        // BuildKit copies what stands in the Dockerfile last.
        taken.sort_by_key(|source| matches!(source, Taken::Text { .. }));

        let mut key = Key::new("copy");
        key.add(&run.tree.identity)
            .add(&destination)
            .add(owner.as_deref().unwrap_or("-"))
            .add(mode.as_deref().unwrap_or("-"))
            .add(keyword);
        let quick = self.quick_key(key, &taken);
        let key = self.content_key(&quick, &taken, run, &destination, (&owner, &mode), keyword)?;
        let shown = at.instruction.text.value.clone();
        let mut vertex = self.build.vertex(&run.step_title(&shown, keyword));
        let before = run.tree.clone();
        self.layer(at, run, &key, &created_by, &mut vertex, || {
            let mut sources = Vec::new();
            for source in &taken {
                self.ready_source(source, is_add, &mut sources)?;
            }
            let request = Request::Copy {
                parents: self.build.chain(&before)?,
                spec: CopySpec {
                    sources,
                    destination,
                    owner,
                    mode,
                },
            };
            Ok(work_of(self.build.worker()?.call(&request, &[])?)?)
        })
    }

    fn taken(
        &self,
        at: &At<'_>,
        source: String,
        is_add: bool,
        checksum: Option<&str>,
    ) -> Result<Taken, Failure> {
        if is_add {
            let lower = source.to_lowercase();
            let is_http = lower.starts_with("http://") || lower.starts_with("https://");
            let path = lower.split(['?', '#']).next().unwrap_or(&lower);
            let is_git = lower.starts_with("git@")
                || lower.starts_with("git://")
                || lower.starts_with("ssh://")
                || (is_http && path.ends_with(".git"));
            if is_git {
                return Err(unsupported("ADD of a git repository"));
            }
            if is_http {
                let vertex = self
                    .build
                    .vertex(&format!("[internal] fetch {}", told_address(&source)));
                self.build.tell(&vertex);
                let download = download(&source, checksum, self.build)?;
                self.build.tell(&crate::Vertex {
                    completed: true,
                    ..vertex
                });
                self.build.downloads.borrow_mut().push(BuildInput::Http {
                    url: told_address(&source),
                    digest: download.digest.clone(),
                });
                return Ok(Taken::Http(download));
            }
            if checksum.is_some() {
                return Err(Failure::input(
                    "`--checksum` is for sources that are fetched over http",
                ));
            }
        }
        let context = match at.from.first() {
            None => String::new(),
            Some(Base::Context(name)) if self.is_folder(name) => name.clone(),
            Some(base) => {
                return Ok(Taken::Tree {
                    tree: self.source_tree(base)?,
                    path: source,
                });
            }
        };
        let paths = vec![(source, true)];
        let selection = self.build.context(&context)?.select(&paths)?;
        Ok(Taken::Context {
            name: context,
            paths,
            digest: selection.digest,
        })
    }

    /// A key over what can be known without looking into stages.
    fn quick_key(&self, mut key: Key, taken: &[Taken]) -> String {
        for source in taken {
            match source {
                Taken::Context { paths, digest, .. } => {
                    key.add("context").add(digest);
                    for (path, _) in paths {
                        key.add(path);
                    }
                }
                Taken::Tree { tree, path } => {
                    key.add("tree").add(&tree.identity).add(path);
                }
                Taken::Text { name, text } => {
                    key.add("text").add(name).add(text);
                }
                Taken::Http(download) => {
                    key.add("http")
                        .add(&download.name)
                        .add(download.digest.as_str());
                }
            }
        }
        key.finish()
    }

    /// The key that holds: for files of stages and images one over their content, so that a stage
    /// that was built again to the same files changes nothing.
    fn content_key(
        &self,
        quick: &str,
        taken: &[Taken],
        run: &StageRun,
        destination: &str,
        (owner, mode): (&Option<String>, &Option<String>),
        keyword: &str,
    ) -> Result<String, Failure> {
        let has_trees = taken
            .iter()
            .any(|source| matches!(source, Taken::Tree { .. }));
        if !has_trees {
            return Ok(quick.to_owned());
        }
        let mut alias = Key::new("alias");
        alias.add(quick);
        let alias = alias.finish();
        if self.build.knows(&alias)
            && let Some(known) = self
                .build
                .store
                .record(&alias)
                .and_then(|record| record.snapshot)
        {
            return Ok(known);
        }
        let mut key = Key::new("copy by content");
        key.add(&run.tree.identity)
            .add(destination)
            .add(owner.as_deref().unwrap_or("-"))
            .add(mode.as_deref().unwrap_or("-"))
            .add(keyword);
        for source in taken {
            match source {
                Taken::Tree { tree, path } => {
                    let request = Request::DigestSources {
                        sources: vec![CopySource {
                            tree: WireTree::Chain(self.build.chain(tree)?),
                            path: path.clone(),
                            wildcard: true,
                            unpack: false,
                        }],
                    };
                    let digest = digest_of(self.build.worker()?.call(&request, &[])?)?;
                    key.add("content").add(digest);
                }
                other => {
                    key.add(self.quick_key(Key::new("part"), std::slice::from_ref(other)));
                }
            }
        }
        let key = key.finish();
        let record = super::store::Record {
            snapshot: Some(key.clone()),
            ..super::store::Record::default()
        };
        self.build.store.remember(&alias, &record)?;
        Ok(key)
    }

    /// Moves a source to where the helper can take it from.
    fn ready_source(
        &self,
        source: &Taken,
        is_add: bool,
        out: &mut Vec<CopySource>,
    ) -> Result<(), Failure> {
        let mut staged = |work: WorkId, path: String, wildcard: bool, unpack: bool| {
            out.push(CopySource {
                tree: WireTree::Staged(work),
                path,
                wildcard,
                unpack,
            });
        };
        match source {
            Taken::Context {
                name,
                paths,
                digest,
            } => {
                let context = self.build.context(name)?;
                let selection = context.select(paths)?;
                let mut id = Key::new("staged context");
                id.add(name).add(digest);
                for (path, _) in paths {
                    id.add(path);
                }
                let work = self
                    .build
                    .stage(&id.finish(), |out| context.write_tar(&selection, out))?;
                for (path, wildcard) in paths {
                    staged(work, path.clone(), *wildcard, is_add);
                }
            }
            Taken::Tree { tree, path } => out.push(CopySource {
                tree: WireTree::Chain(self.build.chain(tree)?),
                path: path.clone(),
                wildcard: true,
                unpack: false,
            }),
            Taken::Text { name, text } => {
                let id = format!("text-{name}-{}", hex(&Sha256::digest(text.as_bytes())));
                let epoch = self.build.plan.source_date_epoch.unwrap_or(0);
                let work = self.build.stage(&id, |out| {
                    one_file(out, name, 0o644, epoch, text.len() as u64, text.as_bytes())
                })?;
                staged(work, name.clone(), false, false);
            }
            Taken::Http(download) => {
                let id = format!("http-{}-{}", download.name, download.digest.hex());
                let work = self.build.stage(&id, |out| {
                    let (file, size) = download.open()?;
                    one_file(out, &download.name, 0o600, download.modified, size, file)
                })?;
                staged(work, download.name.clone(), false, false);
            }
        }
        Ok(())
    }
}

/// A tar of one file.
fn one_file(
    out: &mut dyn Write,
    name: &str,
    mode: u32,
    mtime: i64,
    size: u64,
    content: impl std::io::Read,
) -> Result<(), Failure> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(u64::try_from(mtime).unwrap_or(0));
    let mut builder = tar::Builder::new(out);
    builder
        .append_data(&mut header, name, content)
        .and_then(|()| builder.finish())
        .map_err(|e| Failure::input(format!("`{name}` cannot be used as a file name: {e}")))
}
