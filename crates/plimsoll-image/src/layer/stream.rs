//! A layer's bytes, decompressed and bounded.

use std::io::{self, Read};
use std::sync::Arc;

use super::chunk::{CHUNK, Chunk, Pool};
use super::gzip::Gunzip;
use super::pipe::Pipe;
use crate::blob::{BlobContent, Hashing, Promise};
use crate::compression::{Compression, ZSTD_WINDOW_LOG};
use crate::{Image, ImageError, LayerLimits, media_type};

/// Below this much nothing is called a bomb: small files of zeros compress well.
const HARMLESS: u64 = 64 << 20;

/// The same of Zstandard, which writes 128 KiB of zeros as four bytes: an empty swap file is no bomb.
const HARMLESS_ZSTD: u64 = 1 << 30;

impl Image {
    /// Reads one layer decompressed. Blob digest, diff id and `limits` are checked on the way: the
    /// last read fails where they do not hold.
    ///
    /// # Errors
    /// No such layer, or whatever the source gives.
    pub fn layer(&self, index: usize, limits: LayerLimits) -> Result<LayerStream, ImageError> {
        let mut blob = Blob::open(self, index, Pool::default())?;
        let compression = blob.compression;
        let place = self.layer_place(index);
        let pool = blob.pool.clone();
        let decoded = Decoded::new(
            Pipe::new(move || blob.next()),
            compression,
            limits,
            pool,
            place.clone(),
        )?;
        Ok(LayerStream {
            inner: Some(Hashing::new(decoded.pipe())),
            image: self.clone(),
            index,
            place,
        })
    }

    /// How messages name a layer: by its index, as reports do.
    pub(crate) fn layer_place(&self, index: usize) -> String {
        match self.manifest.layers.get(index) {
            Some(layer) => format!("{}: layer {} ({})", self.name, index, layer.digest.short()),
            None => format!("{}: layer {index}", self.name),
        }
    }
}

/// One layer, decompressed and verified.
pub struct LayerStream {
    inner: Option<Hashing<Pipe<'static>>>,
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

/// A layer's blob, read piece by piece.
pub(super) struct Blob {
    reader: BlobContent,
    /// What whoever reads has to hold the digest against; none where nothing is left to verify.
    pub(super) promise: Option<Promise>,
    /// The first piece, by which the compression was told.
    first: Option<Chunk>,
    pub(super) compression: Compression,
    /// Whether the first piece is all of it.
    pub(super) is_small: bool,
    ended: bool,
    /// Why it ended, to be told behind what was read before.
    failure: Option<io::Error>,
    pool: Pool,
}

impl Blob {
    /// Opens the blob; its digest is verified while it is read.
    pub(super) fn open(image: &Image, index: usize, pool: Pool) -> Result<Self, ImageError> {
        Self::open_with(image, index, pool, |_| None)
    }

    /// Opens the blob; unless it is small, its digest is promised only.
    pub(super) fn open_unhashed(
        image: &Image,
        index: usize,
        pool: Pool,
    ) -> Result<Self, ImageError> {
        Self::open_with(image, index, pool, BlobContent::unhashed)
    }

    fn open_with(
        image: &Image,
        index: usize,
        pool: Pool,
        promise: impl FnOnce(&mut BlobContent) -> Option<Promise>,
    ) -> Result<Self, ImageError> {
        let place = image.layer_place(index);
        let descriptor = image
            .manifest
            .layers
            .get(index)
            .ok_or_else(|| ImageError::invalid(&place, "there is no such layer"))?;
        if media_type::is_encrypted(&descriptor.media_type) {
            let problem = "is encrypted: without its key nothing in it can be looked at";
            return Err(ImageError::invalid(place, problem));
        }
        if media_type::is_no_tar(&descriptor.media_type) {
            let kind: String = descriptor.media_type.chars().take(100).collect();
            let problem = format!("is of type {}, which is not read here", kind.escape_debug());
            return Err(ImageError::invalid(place, problem));
        }
        let mut reader = image.blobs.blob(descriptor)?;
        let is_large = descriptor.size > CHUNK as u64;
        let mut blob = Self {
            promise: is_large.then(|| promise(&mut reader)).flatten(),
            reader,
            first: None,
            compression: Compression::None,
            is_small: false,
            ended: false,
            failure: None,
            pool,
        };
        let first = blob.read();
        if first.is_empty()
            && let Some(error) = blob.failure.take()
        {
            return Err(ImageError::from_read(&place, error));
        }
        if let Some(program) = Compression::unreadable(&first) {
            let problem = format!("is compressed with {program}, which is not read here");
            return Err(ImageError::invalid(place, problem));
        }
        blob.compression = Compression::of(&first);
        blob.is_small = blob.ended;
        blob.first = Some(first);
        Ok(blob)
    }

    pub(super) fn next(&mut self) -> Option<io::Result<Arc<Chunk>>> {
        let chunk = match self.first.take() {
            Some(first) => first,
            None if self.ended => return self.failure.take().map(Err),
            None => self.read(),
        };
        match chunk.is_empty() {
            true => self.failure.take().map(Err),
            false => Some(Ok(Arc::new(chunk))),
        }
    }

    /// Fills a piece, as far as the blob goes.
    fn read(&mut self) -> Chunk {
        let mut chunk = self.pool.chunk();
        self.failure = chunk.fill(&mut self.reader, &mut self.ended).err();
        chunk
    }
}

/// Decompresses a layer piece by piece and bounds it.
pub(super) struct Decoded<'a> {
    decoder: Decoder<'a>,
    /// The last piece: matches reach back to it.
    last: Option<Arc<Chunk>>,
    /// Nothing is left to be decoded, or what is cannot be.
    ended: bool,
    /// Why it cannot be, to be told behind what was decoded before.
    failure: Option<io::Error>,
    bytes: u64,
    limits: LayerLimits,
    pool: Pool,
    place: String,
}

enum Decoder<'a> {
    Plain(Pipe<'a>),
    Gzip(Gunzip, Pipe<'a>),
    Zstd(zstd::Decoder<'static, Pipe<'a>>),
}

impl<'a> Decoded<'a> {
    pub(super) fn new(
        source: Pipe<'a>,
        compression: Compression,
        limits: LayerLimits,
        pool: Pool,
        place: String,
    ) -> Result<Self, ImageError> {
        let decoder = match compression {
            Compression::None => Decoder::Plain(source),
            Compression::Gzip => Decoder::Gzip(Gunzip::new(), source),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(source)
                    .map_err(|error| ImageError::from_read(&place, error))?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG)
                    .map_err(|error| ImageError::from_read(&place, error))?;
                Decoder::Zstd(decoder)
            }
        };
        Ok(Self {
            decoder,
            last: None,
            ended: false,
            failure: None,
            bytes: 0,
            limits,
            pool,
            place,
        })
    }

    /// Its pieces, to be read.
    pub(super) fn pipe(mut self) -> Pipe<'a> {
        Pipe::new(move || self.next())
    }

    fn next(&mut self) -> Option<io::Result<Arc<Chunk>>> {
        if let Decoder::Plain(source) = &mut self.decoder {
            return match source.item()? {
                Ok(chunk) => self.bounded(chunk),
                Err(error) => Some(Err(error)),
            };
        }
        if !self.ended {
            let chunk = self.decode();
            if !chunk.is_empty() {
                return self.bounded(Arc::new(chunk));
            }
        }
        self.ended = true;
        match self.failure.take() {
            Some(error) => Some(Err(self.damaged(error))),
            // Behind the end of the last member nothing is left; reading on verifies the digest.
            None => super::drain(self.source()).err().map(Err),
        }
    }

    /// Fills a piece, as far as the layer goes.
    fn decode(&mut self) -> Chunk {
        let mut chunk = self.pool.chunk();
        let result = match &mut self.decoder {
            Decoder::Gzip(gunzip, source) => {
                if let Some(last) = self.last.take() {
                    chunk.follow(&last);
                }
                let (output, end) = chunk.parts();
                gunzip
                    .fill(source, output, end)
                    .map(|more| self.ended = !more)
            }
            Decoder::Zstd(decoder) => chunk.fill(decoder, &mut self.ended),
            Decoder::Plain(_) => Ok(()),
        };
        if let Err(error) = result {
            self.ended = true;
            self.failure = Some(error);
        }
        chunk
    }

    /// Passes a piece on unless it goes too far.
    fn bounded(&mut self, chunk: Arc<Chunk>) -> Option<io::Result<Arc<Chunk>>> {
        self.bytes += chunk.len() as u64;
        let compressed = self.source().passed();
        let harmless = match self.decoder {
            Decoder::Zstd(_) => HARMLESS_ZSTD,
            _ => HARMLESS,
        };
        let problem = if self.bytes > self.limits.bytes {
            format!("unpacks to more than {} bytes", self.limits.bytes)
        } else if self.bytes > harmless && self.bytes / compressed.max(1) > self.limits.ratio {
            format!(
                "is a bomb: {compressed} bytes have unpacked to {}, more than {} times as many",
                self.bytes, self.limits.ratio
            )
        } else {
            if matches!(self.decoder, Decoder::Gzip(..)) {
                self.last = Some(Arc::clone(&chunk));
            }
            return Some(Ok(chunk));
        };
        self.ended = true;
        Some(Err(ImageError::invalid(&self.place, problem).into()))
    }

    fn source(&mut self) -> &mut Pipe<'a> {
        match &mut self.decoder {
            Decoder::Plain(source) | Decoder::Gzip(_, source) => source,
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// Turns a decoder's complaint into ours; but first the rest of the blob is read, because a
    /// wrong digest explains everything else.
    fn damaged(&mut self, error: io::Error) -> io::Error {
        // Where there was nothing to decompress, nothing was wrong with it.
        if self.source().has_failed() {
            return error;
        }
        if let Err(error) = super::drain(self.source()) {
            return error;
        }
        ImageError::invalid(&self.place, format!("cannot be decompressed: {error}")).into()
    }
}
