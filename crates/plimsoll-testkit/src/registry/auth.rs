//! Who may do what: Basic (RFC 7617) and the Bearer token protocol of the distribution project.

use std::fmt;

use super::http::{Head, Response, form_pairs};

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password; never shown, not even by `Debug`.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// This user with this password.
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    /// The base64 of `user:password`, as in an `Authorization: Basic` header and in the `auth`
    /// field of a docker `config.json`.
    pub fn encoded(&self) -> String {
        base64(format!("{}:{}", self.user, self.password).as_bytes())
    }

    fn are_in(&self, head: &Head) -> bool {
        head.header("authorization")
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, value)| {
                scheme.eq_ignore_ascii_case("basic") && value.trim() == self.encoded()
            })
    }
}

/// Whom the registry serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    #[default]
    Open,
    /// Who sends these credentials with every request.
    Basic(Credentials),
    /// Who fetched a token for the right scope from the registry's `/token`.
    Bearer {
        /// What the token endpoint asks for.
        credentials: Credentials,
        /// Whether it also gives tokens to pull to someone without credentials.
        anonymous_pull: bool,
    },
    /// Who fetched a token by handing in this identity token (OAuth2 `refresh_token` grant), as
    /// after a login that left no password behind.
    Identity(String),
}

/// A request for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The scopes asked for, such as `repository:app:pull,push`.
    pub scopes: Vec<String>,
    /// The service named.
    pub service: Option<String>,
    /// Whether the right credentials came with it.
    pub authenticated: bool,
}

/// What the registry remembers of the tokens it gave out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    granted: Vec<Vec<Scope>>,
    /// Tokens before this one are no longer taken.
    first_valid: usize,
    pub(super) requests: Vec<TokenRequest>,
    /// The realm of the challenge, when it is not the registry itself.
    pub(super) realm: Option<String>,
}

#[derive(Clone, Debug)]
struct Scope {
    repository: String,
    actions: Vec<String>,
}

impl Scope {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("repository:")?;
        let (repository, actions) = rest.rsplit_once(':')?;
        Some(Self {
            repository: repository.to_owned(),
            actions: actions.split(',').map(str::to_owned).collect(),
        })
    }
}

const SERVICE: &str = "plimsoll-testkit";

impl Tokens {
    /// Makes every token given so far worthless.
    pub(super) fn revoke(&mut self) {
        self.first_valid = self.granted.len();
    }

    /// Answers a request to `/token`: by GET, or by POST as in OAuth2.
    pub(super) fn answer(&mut self, access: &Access, head: &Head, body: &[u8]) -> Response {
        let form = form_pairs(&String::from_utf8_lossy(body));
        let field = |name: &str| {
            let of = |pairs: &[(String, String)]| {
                let found = pairs.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone())
            };
            of(&head.query).or_else(|| of(&form))
        };
        let holds = |name: &str, value: &str| field(name).as_deref() == Some(value);
        let (authenticated, anonymous_pull) = match access {
            Access::Bearer {
                credentials,
                anonymous_pull,
            } => {
                let by_form = holds("username", &credentials.user)
                    && holds("password", &credentials.password);
                (credentials.are_in(head) || by_form, *anonymous_pull)
            }
            Access::Identity(token) => (
                holds("grant_type", "refresh_token") && holds("refresh_token", token),
                false,
            ),
            Access::Open | Access::Basic(_) => {
                return Response::error(404, "UNSUPPORTED", "this registry gives no tokens");
            }
        };
        let offered = head.header("authorization").is_some() || field("password").is_some();
        // One parameter a scope, or several scopes in one, split by spaces.
        let scopes: Vec<String> = head
            .query
            .iter()
            .chain(&form)
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, value)| value.split(' ').map(str::to_owned))
            .collect();
        let mut granted: Vec<Scope> = scopes.iter().filter_map(|s| Scope::parse(s)).collect();
        self.requests.push(TokenRequest {
            scopes,
            service: field("service"),
            authenticated,
        });
        if !authenticated {
            if offered || !anonymous_pull {
                return Response::error(401, "UNAUTHORIZED", "wrong or missing credentials");
            }
            for scope in &mut granted {
                scope.actions.retain(|action| action == "pull");
            }
        }
        let token = format!("token-{}", self.granted.len());
        self.granted.push(granted);
        let object = serde_json::json!({"token": token, "access_token": token, "expires_in": 300});
        Response::new(200).json("application/json", &object)
    }

    fn allows(&self, head: &Head, needs: &[(&str, &str)]) -> bool {
        let index = head
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer token-"))
            .and_then(|text| text.parse::<usize>().ok());
        let Some(granted) = index
            .filter(|index| *index >= self.first_valid)
            .and_then(|index| self.granted.get(index))
        else {
            return false;
        };
        needs.iter().all(|(repository, action)| {
            granted.iter().any(|scope| {
                scope.repository == *repository
                    && scope
                        .actions
                        .iter()
                        .any(|have| have == action || have == "*")
            })
        })
    }

    /// The refusal of a request under `/v2/`, `None` when it may pass. `needs` are pairs of
    /// repository and action.
    pub(super) fn refusal(
        &self,
        access: &Access,
        host: &str,
        head: &Head,
        needs: &[(&str, &str)],
    ) -> Option<Response> {
        let challenge = match access {
            Access::Open => return None,
            Access::Basic(credentials) => {
                if credentials.are_in(head) {
                    return None;
                }
                format!("Basic realm=\"{SERVICE}\"")
            }
            Access::Bearer { .. } | Access::Identity(_) => {
                if self.allows(head, needs) {
                    return None;
                }
                let own = format!("http://{host}/token");
                let realm = self.realm.as_deref().unwrap_or(&own);
                let mut challenge = format!("Bearer realm=\"{realm}\",service=\"{SERVICE}\"");
                // A mount needs two repositories: their scopes stand in one parameter, split by a
                // space, as the distribution project's registry writes them.
                let mut scopes: Vec<(&str, Vec<&str>)> = Vec::new();
                for (repository, action) in needs {
                    match scopes.iter_mut().find(|(of, _)| of == repository) {
                        Some((_, actions)) => actions.push(action),
                        None => scopes.push((repository, vec![action])),
                    }
                }
                if !scopes.is_empty() {
                    let scopes: Vec<String> = scopes
                        .iter()
                        .map(|(of, actions)| format!("repository:{of}:{}", actions.join(",")))
                        .collect();
                    challenge.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
                }
                challenge
            }
        };
        let refusal = Response::error(401, "UNAUTHORIZED", "authentication required");
        Some(refusal.with("WWW-Authenticate", challenge))
    }
}

/// Standard base64 with padding (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= group.len() {
                let digit = bits >> (18 - 6 * place) & 63;
                text.push(char::from(ALPHABET[digit as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        for (plain, encoded) in [
            ("", ""),
            ("a", "YQ=="),
            ("ab", "YWI="),
            ("abc", "YWJj"),
            ("user:pa\u{df}", "dXNlcjpwYcOf"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", Access::Basic(Credentials::new("ada", "hunter2")));
        assert!(
            shown.contains("ada") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
