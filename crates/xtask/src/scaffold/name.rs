//! What a BFF or an endpoint may be called: a name that is nobody's yet, in code, addresses and manifests.

use super::{bff, snake};
use std::{fs, path::Path};

/// With `-bff` behind it, still well below what Kubernetes and DNS allow.
const MOST_LETTERS: usize = 20;
/// What a library cannot be called, and what the gateway and the server keep for themselves.
const RESERVED: [&str; 9] =
    ["alloc", "bff", "core", "fleet", "problem", "proc-macro", "std", "test", "v1"];
/// What an endpoint's file already has in scope.
const IN_SCOPE: [&str; 10] =
    ["bff", "each", "endpoint", "get", "keep", "kilobytes", "millis", "minutes", "post", "seconds"];

/// Whether a new BFF may have the name.
///
/// # Errors
/// Why not.
pub(super) fn check_bff(root: &Path, name: &str) -> Result<(), String> {
    check_form(name, &RESERVED)?;
    if let Some(path) = bff::places(name).into_iter().find(|path| root.join(path).exists()) {
        return Err(format!("{name}: {path} is already there"));
    }
    if root.join(format!("crates/bff-{name}")).exists() || is_a_binary(root, name) {
        return Err(format!("{name}: bff-{name} is another program's or crate's name"));
    }
    if packages(root)?.iter().any(|package| *package == name || *package == snake(name)) {
        return Err(format!("{name}: a crate that we use is called that"));
    }
    if let Some(owner) = asked(root, name)? {
        return Err(format!("{name}: the {owner} BFF asks a service of that name"));
    }
    match bff::routed(root, name)? {
        Some(owner) => Err(format!("{name}: the gateway leads /{name} to the {owner} BFF")),
        None => Ok(()),
    }
}

/// Whether a new endpoint may have the name; whether it is taken is asked where the files are known.
///
/// # Errors
/// Why not.
pub(super) fn check_endpoint(name: &str) -> Result<(), String> {
    check_form(name, &IN_SCOPE)
}

fn check_form(name: &str, reserved: &[&str]) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_whole = !name.ends_with('-') && !name.contains("--");
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) || !is_whole {
        return Err(format!(
            "`{name}`: a name is lowercase letters, digits and single hyphens, and begins with a letter"
        ));
    }
    if name.len() > MOST_LETTERS {
        return Err(format!("{name}: longer than {MOST_LETTERS} letters"));
    }
    // A keyword since 2024, which syn still takes.
    let is_keyword = name == "gen" || syn::parse_str::<syn::Ident>(&snake(name)).is_err();
    if reserved.contains(&name) || is_keyword {
        return Err(format!("{name}: this word already means something here; take another one"));
    }
    Ok(())
}

/// Whether a crate makes a program called `bff-<name>`.
fn is_a_binary(root: &Path, name: &str) -> bool {
    let crates = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let programs = crates.map(|entry| entry.path().join("src/bin").join(format!("bff-{name}")));
    programs.into_iter().any(|at| at.exists() || at.with_extension("rs").exists())
}

/// The packages of the lock file.
fn packages(root: &Path) -> Result<Vec<String>, String> {
    let lock = super::tools::read(root, "Cargo.lock")?;
    let name = |line: &str| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned());
    Ok(lock.lines().filter_map(name).collect())
}

/// The BFF that asks a service of this name.
fn asked(root: &Path, name: &str) -> Result<Option<String>, String> {
    let table = format!("[services.{name}]");
    for bff in bff::names(root)? {
        let config = super::tools::read(root, &format!("bffs/{bff}/config/base.toml"))?;
        if config.lines().any(|line| line.trim() == table) {
            return Ok(Some(bff));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_form() {
        for good in ["tv", "smart-tv", "kiosk2", "a"] {
            assert_eq!(check_form(good, &RESERVED), Ok(()), "{good}");
        }
        for bad in ["", "Tv", "2tv", "-tv", "tv-", "t--v", "t_v", "t/v", "t v", "../x", "tü"] {
            let why = check_form(bad, &RESERVED).unwrap_err();
            assert!(why.contains("lowercase letters"), "{bad}: {why}");
        }
        for taken in ["bff", "match", "type", "std", "v1", "gen", "async"] {
            let why = check_form(taken, &RESERVED).unwrap_err();
            assert!(why.contains("already means something"), "{taken}: {why}");
        }
        assert!(check_form(&"x".repeat(21), &RESERVED).unwrap_err().contains("longer than 20"));
    }
}
