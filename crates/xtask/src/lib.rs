//! The commands behind `cargo xtask`, as functions from arguments to text.
#![forbid(unsafe_code)]

pub mod audit;
mod fuzz;
pub mod live;
mod options;

use audit::{Report, Tree};
use options::Options;
use std::{path::PathBuf, process::Command};

/// What a command has to say, and whether it found nothing wrong.
#[derive(Debug)]
pub struct Outcome {
    /// What is printed.
    pub text: String,
    /// False ends the process with 1.
    pub is_good: bool,
}

/// Runs the command that the arguments name.
///
/// # Errors
/// What is wrong with the arguments, or what could not be read.
pub fn run(arguments: &[String]) -> Result<Outcome, String> {
    if let [command, program, more @ ..] = arguments
        && command == "fuzz-api"
    {
        return fuzz::run(&bffs(), &here(), program, more);
    }
    let options = Options::parse(arguments)?;
    let report = match &options.live {
        Some(live) => live::audit(&bffs(), live, &root(&options))?,
        None => {
            let root = root(&options);
            let tree = Tree::read(&root).map_err(|e| format!("{}: {e}", root.display()))?;
            audit::run(&tree, &bffs(), &subjects(&root))
        }
    };
    Ok(outcome(&report, options.json))
}

/// The BFFs of this workspace.
#[must_use]
pub fn bffs() -> Vec<bff_core::Bff> {
    vec![mobile::bff(), web::bff(), partner::bff()]
}

fn outcome(report: &Report, json: bool) -> Outcome {
    let text = if json { report.to_json() } else { report.to_string() };
    Outcome { text, is_good: report.findings.is_empty() }
}

fn root(options: &Options) -> PathBuf {
    options.root.clone().unwrap_or_else(here)
}

/// This workspace.
fn here() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The subjects of the last commits that touched a BFF, each behind its hash; none where there is no
/// history.
fn subjects(root: &std::path::Path) -> Vec<String> {
    let git = Command::new("git")
        .args(["log", "-50", "--format=%h %s", "--", "bffs"])
        .current_dir(root)
        .output();
    let text = git.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().map(str::to_owned).collect()
}
