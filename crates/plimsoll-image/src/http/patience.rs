//! How long a server is waited for.

use std::time::Duration;

use crate::Access;

/// How long and how often is waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Tries in all.
    pub(crate) attempts: u32,
    /// Tries in all where nothing is heard: silence is waited for each time, so few.
    pub(crate) silent_attempts: u32,
    /// Wait before the second try; each further one doubles it.
    pub(crate) first_wait: Duration,
    /// No single wait is longer: where `Retry-After` asks for more, it is over at once.
    pub(crate) longest_wait: Duration,
    /// Silence after which a connection is given up.
    pub(crate) silence: Duration,
    /// Time of waiting in which a server must send a decent number of bytes; see [`super::Paced`].
    pub(crate) window: Duration,
}

impl Patience {
    /// Whether another try is one too many.
    pub(crate) fn is_over(&self, tried: u32, unheard: u32) -> bool {
        tried >= self.attempts || unheard >= self.silent_attempts
    }

    /// Gives up a connection after this much silence.
    pub(crate) fn of(access: &Access) -> Self {
        let patience = Self::default();
        Self {
            silence: access.silence.unwrap_or(patience.silence),
            window: access
                .silence
                .map_or(patience.window, |own| own.max(patience.window)),
            ..patience
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        // Tests see the same tries in a fraction of the time.
        if cfg!(test) {
            return Self {
                attempts: 5,
                silent_attempts: 2,
                first_wait: Duration::from_millis(2),
                longest_wait: Duration::from_secs(2),
                silence: Duration::from_secs(1),
                window: Duration::from_secs(2),
            };
        }
        Self {
            attempts: 5,
            silent_attempts: 2,
            first_wait: Duration::from_millis(300),
            longest_wait: Duration::from_secs(60),
            silence: Duration::from_secs(30),
            window: Duration::from_secs(60),
        }
    }
}
