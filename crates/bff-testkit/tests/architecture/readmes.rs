//! Every member of the workspace has a page of its own, and no page links to a file that is gone.

use crate::workspace::{File, Package};
use std::path::{Component, Path};

fn without_readme(packages: &[Package], pages: &[File]) -> Vec<String> {
    let folders = packages.iter().filter_map(|package| package.manifest.strip_suffix("Cargo.toml"));
    let expected = folders.map(|folder| format!("{folder}README.md"));
    let is_missing = |path: &String| !pages.iter().any(|page| page.path == *path);
    let told = |path| format!("{path}: there is no such page: say what this is, and show one use");
    expected.filter(is_missing).map(told).collect()
}

fn dead_links(page: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = page.text.lines().enumerate();
    let links = lines.flat_map(|(n, line)| targets(line).map(move |target| (n + 1, target)));
    let dead = links.filter(|(_, target)| !exists(&resolved(&page.path, target)));
    dead.map(|(n, target)| format!("{}:{n}: `{target}` leads nowhere", page.path)).collect()
}

/// The relative targets of links, without the heading that they lead to.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = ends.filter(|target| !target.contains("://")).filter_map(|it| it.split('#').next());
    paths.filter(|path| !path.is_empty())
}

/// A target below the root of the workspace.
fn resolved(page: &str, target: &str) -> String {
    let mut parts = Vec::new();
    for part in Path::new(page).parent().unwrap_or(Path::new("")).join(target).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_member_has_a_page() {
        let (packages, pages) = (workspace::packages().unwrap(), workspace::pages().unwrap());
        assert_eq!(without_readme(&packages, &pages), [""; 0]);
    }

    #[test]
    fn no_page_has_a_dead_link() {
        let pages = workspace::pages().unwrap();
        let links = pages.iter().flat_map(|page| page.text.lines().flat_map(targets)).count();
        assert!(links > 100, "only {links} links were found");
        let dead = pages.iter().flat_map(|page| dead_links(page, workspace::exists));
        assert_eq!(dead.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_member_without_a_page_is_refused() {
        let package = Package {
            name: "bff-x".to_owned(),
            manifest: "crates/bff-x/Cargo.toml".to_owned(),
            dependencies: vec![],
        };
        assert_eq!(without_readme(&[package], &[page("README.md", "")]).len(), 1);
    }

    #[test]
    fn a_link_to_nothing_is_refused() {
        let exists = |path: &str| ["docs/a.md", "README.md"].contains(&path);
        for (text, violations) in [
            ("[a](a.md), [b](../README.md#two), [c](#here), [d](https://example.com/x)", 0),
            ("[a](b.md)", 1),
            ("[a](a.md) and [b](../a.md#one)", 1),
        ] {
            let dead = dead_links(&page("docs/page.md", text), exists);
            assert_eq!(dead.len(), violations, "{text}: {dead:?}");
        }
    }

    fn page(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }
}
