//! FileSync/DiffCopy: the sending half of fsutil's protocol (tonistiigi/fsutil, `send.go`).
//!
//! We describe every wanted file in walk order; the engine compares with what it has from the last
//! build and asks, by the position in that order, for the contents it lacks.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSync;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::mode::TYPES;
use super::walk::{Found, WalkError, Wanted, walk};

/// Bytes of content in one packet, as BuildKit's own sender has it.
const CHUNK: usize = 32 << 10;

/// Packets under way towards the engine.
const QUEUE: usize = 64;

/// A folder that the engine may ask for by name.
#[derive(Clone, Debug)]
pub(crate) enum Folder {
    /// One on disk.
    Disk(PathBuf),
    /// Files that exist only in memory, by name.
    Memory(BTreeMap<String, Vec<u8>>),
}

/// One file that was offered to the engine.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    /// Where it lies.
    pub(crate) full: PathBuf,
    /// How it was described.
    pub(crate) stat: Stat,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Digest of what was sent; `None` where the engine had it already.
    pub(crate) content: Option<[u8; 32]>,
}

/// What went over, for the record of inputs.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Offered files of each disk folder, by folder name and path.
    pub(crate) offered: Mutex<BTreeMap<String, BTreeMap<String, Offered>>>,
    /// Bytes of content sent.
    pub(crate) sent: AtomicU64,
    /// The first thing that went wrong on our side.
    pub(crate) problem: Mutex<Option<WalkError>>,
}

/// The service.
#[derive(Clone)]
pub(crate) struct FileSyncService {
    pub(crate) folders: Arc<BTreeMap<String, Folder>>,
    pub(crate) ledger: Arc<Ledger>,
}

#[tonic::async_trait]
impl FileSync for FileSyncService {
    type DiffCopyStream = ReceiverStream<Result<Packet, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let metadata = request.metadata();
        let name = values(metadata, "dir-name")
            .and_then(|names| names.into_iter().next())
            .unwrap_or_default();
        let wanted = Wanted {
            exclude: values(metadata, "exclude-patterns").unwrap_or_default(),
            include: values(metadata, "include-patterns").unwrap_or_default(),
            follow: values(metadata, "followpaths"),
        };
        let folder = self
            .folders
            .get(&name)
            .cloned()
            .ok_or_else(|| Status::not_found(format!("no access to folder `{name}`")))?;
        let (out, packets) = mpsc::channel(QUEUE);
        // The frontend looks at the ignore file before anything else; that alone puts it in no image.
        let looks_only = wanted.follow.as_deref() == Some(&[".dockerignore".to_owned()]);
        let sender = Sender {
            recorded: !looks_only,
            name,
            folder,
            wanted,
            ledger: Arc::clone(&self.ledger),
            files: Arc::default(),
            out,
        };
        tokio::spawn(sender.run(request.into_inner()));
        Ok(Response::new(ReceiverStream::new(packets)))
    }

    type TarStreamStream = ReceiverStream<Result<Packet, Status>>;

    async fn tar_stream(
        &self,
        _: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("DiffCopy is spoken here"))
    }
}

/// The values of a repeated header. Newer engines escape what is not ASCII and say so.
fn values(metadata: &MetadataMap, key: &str) -> Option<Vec<String>> {
    let escaped = metadata
        .get(format!("{key}-encoded"))
        .is_some_and(|value| matches!(value.as_bytes(), b"1" | b"t" | b"T" | b"true"));
    let read = |bytes: &[u8]| {
        let bytes = if escaped {
            unescape(bytes)
        } else {
            bytes.to_vec()
        };
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let list: Vec<String> = metadata
        .get_all(key)
        .iter()
        .map(|value| read(value.as_bytes()))
        .collect();
    (!list.is_empty()).then_some(list)
}

/// Undoes Go's `url.QueryEscape`.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, pair) {
            (b'%', Some(value)) => {
                plain.push(value);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(*byte),
        }
        at += 1;
    }
    plain
}

/// What a content request can open.
enum Content {
    Disk {
        path: String,
        full: PathBuf,
        identity: (u64, u64),
    },
    Memory(Vec<u8>),
}

/// One DiffCopy under way.
struct Sender {
    name: String,
    /// Whether what is offered may enter the image.
    recorded: bool,
    folder: Folder,
    wanted: Wanted,
    ledger: Arc<Ledger>,
    files: Arc<Mutex<HashMap<u32, Content>>>,
    out: mpsc::Sender<Result<Packet, Status>>,
}

impl Sender {
    async fn run(self, mut requests: Streaming<Packet>) {
        let sender = Arc::new(self);
        let walker = Arc::clone(&sender);
        tokio::task::spawn_blocking(move || walker.describe());
        let (asked, mut queue) = mpsc::unbounded_channel();
        let reader = Arc::clone(&sender);
        tokio::task::spawn_blocking(move || {
            while let Some(id) = queue.blocking_recv() {
                if reader.content(id).is_err() {
                    break;
                }
            }
        });
        while let Ok(Some(packet)) = requests.message().await {
            match packet.r#type() {
                PacketType::PacketReq => {
                    if asked.send(packet.id).is_err() {
                        break;
                    }
                }
                PacketType::PacketFin => {
                    let _ = sender.out.send(Ok(plain(PacketType::PacketFin))).await;
                    break;
                }
                PacketType::PacketErr => break,
                PacketType::PacketStat | PacketType::PacketData => {}
            }
        }
    }

    fn describe(&self) {
        let result = match &self.folder {
            Folder::Disk(root) => {
                let mut next = 0;
                walk(root, &self.wanted, &mut |found| {
                    self.offer(found, &mut next)
                })
            }
            Folder::Memory(files) => self.offer_memory(files),
        };
        let last = match result {
            Ok(()) => plain(PacketType::PacketStat),
            Err(WalkError::Stopped) => return,
            Err(error) => {
                let packet = Packet {
                    data: error.to_string().into_bytes(),
                    ..plain(PacketType::PacketErr)
                };
                lock(&self.ledger.problem).get_or_insert(error);
                packet
            }
        };
        let _ = self.out.blocking_send(Ok(last));
    }

    fn offer(&self, found: Found, next: &mut u32) -> Result<(), WalkError> {
        let path = found.stat.path.clone();
        if is_file(found.stat.mode) {
            lock(&self.files).insert(
                *next,
                Content::Disk {
                    path: path.clone(),
                    full: found.full.clone(),
                    identity: found.identity,
                },
            );
        }
        *next += 1;
        if self.recorded {
            let offered = Offered {
                full: found.full,
                stat: found.stat.clone(),
                mode: found.mode,
                content: None,
            };
            lock(&self.ledger.offered)
                .entry(self.name.clone())
                .or_default()
                .entry(path)
                .or_insert(offered);
        }
        self.send_stat(found.stat)
    }

    /// Everything in memory is offered whatever was asked for: there is little of it.
    fn offer_memory(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), WalkError> {
        for (id, (name, bytes)) in (0..).zip(files) {
            lock(&self.files).insert(id, Content::Memory(bytes.clone()));
            // The engine compares size and time only: the time is made of the content, so that
            // two contents never look alike.
            let hash = Sha256::digest(bytes);
            let mut time = [0; 8];
            time.copy_from_slice(&hash[..8]);
            self.send_stat(Stat {
                path: name.clone(),
                mode: 0o644,
                size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                mod_time: i64::from_be_bytes(time) & (i64::MAX >> 2),
                ..Stat::default()
            })?;
        }
        Ok(())
    }

    fn send_stat(&self, stat: Stat) -> Result<(), WalkError> {
        let packet = Packet {
            stat: Some(stat),
            ..plain(PacketType::PacketStat)
        };
        self.out
            .blocking_send(Ok(packet))
            .map_err(|_| WalkError::Stopped)
    }

    /// Sends one file. One that cannot be opened any more is sent empty, as BuildKit's sender does;
    /// the ledger remembers it and the build fails with our own words.
    fn content(&self, id: u32) -> Result<(), WalkError> {
        let content = lock(&self.files).remove(&id);
        let result = match content {
            Some(Content::Disk {
                path,
                full,
                identity,
            }) => self.send_file(id, &path, full, identity),
            Some(Content::Memory(bytes)) => bytes
                .chunks(CHUNK)
                .try_for_each(|chunk| self.send_data(id, chunk)),
            None => {
                let _ = self
                    .out
                    .blocking_send(Err(Status::invalid_argument(format!("no file {id}"))));
                return Err(WalkError::Stopped);
            }
        };
        if let Err(error) = result {
            if matches!(error, WalkError::Stopped) {
                return Err(error);
            }
            lock(&self.ledger.problem).get_or_insert(error);
        }
        self.send_data(id, &[])
    }

    fn send_file(
        &self,
        id: u32,
        path: &str,
        full: PathBuf,
        identity: (u64, u64),
    ) -> Result<(), WalkError> {
        let disk = |error| WalkError::Disk(full.clone(), error);
        let mut file = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&full)
            .map_err(disk)?;
        let metadata = file.metadata().map_err(disk)?;
        // A folder on the way may have become a link to somewhere else since the walk.
        if (metadata.dev(), metadata.ino()) != identity {
            return Err(disk(std::io::Error::other(
                "it was replaced while it was read; build again",
            )));
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(disk(error)),
            };
            let chunk = &buffer[..length];
            hash.update(chunk);
            self.send_data(id, chunk)?;
        }
        if let Some(offered) = lock(&self.ledger.offered)
            .get_mut(&self.name)
            .and_then(|folder| folder.get_mut(path))
        {
            offered.content = Some(hash.finalize().into());
        }
        Ok(())
    }

    fn send_data(&self, id: u32, data: &[u8]) -> Result<(), WalkError> {
        self.ledger
            .sent
            .fetch_add(data.len() as u64, Ordering::Relaxed);
        let packet = Packet {
            id,
            data: data.to_vec(),
            ..plain(PacketType::PacketData)
        };
        self.out
            .blocking_send(Ok(packet))
            .map_err(|_| WalkError::Stopped)
    }
}

/// Whether the engine may ask for content.
fn is_file(mode: u32) -> bool {
    mode & TYPES == 0
}

fn plain(kind: PacketType) -> Packet {
    Packet {
        r#type: kind.into(),
        ..Packet::default()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::filesync::v1::file_sync_client::FileSyncClient;
    use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
    use hyper_util::rt::TokioIo;
    use tonic::transport::{Endpoint, Server};

    use super::*;

    /// What an engine got out of one DiffCopy: descriptions in order, contents by path.
    #[derive(Debug, Default)]
    struct Received {
        stats: Vec<Stat>,
        contents: BTreeMap<String, Vec<u8>>,
        error: Option<String>,
    }

    /// Plays the engine: asks for every file whose path `lacks` says yes to.
    fn diff_copy(
        service: FileSyncService,
        headers: &[(&'static str, &str)],
        lacks: impl Fn(&str) -> bool,
    ) -> Result<Received, Status> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            tokio::spawn(
                Server::builder()
                    .add_service(FileSyncServer::new(service))
                    .serve_with_incoming(tokio_stream::once(Ok::<_, std::io::Error>(theirs))),
            );
            let mut ours = Some(ours);
            let channel = Endpoint::from_static("http://client")
                .connect_with_connector(tower::service_fn(move |_| {
                    let ours = ours.take().map(TokioIo::new);
                    async move { ours.ok_or_else(|| std::io::Error::other("one connection")) }
                }))
                .await
                .unwrap();
            let (asks, asked) = mpsc::channel(64);
            let mut request = Request::new(ReceiverStream::new(asked));
            for (name, value) in headers {
                request.metadata_mut().append(*name, value.parse().unwrap());
            }
            let mut packets = FileSyncClient::new(channel)
                .diff_copy(request)
                .await?
                .into_inner();
            let mut received = Received::default();
            let mut open = 0;
            let mut listed = false;
            while let Some(packet) = packets.message().await? {
                match (packet.r#type(), packet.stat) {
                    (PacketType::PacketStat, Some(stat)) => {
                        if is_file(stat.mode) && stat.linkname.is_empty() && lacks(&stat.path) {
                            open += 1;
                            let ask = Packet {
                                id: u32::try_from(received.stats.len()).unwrap(),
                                ..plain(PacketType::PacketReq)
                            };
                            asks.send(ask).await.unwrap();
                        }
                        received.stats.push(stat);
                    }
                    (PacketType::PacketStat, None) => listed = true,
                    (PacketType::PacketData, _) => {
                        let path = received.stats[packet.id as usize].path.clone();
                        open -= usize::from(packet.data.is_empty());
                        received
                            .contents
                            .entry(path)
                            .or_default()
                            .extend(packet.data);
                    }
                    (PacketType::PacketErr, _) => {
                        received.error = Some(String::from_utf8(packet.data).unwrap());
                        break;
                    }
                    (PacketType::PacketFin, _) => break,
                    (PacketType::PacketReq, _) => panic!("only the engine asks"),
                }
                if listed && open == 0 {
                    listed = false;
                    asks.send(plain(PacketType::PacketFin)).await.unwrap();
                }
            }
            Ok(received)
        })
    }

    fn service(folder: Folder) -> FileSyncService {
        FileSyncService {
            folders: Arc::new(BTreeMap::from([("context".to_owned(), folder)])),
            ledger: Arc::default(),
        }
    }

    #[test]
    fn only_what_is_lacking_goes_over() {
        let root = tempfile::tempdir().unwrap();
        let big: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::create_dir(root.path().join("d")).unwrap();
        std::fs::write(root.path().join("d/big"), &big).unwrap();
        std::fs::write(root.path().join("d/known"), "known").unwrap();
        std::fs::write(root.path().join("empty"), "").unwrap();
        std::fs::write(root.path().join("left out"), "x").unwrap();
        let service = service(Folder::Disk(root.path().to_owned()));
        let ledger = Arc::clone(&service.ledger);
        let headers = [
            ("dir-name", "context"),
            ("exclude-patterns", "left+%6Fut"),
            ("exclude-patterns-encoded", "1"),
        ];
        let received = diff_copy(service, &headers, |path| path != "d/known").unwrap();
        let paths: Vec<_> = received
            .stats
            .iter()
            .map(|stat| stat.path.as_str())
            .collect();
        assert_eq!(paths, ["d", "d/big", "d/known", "empty"]);
        assert_eq!(received.contents["d/big"], big);
        assert_eq!(received.contents["empty"], b"");
        assert_eq!(received.contents.len(), 2);
        assert_eq!(ledger.sent.load(Ordering::Relaxed), big.len() as u64);
        let offered = lock(&ledger.offered);
        assert_eq!(
            offered["context"]["d/big"].content,
            Some(Sha256::digest(&big).into())
        );
        assert_eq!(offered["context"]["d/known"].content, None);
    }

    #[test]
    fn two_contents_in_memory_never_look_alike() {
        let time = |content: &str| {
            let files = BTreeMap::from([("Dockerfile".to_owned(), content.as_bytes().to_vec())]);
            let received = diff_copy(
                service(Folder::Memory(files)),
                &[("dir-name", "context")],
                |_| true,
            )
            .unwrap();
            assert_eq!(received.contents["Dockerfile"], content.as_bytes());
            (received.stats[0].size, received.stats[0].mod_time)
        };
        assert_eq!(time("FROM a"), time("FROM a"));
        assert_ne!(time("FROM a"), time("FROM b"));
    }

    #[test]
    fn what_was_not_offered_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = || service(Folder::Disk(root.path().to_owned()));
        let refused = diff_copy(folder(), &[("dir-name", "../etc")], |_| true).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
        let gone = service(Folder::Disk(root.path().join("gone")));
        let ledger = Arc::clone(&gone.ledger);
        let received = diff_copy(gone, &[("dir-name", "context")], |_| true).unwrap();
        assert!(received.error.unwrap().contains("gone"));
        assert!(lock(&ledger.problem).is_some());
    }
}
