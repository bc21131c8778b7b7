//! The members of the workspace and what they need of each other, in cargo's words.

use serde::Deserialize;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// The members of a workspace.
#[derive(Debug)]
pub struct Workspace {
    /// In cargo's order.
    pub packages: Vec<Package>,
}

/// One member.
#[derive(Debug)]
pub struct Package {
    /// `bff-web`.
    pub name: String,
    /// Its folder below the root: `bffs/web`.
    pub folder: String,
    /// Tests that `cargo test` leaves out, because they need more than a checkout.
    pub apart: Vec<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; `None` for a normal one.
    kind: Option<String>,
    /// Where it is, for one of ours.
    path: Option<PathBuf>,
}

impl Workspace {
    /// Asks cargo, which needs no network for it.
    ///
    /// # Errors
    /// What cargo says.
    pub fn read(root: &Path) -> Result<Self, String> {
        let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
        let output = Command::new("cargo").args(arguments).current_dir(root).output();
        let output = output.map_err(|error| format!("cargo: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata: {error}"))?;
        let packages = metadata.packages.into_iter();
        let below = |member: Member| member.below(&metadata.workspace_root);
        Ok(Self { packages: packages.map(below).collect() })
    }

    /// The names of all members.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.packages.iter().map(|package| package.name.as_str()).collect()
    }

    /// The names of the BFFs: the folders in `bffs/`.
    pub fn bffs(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().filter_map(Package::bff)
    }

    /// The member whose folder a path is in.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<&Package> {
        let holds = |package: &&Package| {
            path.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.packages.iter().filter(holds).max_by_key(|package| package.folder.len())
    }

    /// The BFF with this name.
    #[must_use]
    pub fn bff(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.bff() == Some(name))
    }

    /// These members and all that need them; `Need::Run` leaves out who only tests with them.
    #[must_use]
    pub fn with_dependents(&self, names: &BTreeSet<String>, need: Need) -> BTreeSet<String> {
        let mut all = names.clone();
        loop {
            let needs = |package: &&Package| package.needs(&all, need);
            let more: Vec<_> = self.packages.iter().filter(needs).map(|p| p.name.clone()).collect();
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                return all;
            }
        }
    }
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Normal and build dependencies.
    Run,
    /// Those of tests too.
    Test,
}

impl Package {
    /// The BFF that it is.
    #[must_use]
    pub fn bff(&self) -> Option<&str> {
        self.folder.strip_prefix("bffs/")
    }

    fn needs(&self, names: &BTreeSet<String>, need: Need) -> bool {
        self.dependencies.iter().any(|dependency| {
            let counts = need == Need::Test || dependency.kind.as_deref() != Some("dev");
            counts && dependency.path.is_some() && names.contains(&dependency.name)
        })
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Member {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    test: bool,
}

impl Member {
    fn below(self, root: &Path) -> Package {
        let folder = self.manifest_path.parent().unwrap_or(root);
        let folder = folder.strip_prefix(root).unwrap_or(folder);
        let is_apart = |target: &Target| !target.test && target.kind.iter().any(|k| k == "test");
        Package {
            name: self.name,
            folder: folder.to_string_lossy().replace('\\', "/"),
            apart: self.targets.into_iter().filter(is_apart).map(|target| target.name).collect(),
            dependencies: self.dependencies,
        }
    }
}
