//! Known vulnerabilities: from records in OSV form to an index that is opened, not read.
//!
//! [`compile()`] reads records as databases publish them (<https://ossf.github.io/osv-schema/>) and
//! writes one file; [`Index`] maps that file and answers which records name a package. What is
//! asked for every package lies packed by package name and is touched alone; what only a hit needs
//! lies apart.

mod advice;
mod compile;
mod cve;
mod ecosystem;
mod index;
mod matching;
mod osv;
mod pocket;
pub mod severity;
mod update;
mod version;

pub use advice::{
    AdviceInput, BuiltIn, DeclaredPackage, Ends, Judge, Standing, Weigh, advise, declarations,
    distinct, includes, is_aside, is_manifest, may_be_requirements,
};
pub use compile::{Broken, CompileError, CompileReport, IncomingIndex, Inputs, compile};
pub use ecosystem::{Ecosystem, EcosystemName};
pub use index::{
    Affected, AffectedBy, Binary, Details, Event, EventKind, Exploitation, GoImport, Index,
    IndexError, Labels, Pocket, PocketPackage, Range, RangeKind, Record, RecordId, Reference,
    ReferenceKind, Severity, SeverityKind, Snapshot, SnapshotEcosystem, SnapshotList,
    SnapshotPocket, Specifics, Version,
};
pub use matching::{
    Judged, NamedFlaw, RangeEnd, judge_inventory, name_flaws, normal_name, range_ends, release_of,
};
pub use pocket::PocketName;
pub use update::{
    EPSS_SCORES, EXPLOITED_CATALOGUE, Fetched, Kept, ListSources, OSV_ARCHIVES, Sought,
    USUAL_ECOSYSTEMS, Update, UpdateError, Updated,
};
pub use version::{BadVersion, Order};

/// For fuzzing: `bytes` as a record, and as an index whose checksums fit.
#[doc(hidden)]
pub fn fuzz(bytes: &[u8]) {
    compile::fuzz(bytes);
    index::fuzz(bytes);
}
