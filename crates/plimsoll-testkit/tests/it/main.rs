//! The test tools against real clients.

mod skopeo;
