use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, Word};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `VOLUME` or `WORKDIR` lies in a folder of the system: `/proc`, `/sys`, `/dev`,
    /// `/boot`, `/etc`, `/bin` and the like, or is the root itself.
    ///
    /// ## Why it hurts in production
    /// What the runtime mounts there hides what the image put there, or the other way round: a volume
    /// over `/etc` keeps yesterday's configuration for ever, and one over `/dev` or `/proc` lets the
    /// process at the host's.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// VOLUME /etc
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// VOLUME /var/lib/app
    /// ```
    ///
    /// ## Fix
    /// None: what is there already has to move.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#volume>
    SystemDirectoryTaken = "system-directory-taken",
    summary: "A volume or working directory lies in a folder of the system",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DKL-DI-0002", "DS-0030", "DS030"],
    audience: Default,
    edition: 2026,
}

const VOLUME: &[&str] = &["DKL-DI-0002"];
const WORKDIR: &[&str] = &["DS-0030", "DS030"];

impl Rule for SystemDirectoryTaken {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let (words, what): (&[Word], _) = match &unwrapped(view.instruction).kind {
                    InstructionKind::Volume(words) => (words, "VOLUME"),
                    InstructionKind::Workdir(word) => (std::slice::from_ref(word), "WORKDIR"),
                    _ => continue,
                };
                for word in words {
                    let Some(path) = file.expand(&word.value, &view.step.before) else {
                        continue;
                    };
                    let Some(folder) = system_folder(&path, what == "VOLUME") else {
                        continue;
                    };
                    sink.report(
                        file.place(word.span),
                        format!("`{what}` takes `{}`, a folder of the system.", folder.escape_debug()),
                    )
                    .help("Take a folder of the program's own, such as one in `/srv` or `/var/lib`.")
                    .aliases(match what {
                        "VOLUME" => VOLUME,
                        _ if WORKDIRS.iter().any(|known| path.starts_with(known)) => WORKDIR,
                        _ => &[],
                    })
                    .confidence(if file.ships(stage) || (what == "WORKDIR" && stage.reaches_target) {
                        Confidence::High
                    } else {
                        Confidence::Low
                    });
                }
            }
        }
    }
}

/// Where Trivy minds a working directory.
const WORKDIRS: &[&str] = &["/proc/", "/boot/", "/dev/", "/initrd/", "/lost+found/"];

/// The folder of the system that a path takes: itself, or a mount point of the kernel it lies in.
pub(crate) fn system_folder(path: &str, is_volume: bool) -> Option<&str> {
    const KERNEL: &[&str] = &["/proc", "/sys", "/dev", "/boot", "/initrd", "/lost+found"];
    const WHOLE: &[&str] = &[
        "/bin", "/etc", "/lib", "/lib64", "/sbin", "/usr", "/usr/bin", "/usr/lib", "/usr/sbin",
    ];
    let plain = match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        plain => plain,
    };
    let in_kernel = KERNEL.iter().any(|folder| {
        plain
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    // Memory that is shared on purpose.
    let shared = plain == "/dev/shm" || plain.starts_with("/dev/shm/");
    (in_kernel && !shared || is_volume && (plain == "/" || WHOLE.contains(&plain))).then_some(plain)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "system-directory-taken",
            &[
                ("a volume", "FROM a:1\nVOLUME /data /etc\n", &[2]),
                ("in JSON form", "FROM a:1\nVOLUME [\"/sys/fs/cgroup\"]\n", &[2]),
                ("the root", "FROM a:1\nVOLUME /\n", &[2]),
                ("a working directory", "FROM a:1\nWORKDIR /proc/sys\n", &[2]),
                ("through a variable", "FROM a:1\nENV D=/dev\nWORKDIR $D/x\n", &[3]),
            ],
        );
        silent(
            "system-directory-taken",
            &[
                ("its own", "FROM a:1\nVOLUME /var/lib/x\nWORKDIR /srv\n"),
                ("a folder beside", "FROM a:1\nWORKDIR /development\nVOLUME /etc/app\n"),
                ("work in the system's folders is done in passing", "FROM a:1\nWORKDIR /etc\nWORKDIR /\n"),
                ("shared memory", "FROM a:1\nVOLUME /dev/shm\n"),
            ],
        );
    }
}
