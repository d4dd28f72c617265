//! The test tools against real clients.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says loudly what it cannot do, and fails where it stands"
)]

mod skopeo;
