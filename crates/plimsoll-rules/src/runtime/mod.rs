//! Rules on how the container starts, stops and tells how it is, one file each.

use crate::declare::rules;

rules! {
    healthcheck_tool_missing::HealthcheckToolMissing,
    missing_healthcheck::MissingHealthcheck,
    shell_form_entrypoint::ShellFormEntrypoint,
}
