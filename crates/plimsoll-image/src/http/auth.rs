//! Who we are, to a registry: Basic and Bearer (distribution, "Token Authentication
//! Specification"), with credentials from the docker configuration and its helpers.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};

use super::address::{is_loopback, shown};
use super::answer::{content_type, is_page, page_instead, retry_after};
use super::failure::{Failure, is_silence};
use crate::ImageError;

const REPLY_LIMIT: u64 = 1 << 20;

/// What a request wants to do, as scopes of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Action(pub(crate) Vec<String>);

impl Action {
    pub(crate) fn pull(repository: &str) -> Self {
        Self(vec![format!("repository:{repository}:pull")])
    }

    pub(crate) fn push(repository: &str) -> Self {
        Self(vec![format!("repository:{repository}:pull,push")])
    }

    /// Besides reads from another repository, to mount its blobs.
    pub(crate) fn and_pull(mut self, repository: &str) -> Self {
        self.0.push(format!("repository:{repository}:pull"));
        self
    }
}

/// Holds secrets: has no `Debug`, and its values are in no message.
pub(crate) struct Auth {
    key: String,
    docker_config: Option<PathBuf>,
    plain: bool,
    credentials: OnceLock<Option<DockerCredential>>,
    headers: Mutex<HashMap<Action, HeaderValue>>,
}

impl Auth {
    pub(crate) fn new(key: &str, docker_config: Option<PathBuf>, plain: bool) -> Self {
        Self {
            key: key.to_owned(),
            docker_config,
            plain,
            credentials: OnceLock::new(),
            headers: Mutex::new(HashMap::new()),
        }
    }

    /// What the last challenge gave.
    pub(crate) fn header(&self, action: &Action) -> Option<HeaderValue> {
        self.headers.lock().ok()?.get(action).cloned()
    }

    pub(crate) fn has_credentials(&self) -> bool {
        matches!(self.credentials.get(), Some(Some(_)))
    }

    /// Answers a 401: afterwards [`Auth::header`] has something new.
    pub(crate) fn answer(
        &self,
        client: &Client,
        headers: &HeaderMap,
        action: &Action,
    ) -> Result<(), Failure> {
        let challenges: Vec<Challenge> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(challenges)
            .collect();
        let credentials = self.credentials()?;
        let header = if let Some(bearer) = challenges.iter().find(|one| one.scheme == "bearer") {
            format!(
                "Bearer {}",
                self.token(client, bearer, action, credentials)?
            )
        } else if challenges.iter().any(|one| one.scheme == "basic") {
            match credentials {
                Some(DockerCredential::UsernamePassword(user, password)) => basic(user, password),
                Some(DockerCredential::IdentityToken(token)) => format!("Bearer {token}"),
                None => {
                    return Err(ImageError::Denied(format!(
                        "{}: asks for credentials and none are stored for it; `docker login` stores them",
                        self.key
                    ))
                    .into());
                }
            }
        } else {
            let problem = "answers 401 and does not say what it wants";
            return Err(ImageError::invalid(&self.key, problem).into());
        };
        let mut value = HeaderValue::from_str(&header)
            .map_err(|_| ImageError::invalid(&self.key, "the token is no header text"))?;
        value.set_sensitive(true);
        if let Ok(mut headers) = self.headers.lock() {
            headers.insert(action.clone(), value);
        }
        Ok(())
    }

    fn token(
        &self,
        client: &Client,
        challenge: &Challenge,
        action: &Action,
        credentials: Option<&DockerCredential>,
    ) -> Result<String, Failure> {
        let invalid = |problem: &str| Failure::Final(ImageError::invalid(&self.key, problem));
        let realm = challenge
            .parameters
            .get("realm")
            .and_then(|realm| Url::parse(realm).ok())
            .ok_or_else(|| invalid("its token service is no address"))?;
        let local = realm.host_str().is_some_and(is_loopback);
        if realm.scheme() != "https"
            && !(realm.scheme() == "http" && self.plain && (local || self.is_home(&realm)))
        {
            return Err(invalid(
                "its token service would get credentials in clear text: refused",
            ));
        }
        let service = challenge.parameters.get("service").map(String::as_str);
        let mut scopes = action.0.clone();
        if let Some(wanted) = challenge.parameters.get("scope")
            && !covers(&scopes, wanted)
        {
            scopes.push(wanted.clone());
        }
        let mut pairs: Vec<(&str, &str)> = scopes
            .iter()
            .map(|scope| ("scope", scope.as_str()))
            .collect();
        pairs.extend(service.map(|service| ("service", service)));
        let request = if let Some(DockerCredential::IdentityToken(token)) = credentials {
            let joined = scopes.join(" ");
            let mut form = vec![
                ("grant_type", "refresh_token"),
                ("client_id", "plimsoll"),
                ("refresh_token", token.as_str()),
                ("scope", joined.as_str()),
            ];
            form.extend(service.map(|service| ("service", service)));
            let mut encoded = Url::parse("form:").map_err(|_| invalid("no form"))?;
            encoded.query_pairs_mut().extend_pairs(form);
            client
                .post(realm.clone())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(encoded.query().unwrap_or_default().to_owned())
        } else {
            let mut url = realm.clone();
            url.query_pairs_mut().extend_pairs(pairs);
            let request = client.get(url);
            match credentials {
                Some(DockerCredential::UsernamePassword(user, password)) => {
                    request.basic_auth(user, Some(password))
                }
                _ => request,
            }
        };
        let place = format!("{}: token service {}", self.key, shown(&realm));
        let retry = |why: String, silent: bool| Failure::Retry {
            why,
            wait: None,
            silent,
        };
        let response = request
            .send()
            .map_err(|error| Failure::lost(&place, error))?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::Retry {
                why: format!("{place}: answers {status}"),
                wait: retry_after(&response),
                silent: false,
            });
        }
        if !status.is_success() {
            let hint = if credentials.is_some() {
                "the stored credentials are not accepted; `docker login` renews them"
            } else {
                "no credentials are stored; `docker login` stores them"
            };
            return Err(ImageError::Denied(format!("{place}: answers {status}: {hint}")).into());
        }
        let kind = content_type(&response);
        let mut bytes = Vec::new();
        response
            .take(REPLY_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| retry(format!("{place}: {error}"), is_silence(&error)))?;
        if bytes.len() as u64 > REPLY_LIMIT {
            return Err(ImageError::invalid(place, "answers with more than 1 MiB").into());
        }
        if is_page(&bytes) {
            return Err(page_instead(&place, status, &kind).into());
        }
        #[derive(serde::Deserialize)]
        struct Reply {
            token: Option<String>,
            access_token: Option<String>,
        }
        // The parser's message could quote the token.
        serde_json::from_slice::<Reply>(&bytes)
            .ok()
            .and_then(|reply| reply.token.or(reply.access_token))
            .filter(|token| !token.is_empty())
            .ok_or_else(|| ImageError::invalid(place, "answers without a token").into())
    }

    fn is_home(&self, realm: &Url) -> bool {
        let port = realm
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        realm
            .host_str()
            .is_some_and(|host| format!("{host}{port}") == self.key)
    }

    /// Read once, when a registry first asks.
    fn credentials(&self) -> Result<Option<&DockerCredential>, ImageError> {
        if let Some(known) = self.credentials.get() {
            return Ok(known.as_ref());
        }
        let found = self.look_up()?;
        Ok(self.credentials.get_or_init(|| found).as_ref())
    }

    fn look_up(&self) -> Result<Option<DockerCredential>, ImageError> {
        let folder = self
            .docker_config
            .clone()
            .or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
        let Some(path) = folder.map(|folder| folder.join("config.json")) else {
            return Ok(None);
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ImageError::io(&path, error)),
        };
        let trouble = |problem: String| {
            ImageError::Usage(format!(
                "{}: credentials for {}: {problem}",
                path.display(),
                self.key
            ))
        };
        match docker_credential::get_credential_from_reader(BufReader::new(file), &self.key) {
            Ok(DockerCredential::UsernamePassword(user, password))
                if user.is_empty() && password.is_empty() =>
            {
                Ok(None)
            }
            Ok(credential) => Ok(Some(credential)),
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
            // What helpers say where they have nothing; the rest of their output may be a secret.
            Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                if format!("{stdout}{stderr}").contains("not found") =>
            {
                Ok(None)
            }
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                Err(trouble(format!("the helper `{helper}` failed")))
            }
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                let helper = helper(&path, &self.key).unwrap_or_default();
                Err(trouble(format!(
                    "the helper `docker-credential-{}` cannot be run; is it on the PATH?",
                    helper.escape_debug()
                )))
            }
            Err(error) => Err(trouble(error.to_string().to_lowercase())),
        }
    }
}

/// The helper that the docker configuration at `path` names for a registry.
fn helper(path: &Path, key: &str) -> Option<String> {
    let config: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let own = config.get("credHelpers").and_then(|all| all.get(key));
    own.or_else(|| config.get("credsStore"))?
        .as_str()
        .map(str::to_owned)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Whether `scopes` ask for at least `wanted`.
fn covers(scopes: &[String], wanted: &str) -> bool {
    wanted.split_whitespace().all(|wanted| {
        let Some((resource, actions)) = wanted.rsplit_once(':') else {
            return false;
        };
        scopes.iter().any(|scope| {
            scope.rsplit_once(':').is_some_and(|(own, ours)| {
                own == resource
                    && actions
                        .split(',')
                        .all(|action| ours.split(',').any(|one| one == action))
            })
        })
    })
}

/// One challenge of `WWW-Authenticate` (RFC 9110, 11.6.1).
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: HashMap<String, String>,
}

fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start();
    while !rest.is_empty() {
        let end = rest.find([' ', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix('=') {
            let (value, after) = parameter_value(value);
            if let Some(challenge) = found.last_mut() {
                challenge
                    .parameters
                    .entry(word.to_ascii_lowercase())
                    .or_insert(value);
            }
            rest = after;
        } else {
            if !word.is_empty() {
                found.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    parameters: HashMap::new(),
                });
            }
            rest = after;
        }
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    found
}

/// A token or a quoted text, and what stands behind it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return (value, &quoted[at + 1..]),
            _ => {
                escaped = false;
                value.push(character);
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        let found = challenges(
            r#"Bearer realm="https://a.example/token",service="r, \"x\"",scope="repository:a:pull,push", Basic realm=x"#,
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].scheme, "bearer");
        assert_eq!(found[0].parameters["service"], r#"r, "x""#);
        assert_eq!(found[0].parameters["scope"], "repository:a:pull,push");
        assert_eq!(found[1].parameters["realm"], "x");
        assert_eq!(challenges("Basic").len(), 1);
        assert!(challenges("").is_empty());
    }

    #[test]
    fn scopes_are_compared_by_meaning() {
        let ours = Action::push("a/b").0;
        assert!(covers(&ours, "repository:a/b:pull"));
        assert!(covers(&ours, "repository:a/b:push,pull"));
        assert!(!covers(&ours, "repository:a/c:pull"));
        assert!(!covers(&ours, "registry:catalog:*"));
    }

    proptest! {
        #[test]
        fn any_header_ends(header in ".*") {
            let _ = challenges(&header);
        }
    }
}
