//! Rules on how the container starts, stops and tells how it is, one file each.

mod listener;
mod start;

use crate::declare::rules;

rules! {
    crlf_script::CrlfScript,
    healthcheck_tool_missing::HealthcheckToolMissing,
    loopback_listener::LoopbackListener,
    missing_healthcheck::MissingHealthcheck,
    port_mismatch::PortMismatch,
    privileged_port::PrivilegedPort,
    script_without_exec::ScriptWithoutExec,
    shell_form_entrypoint::ShellFormEntrypoint,
}
