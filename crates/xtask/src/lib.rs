//! The commands behind `cargo xtask`, as functions from arguments to text.
//!
//! They read the workspace's files, `bffs/*` and `contracts/` above all, and know no BFF: a build of
//! this crate needs none, and a new BFF is typed into nothing here.
#![forbid(unsafe_code)]

pub mod affected;
pub mod audit;
pub mod ci;
mod git;
pub mod release;
pub mod scaffold;

use std::path::PathBuf;

const USAGE: &str = "usage: cargo xtask COMMAND [ARGUMENT]...
  audit      what the compiler cannot refuse, in the tree or in a running BFF
  affected   what a change touches: crates, BFFs, images, manifests
  ci         checks what a change touches, and nothing else
  release    gives one BFF its next version: changelog, tag, image tag
  new-bff, new-endpoint         a BFF or an endpoint, with everything that it has
  remove-bff, remove-endpoint   and without a trace of it";

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
        "affected" => affected::run(&workspace(), rest),
        "audit" => audit::run(rest),
        "ci" => ci::run(&workspace(), rest),
        "release" => release::run(&workspace(), rest),
        "new-bff" | "new-endpoint" | "remove-bff" | "remove-endpoint" => {
            scaffold::run(arguments, &workspace())
        }
        other => Err(format!("{other}: no such command\n{USAGE}")),
    }
}

/// This workspace. Cargo says again where it is when it runs something: trees that share a target
/// directory may share this program, too.
fn workspace() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    folder.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).join("../..")
}
