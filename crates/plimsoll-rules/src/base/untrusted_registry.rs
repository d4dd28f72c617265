use plimsoll_model::{Confidence, ImageName};
use plimsoll_syntax::dockerfile::Base;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an image a build starts from, copies from or mounts comes from a registry that is
    /// not on the list of the configuration. It says nothing where there is no list:
    ///
    /// ```toml
    /// [check]
    /// trusted-registries = ["docker.io", "*.example.com"]
    /// ```
    ///
    /// ## Why it hurts in production
    /// What a registry hands out runs in your network with your secrets. One that nobody looked at
    /// has no scan, no retention and no one to call, and a name that is one letter off is somebody
    /// else's.
    ///
    /// ## Example
    /// With `trusted-registries = ["docker.io"]`:
    ///
    /// ```dockerfile
    /// FROM registry.example.org/team/base:1.4
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM docker.io/library/debian:12
    /// ```
    ///
    /// ## Fix
    /// None: where a trusted copy of the image lies is not in the file.
    ///
    /// ## References
    /// - <https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-03-Dependency-Chain-Abuse>
    UntrustedRegistry = "untrusted-registry",
    summary: "An image comes from a registry that is not on the list",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DL3026"],
    audience: Default,
    edition: 2026,
}

impl Rule for UntrustedRegistry {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let trusted = &file.settings.trusted_registries;
        if trusted.is_empty() {
            return;
        }
        for (base, place, built) in file.outside_images() {
            let name = match base {
                Base::Image(name) => name,
                Base::Unresolved(name) => {
                    sink.note(
                        file.place(place),
                        format!("Which registry `{name}` comes from is not known here."),
                    );
                    continue;
                }
                _ => continue,
            };
            let plain = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
            let Ok(parsed) = ImageName::parse(plain) else {
                continue;
            };
            let registry = parsed.registry.as_str();
            let is_hub = registry == "docker.io";
            if trusted.iter().any(|pattern| {
                matches(pattern, registry) || (is_hub && matches(pattern, "hub.docker.com"))
            }) {
                continue;
            }
            sink.report(
                file.place(place),
                format!("`{name}` comes from `{registry}`, which is not among the trusted registries."),
            )
            .help("Take it from a registry on the list, or put this one there.")
            .confidence(if built {
                Confidence::High
            } else {
                Confidence::Low
            });
        }
    }
}

/// Whether a pattern with `*` for any run of characters matches the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::check::check_project;
    use crate::testing::{options, project};

    fn lines(trusted: &[&str], dockerfile: &str) -> Vec<usize> {
        let mut options = options("untrusted-registry");
        options.settings.trusted_registries = trusted.iter().map(|&name| name.to_owned()).collect();
        check_project(&project(dockerfile, &[]), &options)
            .findings
            .iter()
            .map(|finding| finding.origin.source.as_ref().unwrap().start.line)
            .collect()
    }

    #[test]
    fn registries_are_held_against_the_list() {
        let file = "FROM ghcr.io/a/b:1 AS b\nFROM debian:12\nCOPY --from=b /x /\nCOPY --from=quay.io/c:1 /y /\nRUN --mount=from=r.example.com/d:1,target=/d ls\n";
        assert_eq!(lines(&[], file), [0; 0]);
        assert_eq!(lines(&["*"], file), [0; 0]);
        assert_eq!(lines(&["docker.io"], file), [1, 4, 5]);
        assert_eq!(lines(&["hub.docker.com", "*.io"], file), [5]);
        assert_eq!(lines(&["ghcr.io", "quay.*", "r.*.com"], file), [2]);
        assert_eq!(lines(&["x.com"], "FROM scratch\n"), [0; 0]);
        assert_eq!(lines(&["x.com"], "FROM $BASE\n"), [0; 0]);
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*c", "ab", false),
            ("a", "ab", false),
            ("*.io", "quay.io", true),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
