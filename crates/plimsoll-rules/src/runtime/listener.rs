//! Where the program that a container starts listens, told from its arguments and what is known of
//! well-known servers.

use plimsoll_model::SourceOrigin;
use plimsoll_syntax::dockerfile::State;

use super::start::{Start, StartWord};

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// What people call it.
    pub(crate) program: String,
    /// The address, where it is known.
    pub(crate) address: Option<Told>,
    /// The port, where it is known.
    pub(crate) port: Option<(u16, Told)>,
    /// How to make it listen on every address.
    pub(crate) remedy: String,
}

/// A value and how it is known.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The value.
    pub(crate) value: String,
    /// Where it stands; `None` for what the server does where nothing is said.
    pub(crate) place: Option<SourceOrigin>,
}

/// How a server is told where to listen.
struct Server {
    name: &'static str,
    /// Options that take an address, or `address:port`.
    host: &'static [&'static str],
    port: &'static [&'static str],
    /// Variables that do the same.
    host_env: &'static [&'static str],
    port_env: &'static [&'static str],
    /// What it does where nothing is said; "" is not known.
    address: &'static str,
    default_port: u16,
    /// Options that name a configuration nobody reads here.
    config: &'static [&'static str],
    remedy: &'static str,
}

const LOOPBACK: &str = "127.0.0.1";

/// Each server's own documentation says what it does where nothing is said.
const SERVERS: &[Server] = &[
    Server {
        name: "gunicorn",
        host: &["--bind", "-b"],
        port: &[],
        host_env: &["GUNICORN_CMD_ARGS"],
        port_env: &["PORT"],
        address: LOOPBACK,
        default_port: 8000,
        config: &["-c", "--config"],
        remedy: "--bind 0.0.0.0:8000",
    },
    Server {
        name: "uvicorn",
        host: &["--host"],
        port: &["--port"],
        host_env: &["UVICORN_HOST"],
        port_env: &["UVICORN_PORT"],
        address: LOOPBACK,
        default_port: 8000,
        config: &["--uds", "--fd"],
        remedy: "--host 0.0.0.0",
    },
    Server {
        name: "hypercorn",
        host: &["--bind", "-b"],
        port: &[],
        host_env: &[],
        port_env: &[],
        address: LOOPBACK,
        default_port: 8000,
        config: &["-c", "--config"],
        remedy: "--bind 0.0.0.0:8000",
    },
    Server {
        name: "daphne",
        host: &["-b", "--bind"],
        port: &["-p", "--port"],
        host_env: &[],
        port_env: &[],
        address: LOOPBACK,
        default_port: 8000,
        config: &["-u", "-e", "--endpoint", "--fd"],
        remedy: "-b 0.0.0.0",
    },
    Server {
        name: "flask",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        host_env: &["FLASK_RUN_HOST"],
        port_env: &["FLASK_RUN_PORT"],
        address: LOOPBACK,
        default_port: 5000,
        config: &[],
        remedy: "--host 0.0.0.0",
    },
    Server {
        name: "mlflow",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        host_env: &["MLFLOW_HOST"],
        port_env: &["MLFLOW_PORT"],
        address: LOOPBACK,
        default_port: 5000,
        config: &[],
        remedy: "--host 0.0.0.0",
    },
    Server {
        name: "dagster-webserver",
        host: &["--host", "-h"],
        port: &["--port", "-p"],
        host_env: &["DAGSTER_WEBSERVER_HOST"],
        port_env: &["DAGSTER_WEBSERVER_PORT"],
        address: LOOPBACK,
        default_port: 3000,
        config: &[],
        remedy: "--host 0.0.0.0",
    },
    Server {
        name: "jupyter",
        host: &["--ip", "--ServerApp.ip", "--NotebookApp.ip"],
        port: &["--port", "--ServerApp.port"],
        host_env: &[],
        port_env: &["JUPYTER_PORT"],
        address: "localhost",
        default_port: 8888,
        config: &["--config"],
        remedy: "--ip 0.0.0.0",
    },
    Server {
        name: "mkdocs",
        host: &["--dev-addr", "-a"],
        port: &[],
        host_env: &[],
        port_env: &[],
        address: LOOPBACK,
        default_port: 8000,
        config: &[],
        remedy: "--dev-addr 0.0.0.0:8000",
    },
    Server {
        name: "hugo",
        host: &["--bind"],
        port: &["--port", "-p"],
        host_env: &[],
        port_env: &[],
        address: LOOPBACK,
        default_port: 1313,
        config: &[],
        remedy: "--bind 0.0.0.0",
    },
    Server {
        name: "streamlit",
        host: &["--server.address"],
        port: &["--server.port"],
        host_env: &["STREAMLIT_SERVER_ADDRESS"],
        port_env: &["STREAMLIT_SERVER_PORT"],
        address: "",
        default_port: 8501,
        config: &[],
        remedy: "--server.address 0.0.0.0",
    },
];

/// Where what is started listens; `None` where it is no server that is known.
pub(crate) fn of(start: &Start, state: &State) -> Option<Listener> {
    let (name, start) = named(start)?;
    if name == "manage.py" {
        return django(&start);
    }
    let server = SERVERS.iter().find(|server| server.name == name)?;
    let set = |names: &[&str]| {
        names.iter().find_map(|name| {
            let variable = state.variables.get(*name)?;
            // An ARG is gone when the container runs.
            (!variable.is_arg).then(|| variable.value.clone())
        })
    };
    let assigned = |names: &[&str]| {
        start
            .assignments
            .iter()
            .any(|assigned| names.contains(&assigned.as_str()))
    };
    let told = |value: &str, word: &StartWord| Told {
        value: value.to_owned(),
        place: Some(word.place.clone()),
    };
    let untold = |value: &str| Told {
        value: value.to_owned(),
        place: None,
    };
    let configured = start.option(server.config).is_some();
    let host = start.option(server.host);
    let mut listener = Listener {
        program: server.name.to_owned(),
        address: None,
        port: None,
        remedy: server.remedy.to_owned(),
    };
    match host {
        Some((Some(text), word)) => {
            let (address, port) = split(text);
            listener.address = address.map(|address| told(address, word));
            listener.port = port.map(|port| (port, told(text, word)));
        }
        Some((None, _)) => return Some(listener),
        None if configured || assigned(server.host_env) || start.is_open() => {}
        None => match set(server.host_env) {
            Some(Some(text)) if !text.starts_with('-') => {
                listener.address = split(&text).0.map(untold);
            }
            Some(_) => {}
            None if !server.address.is_empty() => {
                listener.address = Some(untold(server.address));
            }
            None => {}
        },
    }
    if listener.port.is_none() {
        listener.port = match start.option(server.port) {
            Some((Some(text), word)) => text.parse().ok().map(|port| (port, told(text, word))),
            Some((None, _)) => None,
            None if configured || assigned(server.port_env) || start.is_open() => None,
            None => match set(server.port_env) {
                Some(value) => value
                    .and_then(|text| text.parse().ok())
                    .map(|port| (port, untold(""))),
                // A host without a port says nothing of it where both are one word.
                None if host.is_some() && server.port.is_empty() => None,
                None => Some((server.default_port, untold(""))),
            },
        };
    }
    Some(listener)
}

/// The server a start names, through interpreters and runners, and the start of just it.
fn named(start: &Start) -> Option<(String, Start)> {
    let mut words = start.words.as_slice();
    loop {
        let name = super::start::base(words.first()?)?;
        let behind = &words[1..];
        let text = |at: usize| behind.get(at).and_then(|word| word.value.as_deref());
        let skip = match name {
            "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" if text(0) == Some("run") => 2,
            "bundle" if text(0) == Some("exec") => 2,
            "ddtrace-run" | "opentelemetry-instrument" | "newrelic-admin" => {
                1 + usize::from(text(0) == Some("run-program"))
            }
            name if name.starts_with("python") => match text(0) {
                Some("-m") => 2,
                Some(script) if script.ends_with("manage.py") => 1,
                Some("-u") => 1 + usize::from(text(1) == Some("-m")) + 1,
                _ => return None,
            },
            _ => break,
        };
        words = words.get(skip..)?;
    }
    let name = super::start::base(words.first()?)?.to_owned();
    let second = words.get(1).and_then(|word| word.value.as_deref());
    let serves = match name.as_str() {
        "flask" => words
            .iter()
            .any(|word| word.value.as_deref() == Some("run")),
        "mlflow" => matches!(second, Some("server" | "ui")),
        "jupyter" => matches!(second, Some("lab" | "notebook" | "server")),
        "mkdocs" => second == Some("serve"),
        "hugo" => matches!(second, Some("server" | "serve")),
        "streamlit" => second == Some("run"),
        "manage.py" => second == Some("runserver"),
        _ => true,
    };
    serves.then(|| {
        (
            name,
            Start {
                words: words.to_vec(),
                assignments: start.assignments.clone(),
            },
        )
    })
}

/// `manage.py runserver [address:]port`.
fn django(start: &Start) -> Option<Listener> {
    let mut listener = Listener {
        program: "runserver".to_owned(),
        address: None,
        port: None,
        remedy: "runserver 0.0.0.0:8000".to_owned(),
    };
    if start.is_open() {
        return Some(listener);
    }
    let word = start.words[2..].iter().find(|word| {
        word.value
            .as_deref()
            .is_some_and(|text| !text.starts_with('-'))
    });
    let told = |value: &str, word: Option<&StartWord>| Told {
        value: value.to_owned(),
        place: word.map(|word| word.place.clone()),
    };
    let text = word.and_then(|word| word.value.as_deref()).unwrap_or("");
    let (address, port) = match text.parse::<u16>() {
        Ok(port) => (None, Some(port)),
        Err(_) if text.is_empty() => (None, None),
        Err(_) => split(text),
    };
    let address = address.unwrap_or(LOOPBACK);
    // `0` is short for every address there.
    let address = if address == "0" { "0.0.0.0" } else { address };
    listener.address = Some(told(address, word.filter(|_| text.contains(address))));
    listener.port = Some((port.unwrap_or(8000), told(text, word)));
    Some(listener)
}

/// `address`, `address:port`, `:port` or `[address]:port`.
fn split(text: &str) -> (Option<&str>, Option<u16>) {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    if text.starts_with("unix:") || text.starts_with('/') || text.starts_with("fd:") {
        return (None, None);
    }
    match text.rsplit_once(':') {
        Some((address, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && !address.ends_with(':') =>
        {
            let address = address.trim_start_matches('[').trim_end_matches(']');
            // Nothing in front of the colon is every address.
            let address = if address.is_empty() {
                "0.0.0.0"
            } else {
                address
            };
            (Some(address), port.parse().ok())
        }
        _ => (
            Some(text.trim_start_matches('[').trim_end_matches(']')),
            None,
        ),
    }
}

/// Whether only the container itself reaches an address.
pub(crate) fn is_loopback(address: &str) -> bool {
    address.eq_ignore_ascii_case("localhost")
        || address == "::1"
        || (address.starts_with("127.") && address.split('.').count() == 4)
}
