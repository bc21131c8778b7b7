//! `cargo xtask new-bff`, `new-endpoint` and their opposites: everything that a BFF or an endpoint
//! consists of, written whole or not at all, and taken away whole.

mod bff;
mod calls;
#[cfg(test)]
mod drift;
mod endpoint;
mod lists;
mod name;
mod snapshot;
mod surface;
mod template;
mod tools;

use crate::Outcome;
use std::path::Path;

const USAGE: &str = "\
usage: cargo xtask new-bff NAME [--no-build]
       cargo xtask remove-bff NAME [--force]
       cargo xtask new-endpoint BFF NAME [--method GET] [--path /...] [--no-build]
       cargo xtask remove-endpoint BFF NAME [--force] [--no-build]

Writes or removes all files of a BFF or an endpoint. Without --no-build the BFF is built, because contracts, dashboards
and alert rules are made from its endpoint table. --force also removes what somebody has changed and not committed.
0: done; 2: refused, and nothing was changed. docs/new-bff.md tells what is made.";

/// What is not a name.
#[derive(Debug, Default)]
struct Flags {
    path: Option<String>,
    is_forced: bool,
    is_unbuilt: bool,
}

/// The first words of this module's commands.
pub const COMMANDS: [&str; 4] = ["new-bff", "remove-bff", "new-endpoint", "remove-endpoint"];

/// Runs a command of this module in the workspace at `root`.
///
/// # Errors
/// What is wrong with the words, or why nothing was changed.
pub fn run(words: &[String], root: &Path) -> Result<Outcome, String> {
    let (command, rest) = words.split_first().ok_or(USAGE)?;
    let (names, flags) = parse(rest)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = match (command.as_str(), names.as_slice()) {
        ("new-bff", [name]) => bff::create(root, name, &flags),
        ("remove-bff", [name]) => bff::remove(root, name, &flags),
        ("new-endpoint", [bff, name]) => endpoint::create(root, bff, name, &flags),
        ("remove-endpoint", [bff, name]) => endpoint::remove(root, bff, name, &flags),
        _ => Err(USAGE.to_owned()),
    }?;
    Ok(Outcome { text, is_good: true })
}

fn parse(words: &[String]) -> Result<(Vec<String>, Flags), String> {
    let (mut names, mut flags) = (Vec::new(), Flags::default());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or(format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--force" => flags.is_forced = true,
            "--no-build" => flags.is_unbuilt = true,
            "--path" => flags.path = Some(value()?),
            "--method" => endpoint::check_method(&value()?)?,
            other if other.starts_with('-') => {
                return Err(format!("{other}: no such option\n{USAGE}"));
            }
            name => names.push(name.to_owned()),
        }
    }
    Ok((names, flags))
}

/// `smart-tv` as a crate or module: `smart_tv`.
fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// `smart-tv` or `smart_tv` as a type: `SmartTv`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    name.split(['-', '_']).map(capital).collect()
}

/// `smart-tv` or `smart_tv` as a member: `smartTv`.
fn camel(name: &str) -> String {
    let name = pascal(name);
    let (first, rest) = name.split_at_checked(1).unwrap_or((&name, ""));
    first.to_ascii_lowercase() + rest
}
