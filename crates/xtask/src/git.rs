//! Git, asked as a program: always about the repository at the root that is given, also when a hook
//! of another one started us.

use std::{path::Path, process::Command};

/// What a hook tells git commands about its own repository.
const OF_A_HOOK: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// Runs git at the root; its output.
///
/// # Errors
/// What git says.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    for variable in OF_A_HOOK {
        command.env_remove(variable);
    }
    let output = command.args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("git {}: {}", arguments.join(" "), said.trim()))
}

/// The paths in what git prints with `-z`.
pub(crate) fn paths(listed: &str) -> impl Iterator<Item = String> + '_ {
    listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned)
}
