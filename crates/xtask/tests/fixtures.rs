//! The audit finds every planted example on its line, and nothing in this workspace.

use bff_core::{Auth, Bff, Endpoint};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use xtask::audit::{self, Report, Tree};

#[path = "fixtures/payload-budget/bffs/mobile/src/endpoints/home.rs"]
mod large;
#[path = "fixtures/overlap/bffs/mobile/src/endpoints/product.rs"]
mod screen;
#[path = "fixtures/overlap/bffs/web/src/endpoints/product.rs"]
mod web_page;
#[path = "fixtures/wide-view/bffs/mobile/src/endpoints/home.rs"]
mod wide;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn bff(name: &'static str, endpoints: Vec<Endpoint>) -> Bff {
    Bff { name, version: "0.1.0", auth: Auth::Open, endpoints }
}

fn tree(name: &str) -> Tree {
    Tree::read(&fixture(name)).unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

/// Audits a planted tree and compares what is found with the lines marked `//~ rule`, or `//^~ rule` below
/// them.
fn finds(name: &str, bffs: &[Bff]) -> Report {
    let tree = tree(name);
    assert!(!tree.files.is_empty(), "{name} is not there");
    let report = audit::run(&tree, bffs, &[]);
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
    finds("fan-out", &[]);
}

#[test]
fn routes_without_a_view_are_found() {
    finds("no-view", &[]);
}

#[test]
fn keys_made_by_hand_are_found() {
    finds("cache-key", &[]);
}

#[test]
fn business_rules_are_found() {
    finds("business-logic", &[]);
}

#[test]
fn bffs_that_know_bffs_are_found() {
    finds("bff-to-bff", &[]);
}

#[test]
fn two_views_of_one_thing_are_found_and_others_are_told() {
    let bffs = [bff("mobile", vec![screen::endpoint()]), bff("web", web_page::all())];
    let report = finds("overlap", &bffs);
    assert!(report.findings[0].what.contains("75 %"), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("banner")), "{report}");
}

#[test]
fn wide_mobile_views_are_found() {
    finds("wide-view", &[bff("mobile", vec![wide::endpoint()])]);
}

#[test]
fn missing_and_huge_payload_budgets_are_found() {
    finds("payload-budget", &[bff("mobile", large::all())]);
}

#[test]
fn waivers_need_a_rule_a_reason_and_a_finding() {
    let report = audit::run(&tree("waiver"), &[], &[]);
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
    for pair in ["mobile and web", "mobile and partner", "web and partner"] {
        assert!(outcome.text.contains(&format!("note: {pair}: ")), "{}", outcome.text);
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
