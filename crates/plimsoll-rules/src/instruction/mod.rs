//! Rules on the form of single instructions, one file each.

pub(crate) mod mend;
mod ports;

use crate::declare::rules;

rules! {
    add_instead_of_copy::AddInsteadOfCopy,
    broken_exec_form::BrokenExecForm,
    directive_without_effect::DirectiveWithoutEffect,
    empty_continuation_line::EmptyContinuationLine,
    from_as_case_mismatch::FromAsCaseMismatch,
    host_port_in_expose::HostPortInExpose,
    impossible_port::ImpossiblePort,
    inline_ignore_comment::InlineIgnoreComment,
    legacy_key_value::LegacyKeyValue,
    long_line::LongLine,
    maintainer_instruction::MaintainerInstruction,
    misleading_description::MisleadingDescription,
    mixed_keyword_case::MixedKeywordCase,
    overridden_instruction::OverriddenInstruction,
    relative_copy_destination::RelativeCopyDestination,
    relative_workdir::RelativeWorkdir,
    repeated_blank_lines::RepeatedBlankLines,
    several_sources_to_file::SeveralSourcesToFile,
    syntax_error::SyntaxError,
    todo_comment::TodoComment,
    trailing_whitespace::TrailingWhitespace,
    undefined_variable::UndefinedVariable,
    uppercase_port_protocol::UppercasePortProtocol,
}

pub(crate) use add_instead_of_copy::is_plain;
