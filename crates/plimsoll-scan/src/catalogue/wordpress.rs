//! WordPress: its own version, and plugins and themes by the header that WordPress itself reads
//! (Plugin Handbook, "Header Requirements").

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

/// How far WordPress looks for a header.
const HEADER: usize = 8 << 10;

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    if candidate.name == "version.php" {
        return folder(candidate.path).ends_with("wp-includes");
    }
    if candidate.name == "style.css" {
        return is_in(folder(folder(candidate.path)), "themes");
    }
    candidate.name.ends_with(".php")
        && candidate.head.starts_with(b"<?php")
        && (is_in(folder(folder(candidate.path)), "plugins")
            || is_in(folder(candidate.path), "plugins"))
}

fn is_in(path: &str, kind: &str) -> bool {
    base_name(path) == kind && base_name(folder(path)) == "wp-content"
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let header = bytes.get(..bytes.len().min(HEADER)).unwrap_or_default();
    let text = String::from_utf8_lossy(header);
    if base_name(path) == "version.php" {
        let version = text.lines().find_map(|line| {
            let value = line.trim().strip_prefix("$wp_version")?.trim_start();
            let value = value.strip_prefix('=')?.trim().trim_end_matches(';');
            Some(value.trim_matches(['\'', '"']))
        });
        return Ok(Document::Packages(vec![Proven::new(
            PackageKind::Generic,
            Some("wordpress"),
            version,
            Evidence::VersionString,
        )?]));
    }
    let (kind, title) = if base_name(path) == "style.css" {
        ("theme", "Theme Name")
    } else {
        ("plugin", "Plugin Name")
    };
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let line = line.trim_start_matches([' ', '\t', '/', '*', '#', '@']);
            let (name, value) = line.split_once(':')?;
            let value = value.trim().trim_end_matches("*/").trim();
            (name.trim_end().eq_ignore_ascii_case(wanted) && !value.is_empty()).then_some(value)
        })
    };
    // Only one file of a plugin has the header.
    let (Some(_), Some(version)) = (field(title), field("Version")) else {
        return Ok(Document::Packages(Vec::new()));
    };
    // Its folder is its name in the directory of plugins; a single file is its own.
    let place = base_name(folder(path));
    let name = if place == "plugins" {
        base_name(path).trim_end_matches(".php")
    } else {
        place
    };
    let mut package = Proven::new(
        PackageKind::WordPress,
        Some(name),
        Some(version),
        Evidence::Metadata,
    )?;
    package.namespace = Some(kind.to_owned());
    package.license = field("License").map(ToOwned::to_owned);
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let head = text.as_bytes();
        assert!(claims(&Candidate::new(path, 100, 0o644, head)), "{path}");
        match read(path, text.as_bytes()) {
            Ok(Document::Packages(packages)) => packages
                .into_iter()
                .map(|own| {
                    let place = own.namespace.unwrap_or_default();
                    format!(
                        "{place}/{}@{} {}",
                        own.name,
                        own.version,
                        own.license.unwrap_or_default()
                    )
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn its_own_version_plugins_and_themes() {
        assert_eq!(
            found(
                "srv/wp-includes/version.php",
                "<?php\n/** the version */\n$wp_version = '6.4.3';\n"
            ),
            ["/wordpress@6.4.3 "]
        );
        let header = "<?php\n/*\n * Plugin Name: Akismet: Anti-spam\n * Version: 5.3\n * License: GPLv2 or later\n */\n";
        assert_eq!(
            found("srv/wp-content/plugins/akismet/akismet.php", header),
            ["plugin/akismet@5.3 GPLv2 or later"]
        );
        assert_eq!(
            found(
                "wp-content/plugins/hello.php",
                "<?php /*\nPlugin Name: Hello\nVersion: 1.7.2 */"
            ),
            ["plugin/hello@1.7.2 "]
        );
        assert!(found("wp-content/plugins/akismet/class.php", "<?php // no header").is_empty());
        assert_eq!(
            found(
                "wp-content/themes/twenty/style.css",
                "/*\nTheme Name: Twenty\nVersion: 1.0\n*/"
            ),
            ["theme/twenty@1.0 "]
        );
    }
}
