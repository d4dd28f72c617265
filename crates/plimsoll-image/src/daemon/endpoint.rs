//! Where engines listen: what the environment, docker's contexts and customs say.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::blob::sha256;
use crate::input::open_file;
use crate::{Access, ImageError};

/// Files of docker's configuration are small.
const LIMIT: u64 = 1 << 20;

/// The endpoint that docker's own tools would speak to because of a context: `DOCKER_CONTEXT`, else
/// the one that `docker context use` chose. `None` where it is the default one or none.
///
/// # Errors
/// The context is not there, or its files are broken.
pub fn context_endpoint(access: &Access) -> Result<Option<String>, ImageError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        #[serde(default)]
        current_context: Option<String>,
    }
    let Some(folder) = &access.docker_config else {
        return Ok(None);
    };
    let name = match &access.docker_context {
        Some(name) => Some(name.clone()),
        // A configuration that cannot be read is told of where credentials are needed.
        None => read(&folder.join("config.json"))
            .and_then(|raw| serde_json::from_slice::<Config>(&raw).ok())
            .and_then(|config| config.current_context),
    };
    let Some(name) = name.filter(|name| !name.is_empty() && name != "default") else {
        return Ok(None);
    };
    // A context's folder is named by the digest of its name.
    let path = folder
        .join("contexts/meta")
        .join(sha256(name.as_bytes()).hex())
        .join("meta.json");
    let raw = read(&path).ok_or_else(|| {
        ImageError::Usage(format!(
            "docker's context `{}` is not there; see `docker context ls`",
            name.escape_debug()
        ))
    })?;
    let meta: serde_json::Value =
        serde_json::from_slice(&raw).map_err(|error| ImageError::invalid(path.display(), error))?;
    let host = meta.pointer("/Endpoints/docker/Host");
    Ok(host
        .and_then(|host| host.as_str())
        .filter(|host| !host.is_empty())
        .map(str::to_owned))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open_file(path).ok()?.take(LIMIT).read_to_end(&mut bytes);
    read.is_ok().then_some(bytes)
}

/// Where Docker's engine listens unless told otherwise.
pub(super) fn docker_sockets() -> Vec<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let mut sockets = vec![
        PathBuf::from("/var/run/docker.sock"),
        PathBuf::from(format!("/run/user/{user}/docker.sock")),
    ];
    if let Some(home) = std::env::home_dir() {
        sockets.push(home.join(".docker/run/docker.sock"));
    }
    sockets
}

/// Where Podman listens unless told otherwise: the user's own first, then root's.
pub(super) fn podman_sockets(access: &Access) -> Vec<PathBuf> {
    let user = rustix::process::getuid();
    let mut sockets = Vec::new();
    if let Some(folder) = &access.runtime_folder {
        sockets.push(folder.join("podman/podman.sock"));
    }
    if !user.is_root() {
        sockets.push(PathBuf::from(format!(
            "/run/user/{}/podman/podman.sock",
            user.as_raw()
        )));
        if let Some(home) = std::env::home_dir() {
            sockets.push(home.join(".local/share/containers/podman/machine/podman.sock"));
        }
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    let mut seen = Vec::new();
    sockets.retain(|path| {
        !seen.contains(path) && {
            seen.push(path.clone());
            true
        }
    });
    sockets
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with(config: &str, context: Option<&str>) -> (tempfile::TempDir, Access) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        let meta = (folder.path().join("contexts/meta")).join(sha256(b"away").hex());
        fs::create_dir_all(&meta).unwrap();
        fs::write(
            meta.join("meta.json"),
            r#"{"Name":"away","Endpoints":{"docker":{"Host":"unix:///x.sock","SkipTLSVerify":false}}}"#,
        )
        .unwrap();
        let access = Access {
            docker_config: Some(folder.path().to_owned()),
            docker_context: context.map(str::to_owned),
            ..Access::default()
        };
        (folder, access)
    }

    #[test]
    fn a_context_says_where_the_engine_is() {
        let there = Some("unix:///x.sock".to_owned());
        for (config, context, expected) in [
            (r#"{"currentContext":"away"}"#, None, &there),
            ("{}", Some("away"), &there),
            (r#"{"currentContext":"away"}"#, Some("default"), &None),
            (r#"{"currentContext":"default"}"#, None, &None),
            ("{}", None, &None),
            ("broken", None, &None),
        ] {
            let (_folder, access) = with(config, context);
            assert_eq!(context_endpoint(&access).unwrap(), *expected, "{config}");
        }
        let (_folder, access) = with("{}", Some("../../etc"));
        let error = context_endpoint(&access).unwrap_err();
        assert!(error.to_string().contains("docker context ls"), "{error}");
    }

    #[test]
    fn a_socket_is_tried_once() {
        let access = Access {
            runtime_folder: Some(PathBuf::from("/run")),
            ..Access::default()
        };
        let sockets = podman_sockets(&access);
        assert_eq!(sockets[0], Path::new("/run/podman/podman.sock"));
        let again = sockets.iter().filter(|path| **path == sockets[0]).count();
        assert_eq!(again, 1);
    }
}
