//! Rules on shell text: RUN, heredocs, shell forms and the scripts they start, one file each.

use crate::declare::rules;

mod errexit;
pub(crate) mod kind;
pub(crate) mod run;

rules! {
    cd_in_run::CdInRun,
    consecutive_run::ConsecutiveRun,
    copied_archive_unpacked::CopiedArchiveUnpacked,
    heredoc_without_errexit::HeredocWithoutErrexit,
    high_uid_in_lastlog::HighUidInLastlog,
    host_command_in_run::HostCommandInRun,
    long_command_chain::LongCommandChain,
    lost_shell_state::LostShellState,
    masked_failure::MaskedFailure,
    permissions_after_copy::PermissionsAfterCopy,
    pipe_without_pipefail::PipeWithoutPipefail,
    service_started_in_run::ServiceStartedInRun,
    shell_link_replaced::ShellLinkReplaced,
    sudo_in_run::SudoInRun,
}
