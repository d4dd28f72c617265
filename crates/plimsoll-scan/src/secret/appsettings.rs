//! Settings of applications that frameworks know by the names of their files: ASP.NET's, Spring's.

use std::borrow::Cow;

use plimsoll_model::Severity;
use plimsoll_model::credential::are_drawn;
use serde_json::Value;

use super::Hit;
use super::form::{LONGEST, is_code};
use super::hits::Hits;
use super::json::{strings, without_comments};
use super::name::promises;
use super::place::is_template;
use super::placeholder::is_placeholder;
use crate::catalogue::base_name;

/// `appsettings.json`, `appsettings.Production.json` of ASP.NET.
pub(super) fn is_app_settings(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("appsettings") && lower.ends_with(".json") && !is_template(&lower)
}

/// Keys that sign tokens in the settings of ASP.NET: only with the section they stand in does their
/// name say so, `"Jwt": {"Key": "…"}` or `"Jwt:Key": "…"`.
pub(super) fn in_app_settings(text: &str, hits: &mut Hits) {
    let read = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
    let mut plain = Cow::Borrowed(text);
    let settings = read(text).or_else(|_| {
        plain = without_comments(text).into();
        read(&plain)
    });
    let Ok(settings) = settings else {
        return;
    };
    let mut places = None;
    let mut open = vec![("", &settings)];
    while let Some((section, value)) = open.pop() {
        for (name, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Object(_) => open.push((name, value)),
                Value::String(key) => {
                    let (section, name) = name.rsplit_once(':').unwrap_or((section, name));
                    let believed = signs(section, name)
                        && (16..=LONGEST).contains(&key.len())
                        && key.bytes().all(|byte| byte.is_ascii_graphic())
                        && !is_placeholder(key)
                        && !is_code(key)
                        && (is_of_web_tokens(section) || !is_only_words(key));
                    if believed && !hits.is_full() {
                        let places = places.get_or_insert_with(|| strings(&plain));
                        hits.extend(places.get(key.as_str()).map(|place| Hit {
                            end: place.end,
                            ..Hit::of("secret-value", Severity::High, place.start, key.as_bytes())
                        }));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a setting called `Key` of a section is what tokens are signed with.
fn signs(section: &str, name: &str) -> bool {
    let section = section.rsplit(':').next().unwrap_or(section);
    let section = ["Settings", "Options", "Configuration", "Config", "s"]
        .iter()
        .find_map(|end| section.strip_suffix(end))
        .unwrap_or(section);
    name.eq_ignore_ascii_case("key") && !section.is_empty() && promises(&format!("{section}_key"))
}

/// Whether a value is words alone: the name of a header, of a cookie, of another section.
fn is_only_words(value: &str) -> bool {
    let mut parts = value.split(['-', '_', '.', ':']);
    let letters = parts.all(|part| part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    letters && !are_drawn(value)
}

/// Whether a section is about JSON web tokens, whose keys people make of words, too.
fn is_of_web_tokens(section: &str) -> bool {
    section.to_ascii_lowercase().contains("jwt")
}

/// `application.properties`, `application-prod.yml`, `bootstrap.yml`: Spring's, which libraries do not
/// bring along, but the modules of an application do.
pub(super) fn is_of_spring(path: &str) -> bool {
    let name = base_name(path);
    let ending = [".properties", ".yml", ".yaml"];
    let stem = ending.iter().find_map(|ending| name.strip_suffix(ending));
    let (first, _) = stem.map_or(("", ""), |stem| stem.split_once('-').unwrap_or((stem, "")));
    matches!(first, "application" | "bootstrap")
}

#[cfg(test)]
mod tests {
    use super::super::Detector;
    use super::super::named::by_structure;
    use super::*;

    #[test]
    fn keys_in_the_settings_of_asp_net() {
        let found = |name: &str, text: &str, own: bool| {
            let mut hits = Hits::default();
            by_structure(Detector::shared(), name, text.as_bytes(), own, &mut hits);
            let values = hits.iter().map(|hit| text[hit.start..hit.end].to_owned());
            values.collect::<Vec<_>>()
        };
        let key = "Sign-all-our-tokens-2024";
        let name = "app/appsettings.Production.json";
        for text in [
            "{\"Jwt\": {\"Issuer\": \"x\", \"Key\": \"VALUE\"}}",
            "\u{feff}{\"a\": {\"JwtSettings\": {\"key\": \"VALUE\"}}}",
            "{\"Tokens\": {\"Key\": \"VALUE\"}}",
            "{\"Jwt:Key\": \"VALUE\"}",
            "{\n  // what \"signs\" VALUE\n  \"Jwt\": {\"Key\": \"VALUE\",}, /* \" */\n}",
        ] {
            let with = |value: &str| text.replace("VALUE", value);
            assert_eq!(found(name, &with(key), true), [key], "{text}");
            assert!(found(name, &with(key), false).is_empty());
            assert!(found("app/package.json", &with(key), true).is_empty());
            for none in [
                "<your-key-goes-here>",
                "YOUR_SECRET_KEY_HERE_32_CHARS",
                "",
                "short",
            ] {
                assert!(found(name, &with(none), true).is_empty(), "{none}");
            }
        }
        for text in [
            "{\"ApiKey\": {\"Key\": \"X-Company-Api-Key\"}}",
            "{\"Token\": {\"Key\": \"AuthenticationCookie\"}}",
            "{\"Cache\": {\"Key\": \"Sign-all-our-tokens-2024\"}}",
            "{\"Key\": \"Sign-all-our-tokens-2024\"}",
            "{\"Jwt\": {\"KeyId\": \"Sign-all-our-tokens-2024\"}}",
            "{\"Jwt\": ",
        ] {
            assert!(found(name, text, true).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_key_with_an_escape_is_told_where_it_stands() {
        let text =
            "{\"A\": \"Password=x\",\n \"Jwt\": {\"Key\": \"Sign-all-our-tok\\u0026ens-2024\"}}";
        let mut hits = Hits::default();
        in_app_settings(text, &mut hits);
        let found: Vec<&str> = hits.iter().map(|hit| &text[hit.start..hit.end]).collect();
        assert_eq!(found, ["Sign-all-our-tok\\u0026ens-2024"]);
        let words = "{\"Jwt\": {\"Key\": \"ThisIsTheKeyThatSignsAllOurTokens\"}}";
        let mut hits = Hits::default();
        in_app_settings(words, &mut hits);
        assert_eq!(hits.len(), 1);
    }

    #[test]
    fn settings_of_spring() {
        for name in [
            "application.properties",
            "a/application-prod.yml",
            "bootstrap.yaml",
        ] {
            assert!(is_of_spring(name), "{name}");
        }
        for name in [
            "applications.yml",
            "application.xml",
            "a/messages.properties",
            "",
        ] {
            assert!(!is_of_spring(name), "{name}");
        }
    }
}
