//! The files of this workspace, with its history or without.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where this workspace is.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// What `git ls-files` lists, below the workspace; where the sources came without a history, all that
/// is not built.
pub(crate) fn files(which: &[&str]) -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z"]).args(which).current_dir(workspace());
    let git = git.output().unwrap();
    let listed = String::from_utf8(git.stdout).unwrap();
    let known: Vec<_> = listed.split_terminator('\0').map(PathBuf::from).collect();
    let files = if known.is_empty() { below(Path::new("")) } else { known };
    // What is deleted and not yet committed is still listed.
    let files = files.into_iter().filter(|path| workspace().join(path).is_file());
    files.map(|path| path.to_string_lossy().into_owned()).collect()
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(workspace().join(folder)).unwrap().map(Result::unwrap);
    let sources = entries.filter(|entry| entry.file_name() != "target");
    let files = sources.flat_map(|entry| {
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() { below(&path) } else { vec![path] }
    });
    files.collect()
}
