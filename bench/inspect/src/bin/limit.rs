//! The least work that a look into an image can be: every blob is read and hashed, inflated, and
//! hashed again, on two threads, the largest layer first, with the fastest inflating there is here.
//! No tar is read, nothing is looked at.
//!
//!     limit IMAGE [--threads N]

use std::io::{BufRead as _, BufReader, Read};
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail, ensure};
use plimsoll_image::{Access, Image};
use sha2::{Digest as _, Sha256};

const BUFFER: usize = 256 << 10;

fn main() -> Result<()> {
    let mut name = None;
    let mut threads = 2;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--threads" => threads = arguments.next().context("how many threads?")?.parse()?,
            _ if name.is_none() => name = Some(argument),
            _ => bail!("usage: limit IMAGE [--threads N]"),
        }
    }
    let name = name.context("usage: limit IMAGE [--threads N]")?;
    let access = Access {
        offline: true,
        ..Access::default()
    };
    let image = plimsoll_image::open(&plimsoll_image::resolve(&name, &access)?, &access)?;
    let mut order: Vec<usize> = (0..image.manifest.layers.len()).collect();
    // The last is taken first.
    order.sort_by_key(|index| image.manifest.layers[*index].size);
    let order = Mutex::new(order);
    let worker = || -> Result<u64> {
        let mut bytes = 0;
        loop {
            let next = order.lock().ok().and_then(|mut order| order.pop());
            let Some(index) = next else { return Ok(bytes) };
            bytes += layer(&image, index).with_context(|| format!("layer {}", index + 1))?;
        }
    };
    let bytes: u64 = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut bytes = worker()?;
        for other in others {
            bytes += other.join().expect("workers do not panic")?;
        }
        anyhow::Ok(bytes)
    })?;
    println!("{} layers, {bytes} bytes", image.manifest.layers.len());
    Ok(())
}

/// Reads one layer; its blob's digest is verified by who gives the blob. Returns its bytes.
fn layer(image: &Image, index: usize) -> Result<u64> {
    let descriptor = &image.manifest.layers[index];
    let expected = &image.diff_ids[index];
    let mut blob = BufReader::with_capacity(BUFFER, image.blobs.blob(descriptor)?);
    let start = blob.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        hash(plimsoll_image::GzipReader::new(blob), expected)
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        hash(zstd::Decoder::with_buffer(blob)?, expected)
    } else if descriptor.digest == *expected {
        // One and the same digest.
        let mut bytes = 0;
        loop {
            let there = blob.fill_buf()?.len();
            if there == 0 {
                return Ok(bytes);
            }
            bytes += there as u64;
            blob.consume(there);
        }
    } else {
        hash(blob, expected)
    }
}

fn hash(mut from: impl Read, expected: &plimsoll_model::Digest) -> Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    let found: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ensure!(found == expected.hex(), "unpacks to {found}");
    Ok(bytes)
}
