//! Archives in a file, as small as they are bad.

use std::io::{self, Read, Write};

use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};

use crate::image::Layer;

const IN_MEMORY: &str = "writing to a Vec cannot fail";

/// One gzip member of these bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect(IN_MEMORY);
    encoder.finish().expect(IN_MEMORY)
}

/// One gzip member of so many zeros, a thousandth of them long.
pub fn gzip_of_zeros(length: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    io::copy(&mut io::repeat(0).take(length), &mut encoder).expect(IN_MEMORY);
    encoder.finish().expect(IN_MEMORY)
}

/// What a local header and its entry in the central directory say of a member.
struct Member {
    name: String,
    method: u16,
    sum: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

impl Member {
    /// The fields that both headers share (APPNOTE.TXT 4.3.7 and 4.3.12).
    fn shared(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for short in [20, 0, self.method, 0, 0x21] {
            bytes.extend(short.to_le_bytes());
        }
        for long in [self.sum, self.packed, self.size] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend(0_u16.to_le_bytes());
        bytes
    }

    fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.shared()[..], self.name.as_bytes()].concat()
    }

    fn central(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\x00".to_vec();
        bytes.extend(self.shared());
        bytes.extend([0; 10]);
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes
    }
}

fn end_of_directory(count: u16, length: u32, offset: u32) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// A zip file of these members, deflated.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in members {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).expect(IN_MEMORY);
        let packed = encoder.finish().expect(IN_MEMORY);
        let mut sum = Crc::new();
        sum.update(content);
        let member = Member {
            name: (*name).to_owned(),
            method: 8,
            sum: sum.sum(),
            packed: packed.len() as u32,
            size: content.len() as u32,
            offset: bytes.len() as u32,
        };
        bytes.extend(member.local());
        bytes.extend(packed);
        directory.extend(member.central());
    }
    let offset = bytes.len() as u32;
    let end = end_of_directory(members.len() as u16, directory.len() as u32, offset);
    [bytes, directory, end].concat()
}

/// A zip file whose directory names the same deflated zeros `count` times: what is unpacked by
/// name is unpacked `count` times over. Names end in `suffix`.
pub fn zip_of_overlaps(count: u16, length: u32, suffix: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let mut sum = Crc::new();
    let zeros = vec![0; length as usize];
    sum.update(&zeros);
    encoder.write_all(&zeros).expect(IN_MEMORY);
    let packed = encoder.finish().expect(IN_MEMORY);
    let member = |index: u16| Member {
        name: format!("{index:05}{suffix}"),
        method: 8,
        sum: sum.sum(),
        packed: packed.len() as u32,
        size: length,
        offset: 0,
    };
    let mut bytes = member(0).local();
    bytes.extend(&packed);
    let offset = bytes.len() as u32;
    let directory: Vec<u8> = (0..count)
        .flat_map(|index| member(index).central())
        .collect();
    let end = end_of_directory(count, directory.len() as u32, offset);
    [bytes, directory, end].concat()
}

/// A zip file whose end says what no file can be.
pub fn zip_with_absurd_directory(count: u16, length: u32, offset: u32) -> Vec<u8> {
    let mut bytes = zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n")]);
    bytes.truncate(bytes.len() - 22);
    bytes.extend(end_of_directory(count, length, offset));
    bytes
}

/// A zip file in a zip file, and so on.
pub fn zip_in_zip(depth: usize, suffix: &str) -> Vec<u8> {
    let name = format!("inner{suffix}");
    (0..depth).fold(zip(&[("end.txt", b"end")]), |inner, _| {
        zip(&[(&name, &inner)])
    })
}

/// A compressed tar archive in a compressed tar archive, and so on.
pub fn tgz_in_tgz(depth: usize) -> Vec<u8> {
    (0..depth).fold(gzip(b"end"), |inner, _| {
        gzip(&Layer::new().file("inner.tgz", inner).tar())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_read_back() {
        let mut content = Vec::new();
        flate2::read::GzDecoder::new(gzip_of_zeros(1 << 20).as_slice())
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, vec![0; 1 << 20]);
    }

    #[test]
    fn a_bomb_is_small() {
        assert!(zip_of_overlaps(u16::MAX, 1 << 20, ".class").len() < 5 << 20);
    }
}
