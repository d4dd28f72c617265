//! One build on the Control channel: session, solve, and the status beside it.

use std::collections::HashMap;
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{
    CacheOptions, InfoRequest, ListWorkersRequest, SolveRequest, StatusRequest,
};
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::connect::ANSWER;
use super::daemon::random_id;
use super::progress::Progress;
use super::session::{self, Offer};

/// How often a silent engine is asked whether it is still there.
const PULSE: Duration = Duration::from_secs(20);

/// How long it may take to say so: a busy disk makes it slow, not dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the last news may take once the build has ended.
const LAST_NEWS: Duration = Duration::from_secs(3);

/// Log messages larger than this are hostile.
const MESSAGE_LIMIT: usize = 32 << 20;

/// What is asked of the engine.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) exporter: &'static str,
    pub(crate) exporter_attributes: HashMap<String, String>,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) entitlements: Vec<String>,
    /// Stable per context, so that the engine finds the files of the last build again.
    pub(crate) shared_key: String,
}

/// Why there is no image.
pub(crate) enum Failure {
    /// The engine says so.
    Refused(Status),
    /// The engine is gone or does not answer.
    Lost(String),
}

/// What a worker tells of itself.
pub(crate) struct Worker {
    /// Version of BuildKit, where it is new enough to tell.
    pub(crate) version: Option<String>,
    /// Platforms it builds for.
    pub(crate) platforms: Vec<String>,
}

/// Asks who is there.
pub(crate) async fn worker(channel: &Channel) -> Result<Worker, Failure> {
    let mut control = ControlClient::new(channel.clone());
    let workers = answer(control.list_workers(ListWorkersRequest::default()), ANSWER)
        .await?
        .record;
    let Some(first) = workers.first() else {
        return Err(Failure::Lost("it has no worker".to_owned()));
    };
    let platforms = first
        .platforms
        .iter()
        .map(|platform| format!("{}/{}", platform.os, platform.architecture))
        .collect();
    let version = match answer(control.info(InfoRequest {}), ANSWER).await {
        Ok(info) => info.buildkit_version.map(|version| version.version),
        // Docker engines before 24 have no such call.
        Err(Failure::Refused(_)) => None,
        Err(lost) => return Err(lost),
    };
    Ok(Worker { version, platforms })
}

/// Builds. Events go to `progress` while it runs.
pub(crate) async fn solve(
    channel: &Channel,
    order: Order,
    offer: Offer,
    progress: &mut Progress<'_>,
) -> Result<HashMap<String, String>, Failure> {
    let session = random_id();
    let reference = random_id();
    session::open(channel, &session, &order.shared_key, offer)
        .await
        .map_err(Failure::Refused)?;
    let request = SolveRequest {
        r#ref: reference.clone(),
        session,
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: order.attributes,
        exporter_deprecated: order.exporter.to_owned(),
        exporter_attrs_deprecated: order.exporter_attributes,
        entitlements: order.entitlements,
        cache: Some(CacheOptions::default()),
        ..SolveRequest::default()
    };
    let mut control = ControlClient::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT);
    let (news_in, mut news) = mpsc::channel(64);
    let watcher = tokio::spawn(watch(control.clone(), reference, news_in));
    let pulse = pulse(control.clone());
    let mut asking = control.clone();
    let solving = control.solve(request);
    tokio::pin!(solving, pulse);
    let result = loop {
        tokio::select! {
            result = &mut solving => break result.map_err(Failure::Refused),
            lost = &mut pulse => break Err(Failure::Lost(lost)),
            Some(status) = news.recv() => progress.take(status),
        }
    };
    // The stream ends by itself once the build has; what it still holds explains a failure.
    let rest = async {
        while let Some(status) = news.recv().await {
            progress.take(status);
        }
    };
    let _ = tokio::time::timeout(LAST_NEWS, rest).await;
    watcher.abort();
    match result {
        Ok(response) => Ok(response.into_inner().exporter_response),
        // A dead engine and one that says no look alike on a broken channel.
        Err(Failure::Refused(status)) if progress.failed().is_none() => {
            match answer(asking.list_workers(ListWorkersRequest::default()), ANSWER).await {
                Err(Failure::Lost(_)) => Err(Failure::Lost(status.message().to_owned())),
                Err(Failure::Refused(asked)) if asked.code() != Code::Unimplemented => {
                    Err(Failure::Lost(status.message().to_owned()))
                }
                _ if is_transport(&status) => Err(Failure::Lost(status.message().to_owned())),
                _ => Err(Failure::Refused(status)),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// Whether the status was made here, of a broken connection.
fn is_transport(status: &Status) -> bool {
    let mut next = std::error::Error::source(status);
    while let Some(error) = next {
        if error.is::<tonic::transport::Error>() || error.is::<std::io::Error>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Passes the status stream on until it ends.
async fn watch(
    mut control: ControlClient<Channel>,
    reference: String,
    news: mpsc::Sender<bollard_buildkit_proto::moby::buildkit::v1::StatusResponse>,
) {
    // The engine may hear of the question before it hears of the build.
    for _ in 0..50 {
        let request = StatusRequest {
            r#ref: reference.clone(),
        };
        if let Ok(stream) = control.status(request).await {
            let mut stream = stream.into_inner();
            let mut heard = false;
            while let Ok(Some(status)) = stream.message().await {
                heard = true;
                if news.send(status).await.is_err() {
                    return;
                }
            }
            if heard {
                return;
            }
        }
        if news.is_closed() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Ends, with a reason, once the engine does not answer any more.
async fn pulse(mut control: ControlClient<Channel>) -> String {
    loop {
        tokio::time::sleep(PULSE).await;
        let asked = control.list_workers(ListWorkersRequest::default());
        match answer(asked, PATIENCE).await {
            Ok(_) => {}
            Err(Failure::Refused(status)) => return status.message().to_owned(),
            Err(Failure::Lost(reason)) => return reason,
        }
    }
}

async fn answer<T>(
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    patience: Duration,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) if is_transport(&status) => Err(Failure::Lost(status.message().to_owned())),
        Ok(Err(status)) => Err(Failure::Refused(status)),
        Err(_) => Err(Failure::Lost(format!(
            "no answer within {} s",
            patience.as_secs()
        ))),
    }
}
