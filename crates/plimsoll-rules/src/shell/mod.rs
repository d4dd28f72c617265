//! Rules on shell text: RUN, heredocs, shell forms and the scripts they start, one file each.

use crate::declare::rules;

mod errexit;
pub(crate) mod hints;
pub(crate) mod kind;
pub(crate) mod named;
pub(crate) mod run;
#[cfg(test)]
mod slips;

rules! {
    backquoted_command::BackquotedCommand,
    bashism_in_sh::BashismInSh,
    cd_in_run::CdInRun,
    consecutive_run::ConsecutiveRun,
    copied_archive_unpacked::CopiedArchiveUnpacked,
    copy_without_destination::CopyWithoutDestination,
    echo_with_escapes::EchoWithEscapes,
    expansion_in_single_quotes::ExpansionInSingleQuotes,
    file_appended_piecemeal::FileAppendedPiecemeal,
    grep_for_yes_or_no::GrepForYesOrNo,
    heredoc_without_errexit::HeredocWithoutErrexit,
    high_uid_in_lastlog::HighUidInLastlog,
    host_command_in_run::HostCommandInRun,
    long_command_chain::LongCommandChain,
    loop_over_one_word::LoopOverOneWord,
    lost_shell_state::LostShellState,
    masked_exit_status::MaskedExitStatus,
    masked_failure::MaskedFailure,
    misplaced_redirect::MisplacedRedirect,
    mode_of_last_folder_only::ModeOfLastFolderOnly,
    needless_backslash::NeedlessBackslash,
    negation_that_stops_nothing::NegationThatStopsNothing,
    nonportable_command::NonportableCommand,
    odd_tr_set::OddTrSet,
    option_as_command::OptionAsCommand,
    parsed_file_list::ParsedFileList,
    pattern_as_option::PatternAsOption,
    permissions_after_copy::PermissionsAfterCopy,
    pipe_without_pipefail::PipeWithoutPipefail,
    read_without_r::ReadWithoutR,
    removal_that_may_reach_root::RemovalThatMayReachRoot,
    service_started_in_run::ServiceStartedInRun,
    shell_link_replaced::ShellLinkReplaced,
    spaces_around_equals::SpacesAroundEquals,
    sudo_in_run::SudoInRun,
    unassigned_variable::UnassignedVariable,
    unguarded_cd::UnguardedCd,
    unquoted_brackets::UnquotedBrackets,
    unquoted_command_substitution::UnquotedCommandSubstitution,
    unquoted_expansion::UnquotedExpansion,
    unused_variable::UnusedVariable,
    useless_echo::UselessEcho,
    variable_as_printf_format::VariableAsPrintfFormat,
}
