//! What every name holds that promises a credential, or may be that of one.

use std::sync::LazyLock;

use regex::Regex;

static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    let parts = r"(?i)pass|pw|secret|token|key|cred|auth|bearer|e_cookie|g_cookie|psk|salt|dsn|otp|r_login|art.api|(?:pat|sas)(?:[^a-z]|\z)";
    Regex::new(parts).expect("a constant expression")
});

/// Whether a text may hold such a name. Most hold none.
pub(in crate::secret) fn may_hold_name(text: &str) -> bool {
    PARTS.is_match(text)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::credential::name::{ENDINGS, KEY_OF, KNOWN, OWNERS, WORDS};

    use super::*;

    #[test]
    fn every_name_has_a_part_that_is_looked_for() {
        let run_together =
            |ending: &'static str| OWNERS.iter().map(move |one| format!("{one}{ending}"));
        let endings = ["passwd", "pass", "pwd", "pw", "token", "secret", "_key"];
        let names = WORDS
            .iter()
            .chain(KNOWN)
            .chain(ENDINGS)
            .map(|word| (*word).to_owned());
        let names = names
            .chain(endings.into_iter().flat_map(run_together))
            .chain(KEY_OF.iter().map(|of| format!("{of}key")))
            .chain(
                [
                    "bearer",
                    "x:_auth",
                    "git_pat",
                    "db_psk",
                    "a_salt",
                    "a_dsn",
                    "b_key",
                    "a_creds",
                    "sas",
                    "otp_seed",
                    "sonar_login",
                ]
                .map(String::from),
            );
        for name in names {
            for name in [name.to_ascii_uppercase(), format!("A{name}=b"), name] {
                assert!(may_hold_name(&name), "{name}");
            }
        }
        assert!(!may_hold_name(
            "RUN apt-get install --path=/x && PATH=y make"
        ));
    }
}
