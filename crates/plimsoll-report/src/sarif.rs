//! Stub.

use crate::RenderInput;

/// Renders the report.
pub fn render(_input: &RenderInput<'_>) -> String {
    todo!("owner: report")
}
