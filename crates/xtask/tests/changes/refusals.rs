//! Each reason to refuse a release, with what to do; and that nothing is written then.

use crate::{
    release::{run, state},
    scratch::Scratch,
};

const LOG: &str = "bffs/web/CHANGELOG.md";

/// Makes a repository as described, and compares why a release is refused there.
fn refused(name: &str, line: &str, make: impl FnOnce(&Scratch), expected: &[&str]) {
    let scratch = Scratch::new(name);
    make(&scratch);
    let before = state(&scratch);
    let outcome = run(&scratch, line).unwrap();
    assert!(!outcome.is_good, "{name}: {}", outcome.text);
    let reasons: Vec<_> = outcome.text.lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(reasons.len(), expected.len(), "{name}: {}", outcome.text);
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.contains(expected), "{name}: {reason}");
    }
    assert_eq!(state(&scratch), before, "{name}");
}

fn entry(scratch: &Scratch, text: &str) {
    scratch.replace(LOG, "- fixed: nothing.\n", text);
    scratch.commit("web: words");
}

#[test]
fn a_tree_that_is_not_clean() {
    let change = |scratch: &Scratch| scratch.write("README.md", "Changed.\n");
    refused("dirty", "web minor", change, &["not clean (`README.md`): commit, stash or remove it"]);
    let new = |scratch: &Scratch| scratch.write("new.txt", "New.\n");
    refused("untracked", "web minor", new, &["not clean (`new.txt`)"]);
}

#[test]
fn another_branch_than_the_one_that_is_released_from() {
    let topic = |scratch: &Scratch| {
        scratch.git(&["switch", "--quiet", "--create", "topic"]);
    };
    refused(
        "branch",
        "web minor",
        topic,
        &["not the branch `main`: switch to it, or name yours with --branch"],
    );
    let detached = |scratch: &Scratch| {
        scratch.git(&["switch", "--quiet", "--detach"]);
    };
    refused("detached", "web minor", detached, &["not the branch `main`"]);
    let scratch = Scratch::new("named");
    topic(&scratch);
    assert!(run(&scratch, "web minor --branch topic").unwrap().is_good);
}

#[test]
fn a_tag_that_is_taken() {
    let tag = |scratch: &Scratch| {
        scratch.git(&["tag", "web-v0.2.0"]);
    };
    refused("taken", "web minor", tag, &["`web-v0.2.0` exists already: fetch what was released"]);
}

#[test]
fn an_audit_that_finds_something() {
    let rule = |scratch: &Scratch| {
        scratch.write("bffs/web/src/lib.rs", "//! Rules.\npub const DISCOUNT: u8 = 1;\n");
        scratch.commit("web: a rule");
    };
    refused("audit", "web minor", rule, &["the audit found something: repair or waive it first:"]);
}

#[test]
fn a_changelog_that_says_nothing_or_nothing_known() {
    refused("silent", "web minor", |it| entry(it, ""), &["nothing under `## Unreleased`: say"]);
    let heading = |scratch: &Scratch| {
        scratch.replace(LOG, "## Unreleased\n\n- fixed: nothing.\n\n", "");
        scratch.commit("web: words");
    };
    refused("heading", "web minor", heading, &["no heading `## Unreleased`: write one"]);
    let unknown = |scratch: &Scratch| entry(scratch, "- Breaking: all.\n");
    refused("unknown", "web minor", unknown, &["has `- Breaking: all.`: begin it with"]);
}

#[test]
fn a_version_too_small_for_what_breaks() {
    let breaks = |scratch: &Scratch| entry(scratch, "- breaking: all.\n");
    let expected = "`breaking` entry: after 0.1.0 that is a minor release, not a patch";
    refused("small", "web patch", breaks, &[expected]);
    let stable = |scratch: &Scratch| {
        for path in ["bffs/web/Cargo.toml", "Cargo.lock"] {
            let from = "name = \"bff-web\"\nversion = \"0.1.0\"";
            scratch.replace(path, from, &from.replace("0.1.0", "1.4.0"));
        }
        breaks(scratch);
    };
    let expected = "`breaking` entry: after 1.4.0 that is a major release, not a minor";
    refused("stable", "web minor", stable, &[expected]);
    for (name, line, make) in
        [("enough", "web minor", &breaks as &dyn Fn(&Scratch)), ("major", "web major", &stable)]
    {
        let scratch = Scratch::new(name);
        make(&scratch);
        let outcome = run(&scratch, line).unwrap();
        assert!(outcome.is_good, "{name}: {}", outcome.text);
    }
}

#[test]
fn a_contract_that_changed_since_the_last_release_and_is_not_told() {
    let changed = |scratch: &Scratch| {
        scratch.git(&["tag", "web-v0.1.0"]);
        // Another BFF's release is not ours.
        scratch.contract("web", 1, "orders:read");
        scratch.contract("mobile", 1, "orders:read");
        scratch.commit("more scopes");
        scratch.git(&["tag", "mobile-v0.1.1"]);
    };
    let expected =
        "contracts/web/v1/home.json changed since web-v0.1.0: add a line with `web.home/1`";
    refused("contract", "web minor", changed, &[expected]);
    let retired = |scratch: &Scratch| {
        scratch.git(&["tag", "web-v0.1.0"]);
        scratch.git(&["rm", "--quiet", "contracts/web/v1/home.json"]);
        scratch.commit("retired");
    };
    refused("retired", "web minor", retired, &[expected]);
    let scratch = Scratch::new("told");
    changed(&scratch);
    entry(&scratch, "- breaking: `web.home/1` needs `orders:read`.\n");
    let outcome = run(&scratch, "web minor").unwrap();
    assert!(outcome.is_good, "{}", outcome.text);
}

#[test]
fn all_reasons_are_told_at_once() {
    let all = |scratch: &Scratch| {
        entry(scratch, "");
        scratch.git(&["switch", "--quiet", "--create", "topic"]);
        scratch.write("new.txt", "New.\n");
    };
    refused("all", "web minor", all, &["not clean", "not the branch", "nothing under"]);
}

#[test]
fn what_is_not_understood() {
    let scratch = Scratch::new("words");
    for line in ["web", "web huge", "web minor --fast", "web minor --branch"] {
        assert!(run(&scratch, line).unwrap_err().starts_with("usage:"), "{line}");
    }
    let why = run(&scratch, "fourth minor").unwrap_err();
    assert_eq!(why, "fourth: no such BFF; there are mobile, partner, web");
}
