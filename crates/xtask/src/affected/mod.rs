//! `cargo xtask affected`: which crates, BFFs and parts of the deployment a change touches, and why.
//!
//! What depends on what is cargo's word; what a path means is written in `rules.rs`. A path that
//! nobody knows touches everything.

mod lock;
mod plan;
mod rules;
mod workspace;

pub use plan::{Plan, Reason};
pub use workspace::{Package, Workspace};

use crate::{
    Outcome,
    git::{git, paths},
};
use rules::Touched;
use std::{collections::BTreeSet, fs, path::Path};

const USAGE: &str = "\
usage: cargo xtask affected (--base REVISION | --all) [--json]

What changed since REVISION left this branch, with what is not committed yet.";

/// Runs the command.
///
/// # Errors
/// What is wrong with the arguments, or what git or cargo say.
pub fn run(root: &Path, arguments: &[String]) -> Result<Outcome, String> {
    let (mut since, mut json) = (None, false);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--json" => json = true,
            _ => since = Some(Since::parse(word, &mut words).ok_or(USAGE)?),
        }
    }
    let plan = plan(root, &since.ok_or(USAGE)?)?;
    let text = if json { plan.to_json() } else { plan.to_string() };
    Ok(Outcome { text, is_good: true })
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Everything, whatever changed.
    Ever,
    /// What changed since a revision.
    Revision(String),
}

impl Since {
    /// `--all`, or `--base` and the revision after it.
    pub(crate) fn parse<'a>(word: &str, more: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        match word {
            "--all" => Some(Self::Ever),
            // An empty value is a variable that nobody set.
            "--base" => more.next().filter(|at| !at.is_empty()).map(|at| Self::Revision(at.into())),
            _ => None,
        }
    }
}

/// What a change touches.
///
/// # Errors
/// What git or cargo say.
pub fn plan(root: &Path, since: &Since) -> Result<Plan, String> {
    let workspace = Workspace::read(root)?;
    let mut touched = Touched::default();
    match since {
        Since::Ever => touched.everything("--all", "asked for"),
        Since::Revision(revision) => {
            let base = merge_base(root, revision)?;
            for path in changed(root, &base)? {
                if path == "Cargo.lock" {
                    lock_file(root, &base, &workspace, &mut touched);
                } else {
                    rules::apply(&path, &workspace, &mut touched);
                }
            }
        }
    }
    Ok(Plan::of(&workspace, touched))
}

/// What a change of these paths touches; `Cargo.lock` touches everything here.
#[must_use]
pub fn of_paths(workspace: &Workspace, paths: impl IntoIterator<Item = String>) -> Plan {
    let mut touched = Touched::default();
    for path in paths {
        rules::apply(&path, workspace, &mut touched);
    }
    Plan::of(workspace, touched)
}

/// Where the work since `revision` began.
fn merge_base(root: &Path, revision: &str) -> Result<String, String> {
    let found = git(root, &["merge-base", "--end-of-options", revision, "HEAD"]);
    found.map(|commit| commit.trim().to_owned()).map_err(|why| {
        format!(
            "{why}\n`{revision}` and HEAD share no commit here: fetch it (`git fetch --unshallow` \
             in a shallow clone), name another one, or write --all"
        )
    })
}

/// Both names of what was renamed, and what git does not know yet.
fn changed(root: &Path, base: &str) -> Result<BTreeSet<String>, String> {
    let tracked =
        ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative", base];
    let untracked = ["ls-files", "-z", "--others", "--exclude-standard"];
    let (tracked, untracked) = (git(root, &tracked)?, git(root, &untracked)?);
    Ok(paths(&tracked).chain(paths(&untracked)).collect())
}

/// Only the crates that use what changed in it; everything when that cannot be told.
fn lock_file(root: &Path, base: &str, workspace: &Workspace, touched: &mut Touched) {
    const PATH: &str = "Cargo.lock";
    let old = git(root, &["show", &format!("{base}:./{PATH}")]).unwrap_or_default();
    let new = fs::read_to_string(root.join(PATH)).unwrap_or_default();
    match lock::users_of_changes(&old, &new, &workspace.names()) {
        None => touched.everything(PATH, "another lock file"),
        Some(names) => {
            for name in names {
                touched.package(PATH, &name, true);
            }
        }
    }
}
