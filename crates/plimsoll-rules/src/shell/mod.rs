//! Rules on shell text: RUN, heredocs, shell forms and the scripts they start, one file each.

use crate::declare::rules;

pub(crate) mod kind;
pub(crate) mod run;

rules! {
    cd_in_run::CdInRun,
    consecutive_run::ConsecutiveRun,
    copied_archive_unpacked::CopiedArchiveUnpacked,
    high_uid_in_lastlog::HighUidInLastlog,
    host_command_in_run::HostCommandInRun,
    lost_shell_state::LostShellState,
    pipe_without_pipefail::PipeWithoutPipefail,
    service_started_in_run::ServiceStartedInRun,
    shell_link_replaced::ShellLinkReplaced,
    sudo_in_run::SudoInRun,
}
