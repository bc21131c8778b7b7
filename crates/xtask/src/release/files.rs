//! The four files that a release changes, computed before any of them is written.

use super::{changelog, version::Version};
use crate::affected::Package;
use std::{fs, path::Path};

/// One file before and after.
#[derive(Debug)]
pub(super) struct Edit {
    /// Below the root.
    pub(super) path: String,
    pub(super) before: String,
    pub(super) after: String,
}

pub(super) fn changelog_of(bff: &str) -> String {
    format!("bffs/{bff}/CHANGELOG.md")
}

pub(super) fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The version in a member's manifest.
pub(super) fn version_of(root: &Path, package: &Package) -> Result<Version, String> {
    let path = format!("{}/Cargo.toml", package.folder);
    let table: toml::Table =
        read(root, &path)?.parse().map_err(|error| format!("{path}: {error}"))?;
    let version = table.get("package").and_then(|package| package.get("version")?.as_str());
    version.unwrap_or_default().parse().map_err(|why| format!("{path}: {why}"))
}

/// Everything that a release of a BFF writes; needs a changelog with an unreleased section.
pub(super) fn edits(
    root: &Path,
    (bff, package): (&str, &str),
    (old, new): (Version, Version),
    date: &str,
) -> Result<Vec<Edit>, String> {
    let edit = |path: String, change: &dyn Fn(&str) -> Option<String>| -> Result<Edit, String> {
        let before = read(root, &path)?;
        let after = change(&before).ok_or(format!(
            "{path}: the place of the version {old} is not there, or not the only one"
        ))?;
        Ok(Edit { path, before, after })
    };
    let in_lock = |version| format!("\nname = \"{package}\"\nversion = \"{version}\"\n");
    let in_manifest = |version| format!("\nversion = \"{version}\"\n");
    Ok(vec![
        edit(format!("bffs/{bff}/Cargo.toml"), &|text| {
            replaced_once(text, &in_manifest(old), &in_manifest(new))
        })?,
        edit("Cargo.lock".to_owned(), &|text| replaced_once(text, &in_lock(old), &in_lock(new)))?,
        edit(changelog_of(bff), &|text| changelog::released(text, &new.to_string(), date))?,
        edit(format!("deploy/{bff}/overlays/prod/kustomization.yaml"), &|text| tagged(text, new))?,
    ])
}

fn replaced_once(text: &str, from: &str, to: &str) -> Option<String> {
    (text.matches(from).count() == 1).then(|| text.replace(from, to))
}

/// The tag may be an older one than the version: somebody went back.
fn tagged(text: &str, new: Version) -> Option<String> {
    const KEY: &str = "newTag: ";
    let mut lines = text.lines().filter(|line| line.trim_start().starts_with(KEY));
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (indent, _) = line.split_once(KEY)?;
    replaced_once(text, &format!("{line}\n"), &format!("{indent}{KEY}{new}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_the_image_is_the_only_one_and_may_be_an_older_one() {
        let new = "0.3.0".parse().unwrap();
        let tagged = |text| tagged(text, new);
        assert_eq!(
            tagged("images:\n  - name: bff\n    newTag: 0.1.0\nx: 1\n").unwrap(),
            "images:\n  - name: bff\n    newTag: 0.3.0\nx: 1\n"
        );
        assert_eq!(tagged("images: []\n"), None);
        assert_eq!(tagged("- newTag: 1\n  newTag: 0.1.0\n  newTag: 0.2.0\n"), None);
    }

    #[test]
    fn a_version_that_stands_twice_is_not_guessed() {
        assert_eq!(replaced_once("a b a", "a", "c"), None);
        assert_eq!(replaced_once("a b", "a", "c").unwrap(), "c b");
    }
}
