//! Contracts that the changelog does not name: a client team would not learn of them.
//!
//! A changed view has a higher revision, or the contract test refuses it; so it has another schema,
//! and that needs a line of its own.

use crate::audit::{File, Finding, Rule, Tree};

const ADVICE: &str =
    "name it, in backticks, in the line under `## Unreleased` that tells clients of it";

/// Every schema of a BFF's contracts stands in its changelog.
pub(crate) fn changelog(tree: &Tree) -> Vec<Finding> {
    let of_contract = |file: &File| {
        let bff = file.path.split('/').nth(1)?;
        // A BFF is a folder with a manifest.
        let manifest = format!("bffs/{bff}/Cargo.toml");
        tree.files.iter().find(|other| other.path == manifest)?;
        let log = format!("bffs/{bff}/CHANGELOG.md");
        let text = tree.files.iter().find(|other| other.path == log).map(|log| log.text.as_str());
        let text = text.unwrap_or_default();
        let schema = schema_of_contract(&file.text)?;
        // Where the line belongs.
        let heading = text.lines().position(|line| line == "## Unreleased");
        (!names_schema(text, &schema)).then(|| Finding {
            rule: Rule::Changelog,
            file: log,
            line: heading.map_or(0, |at| at + 1),
            what: format!("`{schema}` ({}) is not named", file.path),
            advice: ADVICE,
        })
    };
    tree.files.iter().filter(|file| is_contract(&file.path)).filter_map(of_contract).collect()
}

/// Whether a path is the contract of an endpoint: `contracts/<bff>/<version>/<view>.json`.
pub(crate) fn is_contract(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        // What is kept is seen by nobody but the cache.
        ["contracts", _, version, view] => *version != "kept" && view.ends_with(".json"),
        _ => false,
    }
}

/// `mobile.home/1`, out of a contract's text.
pub(crate) fn schema_of_contract(text: &str) -> Option<String> {
    let contract: serde_json::Value = serde_json::from_str(text).ok()?;
    contract.get("schema")?.as_str().map(str::to_owned)
}

/// Whether a changelog names a schema, which it does in backticks: `/1` is no `/11`.
pub(crate) fn names_schema(changelog: &str, schema: &str) -> bool {
    changelog.contains(&format!("`{schema}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_bff_without_a_changelog_names_nothing() {
        let contract = file("contracts/web/v1/me.json", "{\"schema\": \"web.me/1\"}");
        let manifest = file("bffs/web/Cargo.toml", "");
        let found = changelog(&Tree { files: vec![manifest, contract] });
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("bffs/web/CHANGELOG.md: changelog: `web.me/1` (contracts/"));
    }

    #[test]
    fn only_what_a_client_sees_is_a_contract() {
        assert!(is_contract("contracts/mobile/v1/home.json"));
        for other in [
            "contracts/mobile/kept/product.json",
            "contracts/mobile/openapi.json",
            "contracts/mobile/types.ts",
            "contracts/README.md",
            "bffs/mobile/v1/home.json",
        ] {
            assert!(!is_contract(other), "{other}");
        }
    }
}
