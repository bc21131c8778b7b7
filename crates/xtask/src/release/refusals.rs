//! Why a release is refused, each with what to do.

use super::{Order, changelog, version::Version};
use crate::{
    audit::{is_contract, names_schema, schema_of_contract},
    git::{git, paths},
};
use std::path::Path;

/// Everything that is in the way of a release from `old` to `new`.
pub(super) fn refusals(
    root: &Path,
    order: &Order,
    (old, new): (Version, Version),
    changes: Option<&str>,
) -> Result<Vec<String>, String> {
    let mut refusals = Vec::new();
    let dirty = git(root, &["status", "--porcelain", "--untracked-files=normal"])?;
    if let Some(first) = dirty.lines().next() {
        let first = first.get(3..).unwrap_or(first);
        refusals.push(format!("the tree is not clean (`{first}`): commit, stash or remove it"));
    }
    let branch = git(root, &["symbolic-ref", "--quiet", "--short", "HEAD"]).unwrap_or_default();
    if branch.trim() != order.branch {
        refusals.push(format!(
            "this is not the branch `{}`: switch to it, or name yours with --branch",
            order.branch
        ));
    }
    let tag = order.tag(new);
    if git(root, &["rev-parse", "--verify", "--quiet", &format!("refs/tags/{tag}")]).is_ok() {
        refusals.push(format!(
            "the tag `{tag}` exists already: fetch what was released, or choose another level"
        ));
    }
    refusals.extend(of_changelog(order, old, changes));
    refusals.extend(of_contracts(root, order, changes.unwrap_or_default())?);
    let arguments = ["audit", "--root", &root.to_string_lossy()].map(str::to_owned);
    let audit = crate::run(&arguments)?;
    if !audit.is_good {
        let found = audit.text.trim();
        refusals.push(format!("the audit found something: repair or waive it first:\n{found}"));
    }
    Ok(refusals)
}

fn of_changelog(order: &Order, old: Version, changes: Option<&str>) -> Vec<String> {
    let file = super::files::changelog_of(&order.bff);
    let Some(changes) = changes else {
        return vec![format!(
            "{file} has no heading `## Unreleased`: write one above the versions"
        )];
    };
    let mut refusals = Vec::new();
    if changes.is_empty() {
        refusals.push(format!(
            "{file} has nothing under `## Unreleased`: say in the words of the clients what changed"
        ));
    }
    for entry in changelog::of_no_kind(changes) {
        refusals.push(format!(
            "{file} has `{entry}`: begin it with `- breaking: `, `- added: `, `- changed: ` or \
             `- fixed: `"
        ));
    }
    let needed = old.level_that_may_break();
    if changelog::breaks(changes) && order.level < needed {
        refusals.push(format!(
            "{file} has a `breaking` entry: after {old} that is a {needed} release, not a {}",
            order.level
        ));
    }
    refusals
}

/// Contracts that changed since this BFF's last release and are not told.
fn of_contracts(root: &Path, order: &Order, changes: &str) -> Result<Vec<String>, String> {
    let tags = format!("{}-v*", order.bff);
    let Ok(last) = git(root, &["describe", "--tags", "--abbrev=0", "--match", &tags]) else {
        // The first release: the audit has every contract named somewhere in the changelog.
        return Ok(Vec::new());
    };
    let (last, folder) = (last.trim(), format!("contracts/{}", order.bff));
    let diff =
        ["diff", "--name-only", "-z", "--no-renames", "--relative", last, "HEAD", "--", &folder];
    let mut refusals = Vec::new();
    for path in paths(&git(root, &diff)?).filter(|path| is_contract(path)) {
        // A retired one was there at the last release.
        let at = |commit: &str| git(root, &["show", &format!("{commit}:./{path}")]);
        let text = at("HEAD").or_else(|_| at(last))?;
        let schema = schema_of_contract(&text).ok_or(format!("{path}: it names no schema"))?;
        if !names_schema(changes, &schema) {
            refusals.push(format!(
                "{path} changed since {last}: add a line with `{schema}` under `## Unreleased`"
            ));
        }
    }
    Ok(refusals)
}
