//! What has to be checked and built: a list for people, JSON for the matrices of hosted CI.

use super::{
    Workspace,
    rules::Touched,
    workspace::{Need, Package},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What a change touches.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Whether all of it has to be looked at.
    pub everything: bool,
    /// Shared crates to format, lint, test and document: names of packages.
    pub crates: Vec<String>,
    /// The same for BFFs: names of folders in `bffs/`.
    pub bffs: Vec<String>,
    /// BFFs whose image has other contents.
    pub images: Vec<String>,
    /// BFFs whose manifests have to be checked.
    pub manifests: Vec<String>,
    /// BFFs whose OpenAPI document and types have to be validated.
    pub contracts: Vec<String>,
    /// Whether rules about the whole tree have to be checked.
    pub audit: bool,
    /// Whether alert rules have to be tested.
    pub alerts: bool,
    /// Whether the gateway has to be tested in front of the BFFs.
    pub gateway: bool,
    /// What each path means.
    pub why: Vec<Reason>,
    /// All packages of `crates` and `bffs`.
    #[serde(skip)]
    pub packages: Vec<String>,
}

/// One path and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Below the root.
    pub path: String,
    /// What it touches.
    pub what: String,
}

impl Plan {
    pub(super) fn of(workspace: &Workspace, touched: Touched) -> Self {
        let all: BTreeSet<String> = workspace.names().into_iter().map(str::to_owned).collect();
        let every = |part: BTreeSet<String>| match touched.is_everything {
            true => workspace.bffs().map(str::to_owned).collect(),
            false => part.into_iter().collect::<Vec<_>>(),
        };
        let changed = touched.crates.clone();
        let (mut packages, programs) = match touched.is_everything {
            true => (all.clone(), all),
            false => (
                workspace.with_dependents(&changed, Need::Test),
                workspace.with_dependents(&touched.programs, Need::Run),
            ),
        };
        packages.extend(touched.alone);
        let members = || workspace.packages.iter();
        let is_in = |names: &BTreeSet<String>, it: &&Package| names.contains(&it.name);
        let bffs_in = |names: &BTreeSet<String>| {
            let found = members().filter(|it| is_in(names, it)).filter_map(Package::bff);
            found.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let is_shared = |it: &&Package| is_in(&packages, it) && it.bff().is_none();
        let crates = members().filter(is_shared).map(|it| it.name.clone());
        let mut images = bffs_in(&programs);
        images.extend(touched.images);
        let is_everything = touched.is_everything;
        Self {
            everything: is_everything,
            crates: crates.collect::<BTreeSet<_>>().into_iter().collect(),
            bffs: bffs_in(&packages).into_iter().collect(),
            gateway: is_everything || touched.gateway || !images.is_empty(),
            images: every(images),
            manifests: every(touched.manifests),
            contracts: every(touched.contracts),
            audit: is_everything || touched.audit,
            alerts: is_everything || touched.alerts,
            why: touched.why,
            packages: packages.into_iter().collect(),
        }
    }

    /// Whether there is nothing to check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { why: self.why.clone(), ..Self::default() }
    }

    /// One line for programs.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and truth values always serialise.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self.why.len();
        let paths = if changed == 1 { "path" } else { "paths" };
        let hint = if self.is_empty() { ", nothing to check" } else { "" };
        writeln!(f, "affected: {changed} {paths} changed{hint}")?;
        let checks = [("audit", self.audit), ("alerts", self.alerts), ("gateway", self.gateway)];
        let checks = checks.into_iter().filter(|(_, is_needed)| *is_needed);
        let checks: Vec<_> = checks.map(|(name, _)| name.to_owned()).collect();
        for (what, names) in [
            ("crates", &self.crates),
            ("bffs", &self.bffs),
            ("images", &self.images),
            ("manifests", &self.manifests),
            ("contracts", &self.contracts),
            ("checks", &checks),
        ] {
            if !names.is_empty() {
                writeln!(f, "  {what:<10} {}", names.join(" "))?;
            }
        }
        let mut reasons: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for Reason { path, what } in &self.why {
            reasons.entry(what).or_insert((path, 0)).1 += 1;
        }
        if !reasons.is_empty() {
            writeln!(f, "why:")?;
        }
        for (what, (first, count)) in reasons {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            writeln!(f, "  {what}: {first}{more}")?;
        }
        Ok(())
    }
}
