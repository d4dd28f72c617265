//! What the policy says of vulnerabilities that an image has not: those that another version of a package
//! brings.

use std::collections::HashMap;

use jiff::civil::Date;
use plimsoll_model::{Inventory, Vulnerability};

use super::accepted::Accepted;
use super::decision::{Policy, Standing, Subject, stand};
use super::image::ImageIdentity;
use super::vex::Coverage;
use super::work::Effort;

/// Judges them one by one, made ready once. What is accepted or said of a vulnerability whatever the version
/// or the image holds of them, too; what is said of this image alone does not.
pub(super) struct Outlook<'p> {
    policy: &'p Policy,
    today: Date,
    accepted: Accepted<'p>,
    coverage: Coverage<'p>,
}

impl<'p> Outlook<'p> {
    pub(super) fn new(policy: &'p Policy, today: Date) -> Self {
        static IMAGE: ImageIdentity = ImageIdentity::UNKNOWN;
        let effort = Effort::default();
        Self {
            policy,
            today,
            accepted: Accepted::new(&policy.waivers, effort.waivers),
            coverage: Coverage::new(&policy.statements, &IMAGE, effort.statements),
        }
    }

    /// Whether it would hold the image back.
    pub(super) fn holds_back(&mut self, vulnerability: &Vulnerability) -> bool {
        let Self { policy, today, .. } = *self;
        // Most are mild, and the lists need not be asked.
        if policy.tolerance(vulnerability, today).is_some() {
            return false;
        }
        let (inventory, files) = (Inventory::default(), HashMap::new());
        let subject = Subject::new(vulnerability, &inventory, &files, true);
        let mut waiver = None;
        // What there is too much to compare with stands.
        let _ = self.accepted.each(&subject, &mut |at| {
            let one = &policy.waivers[at];
            if !one.is_expired(today) {
                waiver.get_or_insert(one);
            }
        });
        let said = self.coverage.said(&subject).ok().flatten();
        stand(&subject, said, waiver, policy, today) == Standing::HoldsBack
    }
}
