//! Which flags an instruction takes, and with what values.

use plimsoll_model::Span;

use super::scan::shorten;
use super::{Flag, Healthcheck, InstructionKind};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// `--name`, `--name=true` or `--name=false`.
    Bool,
    /// A value, once.
    Value,
    /// A value, as often as one likes.
    Values,
}

fn known(instruction: &str) -> Option<&'static [(&'static str, Takes)]> {
    use Takes::{Bool, Value, Values};
    Some(match instruction {
        "FROM" => &[("platform", Value)],
        "RUN" => &[
            ("mount", Values),
            ("network", Value),
            ("security", Value),
            ("device", Values),
        ],
        "COPY" => &[
            ("from", Value),
            ("chown", Value),
            ("chmod", Value),
            ("link", Bool),
            ("parents", Bool),
            ("exclude", Values),
        ],
        "ADD" => &[
            ("chown", Value),
            ("chmod", Value),
            ("link", Bool),
            ("keep-git-dir", Bool),
            ("checksum", Value),
            ("unpack", Bool),
            ("exclude", Values),
        ],
        "HEALTHCHECK" => &[
            ("interval", Value),
            ("timeout", Value),
            ("start-period", Value),
            ("start-interval", Value),
            ("retries", Value),
        ],
        // BuildKit does not look at the flags of these.
        "ARG" | "STOPSIGNAL" => return None,
        _ => &[],
    })
}

/// Calls `refuse` for each flag that BuildKit's build would not take.
pub(super) fn check(
    instruction: &str,
    kind: &InstructionKind,
    flags: &[Flag],
    mut refuse: impl FnMut(Span, String),
) {
    if matches!(kind, InstructionKind::Healthcheck(Healthcheck::None)) {
        return;
    }
    let Some(known) = known(instruction) else {
        return;
    };
    for (at, flag) in flags.iter().enumerate() {
        let name = shorten(&flag.name);
        let Some((_, takes)) = known.iter().find(|(known, _)| *known == flag.name) else {
            let advice = match known {
                [] => "it takes none".to_owned(),
                known => {
                    let names: Vec<String> =
                        known.iter().map(|(name, _)| format!("--{name}")).collect();
                    format!("it takes {}", names.join(", "))
                }
            };
            refuse(
                flag.span,
                format!("{instruction} has no flag `--{name}`: {advice}"),
            );
            continue;
        };
        if *takes != Takes::Values && flags[..at].iter().any(|before| before.name == flag.name) {
            refuse(flag.span, format!("`--{name}` is given twice: keep one"));
            continue;
        }
        let value = flag.value.as_ref().map(|value| value.value.as_str());
        match (takes, value) {
            (Takes::Bool, Some(value))
                if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") =>
            {
                refuse(
                    flag.span,
                    format!(
                        "`--{name}` is either true or false: write `--{name}` or `--{name}=false`"
                    ),
                );
            }
            (Takes::Value | Takes::Values, None) => {
                refuse(
                    flag.span,
                    format!("`--{name}` has no value: write `--{name}=value`"),
                );
            }
            _ => {}
        }
    }
}
