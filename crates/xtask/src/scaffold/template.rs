//! Files from templates: what is below `crates/xtask/templates/`, with what stands between @ signs
//! filled in, in names as in texts. They are read from the tree, so there is no list of them.

use super::tools;
use std::{collections::BTreeMap, fs, path::Path};

const TEMPLATES: &str = "crates/xtask/templates";

/// Texts by their path below the root.
pub(super) type Files = BTreeMap<String, String>;

/// Every file of a folder of templates.
///
/// # Errors
/// What cannot be read, or is no Rust once it is filled in.
pub(super) fn folder(root: &Path, name: &str, words: &[(&str, String)]) -> Result<Files, String> {
    let top = root.join(TEMPLATES).join(name);
    let (mut files, mut next) = (Files::new(), vec![top.clone()]);
    while let Some(folder) = next.pop() {
        let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_dir() {
                next.push(path);
                continue;
            }
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let target = path.strip_prefix(&top).unwrap_or(&path).to_string_lossy();
            files.insert(fill(&target, words), text(root, &below, words)?);
        }
    }
    Ok(files)
}

/// One template.
///
/// # Errors
/// As [`folder`].
pub(super) fn file(root: &Path, name: &str, words: &[(&str, String)]) -> Result<String, String> {
    text(root, &format!("{TEMPLATES}/{name}"), words)
}

/// Writes them all.
///
/// # Errors
/// What the file system says.
pub(super) fn write(root: &Path, files: &Files) -> Result<(), String> {
    files.iter().try_for_each(|(path, text)| tools::write(root, path, text))
}

fn text(root: &Path, path: &str, words: &[(&str, String)]) -> Result<String, String> {
    let text = fill(&tools::read(root, path)?, words);
    if path.ends_with(".rs") { tools::rustfmt(root, &text) } else { Ok(text) }
}

fn fill(text: &str, words: &[(&str, String)]) -> String {
    let fill =
        |text: String, (word, value): &(&str, String)| text.replace(&format!("@{word}@"), value);
    words.iter().fold(text.to_owned(), fill)
}
