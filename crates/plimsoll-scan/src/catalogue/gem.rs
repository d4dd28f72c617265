//! Installed Ruby gems: the specifications that RubyGems writes for each, default gems too, and those
//! of gems that Bundler fetched by Git.
//!
//! A specification is Ruby code. RubyGems writes it in one fixed form, with a comment on top that
//! tells what matters (`# stub: NAME VERSION PLATFORM PATHS`); only literals are read from the rest.

use plimsoll_model::{Evidence, PackageKind, Requirement};

use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".gemspec")
        && candidate
            .path
            .strip_suffix(candidate.name)
            .is_some_and(|folder| {
                let folder = folder.strip_suffix("/default/").map_or(folder, |_| {
                    folder.strip_suffix("default/").unwrap_or(folder)
                });
                folder.ends_with("/specifications/") || is_checkout(folder)
            })
}

/// Whether a folder is that of a gem which Bundler fetched by Git, or that of one of several in a
/// repository: `bundler/gems/NAME-REVISION/`. Such a gem brings its own specification, in which
/// code may compute the version: then it is told that it was not read.
fn is_checkout(folder: &str) -> bool {
    folder
        .split_once("/bundler/gems/")
        .and_then(|(_, inside)| inside.strip_suffix('/')?.split_once('-').map(|_| inside))
        .is_some_and(|inside| {
            let parts = inside.trim_end_matches('/').split('/').count();
            let of_tests = ["/spec", "/test", "/fixtures", "/example"];
            parts <= 2 && !of_tests.iter().any(|part| inside.contains(part))
        })
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let stub = text
        .lines()
        .take(5)
        .find_map(|line| line.strip_prefix("# stub: "));
    let mut words = stub.unwrap_or_default().split(' ');
    let mut name = words.next().filter(|word| !word.is_empty());
    let mut version = words.next();
    let mut platform = words.next();
    let mut license = None;
    let mut requires = Vec::new();
    for line in text.lines() {
        let Some((field, value)) = assignment(line) else {
            requires.extend(requirement(line));
            continue;
        };
        match field {
            "name" => name = name.or_else(|| literal(value)),
            "version" => version = version.or_else(|| literal(value)),
            "platform" => platform = platform.or_else(|| literal(value)),
            "license" => license = license.or_else(|| literal(value).map(ToOwned::to_owned)),
            "licenses" => license = license.or_else(|| list(value)),
            _ => {}
        }
    }
    let mut package = Proven::new(PackageKind::Gem, name, version, Evidence::Metadata)
        .map_err(|why| format!("{why} as a literal"))?;
    // Of its own file name RubyGems is sure; a specification that says something else is not its.
    let file = super::base_name(path).trim_end_matches(".gemspec");
    if !file.starts_with(package.name.as_str()) {
        return Err(format!("it names the gem {}", package.name.escape_debug()));
    }
    if let Some(platform) = platform.filter(|platform| !platform.is_empty() && *platform != "ruby")
    {
        package
            .qualifiers
            .push(("platform".to_owned(), platform.to_owned()));
    }
    package.license = license;
    package.requires = super::requirements(requires.into_iter());
    Ok(Document::Packages(vec![package]))
}

/// What a line such as `  s.add_runtime_dependency(%q<rack>.freeze, ["~> 2.0".freeze, ">= 2.2"])` asks for.
fn requirement(line: &str) -> Option<Requirement> {
    let (_, call) = line.trim().split_once('.')?;
    let arguments = call
        .strip_prefix("add_runtime_dependency(")
        .or_else(|| call.strip_prefix("add_dependency("))?;
    let (name, versions) = arguments.strip_prefix("%q<")?.split_once('>')?;
    let (_, versions) = versions.split_once('[')?;
    let (versions, _) = versions.split_once(']')?;
    let versions: Option<Vec<&str>> = versions.split(',').map(|one| literal(one.trim())).collect();
    Some(Requirement {
        name: name.to_owned(),
        versions: versions?.join(", "),
        condition: None,
    })
}

/// The field and the value of a line such as `  s.name = "rack".freeze`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (left, value) = line.split_once('=')?;
    let (receiver, field) = left.trim().split_once('.')?;
    let plain = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (plain(receiver) && plain(field)).then(|| (field, value.trim()))
}

/// What stands between the first pair of quotes, where nothing in it is computed.
fn literal(value: &str) -> Option<&str> {
    let value = value
        .strip_prefix("Gem::Version.new(")
        .unwrap_or(value)
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, _) = value.get(1..)?.split_once(quote)?;
    (!text.is_empty() && !text.contains(['\\', '#'])).then_some(text)
}

/// The literals of a list on one line.
fn list(value: &str) -> Option<String> {
    let (inner, _) = value.strip_prefix('[')?.split_once(']')?;
    let items: Vec<&str> = inner
        .split(',')
        .filter_map(|item| literal(item.trim()))
        .collect();
    (!items.is_empty()).then(|| items.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gem(path: &str, text: &str) -> Result<Proven, String> {
        match read(path, text.as_bytes())? {
            Document::Packages(mut packages) => Ok(packages.remove(0)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_rubygems_wrote_is_claimed() {
        for yes in [
            "var/lib/gems/3.1.0/specifications/rack-2.2.4.gemspec",
            "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
            "usr/local/bundle/bundler/gems/devise-abc1234/devise.gemspec",
            "x/bundler/gems/rails-abc1234/activejob/activejob.gemspec",
        ] {
            assert!(claims(&Candidate::named(yes)), "{yes}");
        }
        for no in [
            "var/lib/gems/3.1.0/gems/rack-2.2.4/rack.gemspec",
            "app/default/app.gemspec",
            "app/own.gemspec",
            "x/bundler/gems/devise-abc1234/spec/x.gemspec",
            "x/bundler/gems/devise-abc1234/a/b/x.gemspec",
        ] {
            assert!(!claims(&Candidate::named(no)), "{no}");
        }
    }

    #[test]
    fn specifications_old_and_new() {
        let new = gem(
            "specifications/nokogiri-1.16.2-x86_64-linux.gemspec",
            "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.16.2 x86_64-linux lib\n# stub: ext/x.rb\n\nGem::Specification.new do |s|\n  s.name = \"nokogiri\".freeze\n  s.version = \"1.16.2\"\n  s.licenses = [\"MIT\".freeze, \"Apache-2.0\".freeze]\n  s.add_runtime_dependency(%q<racc>.freeze, [\"~> 1.4\".freeze, \">= 1.4.1\"])\n  s.add_dependency(%q<mini>, [\"= 2.8\"])\n  s.add_development_dependency(%q<rake>, [\"= 1\"])\n  s.add_dependency(%q<odd>, [ODD])\nend\n",
        )
        .unwrap();
        let needs = new.requires.iter();
        let needs: Vec<_> = needs
            .map(|one| (one.name.as_str(), one.versions.as_str()))
            .collect();
        assert_eq!(needs, [("racc", "~> 1.4, >= 1.4.1"), ("mini", "= 2.8")]);
        assert_eq!(
            (new.name.as_str(), new.version.as_str()),
            ("nokogiri", "1.16.2")
        );
        assert_eq!(new.qualifiers, [("platform".into(), "x86_64-linux".into())]);
        assert_eq!(new.license.as_deref(), Some("MIT, Apache-2.0"));
        let old = gem(
            "specifications/rake-0.9.gemspec",
            "Gem::Specification.new do |s|\n  s.name = %q{rake}\n  s.name = 'rake'\n  s.version = Gem::Version.new(\"0.9\")\n  s.license = 'MIT'\nend\n",
        )
        .unwrap();
        assert_eq!((old.name.as_str(), old.version.as_str()), ("rake", "0.9"));
        assert_eq!(
            (old.license.as_deref(), old.qualifiers.len()),
            (Some("MIT"), 0)
        );
        assert!(
            gem(
                "specifications/a-1.gemspec",
                "s.name = NAME\ns.version = \"#{v}\""
            )
            .is_err()
        );
        assert!(gem("specifications/a-1.gemspec", "# stub: b 1 ruby lib\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(s\\.(name|version|licenses) ?= ?[\"'\\[a-z\\\\#\\]]{0,9}\n|.{0,20}\n){0,9}") {
            let _ = read("specifications/a.gemspec", text.as_bytes());
        }
    }
}
