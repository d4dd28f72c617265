//! User name and password of a registry, for an engine that pulls a base itself.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use docker_credential::{DockerCredential, get_credential_from_reader};

/// What Docker Hub is called in a docker configuration.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Looks `host` up in the docker configuration in `folder` (`~/.docker` where `None`). Two empty
/// texts mean none: the engine goes on without, and says so where that is not enough.
pub(crate) fn look_up(folder: Option<&Path>, host: &str) -> (String, String) {
    let key = match host {
        "docker.io" | "registry-1.docker.io" | "index.docker.io" => DOCKER_HUB,
        host => host,
    };
    let file = folder
        .map(Path::to_owned)
        .or_else(|| std::env::home_dir().map(|home| home.join(".docker")))
        .and_then(|folder| File::open(folder.join("config.json")).ok());
    let found = file.and_then(|file| get_credential_from_reader(BufReader::new(file), key).ok());
    match found {
        Some(DockerCredential::UsernamePassword(user, password)) => (user, password),
        // A secret without a name is how BuildKit's own client hands a refresh token on.
        Some(DockerCredential::IdentityToken(token)) => (String::new(), token),
        None => Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_has_its_own_key() {
        let folder = tempfile::tempdir().unwrap();
        let config = r#"{"auths":{
            "https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},
            "r.example":{"auth":"YTpi"}}}"#;
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        for (host, user, password) in [
            ("registry-1.docker.io", "user", "pass"),
            ("r.example", "a", "b"),
            ("other.example", "", ""),
        ] {
            let found = look_up(Some(folder.path()), host);
            assert_eq!(found, (user.to_owned(), password.to_owned()), "{host}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(look_up(Some(empty.path()), "r.example"), Default::default());
    }
}
