//! Tar headers for what lies in a folder, as GNU tar writes them: any name, any size.

use rustix::fs::{FileType, major, minor};
use tar::{EntryType, Header};

use super::tree::{Kind, Node};

const BLOCK: usize = 512;

/// The bytes in front of a node's content. `link` makes it another name of an earlier file,
/// `capabilities` is its extended attribute.
pub(super) fn bytes(node: &Node, size: u64, link: Option<&[u8]>, capabilities: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(BLOCK);
    if !capabilities.is_empty() {
        let mut record = b" SCHILY.xattr.security.capability=".to_vec();
        record.extend(capabilities);
        record.push(b'\n');
        special(&mut out, EntryType::XHeader, &counted(&record));
    }
    let mut path = node.path.clone();
    let (kind, target) = match (&node.kind, link) {
        (_, Some(link)) => (EntryType::Link, link),
        (Kind::File, None) => (EntryType::Regular, &b""[..]),
        (Kind::Symlink(target), None) => (EntryType::Symlink, &target[..]),
        (Kind::Directory, None) => {
            path.push(b'/');
            (EntryType::Directory, &b""[..])
        }
        (Kind::Special(FileType::CharacterDevice), None) => (EntryType::Char, &b""[..]),
        (Kind::Special(FileType::BlockDevice), None) => (EntryType::Block, &b""[..]),
        (Kind::Special(_), None) => (EntryType::Fifo, &b""[..]),
    };
    let mut header = Header::new_gnu();
    for (text, field, long) in [
        (&path[..], 0..100, EntryType::GNULongName),
        (target, 157..257, EntryType::GNULongLink),
    ] {
        if text.len() > field.len() {
            special(&mut out, long, &[text, b"\0"].concat());
        }
        let fits = text.len().min(field.len());
        header.as_mut_bytes()[field][..fits].copy_from_slice(&text[..fits]);
    }
    let stat = &node.stat;
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(stat.st_mode & 0o7777);
    header.set_uid(u64::from(stat.st_uid));
    header.set_gid(u64::from(stat.st_gid));
    header.set_mtime(u64::try_from(stat.st_mtime).unwrap_or_default());
    if matches!(kind, EntryType::Char | EntryType::Block) {
        // A GNU header has these fields.
        let _ = header.set_device_major(major(stat.st_rdev));
        let _ = header.set_device_minor(minor(stat.st_rdev));
    }
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out
}

/// How many zeros follow a content of this size.
pub(super) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn special(out: &mut Vec<u8>, kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
    let end = out.len().next_multiple_of(BLOCK);
    out.resize(end, 0);
}

/// A pax record begins with its own length, that number's digits counted.
fn counted(record: &[u8]) -> Vec<u8> {
    let mut length = record.len();
    loop {
        let whole = length.to_string().len() + record.len();
        if whole == length {
            return [length.to_string().as_bytes(), record].concat();
        }
        length = whole;
    }
}
