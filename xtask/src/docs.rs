//! Not there yet.

/// Runs the chore.
pub(crate) fn run(_arguments: &[String]) -> anyhow::Result<()> {
    anyhow::bail!("not written yet")
}
