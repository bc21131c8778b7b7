//! The audit finds every planted example on its line, and nothing in this workspace.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use xtask::audit::{self, Report, Tree};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn tree(name: &str) -> Tree {
    Tree::read(&fixture(name)).unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

/// Audits a planted tree with its contracts.
fn look(name: &str) -> Report {
    let surfaces = audit::surfaces(&fixture(name)).unwrap_or_else(|why| unreachable!("{why}"));
    audit::look(&tree(name), &surfaces, &[])
}

/// Audits a planted tree and compares what is found with the lines marked `//~ rule`, or `//^~ rule` below
/// them.
fn finds(name: &str) -> Report {
    let tree = tree(name);
    assert!(!tree.files.is_empty(), "{name} is not there");
    let report = look(name);
    let mut planted = BTreeMap::new();
    for file in &tree.files {
        for (at, line) in file.text.lines().enumerate() {
            let here = line.split_once("//~ ").or_else(|| line.split_once("#~ "));
            let above = line.split_once("//^~ ").map(|(_, rules)| (at, rules));
            let marked = here.map(|(_, rules)| (at + 1, rules)).or(above);
            if let Some((line, rules)) = marked {
                for rule in rules.split_whitespace() {
                    *planted.entry((file.path.clone(), line, rule)).or_insert(0) += 1;
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    for finding in &report.findings {
        let place = (finding.file.clone(), finding.line, finding.rule.name());
        *found.entry(place).or_insert(0) += 1;
    }
    assert!(!planted.is_empty(), "nothing is planted in {name}");
    assert_eq!(found, planted, "{report}");
    report
}

#[test]
fn fan_out_that_can_abort_is_found() {
    finds("fan-out");
}

#[test]
fn routes_without_a_view_are_found() {
    finds("no-view");
}

#[test]
fn keys_made_by_hand_are_found() {
    finds("cache-key");
}

#[test]
fn business_rules_are_found() {
    finds("business-logic");
}

#[test]
fn bffs_that_know_bffs_are_found() {
    finds("bff-to-bff");
}

#[test]
fn two_views_of_one_thing_are_found_and_others_are_told() {
    let report = finds("overlap");
    assert!(report.findings[0].what.contains("75 %"), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("banner")), "{report}");
}

#[test]
fn wide_mobile_views_are_found() {
    finds("wide-view");
}

#[test]
fn missing_and_huge_payload_budgets_are_found() {
    finds("payload-budget");
}

#[test]
fn a_bff_that_nothing_holds_to_its_contracts_is_found() {
    let report = look("contracts");
    let found: Vec<_> =
        report.findings.iter().map(|f| (f.file.as_str(), f.what.as_str())).collect();
    let untested = "no test compares this BFF with its contracts";
    let expected = [
        ("bffs/kiosk", "this BFF has no contracts, so nothing is known about its endpoints"),
        ("bffs/kiosk", untested),
        ("bffs/web", untested),
        ("contracts/retired", "there is no such BFF"),
    ];
    assert_eq!(found, expected, "{report}");
}

#[test]
fn contracts_that_the_changelog_does_not_name_are_found() {
    finds("changelog");
}

#[test]
fn waivers_need_a_rule_a_reason_and_a_finding() {
    let report = look("waiver");
    let waived: Vec<_> = report.waived.iter().map(|waived| waived.finding.line).collect();
    assert_eq!(waived, [4, 6, 9], "{report}");
    let found: Vec<_> = report.findings.iter().map(|f| (f.line, f.rule.name())).collect();
    let expected =
        [(8, "waiver"), (11, "waiver"), (14, "waiver"), (17, "waiver"), (20, "business-logic")];
    assert_eq!(found, expected, "{report}");
}

#[test]
fn nothing_is_found_in_this_workspace() {
    let outcome = xtask::run(&["audit".to_owned()]).unwrap();
    assert!(outcome.is_good, "{}", outcome.text);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bffs: Vec<_> = audit::surfaces(&root).unwrap().into_iter().map(|bff| bff.name).collect();
    assert!(bffs.len() >= 3, "{bffs:?}");
    for (at, one) in bffs.iter().enumerate() {
        for other in &bffs[at + 1..] {
            assert!(
                outcome.text.contains(&format!("note: {one} and {other}: ")),
                "{}",
                outcome.text
            );
        }
    }
}

#[test]
fn a_report_for_programs_has_places_and_fails() {
    let root = fixture("fan-out").to_string_lossy().into_owned();
    let arguments = ["audit", "--json", "--root", &root].map(str::to_owned);
    let outcome = xtask::run(&arguments).unwrap();
    assert!(!outcome.is_good);
    let report: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    let first = &report["findings"][0];
    assert_eq!(first["rule"], "fan-out");
    assert_eq!(
        (first["file"].as_str(), first["line"].as_u64()),
        (Some("bffs/mobile/src/endpoints/home.rs"), Some(11))
    );
    assert!(first["advice"].as_str().unwrap().contains("gather"));
}
