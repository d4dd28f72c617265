use std::collections::BTreeMap;

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that two users of `/etc/passwd`, or two groups of `/etc/group`, have one name or one number.
    ///
    /// ## Why it hurts in production
    /// One of the two is the other: who was meant to be kept out by a number or a name is let in, and which
    /// of them a tool shows is chance.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN useradd -o -u 0 toor
    /// accounts: complete
    /// account: root 0 0
    /// account: toor 0 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN useradd -u 10001 app
    /// accounts: complete
    /// account: root 0 0
    /// account: app 10001 10001
    /// ```
    ///
    /// ## Fix
    /// None: give each account a number and a name of its own.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man5/passwd.5.html>
    DuplicateAccount = "duplicate-account",
    summary: "Two accounts share a name or a number",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["DKL-LI-0002"],
    audience: Default,
    edition: 2026,
}

/// Accounts that some distributions give root's number on purpose.
const MEANT: &[&str] = &["shutdown", "halt", "operator", "sync"];

impl Rule for DuplicateAccount {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let accounts = &image.inventory.accounts;
        let users: Vec<(&str, u32)> = accounts
            .users
            .iter()
            .map(|user| (user.name.as_str(), user.uid))
            .collect();
        let groups: Vec<(&str, u32)> = accounts
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group.gid))
            .collect();
        for (what, rows, layer, path) in [
            ("Users", users, accounts.users_layer, "etc/passwd"),
            ("Groups", groups, accounts.groups_layer, "etc/group"),
        ] {
            let mut by_id: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
            let mut by_name: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for (name, id) in rows {
                by_id.entry(id).or_default().push(name);
                by_name.entry(name).or_default().push(id);
            }
            let origin = || match layer {
                Some(layer) => origin::of_file(image, layer, path),
                None => Default::default(),
            };
            for (id, mut names) in by_id {
                names.dedup();
                names.retain(|name| id != 0 || !MEANT.contains(name));
                if let [first, second, ..] = names.as_slice() {
                    sink.report_at(
                        origin(),
                        format!(
                            "{what} `{}` and `{}` have the same number, {id}.",
                            first.escape_debug(),
                            second.escape_debug()
                        ),
                    )
                    .help("Give each a number of its own.")
                    .about([format!("{what} {id}")]);
                }
            }
            for (name, ids) in by_name {
                if let [first, second, ..] = ids.as_slice() {
                    sink.report_at(
                        origin(),
                        format!(
                            "`/{path}` has `{}` twice, with the numbers {first} and {second}.",
                            name.escape_debug()
                        ),
                    )
                    .help("Take one of the lines out.")
                    .about([format!("{what} {name}")]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "duplicate-account",
            &[
                ("a name twice", "account: a 1 1\naccount: a 2 2\n", 1),
                ("different ones", "account: a 1 1\naccount: b 2 2\n", 0),
            ],
        );
    }
}
