//! Rules on stages and what refers to them, one file each.

mod arguments;

use crate::declare::rules;

rules! {
    base_needs_build_argument::BaseNeedsBuildArgument,
    base_of_another_platform::BaseOfAnotherPlatform,
    constant_platform::ConstantPlatform,
    copy_from_empty_stage::CopyFromEmptyStage,
    copy_from_unknown_stage::CopyFromUnknownStage,
    duplicate_stage_name::DuplicateStageName,
    interpreter_mismatch::InterpreterMismatch,
    libc_mismatch::LibcMismatch,
    posix_feature_on_windows::PosixFeatureOnWindows,
    redundant_target_platform::RedundantTargetPlatform,
    reserved_stage_name::ReservedStageName,
    shell_in_scratch::ShellInScratch,
    undeclared_from_argument::UndeclaredFromArgument,
    unreachable_stage::UnreachableStage,
    uppercase_stage_name::UppercaseStageName,
    whole_filesystem_copy::WholeFilesystemCopy,
}
