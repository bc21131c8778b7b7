//! `cargo xtask audit`: what the compiler cannot refuse, found in sources, configuration and
//! contracts.
//!
//! A rule is a function from what it looks at to findings. What a rule finds and should not can be
//! waived where it stands, with a reason.

mod contract;
mod finding;
mod options;
mod rules;
mod source;
mod tree;
mod waiver;

pub use contract::{Contract, Surface, surfaces};
pub use finding::{Finding, Report, Rule, Waived};
pub use tree::{File, Tree};

pub(crate) use rules::{is_contract, names_schema, schema_of_contract};

use crate::Outcome;
use options::Options;
use source::Source;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The command.
///
/// # Errors
/// What is wrong with the arguments, or what could not be read.
pub fn run(arguments: &[String]) -> Result<Outcome, String> {
    if arguments.iter().any(|word| word == "--live") {
        return audit_live(arguments);
    }
    let options = Options::parse(arguments)?;
    let root = options.root.unwrap_or_else(crate::workspace);
    let surfaces = surfaces(&root)?;
    let tree = Tree::read(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    Ok(look(&tree, &surfaces, &subjects(&root)).outcome(options.json))
}

/// Runs `bff-audit`, which needs a Redis client and an HTTP client: without them this program is built sooner.
fn audit_live(arguments: &[String]) -> Result<Outcome, String> {
    let output = Command::new("cargo")
        .args(["run", "--quiet", "-p", "bff-dev", "--bin", "bff-audit", "--"])
        .args(arguments)
        .current_dir(crate::workspace())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok(Outcome { text, is_good: true }),
        Some(1) if !text.is_empty() => Ok(Outcome { text, is_good: false }),
        _ => Err("it could not look; see above".to_owned()),
    }
}

/// Audits a tree, the contracts of its BFFs and the subjects of its last commits.
#[must_use]
pub fn look(tree: &Tree, surfaces: &[Surface], subjects: &[String]) -> Report {
    let mut found = Vec::new();
    let mut notes = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_source()) {
        match Source::parse(file) {
            Ok(source) => {
                found.extend(rules::fan_out(&source));
                found.extend(rules::no_view(&source));
                found.extend(rules::cache_key(&source));
                found.extend(rules::business_logic(&source));
                found.extend(rules::edges_in_code(&source, tree));
            }
            Err(finding) => found.push(finding),
        }
    }
    found.extend(rules::cache_clients(tree));
    found.extend(rules::edges(tree));
    found.extend(rules::changelog(tree));
    found.extend(rules::contracts(tree, surfaces));
    found.extend(rules::wide_views(tree, surfaces));
    found.extend(rules::payload_budgets(tree, surfaces));
    let overlap = rules::overlap(tree, surfaces);
    found.extend(overlap.findings);
    notes.extend(overlap.notes);
    notes.extend(rules::words_in_history(subjects));
    waiver::apply(tree, found, notes)
}

/// The subjects of the last commits that touched a BFF, each behind its hash; none where there is no
/// history.
fn subjects(root: &Path) -> Vec<String> {
    let git = Command::new("git")
        .args(["log", "-50", "--format=%h %s", "--", "bffs"])
        .current_dir(root)
        .output();
    let text = git.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().map(str::to_owned).collect()
}
