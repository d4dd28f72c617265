//! SHA-256 of all that comes by in one walk, two streams at a time.
//!
//! A processor's SHA instructions wait for each other within one stream: two streams side by side
//! take a fifth less than one after the other. So nobody hashes what he reads: pieces are put by, and
//! hashed together with those of another layer, or of the same layer compressed.

mod sha256;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use plimsoll_model::Digest;

use self::sha256::{Sha256, update_both};
use super::chunk::Chunk;

/// Pieces of a stream that wait at most; memory is bounded by it.
const DEPTH: usize = 8;
/// So many pieces wait for another stream's before they are hashed without.
const PATIENCE: usize = DEPTH / 2;

/// All streams of a walk, and the threads that hash them.
#[derive(Debug)]
pub(super) struct Hashers {
    shared: Arc<Shared>,
    /// Threads at most.
    most: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to hash.
    filled: Condvar,
    /// Half of the pieces of a stream were taken out.
    emptied: Condvar,
    /// A stream was hashed to its end.
    hashed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Under the number that feeds and sums know; none once the digest was fetched.
    streams: Vec<Option<Stream>>,
    threads: usize,
    /// No more streams will come.
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Stream {
    waiting: VecDeque<Arc<Chunk>>,
    /// Whoever feeds it sleeps until there is room.
    is_full: bool,
    /// None while a thread hashes.
    sum: Option<Sum>,
    end: End,
}

/// How far a stream was hashed.
#[derive(Debug, Default)]
struct Sum {
    hasher: Sha256,
    /// The piece that was begun, and how much of it was hashed.
    begun: Option<(Arc<Chunk>, usize)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// More may come.
    #[default]
    Open,
    /// All of it came.
    Complete,
    /// It broke off: nobody wants its digest.
    BrokenOff,
}

impl Stream {
    fn is_ready(&self) -> bool {
        match &self.sum {
            Some(sum) => sum.begun.is_some() || !self.waiting.is_empty(),
            None => false,
        }
    }

    /// Whether it should be hashed though no other stream has anything.
    fn is_urgent(&self) -> bool {
        self.is_ready() && (self.end != End::Open || self.waiting.len() >= PATIENCE)
    }

    fn is_hashed(&self) -> bool {
        self.end != End::Open && self.sum.is_some() && !self.is_ready()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is locked is never left half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hashers {
    /// As many as keep up where so many cores read.
    pub(super) fn on(cores: usize) -> Self {
        Self {
            shared: Arc::default(),
            // One thread hashes about as fast as two others read.
            most: cores.div_ceil(2),
        }
    }

    /// A stream to be hashed: where its pieces go in, and where its digest comes out. A thread of
    /// `scope` is begun if there are too few.
    pub(super) fn stream<'scope>(&self, scope: &'scope Scope<'scope, '_>) -> (Feed, Digesting) {
        let mut state = self.shared.lock();
        let number = state.streams.len();
        state.streams.push(Some(Stream {
            sum: Some(Sum::default()),
            ..Stream::default()
        }));
        if state.threads < self.most {
            state.threads += 1;
            let shared = Arc::clone(&self.shared);
            scope.spawn(move || work(&shared));
        }
        drop(state);
        let feed = Feed {
            shared: Arc::clone(&self.shared),
            number,
        };
        let digesting = Digesting {
            shared: Arc::clone(&self.shared),
            number,
        };
        (feed, digesting)
    }

    /// Lets the threads go when what this gives is dropped and nothing is left to be hashed.
    pub(super) fn closing(&self) -> Closing {
        Closing(Arc::clone(&self.shared))
    }
}

/// As long as it is there, streams may come.
#[derive(Debug)]
pub(super) struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.filled.notify_all();
    }
}

/// Where the pieces of a stream go in. Dropped before [`Feed::complete`], the stream broke off.
#[derive(Debug)]
pub(super) struct Feed {
    shared: Arc<Shared>,
    number: usize,
}

impl Feed {
    /// Puts a piece by; waits while too many do.
    pub(super) fn send(&self, chunk: Arc<Chunk>) {
        let mut state = self.shared.lock();
        loop {
            let Some(Some(stream)) = state.streams.get_mut(self.number) else {
                return;
            };
            if stream.waiting.len() < DEPTH {
                stream.waiting.push_back(chunk);
                let is_begun = stream.waiting.len() == 1;
                let is_urgent = stream.waiting.len() == PATIENCE;
                // Whoever hashes has been told of those before.
                let is_news = is_urgent || is_begun && state.choose().is_some();
                drop(state);
                if is_news {
                    self.shared.filled.notify_one();
                }
                return;
            }
            stream.is_full = true;
            state = self
                .shared
                .emptied
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// All of the stream has come.
    pub(super) fn complete(self) {
        self.end(End::Complete);
    }

    fn end(&self, end: End) {
        let mut state = self.shared.lock();
        if let Some(Some(stream)) = state.streams.get_mut(self.number)
            && stream.end == End::Open
        {
            stream.end = end;
            if end == End::BrokenOff {
                stream.waiting.clear();
            }
            drop(state);
            self.shared.filled.notify_all();
            self.shared.hashed.notify_all();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end(End::BrokenOff);
    }
}

/// Where the digest of a stream comes out.
#[derive(Debug)]
pub(super) struct Digesting {
    shared: Arc<Shared>,
    number: usize,
}

impl Digesting {
    /// Waits for the digest; none if the stream broke off.
    pub(super) fn digest(self) -> Option<Digest> {
        let mut state = self.shared.lock();
        loop {
            let slot = state.streams.get_mut(self.number)?;
            if slot.as_ref()?.is_hashed() {
                let stream = slot.take()?;
                return match stream.end {
                    End::Complete => Some(stream.sum?.hasher.digest()),
                    End::Open | End::BrokenOff => None,
                };
            }
            state = self
                .shared
                .hashed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Hashes until no stream is left.
fn work(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        let Some((first, second)) = state.choose() else {
            if state.is_closed && state.streams.iter().flatten().all(Stream::is_hashed) {
                state.threads -= 1;
                drop(state);
                // The others may have looked while this one still hashed the last piece.
                shared.filled.notify_all();
                return;
            }
            state = shared
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let mut one = state.take(first);
        let mut other = second.map(|number| state.take(number));
        let is_room_for_one = state.has_room_again(first);
        let is_room = second.is_some_and(|number| state.has_room_again(number)) || is_room_for_one;
        drop(state);
        if is_room {
            // Feeds of other streams may wait as well; it is rare.
            shared.emptied.notify_all();
        }
        match &mut other {
            Some(other) => one.update_with(other),
            None => one.update(),
        }
        state = shared.lock();
        state.put_back(first, one);
        if let (Some(number), Some(other)) = (second, other) {
            state.put_back(number, other);
        }
        if [Some(first), second]
            .into_iter()
            .flatten()
            .any(|number| state.is_hashed(number))
        {
            shared.hashed.notify_all();
        }
    }
}

impl State {
    /// The streams to be hashed next: two if possible, one if it must be.
    fn choose(&self) -> Option<(usize, Option<usize>)> {
        let streams = || {
            let numbered = self.streams.iter().enumerate();
            numbered.filter_map(|(number, stream)| Some((number, stream.as_ref()?)))
        };
        let ready = || streams().filter(|(_, stream)| stream.is_ready());
        // Whoever waits most is the next to keep its layer waiting.
        let (first, stream) = ready().max_by_key(|(_, stream)| stream.waiting.len())?;
        let second = ready()
            .filter(|(number, _)| *number != first)
            .max_by_key(|(_, stream)| stream.waiting.len());
        if let Some((second, _)) = second {
            return Some((first, Some(second)));
        }
        stream.is_urgent().then_some((first, None))
    }

    /// A stream's sum, to be brought forward; a piece of the stream is begun.
    fn take(&mut self, number: usize) -> Sum {
        let Some(Some(stream)) = self.streams.get_mut(number) else {
            return Sum::default();
        };
        let mut sum = stream.sum.take().unwrap_or_default();
        if sum.begun.is_none() {
            sum.begun = stream.waiting.pop_front().map(|chunk| (chunk, 0));
        }
        sum
    }

    fn is_hashed(&self, number: usize) -> bool {
        let stream = self.streams.get(number);
        stream.is_some_and(|stream| stream.as_ref().is_none_or(Stream::is_hashed))
    }

    /// Whether whoever feeds a stream may go on; he is told once.
    fn has_room_again(&mut self, number: usize) -> bool {
        let Some(Some(stream)) = self.streams.get_mut(number) else {
            return false;
        };
        let is_room = stream.is_full && stream.waiting.len() <= DEPTH / 2;
        stream.is_full &= !is_room;
        is_room
    }

    fn put_back(&mut self, number: usize, sum: Sum) {
        if let Some(Some(stream)) = self.streams.get_mut(number) {
            stream.sum = Some(sum);
        }
    }
}

impl Sum {
    /// Hashes what is left of the piece that was begun.
    fn update(&mut self) {
        if let Some((chunk, done)) = self.begun.take() {
            self.hasher.update(&chunk[done..]);
        }
    }

    /// Hashes two pieces as far as the shorter one goes.
    fn update_with(&mut self, other: &mut Self) {
        let (Some((one, one_done)), Some((two, two_done))) = (&mut self.begun, &mut other.begun)
        else {
            self.update();
            other.update();
            return;
        };
        let (more_of_one, more_of_two) = update_both(
            (&mut self.hasher, &one[*one_done..]),
            (&mut other.hasher, &two[*two_done..]),
        );
        *one_done += more_of_one;
        *two_done += more_of_two;
        self.begun.take_if(|(chunk, done)| *done == chunk.len());
        other.begun.take_if(|(chunk, done)| *done == chunk.len());
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::super::chunk::Pool;
    use super::*;

    fn pieces(pool: &Pool, bytes: &[u8], size: usize) -> Vec<Arc<Chunk>> {
        let piece = |bytes: &[u8]| {
            let mut chunk = pool.chunk();
            let mut reader = bytes;
            let mut ended = false;
            chunk.fill(&mut reader, &mut ended).expect("it is memory");
            Arc::new(chunk)
        };
        bytes.chunks(size).map(piece).collect()
    }

    #[test]
    fn streams_of_any_number_and_length_get_their_own_digests() {
        let pool = Pool::default();
        for (streams, cores) in (1..=5_usize).flat_map(|streams| [(streams, 1), (streams, 4)]) {
            let hashers = Hashers::on(cores);
            std::thread::scope(|scope| {
                let _closing = hashers.closing();
                let feeders: Vec<_> = (0..streams)
                    .map(|number| {
                        let bytes: Vec<u8> = (0..number * 70_001 + 3)
                            .map(|at| (at * 31 + number) as u8)
                            .collect();
                        let (feed, digesting) = hashers.stream(scope);
                        let pool = &pool;
                        let hash = scope.spawn(move || {
                            for piece in pieces(pool, &bytes, 1_000 + number) {
                                feed.send(piece);
                            }
                            feed.complete();
                            Digest::from_sha256(sha2::Sha256::digest(&bytes).into())
                        });
                        (hash, digesting)
                    })
                    .collect();
                for (hash, digesting) in feeders {
                    let expected = hash.join().expect("it does not panic");
                    assert_eq!(digesting.digest(), Some(expected));
                }
            });
        }
    }

    #[test]
    fn a_stream_that_broke_off_has_no_digest_and_keeps_nobody_waiting() {
        let pool = Pool::default();
        let hashers = Hashers::on(1);
        std::thread::scope(|scope| {
            let _closing = hashers.closing();
            let (broken, of_broken) = hashers.stream(scope);
            let (whole, of_whole) = hashers.stream(scope);
            for piece in pieces(&pool, &[7; 5_000], 1_000) {
                broken.send(Arc::clone(&piece));
                whole.send(piece);
            }
            drop(broken);
            whole.complete();
            let expected = Digest::from_sha256(sha2::Sha256::digest([7; 5_000]).into());
            assert_eq!(of_whole.digest(), Some(expected));
            assert_eq!(of_broken.digest(), None);
        });
    }
}
