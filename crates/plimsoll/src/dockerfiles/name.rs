//! Names that Dockerfiles go by.

/// Whether a Dockerfile goes by such a name.
pub(crate) fn is_dockerfile_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".dockerignore")
        || lower.ends_with(".containerignore")
        || lower.ends_with('~')
    {
        return false;
    }
    is_loose_name(name)
        || ["dockerfile", "containerfile"].iter().any(|word| {
            lower == *word
                || lower
                    .strip_prefix(word)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .is_some_and(|variant| !is_other_file(name, variant))
                || lower
                    .strip_suffix(word)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
}

/// Whether it is one that people give to a variant, `Dockerfile-dev`, and to what is about a Dockerfile,
/// `Dockerfile-notes`: only what stands in the file tells. `dockerfile-notes` is never one.
pub(crate) fn is_loose_name(name: &str) -> bool {
    ["Dockerfile", "Containerfile"].iter().any(|word| {
        let variant = name.strip_prefix(word);
        let variant = variant.and_then(|rest| rest.strip_prefix(['-', '_']));
        variant.is_some_and(|variant| {
            let ending = variant.rsplit_once('.').map(|(_, ending)| ending);
            !variant.is_empty()
                && !ending.is_some_and(|ending| {
                    is_other_file("dockerfile", ending) || SCRIPTS_AND_TEMPLATES.contains(&ending)
                })
        })
    })
}

/// Endings behind `Dockerfile-x`: a template is full of what stands for instructions.
const SCRIPTS_AND_TEMPLATES: [&str; 24] = [
    "bash", "bat", "bats", "cmd", "conf", "csv", "diff", "ejs", "env", "erb", "fish", "gotmpl",
    "hbs", "in", "ini", "jinja", "jinja2", "log", "patch", "ps1", "sh", "tpl", "txt", "xml",
];

/// Whether the ending tells of a file about Dockerfiles rather than a variant of one. A program's
/// ending does so only behind a small letter: `Dockerfile.go` builds it, `dockerfile.go` is it.
fn is_other_file(name: &str, ending: &str) -> bool {
    const TEXTS: [&str; 12] = [
        "html", "j2", "json", "lock", "md", "orig", "rej", "template", "tmpl", "toml", "yaml",
        "yml",
    ];
    const PROGRAMS: [&str; 10] = ["c", "cpp", "go", "h", "java", "js", "py", "rb", "rs", "ts"];
    TEXTS.contains(&ending) || (name.starts_with(char::is_lowercase) && PROGRAMS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_known_by_their_names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "Dockerfile.go",
            "Dockerfile-prod",
            "Dockerfile_x",
            "Containerfile-a.b",
            "api.Dockerfile",
            "Containerfile",
            "x.dockerfile",
        ] {
            assert!(is_dockerfile_name(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfiles",
            "MyDockerfile",
            "Dockerfile~",
            "Dockerfile-",
            "Dockerfile-notes.md",
            "Dockerfile_test.go",
            "Dockerfile-build.sh",
            "Dockerfile_lint.sh",
            "Dockerfile-notes.txt",
            "Dockerfile-x.in",
            "Containerfile-x.erb",
            "dockerfile-notes.md",
            "dockerfile-lint",
            "dockerfile.rs",
            "Dockerfile.md",
        ] {
            assert!(!is_dockerfile_name(name), "{name}");
        }
        for (name, is_loose) in [
            ("Dockerfile-notes", true),
            ("Containerfile_dev", true),
            ("Dockerfile", false),
            ("Dockerfile.dev", false),
            ("api.Dockerfile", false),
        ] {
            assert_eq!(is_loose_name(name), is_loose, "{name}");
        }
    }
}
