//! The programs that scaffolding runs, and reading and writing with errors that name the file.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Reads a text below the root.
///
/// # Errors
/// What the file system says, with the path.
pub(super) fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Writes a text below the root, and the folders that it needs.
///
/// # Errors
/// What the file system says, with the path.
pub(super) fn write(root: &Path, path: &str, text: &str) -> Result<(), String> {
    let place = root.join(path);
    let folder = place.parent().unwrap_or(root);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&place, text));
    written.map_err(|error| format!("{path}: {error}"))
}

/// Changes a text below the root.
///
/// # Errors
/// What the file system or the change says, with the path.
pub(super) fn edit(
    root: &Path,
    path: &str,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> Result<(), String> {
    let changed = change(&read(root, path)?).map_err(|why| format!("{path}: {why}"))?;
    write(root, path, &changed)
}

/// Removes a file or a folder with all that is in it, if it is there.
///
/// # Errors
/// What the file system says, with the path.
pub(super) fn remove(root: &Path, path: &str) -> Result<(), String> {
    let place = root.join(path);
    let removed = match place.is_dir() {
        true => fs::remove_dir_all(&place),
        false if place.exists() => fs::remove_file(&place),
        false => Ok(()),
    };
    removed.map_err(|error| format!("{path}: {error}"))
}

/// Formats Rust as `cargo fmt` would.
///
/// # Errors
/// What rustfmt says.
pub(super) fn rustfmt(root: &Path, text: &str) -> Result<String, String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = rustfmt
        .stderr(Stdio::piped())
        .current_dir(root)
        .spawn()
        .map_err(|error| format!("rustfmt: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|error| format!("rustfmt: {error}"))?;
    }
    said("rustfmt", child.wait_with_output())
}

/// The files at `places` that are not as committed.
///
/// # Errors
/// What git says, also that there is no repository.
pub(super) fn uncommitted(root: &Path, places: &[String]) -> Result<Vec<String>, String> {
    let mut git = Command::new("git");
    git.args(["status", "--porcelain", "--no-renames", "--untracked-files=all", "-z", "--"]);
    let text = said("git", git.args(places).current_dir(root).output())?;
    // Two letters and a space before each path.
    Ok(text.split('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect())
}

/// Writes what is made from the BFF's endpoint table: contracts, dashboards, alert rules.
///
/// # Errors
/// What does not compile, or cannot be written.
pub(super) fn generate(root: &Path, bff: &str) -> Result<(), String> {
    let package = format!("bff-{bff}");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--quiet", "--package", &package, "--test", "contracts"]);
    cargo.args(["--test", "observability", "--", "every_endpoint_keeps", "dashboard_and_rules"]);
    cargo.env("UPDATE_CONTRACTS", "1").env("UPDATE_OBSERVABILITY", "1");
    said("cargo", cargo.current_dir(root).output()).map(drop)
}

/// What a program wrote; what it complained about when it failed.
fn said(program: &str, output: std::io::Result<Output>) -> Result<String, String> {
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(text.into_owned());
    }
    Err(format!("{program}: {}{text}", String::from_utf8_lossy(&output.stderr)))
}
