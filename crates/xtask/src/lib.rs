//! The commands behind `cargo xtask`, as functions from arguments to text.
//!
//! They read the workspace's files, `bffs/*` and `contracts/` above all, and know no BFF: a build of
//! this crate needs none, and a new BFF is typed into nothing here.
#![forbid(unsafe_code)]

pub mod audit;

use std::path::PathBuf;

const USAGE: &str = "usage: cargo xtask COMMAND [ARGUMENT]...
  audit   what the compiler cannot refuse, in the tree or in a running BFF";

/// What a command has to say, and whether it found nothing wrong.
#[derive(Debug)]
pub struct Outcome {
    /// What is printed.
    pub text: String,
    /// False ends the process with 1.
    pub is_good: bool,
}

/// Runs the command that the first argument names with the others.
///
/// # Errors
/// What is wrong with the arguments, or what could not be read.
pub fn run(arguments: &[String]) -> Result<Outcome, String> {
    let (command, rest) = arguments.split_first().ok_or(USAGE)?;
    match command.as_str() {
        "audit" => audit::run(rest),
        other => Err(format!("{other}: no such command\n{USAGE}")),
    }
}

/// This workspace.
fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
