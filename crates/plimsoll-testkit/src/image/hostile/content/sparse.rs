//! Sparse files as GNU tar writes them, and as it never would.

use super::{HostileContent, quiet};
use crate::image::{Entry, Layer};

/// A sparse file of the form 1.0: its map stands before its bytes.
fn sparse(map: &str, size: &str, path: &str) -> Vec<Layer> {
    let mut body = map.as_bytes().to_vec();
    body.resize(512, 0);
    body.extend(b"data");
    let entry = Entry::file(format!("GNUSparseFile.0/{path}"), body)
        .record("GNU.sparse.major", "1")
        .record("GNU.sparse.minor", "0")
        .record("GNU.sparse.name", path)
        .record("GNU.sparse.realsize", size);
    vec![Layer::new().entry(entry)]
}

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        quiet("sparse-of-a-terabyte", |_| {
            sparse("1\n0\n4\n", "1099511627776", "srv/a.tar")
        }),
        quiet("sparse-database-of-a-terabyte", |_| {
            sparse("1\n0\n4\n", "1099511627776", "var/lib/rpm/rpmdb.sqlite")
        }),
        quiet("sparse-of-60-gigabytes", |scale| {
            let size = scale.of(1 << 30, 60 << 30);
            sparse("1\n0\n4\n", &size.to_string(), "srv/a")
        }),
        quiet("sparse-of-exabytes", |_| {
            sparse(
                "1\n9223372036854775807\n4\n",
                "9223372036854775807",
                "srv/a",
            )
        }),
        quiet("sparse-of-overlaps", |_| {
            sparse("3\n0\n4\n0\n4\n2\n4\n", "8", "srv/a")
        }),
        quiet("sparse-of-many-pieces", |_| {
            sparse("99999999999\n0\n4\n", "8", "srv/a")
        }),
    ]
}
