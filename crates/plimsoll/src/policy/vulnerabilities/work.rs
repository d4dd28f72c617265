//! How much is compared before it is left alone: lists and documents of others may have very many
//! entries that each could mean each of very many vulnerabilities.

/// What may still be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    left: u64,
}

/// There is no more to do it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

impl Work {
    /// So many steps.
    pub(crate) fn of(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes steps. Once there are too few, none are left for what takes fewer: what is decided must
    /// not depend on that.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Spent)
    }
}

/// How much is compared for the vulnerabilities of one image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// With waivers. Where each of thousands of vulnerabilities is held against hundreds of patterns
    /// of usual length it is a tenth of that.
    pub(crate) waivers: Work,
    /// With what statements name. Where each of thousands has a hundred statements it is a tenth,
    /// too.
    pub(crate) statements: Work,
    /// With what statements name, to tell which of them speak of nothing.
    pub(crate) heard: Work,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            waivers: Work::of(50_000_000),
            statements: Work::of(10_000_000),
            heard: Work::of(2_000_000),
        }
    }
}
