//! A layer's bytes, decompressed and bounded.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::gzip::GzipReader;
use crate::blob::Hashing;
use crate::compression::{Compression, ZSTD_WINDOW_LOG};
use crate::{Image, ImageError, LayerLimits};

/// Below this much nothing is called a bomb: small files of zeros compress well.
const HARMLESS: u64 = 64 << 20;

impl Image {
    /// Reads one layer decompressed. Blob digest, diff id and `limits` are checked on the way: the
    /// last read fails where they do not hold.
    ///
    /// # Errors
    /// No such layer, or whatever the source gives.
    pub fn layer(&self, index: usize, limits: LayerLimits) -> Result<LayerStream, ImageError> {
        let inflated = Inflated::open(self, index, limits)?;
        Ok(LayerStream {
            inner: Some(Hashing::new(inflated)),
            image: self.clone(),
            index,
            place: self.layer_place(index),
        })
    }

    /// How messages name a layer.
    pub(crate) fn layer_place(&self, index: usize) -> String {
        match self.manifest.layers.get(index) {
            Some(layer) => format!(
                "{}: layer {} ({})",
                self.name,
                index + 1,
                layer.digest.short()
            ),
            None => format!("{}: layer {}", self.name, index + 1),
        }
    }
}

/// One layer, decompressed and verified.
pub struct LayerStream {
    inner: Option<Hashing<Inflated>>,
    image: Image,
    index: usize,
    place: String,
}

impl Read for LayerStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(inner) = &mut self.inner else {
            return Ok(0);
        };
        let read = inner.read(buffer)?;
        if read == 0
            && !buffer.is_empty()
            && let Some(inner) = self.inner.take()
        {
            let (_, digest, _) = inner.finish();
            self.image.verify_layer(self.index, &digest, &self.place)?;
        }
        Ok(read)
    }
}

/// Decompresses what the first bytes show to be gzip or zstd; media types are often wrong.
pub(super) struct Inflated {
    decoder: Decoder,
    compressed: Arc<AtomicU64>,
    bytes: u64,
    limits: LayerLimits,
    place: String,
}

type Source = BufReader<Counted>;

enum Decoder {
    Plain(Source),
    Gzip(Box<GzipReader<Source>>),
    Zstd(zstd::Decoder<'static, Source>),
}

impl Inflated {
    pub(super) fn open(
        image: &Image,
        index: usize,
        limits: LayerLimits,
    ) -> Result<Self, ImageError> {
        let place = image.layer_place(index);
        let descriptor = image
            .manifest
            .layers
            .get(index)
            .ok_or_else(|| ImageError::invalid(&place, "there is no such layer"))?;
        let compressed = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: image.blobs.blob(descriptor)?,
            count: Arc::clone(&compressed),
        };
        let mut source = BufReader::with_capacity(128 << 10, counted);
        let start = source
            .fill_buf()
            .map_err(|error| ImageError::from_read(&place, error))?;
        let decoder = match Compression::of(start) {
            Compression::Gzip => Decoder::Gzip(Box::new(GzipReader::new(source))),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(source)
                    .map_err(|error| ImageError::from_read(&place, error))?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG)
                    .map_err(|error| ImageError::from_read(&place, error))?;
                Decoder::Zstd(decoder)
            }
            Compression::None => Decoder::Plain(source),
        };
        Ok(Self {
            decoder,
            compressed,
            bytes: 0,
            limits,
            place,
        })
    }

    fn source(&mut self) -> &mut Source {
        match &mut self.decoder {
            Decoder::Plain(source) => source,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// Turns a decoder's complaint into ours; but first the rest of the blob is read, because a
    /// wrong digest explains everything else.
    fn damaged(&mut self, error: io::Error) -> io::Error {
        if error
            .get_ref()
            .is_some_and(|inner| inner.is::<ImageError>())
        {
            return error;
        }
        if let Err(error) = super::drain(self.source()) {
            return error;
        }
        ImageError::invalid(&self.place, format!("cannot be decompressed: {error}")).into()
    }
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.decoder {
            Decoder::Plain(source) => source.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        };
        let read = match read {
            Ok(read) => read,
            Err(error) => return Err(self.damaged(error)),
        };
        self.bytes += read as u64;
        if self.bytes > self.limits.bytes {
            let problem = format!("unpacks to more than {} bytes", self.limits.bytes);
            return Err(ImageError::invalid(&self.place, problem).into());
        }
        let compressed = self.compressed.load(Ordering::Relaxed);
        if self.bytes > HARMLESS && self.bytes / compressed.max(1) > self.limits.ratio {
            let problem = format!(
                "is a bomb: {compressed} bytes have unpacked to {}, more than {} times as many",
                self.bytes, self.limits.ratio
            );
            return Err(ImageError::invalid(&self.place, problem).into());
        }
        if read == 0 && !buffer.is_empty() {
            // Behind the end of the last member nothing is left; reading on verifies the digest.
            super::drain(self.source())?;
        }
        Ok(read)
    }
}

struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
