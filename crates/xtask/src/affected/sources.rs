//! What cargo does not know: sources of another member that are taken in with `#[path = ".."]`.

use super::{Package, Workspace};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

/// The members whose sources a package takes in.
pub(super) fn borrowed(
    root: &Path,
    package: &Package,
    workspace: &Workspace,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![PathBuf::from(&package.folder)];
    while let Some(folder) = folders.pop() {
        let wrong = |error: io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(root.join(&folder)).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().map_err(wrong)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(root.join(&path)).map_err(wrong)?;
                let others = text.lines().filter_map(|line| owner(line, &folder, workspace));
                names.extend(others.filter(|name| *name != package.name).map(str::to_owned));
            }
        }
    }
    Ok(names)
}

/// The member that a line takes a source from.
fn owner<'a>(line: &str, folder: &Path, workspace: &'a Workspace) -> Option<&'a str> {
    let (path, _) = line.trim_start().strip_prefix("#[path = \"")?.split_once('"')?;
    let mut full = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => drop(full.pop()),
            part => full.push(part),
        }
    }
    workspace.owner(&full.to_string_lossy()).map(|package| package.name.as_str())
}
