//! One HTTP/2 channel to a BuildKit, wherever it sits: inside a Docker engine behind
//! `POST /grpc` (Upgrade: h2c), or alone on its own socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tonic::transport::Channel;

use super::endpoint::Endpoint;

/// How long anything may take that only asks the engine a question.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// What answered at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A Docker engine with BuildKit inside: it has an image store and the Engine API too.
    Docker,
    /// A `buildkitd`.
    Standalone,
}

/// Connects and says what answered.
pub(crate) async fn connect(endpoint: &Endpoint) -> io::Result<(Channel, Host)> {
    let host = tokio::time::timeout(ANSWER, recognise(endpoint))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer within 10 s"))??;
    let target = endpoint.clone();
    // The name is never looked up: the connector below knows the socket.
    let channel = tonic::transport::Endpoint::from_static("http://buildkit")
        .connect_timeout(ANSWER)
        .connect_with_connector(tower::service_fn(move |_| {
            let target = target.clone();
            async move { open(&target, host).await.map(TokioIo::new) }
        }))
        .await
        .map_err(io::Error::other)?;
    Ok((channel, host))
}

/// A Docker engine answers the upgrade; a buildkitd takes it for a broken HTTP/2 preface.
async fn recognise(endpoint: &Endpoint) -> io::Result<Host> {
    let mut stream = dial(endpoint).await?;
    match upgrade(&mut stream).await {
        Ok(()) => Ok(Host::Docker),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Host::Standalone),
        Err(error) => Err(error),
    }
}

async fn open(endpoint: &Endpoint, host: Host) -> io::Result<Stream> {
    let mut stream = dial(endpoint).await?;
    if host == Host::Docker {
        upgrade(&mut stream).await?;
    }
    Ok(stream)
}

async fn dial(endpoint: &Endpoint) -> io::Result<Stream> {
    Ok(match endpoint {
        Endpoint::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
        Endpoint::Tcp(address) => Stream::Tcp(TcpStream::connect(address).await?),
    })
}

/// Asks a Docker engine to speak gRPC on this connection. `InvalidData` means that what answers is
/// no HTTP/1 server.
async fn upgrade(stream: &mut Stream) -> io::Result<()> {
    stream
        .write_all(
            b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        )
        .await?;
    let mut head = Vec::new();
    // One byte at a time: what follows the head belongs to HTTP/2.
    while !head.ends_with(b"\r\n\r\n") {
        let byte = match stream.read_u8().await {
            Ok(byte) => byte,
            Err(_) if head.is_empty() => return Err(not_http()),
            Err(error) => return Err(error),
        };
        head.push(byte);
        let preface = b"HTTP/1.";
        if head.len() <= preface.len() && !preface.starts_with(&head) {
            return Err(not_http());
        }
        if head.len() > 16 << 10 {
            return Err(io::Error::other("the engine's answer has no end"));
        }
    }
    let status = head.get(9..12).unwrap_or_default();
    if status == b"101" {
        return Ok(());
    }
    let first = String::from_utf8_lossy(&head);
    Err(io::Error::other(format!(
        "it refused to open its BuildKit (`{}`): Docker 18.09 or newer is needed",
        first.lines().next().unwrap_or_default().escape_debug()
    )))
}

fn not_http() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/1 server")
}

/// Either kind of socket.
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
    use tokio::net::UnixListener;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::transport::Server;

    use super::super::filesync::FileSyncService;
    use super::super::solve::{Failure, worker};
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn listen() -> (tempfile::TempDir, Endpoint, UnixListener) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        (folder, Endpoint::Unix(path), listener)
    }

    #[test]
    fn a_server_that_speaks_http_2_alone_is_no_docker_engine() {
        block_on(async {
            let (_folder, endpoint, listener) = listen();
            let (accepted, incoming) = tokio::sync::mpsc::channel(1);
            tokio::spawn(async move {
                while accepted
                    .send(listener.accept().await.map(|(stream, _)| stream))
                    .await
                    .is_ok()
                {}
            });
            let service = FileSyncService {
                folders: Arc::new(BTreeMap::new()),
                ledger: Arc::default(),
            };
            tokio::spawn(
                Server::builder()
                    .add_service(FileSyncServer::new(service))
                    .serve_with_incoming(ReceiverStream::new(incoming)),
            );
            let (channel, host) = connect(&endpoint).await.unwrap();
            assert_eq!(host, Host::Standalone);
            // It speaks gRPC, and is no BuildKit.
            assert!(matches!(
                worker(&channel).await,
                Err(Failure::Refused(status)) if status.code() == tonic::Code::Unimplemented
            ));
        });
    }

    #[test]
    fn a_server_that_will_not_switch_is_told_of() {
        block_on(async {
            let (_folder, endpoint, listener) = listen();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 256];
                let _ = stream.read(&mut request).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    .await;
            });
            let error = connect(&endpoint).await.unwrap_err().to_string();
            assert!(error.contains("404 Not Found"), "{error}");
        });
    }
}
