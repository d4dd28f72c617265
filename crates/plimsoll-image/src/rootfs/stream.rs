//! A folder as the tar stream of a layer.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

use super::header;
use super::tree::{Kind, Node, Tree};

/// Yields headers and contents as the walk comes to them; nothing is kept.
pub(super) struct Stream {
    tree: Tree,
    /// Bytes to be given out before anything else.
    ready: io::Cursor<Vec<u8>>,
    /// The file whose content comes next.
    file: Option<Content>,
    /// Zeros behind it.
    padding: u64,
    /// First names of files that have several.
    names: HashMap<u64, Vec<u8>>,
    ended: bool,
}

struct Content {
    /// `None` once it gives no more: zeros stand for what it lacks.
    file: Option<File>,
    path: Vec<u8>,
    left: u64,
}

impl Stream {
    pub(super) fn new(tree: Tree) -> Self {
        Self {
            tree,
            ready: io::Cursor::default(),
            file: None,
            padding: 0,
            names: HashMap::new(),
            ended: false,
        }
    }

    /// Prepares the next node, or the two blocks of zeros at the end.
    fn advance(&mut self) {
        let Some(node) = self.tree.next_node() else {
            self.ended = true;
            self.ready = io::Cursor::new(vec![0; 1024]);
            return;
        };
        if matches!(node.kind, Kind::File) && node.stat.st_nlink > 1 {
            if let Some(first) = self.names.get(&node.stat.st_ino) {
                let bytes = header::bytes(&node, 0, Some(first), b"");
                self.ready = io::Cursor::new(bytes);
                return;
            }
            self.names.insert(node.stat.st_ino, node.path.clone());
        }
        let file = match node.kind {
            Kind::File if node.size() > 0 => self.tree.file(&node),
            _ => None,
        };
        let capabilities = file.as_ref().map(capabilities).unwrap_or_default();
        let size = if file.is_some() { node.size() } else { 0 };
        self.ready = io::Cursor::new(header::bytes(&node, size, None, &capabilities));
        self.padding = header::padding(size);
        let Node { path, .. } = node;
        self.file = file.map(|file| Content {
            file: Some(file),
            path,
            left: size,
        });
    }

    fn content(&mut self, buffer: &mut [u8]) -> usize {
        let Some(content) = &mut self.file else {
            return 0;
        };
        let most = usize::try_from(content.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = match &mut content.file {
            Some(file) => loop {
                match file.read(&mut buffer[..most]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) => {
                        let why = "became shorter while it was looked at";
                        self.tree.missed.add(&content.path, why, false);
                        content.file = None;
                        break 0;
                    }
                    Ok(read) => break read,
                    Err(error) => {
                        let why = format!("cannot be read: {error}");
                        self.tree.missed.add(&content.path, &why, true);
                        content.file = None;
                        break 0;
                    }
                }
            },
            None => {
                buffer[..most].fill(0);
                most
            }
        };
        content.left -= read as u64;
        if content.left == 0 {
            self.file = None;
        }
        read
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.ready.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            while self.file.is_some() {
                let read = self.content(buffer);
                if read > 0 {
                    return Ok(read);
                }
            }
            if self.padding > 0 {
                let most = usize::try_from(self.padding)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                buffer[..most].fill(0);
                self.padding -= most as u64;
                return Ok(most);
            }
            if self.ended {
                return Ok(0);
            }
            self.advance();
        }
    }
}

/// The file's capabilities as the kernel keeps them; nothing where it has none.
fn capabilities(file: &File) -> Vec<u8> {
    #[cfg(target_os = "linux")]
    {
        let mut value = [0_u8; 64];
        let length = rustix::fs::fgetxattr(file, "security.capability", &mut value[..]);
        length
            .map(|length| value[..length].to_vec())
            .unwrap_or_default()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        Vec::new()
    }
}
