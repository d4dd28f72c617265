//! Where an engine listens.

use std::path::PathBuf;

use crate::BuildError;

/// The socket a Docker engine opens unless it is told otherwise.
const DEFAULT: &str = "unix:///var/run/docker.sock";

/// A socket, as `DOCKER_HOST` and `BUILDKIT_HOST` name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `unix://PATH`
    Unix(PathBuf),
    /// `tcp://HOST:PORT`, clear text.
    Tcp(String),
}

impl Endpoint {
    /// Reads `unix://PATH`, `tcp://HOST:PORT` or an absolute path.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, BuildError> {
        let text = text.filter(|text| !text.is_empty()).unwrap_or(DEFAULT);
        let wrong = |problem: &str| BuildError::Input {
            place: None,
            message: format!(
                "`{}` is no engine address: {problem}; write `unix:///path/to.sock` or `tcp://host:port`",
                text.escape_debug()
            ),
        };
        if let Some(path) = text.strip_prefix("unix://") {
            if !path.starts_with('/') {
                return Err(wrong("the socket's path must be absolute"));
            }
            return Ok(Self::Unix(path.into()));
        }
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        if let Some(address) = text.strip_prefix("tcp://") {
            let address = address.trim_end_matches('/');
            let port = address
                .rsplit_once(':')
                .filter(|(host, _)| !host.is_empty())
                .and_then(|(_, port)| port.parse::<u16>().ok());
            return match port {
                Some(_) if !address.contains(['/', '@', ' ']) => Ok(Self::Tcp(address.to_owned())),
                _ => Err(wrong("a host and a port are needed")),
            };
        }
        Err(wrong("only unix sockets and clear-text tcp are spoken"))
    }

    /// Whether what is said here stays on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(address) => {
                let host = address.rsplit_once(':').map_or("", |(host, _)| host);
                let host = host.trim_start_matches('[').trim_end_matches(']');
                host == "localhost"
                    || host
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_sockets_are_local() {
        for (text, local) in [
            ("unix:///x", true),
            ("tcp://127.0.0.1:1", true),
            ("tcp://[::1]:1", true),
            ("tcp://localhost:1", true),
            ("tcp://10.0.0.1:1", false),
            ("tcp://localhost.example:1", false),
        ] {
            let endpoint = Endpoint::parse(Some(text)).unwrap();
            assert_eq!(endpoint.is_local(), local, "{text}");
        }
    }

    #[test]
    fn addresses_are_read_as_docker_reads_them() {
        let unix = |path: &str| Endpoint::Unix(path.into());
        assert_eq!(Endpoint::parse(None).unwrap(), unix("/var/run/docker.sock"));
        assert_eq!(Endpoint::parse(Some("unix:///a b")).unwrap(), unix("/a b"));
        assert_eq!(Endpoint::parse(Some("/x.sock")).unwrap(), unix("/x.sock"));
        assert_eq!(
            Endpoint::parse(Some("tcp://[::1]:1234/")).unwrap(),
            Endpoint::Tcp("[::1]:1234".to_owned())
        );
        for wrong in [
            "ssh://host",
            "unix://x",
            "tcp://host",
            "tcp://:1",
            "tcp://a@b:1",
            "tcp://h:99999",
        ] {
            let error = Endpoint::parse(Some(wrong)).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
