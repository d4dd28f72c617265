//! What the policy says of vulnerabilities in other versions of packages than those that an image has.

use std::collections::HashMap;

use jiff::civil::Date;
use plimsoll_model::{Inventory, Report, Vulnerability};

use super::accepted::Accepted;
use super::decision::{Case, Judgement, Policy, by_file, stand};
use super::image::ImageIdentity;
use super::purl::Identity;
use super::vex::Coverage;
use super::work::Effort;

/// Judges them one by one, made ready once.
pub(crate) struct Outlook<'p> {
    policy: &'p Policy,
    today: Date,
    accepted: Accepted<'p>,
    coverage: Coverage<'p>,
    image: Option<Image<'p>>,
}

/// The image as it is, of which something is accepted.
struct Image<'p> {
    inventory: &'p Inventory,
    files: HashMap<&'p str, Vec<Identity<'p>>>,
    coverage: Coverage<'p>,
}

impl<'p> Outlook<'p> {
    /// On the image of a report that was judged.
    pub(super) fn new(
        policy: &'p Policy,
        report: &'p Report,
        identity: &'p ImageIdentity,
        today: Date,
    ) -> Self {
        let image = (!report.suppressed_vulnerabilities.is_empty()).then(|| Image {
            inventory: &report.inventory,
            files: by_file(&report.inventory),
            coverage: Coverage::new(&policy.statements, identity, Effort::default().statements),
        });
        Self {
            image,
            ..Self::of_any(policy, today)
        }
    }

    /// On no image: nothing is accepted of it.
    pub(super) fn of_any(policy: &'p Policy, today: Date) -> Self {
        static IMAGE: ImageIdentity = ImageIdentity::UNKNOWN;
        let effort = Effort::default();
        Self {
            policy,
            today,
            accepted: Accepted::new(&policy.waivers, effort.waivers),
            coverage: Coverage::new(&policy.statements, &IMAGE, effort.statements),
            image: None,
        }
    }

    /// Whether one that the image has not would hold it back. What is accepted or said of it whatever
    /// the version or the image holds of it, too; what is said of this image alone does not.
    pub(crate) fn holds_back(&mut self, vulnerability: &Vulnerability) -> bool {
        let Self { policy, today, .. } = *self;
        // Most are mild, and the lists need not be asked.
        if policy.tolerance(vulnerability, today).is_some() {
            return false;
        }
        let (inventory, files) = (Inventory::default(), HashMap::new());
        let subject = Case::new(vulnerability, &inventory, &files, true);
        stands(
            &subject,
            policy,
            &mut self.accepted,
            &mut self.coverage,
            today,
        )
    }

    /// Whether one that the image has, and that is accepted, would hold it back in another version of its
    /// package. What is said of the image holds of it.
    pub(crate) fn holds_back_again(&mut self, vulnerability: &Vulnerability) -> bool {
        let Self { policy, today, .. } = *self;
        let Some(image) = &mut self.image else {
            return false;
        };
        if policy.tolerance(vulnerability, today).is_some() {
            return false;
        }
        let subject = Case::new(vulnerability, image.inventory, &image.files, true);
        stands(
            &subject,
            policy,
            &mut self.accepted,
            &mut image.coverage,
            today,
        )
    }
}

/// Whether one holds back.
fn stands(
    subject: &Case<'_>,
    policy: &Policy,
    accepted: &mut Accepted<'_>,
    coverage: &mut Coverage<'_>,
    today: Date,
) -> bool {
    let mut waiver = None;
    // What there is too much to compare with stands.
    let _ = accepted.each(subject, &mut |at| {
        let one = &policy.waivers[at];
        if !one.is_expired(today) {
            waiver.get_or_insert(one);
        }
    });
    let said = coverage.said(subject).ok().flatten();
    stand(subject, said, waiver, policy, today) == Judgement::HoldsBack
}
