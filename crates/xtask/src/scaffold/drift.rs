//! The templates are what the BFFs are: who changes a file that all BFFs have alike, changes the template too.

use super::{bff, surface::Surface, template, tools};
use std::path::{Path, PathBuf};

/// The same in every BFF, but for the lines that [`OWN`] marks, and for the sections of a text.
const ALIKE: [&str; 11] = [
    "bffs/@/CHANGELOG.md",
    "bffs/@/config/kustomization.yaml",
    "bffs/@/src/main.rs",
    "bffs/@/tests/observability.rs",
    "deploy/@/Containerfile",
    "deploy/@/README.md",
    "deploy/@/base/deployment.yaml",
    "deploy/@/base/kustomization.yaml",
    "deploy/@/base/namespace.yaml",
    "deploy/@/base/network.yaml",
    "deploy/@/overlays/dev/kustomization.yaml",
];
/// A BFF's own words, services, secrets and version.
const OWN: [&str; 6] =
    ["image.description=", "values: [", "| keys port |", "| Secrets |", "newTag:", "VERSION="];
/// Where a BFF with bearer tokens has at least what the template has.
const AT_LEAST: [&str; 8] = [
    "bffs/@/Cargo.toml",
    "bffs/@/config/base.toml",
    "bffs/@/config/local.toml",
    "bffs/@/src/upstream/users.rs",
    "deploy/@/overlays/dev/dev.toml",
    "deploy/@/overlays/prod/prod.toml",
    "deploy/gateway/@.yaml",
    "deploy/gateway/nginx/@.conf",
];

fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().take_while(|line| !line.starts_with("## "));
    lines.filter(|line| !OWN.iter().any(|own| line.contains(own))).collect()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Calls `compare` with each file, what the templates make of the BFF's name and ports, and what it has.
fn each(root: &Path, name: &str, files: &[&str], compare: impl Fn(&str, &str, &str)) {
    let words = Surface::of(root, name).unwrap().words();
    let made = template::folder(root, "bff", &words).unwrap();
    for file in files {
        let path = file.replace('@', name);
        let real = tools::read(root, &path).unwrap();
        compare(&path, made.get(&path).map(String::as_str).unwrap_or_default(), &real);
    }
}

#[test]
fn what_all_bffs_have_alike_is_in_the_templates() {
    let root = workspace();
    for name in bff::names(&root).unwrap() {
        each(&root, &name, &ALIKE, |path, made, real| {
            assert_eq!(lines(made), lines(real), "{path} and its template differ");
        });
    }
}

#[test]
fn a_bff_with_tokens_has_what_the_templates_have() {
    each(&workspace(), "mobile", &AT_LEAST, |path, made, real| {
        assert!(!made.is_empty(), "there is no template for {path}");
        let real = lines(real);
        let missing = lines(made).into_iter().find(|line| !real.contains(line));
        assert_eq!(missing, None, "{path} has no such line");
    });
}
