//! `RUN --mount=…`.

use plimsoll_model::Span;

use super::expand::ExpandError;
use super::scan::shorten;
use super::{Instruction, State};

/// What a mount brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MountKind {
    /// Files of the build context, a stage or an image.
    #[default]
    Bind,
    /// A folder kept between builds.
    Cache,
    /// A folder in memory.
    Tmpfs,
    /// A secret.
    Secret,
    /// An SSH agent's socket.
    Ssh,
}

/// How builds share a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// All at once.
    #[default]
    Shared,
    /// Each its own.
    Private,
    /// One after the other.
    Locked,
}

/// One `--mount` flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The flag.
    pub span: Span,
    /// `type`.
    pub kind: MountKind,
    /// `from`: a stage, context or image.
    pub from: Option<String>,
    /// `source`.
    pub source: Option<String>,
    /// `target`.
    pub target: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `sharing`.
    pub sharing: Option<Sharing>,
    /// `readonly` or `readwrite`, where one was written.
    pub read_only: Option<bool>,
    /// `required`.
    pub required: bool,
    /// `size` in bytes.
    pub size: Option<u64>,
    /// `mode`.
    pub mode: Option<u32>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `gid`.
    pub gid: Option<u32>,
    /// `env`: the variable that holds a secret.
    pub env: Option<String>,
    /// What BuildKit would refuse, one sentence each.
    pub problems: Vec<String>,
}

impl Mount {
    /// Whether the step cannot write to it: what it says, else what its kind is by default.
    pub fn is_read_only(&self) -> bool {
        self.read_only
            .unwrap_or(!matches!(self.kind, MountKind::Cache | MountKind::Tmpfs))
    }
}

/// The mounts of a RUN as written. A value with a variable in it stays as it is where it is text,
/// and is left out where it is not.
pub fn mounts(instruction: &Instruction) -> Vec<Mount> {
    values(instruction)
        .map(|(span, fields)| {
            let fields = fields
                .into_iter()
                .map(|(key, value)| {
                    let is_open = value.as_ref().is_some_and(|value| value.contains('$'));
                    (key, value, is_open)
                })
                .collect();
            read(span, fields)
        })
        .collect()
}

/// The mounts of a RUN with their variables replaced.
///
/// # Errors
/// A value that cannot be expanded.
pub fn expanded_mounts(
    instruction: &Instruction,
    state: &State,
    escape: u8,
) -> Result<Vec<Mount>, ExpandError> {
    values(instruction)
        .map(|(span, fields)| {
            let fields = fields
                .into_iter()
                .map(|(key, value)| {
                    let value = value
                        .map(|value| Ok(state.expansion(&value, escape)?.value))
                        .transpose()?;
                    Ok((key, value, false))
                })
                .collect::<Result<_, _>>()?;
            Ok(read(span, fields))
        })
        .collect()
}

type Field = (String, Option<String>);

fn values(instruction: &Instruction) -> impl Iterator<Item = (Span, Vec<Field>)> {
    instruction
        .flags
        .iter()
        .filter(|flag| flag.name == "mount")
        .map(|flag| {
            let value = flag.value.as_ref().map_or("", |value| value.value.as_str());
            let fields = comma_separated(value)
                .into_iter()
                .map(|field| match field.split_once('=') {
                    Some((key, value)) => (key.to_lowercase(), Some(value.to_owned())),
                    None => (field.to_lowercase(), None),
                })
                .collect();
            (flag.span, fields)
        })
}

/// Fields of one CSV record.
fn comma_separated(record: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = record.chars().peekable();
    loop {
        let mut field = String::new();
        if rest.next_if_eq(&'"').is_some() {
            while let Some(character) = rest.next() {
                if character != '"' {
                    field.push(character);
                } else if rest.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    break;
                }
            }
        }
        while let Some(character) = rest.next_if(|character| *character != ',') {
            field.push(character);
        }
        fields.push(field);
        if rest.next().is_none() {
            return fields;
        }
    }
}

fn read(span: Span, fields: Vec<(String, Option<String>, bool)>) -> Mount {
    let mut mount = Mount {
        span,
        kind: MountKind::default(),
        from: None,
        source: None,
        target: None,
        id: None,
        sharing: None,
        read_only: None,
        required: false,
        size: None,
        mode: None,
        uid: None,
        gid: None,
        env: None,
        problems: Vec::new(),
    };
    let kind_is_known = !fields
        .iter()
        .any(|(key, _, is_open)| key == "type" && *is_open);
    for (key, value, is_open) in fields {
        let problem = match value {
            None => mount.switch(&key),
            Some(value) => mount.set(&key, value, is_open),
        };
        mount.problems.extend(problem.err());
    }
    if kind_is_known {
        mount.check();
    }
    mount
}

impl Mount {
    /// A key without a value.
    fn switch(&mut self, key: &str) -> Result<(), String> {
        match key {
            "readonly" | "ro" => self.read_only = Some(true),
            "readwrite" | "rw" => self.read_only = Some(false),
            "required" => self.required = true,
            _ => {
                return Err(format!(
                    "`{}` needs a value: write `key=value`",
                    shorten(key)
                ));
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: String, is_open: bool) -> Result<(), String> {
        match key {
            "from" => self.from = Some(value),
            "source" | "src" => self.source = Some(value),
            "target" | "dst" | "destination" => self.target = Some(value),
            "id" => self.id = Some(value),
            "env" => self.env = Some(value),
            "type" | "sharing" | "readonly" | "ro" | "readwrite" | "rw" | "required" | "size"
            | "mode" | "uid" | "gid"
                if is_open => {}
            "type" => {
                self.kind = match value.to_lowercase().as_str() {
                    "bind" => MountKind::Bind,
                    "cache" => MountKind::Cache,
                    "tmpfs" => MountKind::Tmpfs,
                    "secret" => MountKind::Secret,
                    "ssh" => MountKind::Ssh,
                    _ => {
                        return Err(format!(
                            "`{}` is not a mount type: use bind, cache, tmpfs, secret or ssh",
                            shorten(&value)
                        ));
                    }
                }
            }
            "sharing" => {
                self.sharing = Some(match value.to_lowercase().as_str() {
                    "shared" => Sharing::Shared,
                    "private" => Sharing::Private,
                    "locked" => Sharing::Locked,
                    _ => return Err(invalid(key, &value, "shared, private or locked")),
                });
            }
            "readonly" | "ro" => self.read_only = Some(boolean(key, &value)?),
            "readwrite" | "rw" => self.read_only = Some(!boolean(key, &value)?),
            "required" => self.required = boolean(key, &value)?,
            "size" => {
                let size = bytes(&value).ok_or_else(|| invalid(key, &value, "a size as `64m`"))?;
                self.size = Some(size);
            }
            "mode" => {
                let mode = u32::from_str_radix(&value, 8)
                    .map_err(|_| invalid(key, &value, "octal digits"))?;
                self.mode = Some(mode);
            }
            "uid" => self.uid = Some(number(key, &value)?),
            "gid" => self.gid = Some(number(key, &value)?),
            _ => return Err(format!("a mount has no key `{}`", shorten(key))),
        }
        Ok(())
    }

    /// What does not go together.
    fn check(&mut self) {
        let kind = self.kind;
        let mut problem = |holds: bool, text: &str| {
            if holds {
                self.problems.push(text.to_owned());
            }
        };
        let is_secret = kind == MountKind::Secret;
        let has_files = matches!(kind, MountKind::Secret | MountKind::Ssh | MountKind::Cache);
        problem(
            self.required && !matches!(kind, MountKind::Secret | MountKind::Ssh),
            "only secret and ssh mounts can be required",
        );
        problem(
            self.size.is_some() && kind != MountKind::Tmpfs,
            "only tmpfs mounts have a size",
        );
        problem(
            !has_files && (self.mode.is_some() || self.uid.is_some() || self.gid.is_some()),
            "bind and tmpfs mounts have no mode, uid or gid",
        );
        problem(
            self.sharing.is_some() && kind != MountKind::Cache,
            "only cache mounts have sharing",
        );
        problem(
            is_secret && self.from.is_some(),
            "a secret mount has no from",
        );
        problem(
            is_secret && self.source.is_none() && self.target.is_none() && self.id.is_none(),
            "a secret mount needs an id or a target",
        );
        problem(
            is_secret && self.source.is_some() && self.id.is_some(),
            "a secret mount takes id or source, not both",
        );
    }
}

fn invalid(key: &str, value: &str, wanted: &str) -> String {
    format!("`{key}={}` is not {wanted}", shorten(value))
}

/// Go's `strconv.ParseBool`.
fn boolean(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(invalid(key, value, "true or false")),
    }
}

fn number(key: &str, value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| invalid(key, value, "a number"))
}

/// A size as Docker reads it: a number, perhaps with a fraction, and a binary unit.
fn bytes(value: &str) -> Option<u64> {
    let end = value.find(|character: char| !character.is_ascii_digit() && character != '.');
    let (digits, unit) = value.split_at(end.unwrap_or(value.len()));
    let unit = unit.trim_start().to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return None,
    };
    let size = digits.parse::<f64>().ok()? * 2f64.powi(shift);
    // Comparing first keeps the cast within range.
    (size.is_finite() && size < 2f64.powi(63)).then_some(size as u64)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use plimsoll_model::SourceFile;

    fn of(flags: &str) -> Vec<Mount> {
        let text = format!("FROM a\nRUN {flags} true\n");
        let (file, _) = parse(SourceFile::new("Dockerfile", text));
        mounts(file.instructions().nth(1).unwrap())
    }

    #[test]
    fn keys_are_typed() {
        let mounts = of(
            "--mount=type=cache,target=/c,id=x,sharing=locked,uid=3,mode=0755 --mount=from=b,src=/,dst=/m,rw",
        );
        assert_eq!(mounts[0].kind, MountKind::Cache);
        assert_eq!(mounts[0].target.as_deref(), Some("/c"));
        assert_eq!(mounts[0].sharing, Some(Sharing::Locked));
        assert_eq!((mounts[0].uid, mounts[0].mode), (Some(3), Some(0o755)));
        assert!(!mounts[0].is_read_only());
        assert_eq!(mounts[1].kind, MountKind::Bind);
        assert_eq!(mounts[1].from.as_deref(), Some("b"));
        assert_eq!(mounts[1].read_only, Some(false));
        assert!(mounts.iter().all(|mount| mount.problems.is_empty()));
    }

    #[test]
    fn what_buildkit_refuses_is_told() {
        for flag in [
            "--mount=type=magic",
            "--mount=type=secret",
            "--mount=type=cache,target=/x,colour=red",
            "--mount=type=bind,size=3",
            "--mount=type=cache,target=/x,uid=root",
            "--mount=target",
        ] {
            assert_eq!(of(flag)[0].problems.len(), 1, "{flag}");
        }
        assert!(
            of("--mount=type=cache,target=/x,uid=$UID")[0]
                .problems
                .is_empty()
        );
        assert_eq!(
            of("--mount=type=tmpfs,target=/x,size=1.5k")[0].size,
            Some(1536)
        );
    }
}
