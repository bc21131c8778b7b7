//! Whether the contracts are there, and held equal to the code: every rule about endpoints reads
//! them and nothing else.

use crate::audit::{Finding, Rule, Surface, Tree};

/// BFFs without contracts or without a test of them, and contracts without a BFF.
pub(crate) fn contracts(tree: &Tree, surfaces: &[Surface]) -> Vec<Finding> {
    let finding = |file: String, what: &str, advice| Finding {
        rule: Rule::Contract,
        file,
        line: 0,
        what: what.to_owned(),
        advice,
    };
    let mut found = Vec::new();
    for bff in tree.programs() {
        if !surfaces.iter().any(|surface| surface.name == bff && !surface.endpoints.is_empty()) {
            let what = "this BFF has no contracts, so nothing is known about its endpoints";
            found.push(finding(
                format!("bffs/{bff}"),
                what,
                "run `make contracts ACCEPT=1` and commit them",
            ));
        }
        let folder = format!("bffs/{bff}/tests/");
        let mut tests = tree.files.iter().filter(|file| file.path.starts_with(&folder));
        if !tests.any(|file| file.text.contains("contracts::check(")) {
            let what = "no test compares this BFF with its contracts";
            let advice = "call `bff_testkit::contracts::check` in tests/contracts.rs";
            found.push(finding(format!("bffs/{bff}"), what, advice));
        }
    }
    let bffs = tree.bffs();
    for surface in surfaces.iter().filter(|surface| !bffs.contains(&surface.name.as_str())) {
        let what = "there is no such BFF";
        found.push(finding(format!("contracts/{}", surface.name), what, "delete the directory"));
    }
    found
}
