//! The workspace's own directories: what checks all BFFs lists none of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The top of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of the BFFs below `root`, sorted: the directories in `bffs/` that have a manifest.
///
/// # Errors
/// The file system's.
pub fn bffs(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("bffs"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
