//! Every BFF has a team that reviews it, and `CODEOWNERS` names no folder that is gone.

use crate::workspace::{File, Package};

const FOLDERS: [&str; 3] = ["bffs", "contracts", "deploy"];

/// The lines with a pattern, each with its number and its owners.
fn entries(owners: &File) -> impl Iterator<Item = (usize, &str, Vec<&str>)> {
    let lines = owners.text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines.filter_map(|(n, line)| {
        let mut words = line.split_whitespace();
        Some((n + 1, words.next()?, words.collect()))
    })
}

fn without_owner(owners: &File, packages: &[Package]) -> Vec<String> {
    let folders = packages.iter().filter_map(|package| package.manifest.strip_prefix("bffs/"));
    let bffs = folders.filter_map(|folder| folder.split('/').next());
    let is_owned = |bff: &&str| {
        entries(owners)
            .any(|(_, pattern, teams)| pattern == format!("/*/{bff}/") && teams.len() > 1)
    };
    let told = |bff| {
        let line = format!("/*/{bff}/ @{bff}-team @platform-team");
        format!("{}: no two teams own the {bff} BFF: write `{line}`", owners.path)
    };
    bffs.filter(|bff| !is_owned(bff)).map(told).collect()
}

fn of_nothing(owners: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let is_there = |pattern: &str| match pattern.strip_prefix("/*/") {
        Some(name) => FOLDERS.iter().any(|folder| exists(&format!("{folder}/{name}"))),
        None => pattern == "*" || exists(pattern.trim_start_matches('/')),
    };
    let gone = entries(owners).filter(|(_, pattern, _)| !is_there(pattern));
    gone.map(|(n, pattern, _)| format!("{}:{n}: nothing is at `{pattern}`", owners.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_bff_has_owners_and_every_owner_has_a_folder() {
        let owners = workspace::file(".github/CODEOWNERS").unwrap();
        assert_eq!(without_owner(&owners, &workspace::packages().unwrap()), [""; 0]);
        assert_eq!(of_nothing(&owners, workspace::exists), [""; 0]);
    }

    #[test]
    fn a_bff_without_owners_and_owners_of_nothing_are_refused() {
        let packages = ["tv", "web"].map(|name| Package {
            name: format!("bff-{name}"),
            manifest: format!("bffs/{name}/Cargo.toml"),
            dependencies: vec![],
        });
        let owners = |text: &str| File { path: "CODEOWNERS".to_owned(), text: text.to_owned() };
        let complete = "# Who.\n* @p\n/*/tv/ @tv @p\n/*/web/ @web @p\n/docs/ @p\n";
        let exists = |path: &str| ["bffs/tv/", "deploy/web/", "docs/"].contains(&path);
        assert_eq!(without_owner(&owners(complete), &packages), [""; 0]);
        assert_eq!(of_nothing(&owners(complete), exists), [""; 0]);
        for text in ["* @p\n/*/web/ @web @p\n", "/*/tv/ @p\n/*/web/ @web @p\n"] {
            let violations = without_owner(&owners(text), &packages);
            assert_eq!(violations.len(), 1, "{text}");
            assert!(violations[0].contains("the tv BFF: write `/*/tv/ @tv-team @platform-team`"));
        }
        let gone = of_nothing(&owners("/*/radio/ @r @p\n/wiki/ @p\n"), exists);
        assert_eq!(
            gone,
            ["CODEOWNERS:1: nothing is at `/*/radio/`", "CODEOWNERS:2: nothing is at `/wiki/`"]
        );
    }
}
