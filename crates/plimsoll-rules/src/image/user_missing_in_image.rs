use plimsoll_model::StartupProblem;

use super::{origin, startup};
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `USER` names a user or a group that is not in `/etc/passwd` or `/etc/group` of the image, or
    /// that a program is told to start something as such a user: `gosu`, `su-exec`, `su`, `runuser`, `setpriv`,
    /// `chpst`, `setuidgid`, `doas`, `sudo`, or `supervisord` by its configuration. Numbers need no entry.
    ///
    /// ## Why it hurts in production
    /// No container of the image comes so far: `unable to find user`. It happens where the user was made in another
    /// stage, or the base changed. A health check that starts something so is never passed.
    ///
    /// ## Example
    /// ```image
    /// user: app
    /// accounts: complete
    /// account: root 0 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// user: app
    /// accounts: complete
    /// account: app 10001 10001
    /// ```
    ///
    /// ## Fix
    /// None: create the user in the stage that ships, or name a number.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#user>
    UserMissingInImage = "user-missing-in-image",
    summary: "The image runs as a user it does not know",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

const HELP: &str = "Create it in the stage that ships, or name a number.";

impl Rule for UserMissingInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.startup {
            for problem in &file.problems {
                let StartupProblem::UnknownAccount { name, is_group } = problem else {
                    continue;
                };
                let (what, accounts) = match is_group {
                    true => ("group", "group"),
                    false => ("user", "passwd"),
                };
                let name = name.escape_debug();
                let word = file.word.escape_debug();
                let runner = match &file.given_to {
                    Some(program) => format!("`{}` with `{word}`", program.escape_debug()),
                    None => format!("`{word}`"),
                };
                sink.report_at(
                    startup::origin_of_name(image, file),
                    format!(
                        "{} has {runner} run something as {what} `{name}`, which `/etc/{accounts}` of the image \
                         does not have.",
                        startup::starter(file),
                    ),
                )
                .help(HELP)
                .about([format!("{what} {name}")]);
            }
        }
        let accounts = &image.inventory.accounts;
        // With no layer there is nothing to be known.
        if !accounts.complete {
            return;
        }
        let Some(config) = image.config else {
            return;
        };
        let user = config.judged.user.as_str();
        let (name, group) = user.split_once(':').unwrap_or((user, ""));
        // What is hidden may reach over the colon.
        let shown = config.shown.user.as_str();
        let (shown_name, shown_group) = match shown.split_once(':') {
            Some(parts) => parts,
            None => (shown, shown),
        };
        let is_number = |word: &str| word.parse::<u32>().is_ok();
        // Accounts are known without the credentials in their names, each marked in one word.
        let is_called =
            |known: &str, word: &str, shown: &str| known == word || known == shown.replace(' ', "-");
        let (mut users, mut groups) = (accounts.users.iter(), accounts.groups.iter());
        let unknown_user = !name.is_empty()
            && !is_number(name)
            && !users.any(|account| is_called(&account.name, name, shown_name));
        let unknown_group = !group.is_empty()
            && !is_number(group)
            && !groups.any(|known| is_called(&known.name, group, shown_group));
        for (unknown, what, word, shown, file) in [
            (unknown_user, "user", name, shown_name, "passwd"),
            (unknown_group, "group", group, shown_group, "group"),
        ] {
            if unknown {
                sink.report_at(
                    origin::of_setting(image, "USER", word),
                    format!(
                        "The image runs as {what} `{}`, which its `/etc/{file}` does not have.",
                        shown.escape_debug()
                    ),
                )
                .help(HELP)
                .about([format!("{what} {shown}")]);
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
            "user-missing-in-image",
            &[
                ("a group", "user: 1:app\naccounts: complete\n", 1),
                ("a number", "user: 5\naccounts: complete\n", 0),
                (
                    "a token that is a user's name",
                    "user: zq1\nhidden: zq1\naccounts: complete\naccount: [hidden] 5 5\n",
                    0,
                ),
                (
                    "a token that is nobody's name",
                    "user: zq1\nhidden: zq1\naccounts: complete\naccount: bob 5 5\n",
                    1,
                ),
                ("not everything was read", "user: app\n", 0),
                (
                    "of what starts something",
                    "layer: a\nstartup: entrypoint gosu usr/sbin/gosu unknown-user web\n",
                    1,
                ),
            ],
        );
    }
}
