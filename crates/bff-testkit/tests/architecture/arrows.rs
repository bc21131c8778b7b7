//! Who may depend on whom.

use crate::workspace::{self, Dependency, Graph, Package};
use std::collections::{HashSet, VecDeque};

const CORE: &str = "bff-core";
const ADAPTERS: [&str; 4] = ["bff-upstream", "bff-cache", "bff-auth", "bff-limits"];
const LINK: &str = "bff-redis";
/// Files that are watched: nothing to know but the disk.
const FILES: &str = "bff-files";
/// The workspace's own commands read files, and are no library.
const COMMANDS: &str = "xtask";
/// The commands that need running BFFs.
const DEV: &str = "bff-dev";

/// Two teams release two BFFs at different times: what both need is a crate, never the other BFF.
fn between_bffs(packages: &[Package]) -> Vec<String> {
    let bffs = names_below("bffs/", packages);
    let advice = "a BFF depends on no other BFF; copy what both need, or move it to crates/";
    arrows(packages, |from, to| {
        (from.manifest.starts_with("bffs/") && from.name != to.name && bffs.contains(&*to.name))
            .then_some(advice)
    })
}

/// What all BFFs share must not know one of them, and whoever checks all of them reads `contracts/` and
/// the directories: otherwise one BFF's change would build and test everything.
fn from_crates_to_bffs(packages: &[Package]) -> Vec<String> {
    let bffs = names_below("bffs/", packages);
    let advice =
        "crates/ know no BFF; read contracts/ and bffs/, or let the BFF depend on the crate";
    arrows(packages, |from, to| {
        (from.manifest.starts_with("crates/") && bffs.contains(&*to.name)).then_some(advice)
    })
}

/// A command that a library needs is a part of a crate. `bff-audit` shares the reports of `xtask audit`.
fn to_the_commands(packages: &[Package]) -> Vec<String> {
    let advice = "nobody depends on the workspace's commands; move what you need into a crate";
    arrows(packages, |from, to| (to.name == COMMANDS && from.name != DEV).then_some(advice))
}

/// Each adapter can be replaced without a look at the others.
fn between_adapters(packages: &[Package]) -> Vec<String> {
    let is_adapter = |name: &str| ADAPTERS.contains(&name);
    let advice =
        "adapters do not know each other; let them meet in bff-server, through bff_core::ports";
    arrows(packages, |from, to| (is_adapter(&from.name) && is_adapter(&to.name)).then_some(advice))
}

/// The link to Redis and the watched files serve adapters that know nothing of each other, so they
/// know none of them.
fn from_the_link(packages: &[Package]) -> Vec<String> {
    let advice = "bff-redis and bff-files know no other of our crates, but files are the link's too; let the one that uses them bring what they need";
    arrows(packages, |from, to| {
        let serves = from.name == FILES || (from.name == LINK && to.name != FILES);
        (serves && to.kind.is_none() && to.name.starts_with("bff-")).then_some(advice)
    })
}

/// Only one crate knows how to wait for Redis.
fn around_the_link(packages: &[Package]) -> Vec<String> {
    let is_client = |name: &str| ["redis", "deadpool-redis"].contains(&name);
    let advice = "only bff-redis speaks with Redis; run commands through `bff_redis::Redis`";
    arrows(packages, |from, to| (from.name != LINK && is_client(&to.name)).then_some(advice))
}

/// Crates whose tests need no server.
const BELOW_THE_SERVER: [&str; 9] = [
    "bff-auth",
    "bff-cache",
    "bff-core",
    "bff-derive",
    "bff-files",
    "bff-limits",
    "bff-openapi",
    "bff-redis",
    "bff-upstream",
];

/// Whoever changes a small crate tests it without building everything above it.
fn from_below_to_the_server(packages: &[Package]) -> Vec<String> {
    let is_above = |name: &str| ["bff-server", "bff-contracts", "bff-testkit"].contains(&name);
    let advice = "tests of this crate use bff-fixtures and bff-neighbours, which need no server";
    arrows(packages, |from, to| {
        (BELOW_THE_SERVER.contains(&&*from.name) && is_above(&to.name)).then_some(advice)
    })
}

/// What every test may use must not depend on what is tested.
fn from_the_fixtures(packages: &[Package]) -> Vec<String> {
    let advice =
        "bff-fixtures depends on none of our crates, and bff-neighbours only on bff-fixtures";
    arrows(packages, |from, to| {
        let is_refused = match &*from.name {
            "bff-fixtures" => to.name.starts_with("bff-"),
            "bff-neighbours" => to.name.starts_with("bff-") && to.name != "bff-fixtures",
            _ => false,
        };
        is_refused.then_some(advice)
    })
}

const CORE_ADVICE: &str =
    "bff-core knows no server, client, store or token; say what it needs as a trait in ports.rs";

/// The vocabulary asks for no machinery.
fn from_core_to_machinery(packages: &[Package]) -> Vec<String> {
    arrows(packages, |from, to| {
        (from.name == CORE && to.kind.is_none() && is_machinery(&to.name)).then_some(CORE_ADVICE)
    })
}

/// Nor does anything that the vocabulary is made of.
fn from_core_to_machinery_by_detours(graph: &Graph) -> Vec<String> {
    let start = graph.iter().filter(|(_, node)| node.name == CORE).map(|(id, _)| (id, CORE.into()));
    let mut next: VecDeque<(&String, String)> = start.collect();
    let mut seen = HashSet::new();
    let mut violations = Vec::new();
    while let Some((id, way)) = next.pop_front() {
        for id in graph.get(id).iter().flat_map(|node| &node.normal) {
            let Some(node) = graph.get(id).filter(|_| seen.insert(id)) else { continue };
            let way = format!("{way} -> {}", node.name);
            if is_machinery(&node.name) {
                violations.push(format!("crates/bff-core/Cargo.toml: {way}: {CORE_ADVICE}"));
            } else {
                next.push_back((id, way));
            }
        }
    }
    violations
}

fn is_machinery(name: &str) -> bool {
    let ours = name.starts_with("bff-") && name != CORE && name != "bff-derive";
    let servers_and_clients = ["awc", "axum", "hyper", "reqwest"].contains(&name);
    let stores_and_tokens = ["redis", "deadpool-redis", "jsonwebtoken"].contains(&name);
    ours || name.starts_with("actix") || servers_and_clients || stores_and_tokens
}

fn names_below<'a>(folder: &str, packages: &'a [Package]) -> HashSet<&'a str> {
    packages.iter().filter(|p| p.manifest.starts_with(folder)).map(|p| &*p.name).collect()
}

/// The dependencies that `advice` has something to say about.
fn arrows(
    packages: &[Package],
    advice: impl Fn(&Package, &Dependency) -> Option<&'static str>,
) -> Vec<String> {
    let mut violations = Vec::new();
    for from in packages {
        for to in &from.dependencies {
            if let Some(advice) = advice(from, to) {
                let kind = to.kind.as_deref().unwrap_or("normal");
                let Package { name, manifest, .. } = from;
                violations.push(format!(
                    "{manifest}: {name} -> {} ({kind} dependency): {advice}",
                    to.name
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use workspace::Node;

    #[test]
    fn no_bff_depends_on_another() {
        assert_eq!(between_bffs(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn no_crate_depends_on_a_bff() {
        assert_eq!(from_crates_to_bffs(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn nobody_depends_on_the_commands() {
        assert_eq!(to_the_commands(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn adapters_do_not_depend_on_each_other() {
        assert_eq!(between_adapters(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn the_link_to_redis_depends_on_none_of_ours() {
        assert_eq!(from_the_link(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn nobody_goes_around_the_link_to_redis() {
        assert_eq!(around_the_link(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn crates_below_the_server_are_tested_without_it() {
        assert_eq!(from_below_to_the_server(&workspace::packages().unwrap()), [""; 0]);
        let files = package(FILES, "crates/bff-files/Cargo.toml", "bff-testkit", Some("dev"));
        assert_eq!(from_below_to_the_server(&[files]).len(), 1);
    }

    #[test]
    fn fixtures_depend_on_nothing_that_is_tested() {
        assert_eq!(from_the_fixtures(&workspace::packages().unwrap()), [""; 0]);
        for (from, to, refused) in [
            ("bff-fixtures", "bff-core", 1),
            ("bff-neighbours", "bff-core", 1),
            ("bff-neighbours", "bff-fixtures", 0),
        ] {
            let package = package(from, "Cargo.toml", to, None);
            assert_eq!(from_the_fixtures(&[package]).len(), refused, "{from} -> {to}");
        }
    }

    #[test]
    fn the_vocabulary_depends_on_no_machinery() {
        assert_eq!(from_core_to_machinery(&workspace::packages().unwrap()), [""; 0]);
    }

    #[test]
    fn nothing_that_the_vocabulary_is_made_of_depends_on_machinery() {
        let graph = workspace::graph().unwrap();
        assert!(graph.values().any(|node| node.name == CORE && !node.normal.is_empty()));
        assert_eq!(from_core_to_machinery_by_detours(&graph), [""; 0]);
    }

    #[test]
    fn the_rules_look_at_the_packages_they_are_about() {
        let packages = workspace::packages().unwrap();
        assert!(names_below("bffs/", &packages).len() >= 3);
        for name in BELOW_THE_SERVER {
            assert!(names_below("crates/", &packages).contains(&name), "{name} is gone");
        }
    }

    #[test]
    fn a_bff_that_depends_on_another_is_refused_in_every_section() {
        for kind in [None, Some("dev"), Some("build")] {
            let web = package("bff-web", "bffs/web/Cargo.toml", "bff-mobile", kind);
            let mobile = package("bff-mobile", "bffs/mobile/Cargo.toml", "bff-core", None);
            let violations = between_bffs(&[web, mobile]);
            assert_eq!(violations.len(), 1);
            assert!(violations[0].starts_with("bffs/web/Cargo.toml: bff-web -> bff-mobile ("));
        }
    }

    #[test]
    fn a_crate_that_depends_on_a_bff_is_refused_the_commands_too() {
        let web = || package("bff-web", "bffs/web/Cargo.toml", "bff-core", None);
        let testkit =
            package("bff-testkit", "crates/bff-testkit/Cargo.toml", "bff-web", Some("dev"));
        let commands = package(COMMANDS, "crates/xtask/Cargo.toml", "bff-web", None);
        for (package, begins) in [
            (testkit, "crates/bff-testkit/Cargo.toml: bff-testkit -> bff-web (dev dependency): "),
            (commands, "crates/xtask/Cargo.toml: xtask -> bff-web (normal dependency): "),
        ] {
            let violations = from_crates_to_bffs(&[package, web()]);
            assert_eq!(violations.len(), 1);
            assert!(violations[0].starts_with(begins), "{violations:?}");
        }
    }

    #[test]
    fn nobody_may_know_the_commands() {
        let web = package("bff-web", "bffs/web/Cargo.toml", COMMANDS, Some("dev"));
        let violations = to_the_commands(&[web]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].starts_with("bffs/web/Cargo.toml: bff-web -> xtask (dev"));
    }

    #[test]
    fn an_adapter_that_depends_on_another_is_refused() {
        let cache = package("bff-cache", "crates/bff-cache/Cargo.toml", "bff-upstream", None);
        let violations = between_adapters(&[cache]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].contains("bff-cache -> bff-upstream"));
    }

    #[test]
    fn a_link_that_knows_its_user_and_a_user_without_the_link_are_refused() {
        let link = package(LINK, "crates/bff-redis/Cargo.toml", "bff-core", None);
        assert_eq!(from_the_link(&[link]).len(), 1);
        let link = package(LINK, "crates/bff-redis/Cargo.toml", FILES, None);
        assert_eq!(from_the_link(&[link]), [""; 0], "it signs in with what a file says");
        let files = package(FILES, "crates/bff-files/Cargo.toml", LINK, None);
        assert_eq!(from_the_link(&[files]).len(), 1);
        let link = package(LINK, "crates/bff-redis/Cargo.toml", "bff-testkit", Some("dev"));
        assert_eq!(from_the_link(&[link]), [""; 0], "tests may use it");
        for client in ["redis", "deadpool-redis"] {
            let auth = package("bff-auth", "crates/bff-auth/Cargo.toml", client, None);
            let violations = around_the_link(&[auth]);
            assert_eq!(violations.len(), 1);
            assert!(violations[0].contains(&format!("bff-auth -> {client} (normal dependency)")));
        }
    }

    #[test]
    fn a_vocabulary_that_depends_on_machinery_is_refused() {
        for machinery in ["actix-web", "actix-rt", "awc", "redis", "jsonwebtoken", "bff-server"] {
            let core = package(CORE, "crates/bff-core/Cargo.toml", machinery, None);
            assert_eq!(from_core_to_machinery(&[core]).len(), 1, "{machinery}");
        }
        let core = package(CORE, "crates/bff-core/Cargo.toml", "actix-web", Some("dev"));
        assert_eq!(from_core_to_machinery(&[core]), [""; 0], "tests may use it");
    }

    #[test]
    fn machinery_behind_a_harmless_name_is_refused() {
        let node = |name: &str, normal: &[&str]| Node {
            name: name.to_owned(),
            normal: normal.iter().map(|&id| id.to_owned()).collect(),
        };
        let graph = Graph::from([
            ("1".to_owned(), node(CORE, &["2", "4"])),
            ("2".to_owned(), node("helper", &["3", "1"])),
            ("3".to_owned(), node("awc", &[])),
            ("4".to_owned(), node("serde", &[])),
        ]);
        let violations = from_core_to_machinery_by_detours(&graph);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].contains("bff-core -> helper -> awc: bff-core knows no"));
    }

    fn package(name: &str, manifest: &str, to: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: to.to_owned(), kind: kind.map(str::to_owned) };
        Package {
            name: name.to_owned(),
            manifest: manifest.to_owned(),
            dependencies: vec![dependency],
        }
    }
}
