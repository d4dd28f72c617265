//! What supervisord(1) is told to start: the programs of its configuration, and the files that it includes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Script;
use crate::startup::command::changes_search;

/// Programs of one file that are kept, and names of files that it includes.
const MAX_SERVICES: usize = 200;
const MAX_INCLUDES: usize = 20;

/// A program that a supervisor starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::startup) struct Service {
    /// The section that is about it: what stands in another of that name is about it, too.
    pub(in crate::startup) section: String,
    /// Its words, up to the first that is not known; none where it may not be started, or not be looked
    /// for where the image says.
    pub(in crate::startup) words: Vec<String>,
    /// The user that it is started as, where one is named.
    pub(in crate::startup) user: Option<String>,
    /// The folder that it is started in, where one is named.
    pub(in crate::startup) folder: Option<String>,
}

/// Whether a file may be such a configuration.
pub(super) fn is_one(name: &str, bytes: &[u8]) -> bool {
    let begins = |section: &str| memchr::memmem::find(bytes, section.as_bytes()).is_some();
    (name.ends_with(".conf") || name.ends_with(".ini"))
        && (begins("[supervisord]") || begins("[program:"))
}

/// Reads a configuration; `None` where it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Script> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut script = Script::default();
    for (section, settings) in sections(text) {
        let value = |name: &str| settings.get(name).map(String::as_str);
        let mut set = value("environment").unwrap_or_default().split([',', ' ']);
        let is_as_the_image = !set.any(changes_search);
        let plain = |name: &str| value(name).filter(|value| !value.contains('%'));
        match section.split_once(':') {
            None if section == "supervisord" => script.searches |= !is_as_the_image,
            None if section == "include" => {
                let files = value("files").unwrap_or_default().split_ascii_whitespace();
                // That folder is where others are looked for, too.
                let files = files.map(|file| file.strip_prefix("%(here)s/").unwrap_or(file));
                script
                    .includes
                    .extend(files.take(MAX_INCLUDES).map(str::to_owned));
            }
            Some(("program" | "eventlistener" | "fcgi-program", _))
                if script.services.len() < MAX_SERVICES =>
            {
                let is_started = is_as_the_image && !is_off(value("autostart"));
                let words = value("command")
                    .unwrap_or_default()
                    .split_ascii_whitespace();
                // What is quoted or filled in ends what is known.
                let words = words.take_while(|word| !word.contains(['%', '"', '\'', '\\']));
                let words = words.filter(|_| is_started).map(str::to_owned);
                script.services.push(Service {
                    section: section.to_owned(),
                    words: words.collect(),
                    user: plain("user").filter(|_| is_started).map(str::to_owned),
                    folder: plain("directory").map(str::to_owned),
                });
            }
            _ => {}
        }
    }
    Some(script)
}

/// Whether a service is not started by itself, as far as that is known.
fn is_off(value: Option<&str>) -> bool {
    let value = value.unwrap_or_default().to_ascii_lowercase();
    value.contains('%') || matches!(value.as_str(), "false" | "no" | "off" | "0" | "n" | "f")
}

/// The sections of a file, each with its settings.
fn sections(text: &str) -> Vec<(&str, BTreeMap<String, String>)> {
    let mut sections: Vec<(&str, BTreeMap<String, String>)> = Vec::new();
    let mut last = None;
    for line in text.lines() {
        let line = [" ;", "\t;", " #", "\t#"]
            .iter()
            .filter_map(|remark| line.find(remark))
            .min()
            .and_then(|end| line.get(..end))
            .unwrap_or(line);
        if line.trim().is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push((name.0.trim(), BTreeMap::new()));
            last = None;
            continue;
        }
        let Some((_, settings)) = sections.last_mut() else {
            continue;
        };
        if line.starts_with([' ', '\t']) {
            let value = last.as_ref().and_then(|key: &String| settings.get_mut(key));
            if let Some(value) = value {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase();
            settings.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_as_supervisord_reads_them() {
        let text = "; remark\n[supervisord]\nnodaemon=true ; in front\n[include]\n\
            files = %(here)s/conf.d/*.conf\n  /etc/more.ini\n[program:a]\ncommand = /app/a -x \"b c\"\n\
            user: web\ndirectory=/srv\n[program:b]\ncommand=b %(ENV_X)s c\nuser=%(ENV_U)s\n\
            [program:off]\ncommand=c\nautostart=False\n[program:some]\ncommand=c\n\
            autostart=%(ENV_C)s\n[program:other]\nenvironment=A=1,PATH=\"/x\"\n\
            command=d\n[eventlistener:e]\ncommand=e\n";
        assert!(is_one("a.conf", text.as_bytes()));
        let script = read(text.as_bytes()).unwrap();
        assert_eq!(script.includes, ["conf.d/*.conf", "/etc/more.ini"]);
        let found: Vec<_> = script
            .services
            .iter()
            .filter(|one| !one.words.is_empty())
            .map(|one| {
                (
                    one.words.join(" "),
                    one.user.as_deref(),
                    one.folder.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("/app/a -x".to_owned(), Some("web"), Some("/srv")),
                ("b".to_owned(), None, None),
                ("e".to_owned(), None, None),
            ]
        );
        let elsewhere = read(b"[program:a]\ncommand=a\n[supervisord]\nenvironment=PATH=/x\n");
        assert!(elsewhere.unwrap().searches);
    }
}
