//! What a path means: the part of the workspace that has to be looked at again when it changes.

use super::{Reason, Workspace};
use std::collections::BTreeSet;

/// What changed paths touch by themselves, before anybody asks who depends on it.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) is_everything: bool,
    /// Crates to look at, with all that depend on them.
    pub(super) crates: BTreeSet<String>,
    /// Those of them whose programs are other programs now.
    pub(super) programs: BTreeSet<String>,
    /// Crates to look at alone.
    pub(super) alone: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    pub(super) manifests: BTreeSet<String>,
    pub(super) contracts: BTreeSet<String>,
    pub(super) audit: bool,
    pub(super) alerts: bool,
    pub(super) gateway: bool,
    pub(super) why: Vec<Reason>,
}

impl Touched {
    pub(super) fn everything(&mut self, path: &str, what: &str) {
        self.is_everything = true;
        self.why(path, &format!("everything: {what}"));
    }

    /// A crate; `runs` when its program is another one now.
    pub(super) fn package(&mut self, path: &str, name: &str, runs: bool) {
        self.crates.insert(name.to_owned());
        if runs {
            self.programs.insert(name.to_owned());
        }
        self.audit = true;
        self.why(path, name);
    }

    fn why(&mut self, path: &str, what: &str) {
        self.why.push(Reason { path: path.to_owned(), what: what.to_owned() });
    }

    fn all_manifests(&mut self, workspace: &Workspace) {
        self.manifests.extend(workspace.bffs().map(str::to_owned));
    }
}

/// Adds what a path touches.
pub(super) fn apply(path: &str, workspace: &Workspace, touched: &mut Touched) {
    let parts: Vec<&str> = path.split('/').collect();
    let is_bff = |name: &str| workspace.bff(name).is_some();
    match parts.as_slice() {
        // `make deploy-check` compares the metrics that manifests scale by with this page.
        ["docs", "operations.md"] => {
            touched.all_manifests(workspace);
            touched.why(path, "manifests of all BFFs");
        }
        ["docs" | ".devcontainer", ..]
        | [".editorconfig" | ".gitignore" | "LICENSE-APACHE" | "LICENSE-MIT" | "renovate.json"]
        | [".github", "PULL_REQUEST_TEMPLATE.md"] => touched.why(path, "nothing to build"),
        [page] if page.ends_with(".md") => touched.why(path, "nothing to build"),
        ["contracts" | "deploy", .., "README.md"] => touched.why(path, "nothing to build"),
        ["contracts", bff, _, ..] if is_bff(bff) => contracts(path, bff, workspace, touched),
        ["deploy", rest @ ..] => deploy(path, rest, workspace, touched),
        ["bffs", bff, "CHANGELOG.md" | "README.md"] if is_bff(bff) => audit(path, touched),
        ["crates", _, "README.md"] => audit(path, touched),
        // Both are checked beside the audit.
        ["deny.toml"] | [".github", "CODEOWNERS"] => audit(path, touched),
        [
            "Cargo.toml"
            | "Cargo.lock"
            | "Makefile"
            | "clippy.toml"
            | "rustfmt.toml"
            | "rust-toolchain.toml"
            | ".dockerignore",
        ]
        | [".cargo" | ".ci" | ".config" | ".github", ..] => {
            touched.everything(path, "how all is built");
        }
        ["bffs", "clippy.toml"] => {
            let bffs = workspace.packages.iter().filter(|package| package.bff().is_some());
            touched.alone.extend(bffs.map(|package| package.name.clone()));
            touched.audit = true;
            touched.why(path, "lints of all BFFs");
        }
        _ => source(path, workspace, touched),
    }
}

fn audit(path: &str, touched: &mut Touched) {
    touched.audit = true;
    touched.why(path, "audit");
}

fn source(path: &str, workspace: &Workspace, touched: &mut Touched) {
    let Some(package) = workspace.owner(path) else {
        return touched.everything(path, "nobody knows this path");
    };
    let below = path.strip_prefix(&package.folder).unwrap_or(path);
    let runs = !below.starts_with("/tests/") && !below.starts_with("/benches/");
    touched.package(path, &package.name, runs);
    if let Some(bff) = package.bff()
        && below.starts_with("/config/")
    {
        // The ConfigMap is made of it.
        touched.manifests.insert(bff.to_owned());
    }
}

/// The goldens that a BFF's tests compare, and whose routes the gateway has to know.
fn contracts(path: &str, bff: &str, workspace: &Workspace, touched: &mut Touched) {
    touched.alone.extend(workspace.bff(bff).map(|package| package.name.clone()));
    touched.contracts.insert(bff.to_owned());
    touched.manifests.insert(bff.to_owned());
    touched.audit = true;
    touched.why(path, &format!("contracts of {bff}"));
}

fn deploy(path: &str, rest: &[&str], workspace: &Workspace, touched: &mut Touched) {
    let package = |bff: &str| workspace.bff(bff).map(|package| package.name.clone());
    touched.audit = true;
    match rest {
        ["observability", part, _, ..] => {
            // Dashboards and rules are goldens of the BFF's tests, and the fleet's of the server's.
            let owner = package(part).or_else(|| {
                let is_server = *part == "fleet" && workspace.names().contains("bff-server");
                is_server.then(|| "bff-server".to_owned())
            });
            let Some(owner) = owner else {
                return touched.everything(path, "nobody knows this path");
            };
            touched.alerts = true;
            touched.why(path, &format!("{owner}, alerts"));
            touched.alone.insert(owner);
        }
        [part @ ("common" | "gateway" | "redis" | "test"), ..] => {
            touched.gateway |= *part == "gateway";
            touched.all_manifests(workspace);
            touched.why(path, "manifests of all BFFs");
        }
        ["requirements.txt"] => {
            touched.all_manifests(workspace);
            touched.why(path, "manifests of all BFFs");
        }
        ["isolate.sh"] => {
            touched.images.extend(workspace.bffs().map(str::to_owned));
            touched.why(path, "images of all BFFs");
        }
        [bff, "Containerfile"] if package(bff).is_some() => {
            touched.images.insert((*bff).to_owned());
            touched.manifests.insert((*bff).to_owned());
            touched.why(path, &format!("image and manifests of {bff}"));
        }
        [bff, _, ..] if package(bff).is_some() => {
            touched.manifests.insert((*bff).to_owned());
            touched.why(path, &format!("manifests of {bff}"));
        }
        _ => touched.everything(path, "nobody knows this path"),
    }
}
