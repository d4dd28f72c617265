//! How fast a server has to send.

use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::patience::Patience;

/// Bytes that must come in each [`Patience::window`]: a server that sends one byte now and then is not
/// silent, and never done.
const LEAST: u64 = 64 << 10;

/// What a server sends, as long as it does not trickle. Only waiting for it counts: whoever writes to a
/// disk or is stopped in between reads has no slower server for that.
pub(crate) struct Paced<R> {
    source: R,
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl<R> Paced<R> {
    pub(crate) fn new(source: R, patience: Patience) -> Self {
        Self {
            source,
            window: patience.window,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        let read = self.source.read(buffer)?;
        self.waited += begun.elapsed();
        self.bytes += read as u64;
        if read > 0 && self.waited >= self.window {
            if self.bytes < LEAST {
                let slow = TooSlow {
                    bytes: self.bytes,
                    waited: self.waited,
                    window: self.window,
                };
                return Err(io::Error::new(io::ErrorKind::TimedOut, slow));
            }
            self.waited = Duration::ZERO;
            self.bytes = 0;
        }
        Ok(read)
    }
}

/// Why a server was given up that does send.
#[derive(Debug)]
pub(crate) struct TooSlow {
    bytes: u64,
    waited: Duration,
    window: Duration,
}

impl TooSlow {
    /// That a read failed for this.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sends too slowly: {} bytes in {} seconds; a `--timeout` of more than {} waits longer",
            self.bytes,
            self.waited.as_secs(),
            self.window.as_secs()
        )
    }
}

impl std::error::Error for TooSlow {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes, each time after a while.
    struct Slow(usize, Duration);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(self.1);
            let count = self.0.min(buffer.len());
            buffer[..count].fill(b'x');
            Ok(count)
        }
    }

    #[test]
    fn only_waiting_for_the_server_counts() {
        let patience = Patience {
            window: Duration::from_millis(100),
            ..Patience::default()
        };
        let mut buffer = vec![0; 64 << 10];
        let mut trickle = Paced::new(Slow(1, Duration::from_millis(20)), patience);
        let error = (0..20).find_map(|_| trickle.read(&mut buffer).err());
        let error = error.unwrap();
        assert!(TooSlow::of(&error).is_some(), "{error}");
        let mut quick = Paced::new(Slow(64 << 10, Duration::from_millis(20)), patience);
        assert!((0..20).all(|_| quick.read(&mut buffer).is_ok()));
        // Whoever reads is slow.
        let mut at_once = Paced::new(Slow(1, Duration::ZERO), patience);
        for _ in 0..10 {
            assert_eq!(at_once.read(&mut buffer).unwrap(), 1);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
