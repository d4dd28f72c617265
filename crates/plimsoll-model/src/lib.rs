//! The vocabulary that crosses the walls of Plimsoll: plain data, no I/O, no formats.
//!
//! Every other crate may use this one; this one uses none. Each output format owns
//! its wire structs, so that a change here never changes a format by accident; only what a cache
//! keeps of an image can be serialised as it is.

mod advice;
mod config;
pub mod credential;
mod cut;
mod difference;
mod digest;
mod finding;
mod history;
mod image_ref;
mod input;
mod inventory;
mod pending;
mod place;
mod publisher;
mod report;
mod size;
mod source;
mod vulnerability;

pub use advice::{Advice, AdvisedAction, AdvisedEdit, BroughtFlaw, StepTarget, VersionStep};
pub use config::{HealthCheck, ImageConfig, Platform};
pub use credential::{FileCredential, TextCredential};
pub use cut::cut;
pub use difference::{
    AccessChange, ChangeKind, ComparedImage, ComparedSubject, ConfigChange, Difference, FileAccess,
    FileChange, FileChanges, FileSide, FileTally, GainsAndLosses, LayerChange, PackageChange, Pair,
    VulnerabilityCause, VulnerabilityChange,
};
pub use digest::{Digest, DigestParseError, hex};
pub use finding::{
    Applicability, Confidence, Edit, Finding, Fix, LayerOrigin, Origin, Related, Severity,
    SourceOrigin,
};
pub use history::{HistoryEntry, HistoryStep, Writing, filled_steps};
pub use image_ref::{Called, ImageName, ImageNameError, ImageRef};
pub use input::BuildInput;
pub use inventory::{
    Account, Accounts, BaseImage, Blockage, Distribution, Evidence, ForeignLibrary, Group,
    Inventory, LayerFacts, LinkedFunctions, NoFormat, NotableFile, NotableKind, Package,
    PackageKind, Requirement, Saving, SecretSighting, StartupFault, StartupFile, StartupProblem,
    StartupRole, Waste, WasteKind, WastedPath,
};
pub use pending::{PendingUpdate, PocketPackages};
pub use place::Place;
pub use publisher::{is_foreign_deb, is_foreign_rpm, is_foreign_rpm_of};
pub use report::{
    BillSummary, ImageSummary, Remark, Report, Skipped, Suppressed, SuppressedBy, Topic, Unlisted,
};
pub use size::human_size;
pub use source::{LineIndex, Position, SourceFile, Span};
pub use vulnerability::{
    AdvisoryCoverage, CvssScore, EcosystemPackages, FixState, KnownExploited, Likelihood, PaidFix,
    Reachability, SeverityBasis, SuppressedVulnerability, ThreatList, UnjudgedPackage,
    Vulnerability, VulnerabilitySeverity, VulnerabilityStatus,
};
