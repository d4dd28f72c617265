use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, Word};

use crate::base::family::{self, BaseUser};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::root_user::{drops_privileges, is_root};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships runs as root and keeps state: it declares a `VOLUME`, or works
    /// in a folder for data such as `/data` or `/var/lib/…`.
    ///
    /// ## Why it hurts in production
    /// Root in the container is root in the volume, and what it writes there outlives it: files
    /// nobody else can read or delete, on a disk that the host or other containers share.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// VOLUME /data
    /// CMD ["/srv/app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN install -d -o 10001 /data
    /// VOLUME /data
    /// USER 10001
    /// CMD ["/srv/app"]
    /// ```
    ///
    /// ## Fix
    /// None: who owns the data that is there already is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    StatefulRoot = "stateful-root",
    summary: "An image that keeps data runs as root",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/stateful-root-runtime"],
    audience: Strict,
    edition: 2026,
}

impl Rule for StatefulRoot {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let confidence = match (target.end.user.as_deref(), target.end.user_set_by) {
            (Some(user), _) if user.is_empty() || is_root(user) => Confidence::High,
            (None, None) => match family::user(&file.bottom(target).base) {
                BaseUser::Root => Confidence::High,
                BaseUser::Unknown => Confidence::Low,
                BaseUser::Other => return,
            },
            _ => return,
        };
        if drops_privileges(file) || family::is_windows(&file.bottom(target).base) {
            return;
        }
        for view in file.shipped_steps() {
            let words: &[Word] = match &view.instruction.kind {
                InstructionKind::Volume(words) => words,
                InstructionKind::Workdir(word) => std::slice::from_ref(word),
                _ => continue,
            };
            let is_volume = matches!(view.instruction.kind, InstructionKind::Volume(_));
            for word in words {
                let Some(path) = file.expand(&word.value, &view.step.before) else {
                    continue;
                };
                if is_volume || is_data(&path) {
                    sink.report(
                        file.place(word.span),
                        format!("The image runs as root and keeps data in `{}`.", path.escape_debug()),
                    )
                    .help("Give the folder to a user of its own, and switch to that user.")
                    .confidence(confidence);
                }
            }
        }
    }
}

fn is_data(path: &str) -> bool {
    path == "/data"
        || ["/data/", "/var/lib/", "/var/log/", "/var/cache/", "/var/spool/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "stateful-root",
            &[
                ("a volume", "FROM debian:12\nVOLUME /x\n", &[2]),
                ("a folder for data", "FROM debian:12\nUSER root\nWORKDIR /var/lib/x\n", &[3]),
            ],
        );
        silent(
            "stateful-root",
            &[
                ("somebody else", "FROM debian:12\nVOLUME /x\nUSER 1\n"),
                ("no state", "FROM debian:12\nWORKDIR /srv\n"),
                ("it changes user", "FROM debian:12\nVOLUME /x\nENTRYPOINT [\"gosu\", \"app\", \"x\"]\n"),
            ],
        );
        unsure("stateful-root", &[("not known", "FROM x/y:1\nVOLUME /x\n")]);
    }
}
