//! `plimsoll`: makes a container fit to ship, and proves it.

mod advice;
mod advisories;
mod args;
mod bases;
mod bill;
mod build_view;
mod changes;
mod clock;
mod commands;
mod config;
mod credentials;
mod difference;
mod dockerfiles;
mod earlier;
mod engines;
mod failure;
mod foreign;
mod git;
mod inputs;
mod look;
mod output;
mod plan;
mod policy;
mod project;
mod storage;
mod terminal;
mod tui;
mod write;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command, DebugCommand};
use crate::failure::Failure;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    // The native engine runs this same program again inside its namespaces.
    if let Some(code) = plimsoll_build::native::helper_main(std::env::args_os().collect()) {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            if error.use_stderr() && args::ask_for_json(std::env::args_os().skip(1)) {
                let what = args::what_is_wrong(&error.to_string());
                let _ = terminal::print(&Failure::usage(what).json());
            }
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::detect(cli.color);
    let outcome = match &cli.command {
        Command::Ship(arguments) => commands::ship::run(arguments, terminal),
        Command::Check(arguments) => commands::check::run(arguments, terminal),
        Command::Build(arguments) => commands::build::run(arguments, terminal),
        Command::Inspect(arguments) => commands::inspect::run(arguments, terminal),
        Command::Cache(arguments) => commands::cache::run(arguments),
        Command::Db(command) => commands::db::run(command, terminal),
        Command::Layers(arguments) => commands::layers::run(arguments, terminal),
        Command::Diff(arguments) => commands::diff::run(arguments, terminal),
        Command::Push(arguments) => commands::push::run(arguments, terminal),
        Command::Rules(arguments) => commands::rules::run(arguments, terminal),
        Command::Explain(arguments) => commands::explain::run(arguments, terminal),
        Command::Migrate(arguments) => commands::migrate::run(arguments),
        Command::Engines(_) => commands::engines::run(),
        Command::Schema => commands::schema::run(),
        Command::Debug(DebugCommand::DockerfileAst { files }) => commands::debug::run(files),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            terminal::say(&format!("plimsoll: {failure}"));
            if cli.command.wants_json() && terminal::nothing_printed() {
                // A script that reads an object gets one; standard output that is gone is told by
                // the exit code like everything else.
                let _ = terminal::print(&failure.json());
            }
            failure.exit_code()
        }
    }
}
