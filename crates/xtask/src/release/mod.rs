//! `cargo xtask release`: one commit and one tag that make a BFF's next version. All of it is written
//! or nothing.

mod changelog;
mod files;
mod refusals;
mod version;

use crate::{Outcome, affected::Workspace, git::git};
use files::Edit;
use std::{fs, path::Path, time::SystemTime};
use version::{Level, Version};

const USAGE: &str = "\
usage: cargo xtask release BFF major|minor|patch [--branch NAME] [--dry-run]

Commits the next version of a BFF on the branch (main unless said otherwise) and tags it; pushes nothing.";

/// What was asked for.
#[derive(Debug)]
struct Order {
    bff: String,
    level: Level,
    branch: String,
    is_dry: bool,
}

impl Order {
    fn parse(arguments: &[String]) -> Option<Self> {
        let [bff, level, more @ ..] = arguments else { return None };
        let level = Level::named(level)?;
        let mut order = Self { bff: bff.clone(), level, branch: "main".to_owned(), is_dry: false };
        let mut words = more.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--dry-run" => order.is_dry = true,
                "--branch" => order.branch = words.next()?.clone(),
                _ => return None,
            }
        }
        Some(order)
    }

    fn tag(&self, version: Version) -> String {
        format!("{}-v{version}", self.bff)
    }
}

/// Runs the command.
///
/// # Errors
/// What is wrong with the arguments, what could not be read, or what git says; nothing is written
/// then.
pub fn run(root: &Path, arguments: &[String]) -> Result<Outcome, String> {
    let order = Order::parse(arguments).ok_or(USAGE)?;
    let workspace = Workspace::read(root)?;
    let Some(package) = workspace.bff(&order.bff) else {
        let known: Vec<_> = workspace.bffs().collect();
        return Err(format!("{}: no such BFF; there are {}", order.bff, known.join(", ")));
    };
    let old = files::version_of(root, package)?;
    let new = old.bumped(order.level);
    let log = files::read(root, &files::changelog_of(&order.bff))?;
    let changes = changelog::unreleased(&log);
    let refusals = refusals::refusals(root, &order, (old, new), changes)?;
    if !refusals.is_empty() {
        let list = refusals.iter().map(|why| format!("- {why}\n")).collect::<String>();
        let text = format!("release: {} {new} is refused; nothing was written\n{list}", order.bff);
        return Ok(Outcome { text, is_good: false });
    }
    let edits = files::edits(root, (&order.bff, &package.name), (old, new), &today())?;
    let said = changes.unwrap_or_default();
    let list = edits.iter().map(|edit| format!("  {}\n", edit.path)).collect::<String>();
    let tag = order.tag(new);
    let text = if order.is_dry {
        format!("release: would write {} {old} -> {new}, tag {tag}\n{list}\n{said}\n", order.bff)
    } else {
        write(root, &order, new, &edits, said)?;
        let push = format!("git push --atomic origin {} {tag}", order.branch);
        format!("release: {} {old} -> {new}, tag {tag}\n{list}publish it: {push}\n", order.bff)
    };
    Ok(Outcome { text, is_good: true })
}

/// The files, the commit and the tag; none of them if one cannot be made.
fn write(
    root: &Path,
    order: &Order,
    new: Version,
    edits: &[Edit],
    said: &str,
) -> Result<(), String> {
    let before = git(root, &["rev-parse", "HEAD"])?;
    let Err(why) = publish(root, order, new, edits, said) else { return Ok(()) };
    match undo(root, before.trim(), edits) {
        Ok(()) => Err(format!("{why}\nrelease: nothing was written, the tree is as before")),
        Err(also) => Err(format!(
            "{why}\nrelease: and it could not be taken back: {also}\nit began at {before}"
        )),
    }
}

fn publish(
    root: &Path,
    order: &Order,
    new: Version,
    edits: &[Edit],
    said: &str,
) -> Result<(), String> {
    for Edit { path, after, .. } in edits {
        fs::write(root.join(path), after).map_err(|error| format!("{path}: {error}"))?;
    }
    let subject = format!("{}: release {new}", order.bff);
    git(root, &with_paths(&["add", "--"], edits))?;
    git(root, &["commit", "--quiet", "-m", &subject])?;
    let words = format!("{} {new}\n\n{said}", order.bff);
    let tag = order.tag(new);
    // Markdown may begin a line with `#`.
    git(root, &["tag", "--annotate", "--cleanup=whitespace", "-m", &words, &tag])?;
    Ok(())
}

fn undo(root: &Path, before: &str, edits: &[Edit]) -> Result<(), String> {
    git(root, &["reset", "--quiet", "--soft", before])?;
    for Edit { path, before, .. } in edits {
        fs::write(root.join(path), before).map_err(|error| format!("{path}: {error}"))?;
    }
    git(root, &with_paths(&["reset", "--quiet", "--"], edits))?;
    Ok(())
}

fn with_paths<'a>(words: &[&'a str], edits: &'a [Edit]) -> Vec<&'a str> {
    words.iter().copied().chain(edits.iter().map(|edit| edit.path.as_str())).collect()
}

/// The day, in UTC.
fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}
