//! The session: a tunnel through which the engine calls us back for files, secrets and
//! credentials while it builds.
//!
//! `Control.Session` carries raw bytes both ways; on those bytes the engine is the gRPC client and
//! we are the server.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::{FileSend, FileSendServer};
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::filesync::v1::{
    BytesMessage as FileBytes, CredentialsRequest, CredentialsResponse, FetchTokenRequest,
    FetchTokenResponse, GetTokenAuthorityRequest, GetTokenAuthorityResponse,
    VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{AsciiMetadataValue, MetadataValue};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status, Streaming};

use super::filesync::{FileSyncService, lock};
use super::redact::Redactor;
use crate::SecretSource;

/// BuildKit refuses larger secrets.
const SECRET_LIMIT: u64 = 500 << 10;

/// Bytes in one message of the tunnel.
const CHUNK: usize = 32 << 10;

/// Looks up user name and password of a registry host; empty ones mean none.
pub(crate) type Credentials = dyn Fn(&str) -> (String, String) + Send + Sync;

/// What the engine may ask of us.
#[derive(Clone)]
pub(crate) struct Offer {
    /// Folders.
    pub(crate) files: FileSyncService,
    /// Secrets by id.
    pub(crate) secrets: Arc<BTreeMap<String, SecretSource>>,
    /// Learns every secret that is handed out.
    pub(crate) redactor: Arc<Redactor>,
    /// Registry credentials.
    pub(crate) credentials: Arc<Credentials>,
    /// Where an exported tar goes.
    pub(crate) export: Arc<Mutex<Option<std::fs::File>>>,
}

/// Opens the tunnel and serves `offer` on it until the engine closes it. Returns once the engine
/// has accepted the tunnel; serving goes on in the background.
pub(crate) async fn open(
    channel: &Channel,
    id: &str,
    shared_key: &str,
    offer: Offer,
) -> Result<(), Status> {
    let (to_engine, outgoing) = mpsc::channel::<BytesMessage>(16);
    let mut request = Request::new(ReceiverStream::new(outgoing));
    let headers = request.metadata_mut();
    headers.insert("x-docker-expose-session-uuid", ascii(id)?);
    headers.insert("x-docker-expose-session-name", ascii("plimsoll")?);
    headers.insert("x-docker-expose-session-sharedkey", ascii(shared_key)?);
    for method in [
        "/grpc.health.v1.Health/Check",
        "/moby.filesync.v1.FileSync/DiffCopy",
        "/moby.filesync.v1.FileSend/DiffCopy",
        "/moby.filesync.v1.Auth/Credentials",
        "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    ] {
        headers.append(
            "x-docker-expose-session-grpc-method",
            MetadataValue::from_static(method),
        );
    }
    // A tunnel is opened before anything flows through it: the engine answers with headers only
    // when it has something to say, so the first answer is not waited for here.
    let mut control = ControlClient::new(channel.clone());
    let (ours, theirs) = tokio::io::duplex(256 << 10);
    let (mut read, mut write) = tokio::io::split(ours);
    tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(length) = read.read(&mut buffer).await {
            if length == 0 {
                break;
            }
            let message = BytesMessage {
                data: buffer[..length].to_vec(),
            };
            if to_engine.send(message).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        let Ok(response) = control.session(request).await else {
            return;
        };
        let mut incoming = response.into_inner();
        while let Ok(Some(message)) = incoming.message().await {
            if write.write_all(&message.data).await.is_err() {
                break;
            }
        }
        let _ = write.shutdown().await;
    });
    tokio::spawn(
        Server::builder()
            .add_service(FileSyncServer::new(offer.files.clone()))
            .add_service(FileSendServer::new(offer.clone()))
            .add_service(SecretsServer::new(offer.clone()))
            .add_service(AuthServer::new(offer.clone()))
            .add_service(HealthServer::new(offer))
            .serve_with_incoming(tokio_stream::once(Ok::<_, std::io::Error>(theirs))),
    );
    Ok(())
}

fn ascii(text: &str) -> Result<AsciiMetadataValue, Status> {
    AsciiMetadataValue::try_from(text)
        .map_err(|_| Status::internal("a session header is not ASCII"))
}

#[tonic::async_trait]
impl Secrets for Offer {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let data = match self.secrets.get(&id) {
            // BuildKit decides by the mount's `required` what this means.
            None => return Err(Status::not_found(format!("secret {id} not found"))),
            Some(SecretSource::Value(value)) => value.0.clone(),
            Some(SecretSource::File(path)) => {
                let mut data = Vec::new();
                std::fs::File::open(path)
                    .and_then(|file| file.take(SECRET_LIMIT + 1).read_to_end(&mut data))
                    .map_err(|error| {
                        Status::failed_precondition(format!(
                            "secret {id} cannot be read from {}: {error}",
                            path.display()
                        ))
                    })?;
                data
            }
        };
        if data.len() as u64 > SECRET_LIMIT {
            return Err(Status::invalid_argument(format!(
                "secret {id} is larger than the 500 KiB that BuildKit carries"
            )));
        }
        self.redactor.learn(&data);
        Ok(Response::new(GetSecretResponse { data }))
    }
}

#[tonic::async_trait]
impl Auth for Offer {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        let lookup = Arc::clone(&self.credentials);
        // A credential helper is a program: it may take its time.
        let (username, secret) = tokio::task::spawn_blocking(move || lookup(&host))
            .await
            .map_err(|_| Status::internal("the credentials could not be looked up"))?;
        Ok(Response::new(CredentialsResponse { username, secret }))
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("the engine fetches its own tokens"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the engine fetches its own tokens"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the engine fetches its own tokens"))
    }
}

#[tonic::async_trait]
impl FileSend for Offer {
    type DiffCopyStream = tokio_stream::Empty<Result<FileBytes, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<FileBytes>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let file = lock(&self.export).take();
        let Some(mut file) = file else {
            return Err(Status::failed_precondition("no export was asked for"));
        };
        let mut incoming = request.into_inner();
        while let Some(message) = incoming.message().await? {
            std::io::Write::write_all(&mut file, &message.data)
                .map_err(|error| Status::internal(format!("writing the image: {error}")))?;
        }
        Ok(Response::new(tokio_stream::empty()))
    }
}

#[tonic::async_trait]
impl Health for Offer {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(serving()))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("ask with Check"))
    }

    type WatchStream = tokio_stream::Once<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(tokio_stream::once(Ok(serving()))))
    }
}

fn serving() -> HealthCheckResponse {
    HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    }
}
