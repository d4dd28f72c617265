//! What other tools take for a secret's name, so that their ids stay with what they see.

fn ci(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether `name` holds `part`, which is in lower case.
fn holds(name: &str, part: &str) -> bool {
    name.as_bytes()
        .windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Names that hadolint lists.
const LISTED: &[&str] = &[
    "ACCESS_TOKEN",
    "APPLICATION_KEY",
    "APP_SECRET",
    "AUTH_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "BITTREX_API_KEY",
    "BITTREX_API_SECRET",
    "CF_PASSWORD",
    "CF_USERNAME",
    "CIRCLE_TOKEN",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPLOY_USER",
    "DOCKERHUB_PASSWORD",
    "DOCKER_EMAIL",
    "DOCKER_PASSWORD",
    "DOCKER_USERNAME",
    "FACEBOOK_ACCESS_TOKEN",
    "FACEBOOK_APP_ID",
    "FACEBOOK_APP_SECRET",
    "FIREBASE_API_TOKEN",
    "FIREBASE_TOKEN",
    "FOSSA_API_KEY",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_TOKEN",
    "HEROKU_API_KEY",
    "HEROKU_API_USER",
    "NPM_AUTH_TOKEN",
    "NPM_TOKEN",
    "OKTA_AUTHN_GROUPID",
    "OKTA_CLIENT_ORGURL",
    "OKTA_CLIENT_TOKEN",
    "OKTA_OAUTH2_CLIENTID",
    "OKTA_OAUTH2_CLIENTSECRET",
    "OPENAI_API_KEY",
    "OS_PASSWORD",
    "OS_USERNAME",
    "POSTGRES_PASSWORD",
    "SLACK_TOKEN",
    "STRIPE_API_KEY",
    "STRIPE_DEVICE_NAME",
    "TRAVIS_OS_NAME",
    "TRAVIS_SECURE_ENV_VARS",
    "TRAVIS_SUDO",
    "VAULT_CLIENT_KEY",
    "VAULT_TOKEN",
];

/// DL3064: a listed name, or a tell-tale text anywhere in it.
pub(crate) fn hadolint(name: &str) -> bool {
    [
        "password",
        "token",
        "secret",
        "username",
        "private",
        "api_key",
        "client_key",
    ]
    .iter()
    .any(|part| holds(name, part))
        || LISTED.iter().any(|listed| ci(name, listed))
}

const TOKENS: &[&str] = &[
    "key",
    "token",
    "secret",
    "password",
    "auth",
    "apikey",
    "credential",
    "credentials",
    "pword",
    "passwd",
];

fn has_token(name: &str, tokens: &[&str]) -> bool {
    name.split('_')
        .any(|word| tokens.iter().any(|token| ci(word, token)))
}

/// `SecretsUsedInArgOrEnv`: a word between underscores, and none that says it is public.
pub(crate) fn buildkit(name: &str) -> bool {
    has_token(name, TOKENS) && !has_token(name, &["public", "file", "version"])
}

/// Where programs look for a credentials file: Trivy asks for the file, not for the name.
pub(crate) fn names_credentials_file(name: &str) -> bool {
    matches!(
        name,
        "AWS_CONFIG_FILE" | "HF_TOKEN_PATH" | "GOOGLE_APPLICATION_CREDENTIALS"
    )
}

/// DS-0031: BuildKit's words and two more, and one listed name that has none of them.
pub(crate) fn trivy(name: &str) -> bool {
    let listed = matches!(
        name.strip_prefix("VITE_")
            .or_else(|| name.strip_prefix("REACT_APP_"))
            .unwrap_or(name),
        "AZURE_CLIENT_ID"
    );
    listed
        || (!names_credentials_file(name)
            && (has_token(name, TOKENS) || has_token(name, &["usr", "psw"]))
            && !has_token(name, &["public"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_has_its_own_idea() {
        for (name, expected) in [
            ("USERNAME", (true, false, false)),
            ("tokenizer_dir", (true, false, false)),
            ("API_KEY", (true, true, true)),
            ("SORT_KEY", (false, true, true)),
            ("PUBLIC_TOKEN", (true, false, false)),
            ("TOKEN_FILE", (true, false, true)),
            ("DB_PSW", (false, false, true)),
            ("TRAVIS_SUDO", (true, false, false)),
            ("MONKEY", (false, false, false)),
            ("VITE_AZURE_CLIENT_ID", (false, false, true)),
            ("HF_TOKEN_PATH", (true, true, false)),
            ("", (false, false, false)),
        ] {
            assert_eq!(
                (hadolint(name), buildkit(name), trivy(name)),
                expected,
                "{name}"
            );
        }
    }
}
