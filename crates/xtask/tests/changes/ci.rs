//! What CI runs about a change.

use crate::scratch::Scratch;
use xtask::{
    affected::{Plan, Workspace},
    ci,
};

fn run(scratch: &Scratch, words: &[&str]) -> Result<(String, bool), String> {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    ci::run(&scratch.root, &words).map(|outcome| (outcome.text, outcome.is_good))
}

fn steps(scratch: &Scratch, plan: &Plan) -> Vec<String> {
    let workspace = Workspace::read(&scratch.root).unwrap();
    ci::steps(plan, &workspace).iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_in_one_bff_builds_that_one_and_looks_at_the_tree() {
    let scratch = Scratch::new("ci-web");
    scratch.write("bffs/web/src/lib.rs", "//! Something.\n");
    assert_eq!(
        steps(&scratch, &scratch.since("HEAD")),
        [
            "cargo fmt -p bff-web -- --check",
            "cargo clippy --quiet --all-targets -p bff-web -- -D warnings",
            "cargo clippy --quiet -p bff-web --test browser -- -D warnings",
            "cargo test --quiet -p bff-web",
            "RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --document-private-items -p bff-web",
            "cargo xtask audit",
            "cargo test --quiet -p bff-testkit --test architecture",
        ]
    );
}

#[test]
fn manifests_are_checked_where_they_changed_and_nothing_is_built() {
    let scratch = Scratch::new("ci-deploy");
    scratch.write("deploy/mobile/base/deployment.yaml", "kind: Pod\n");
    assert_eq!(
        steps(&scratch, &scratch.since("HEAD")),
        [
            "cargo xtask audit",
            "cargo test --quiet -p bff-testkit --test architecture",
            "make deploy-check",
        ]
    );
}

#[test]
fn an_empty_change_is_good_and_says_so() {
    let scratch = Scratch::new("ci-empty");
    let (text, is_good) = run(&scratch, &["--base", "HEAD"]).unwrap();
    assert!(is_good);
    assert_eq!(text, "ci: nothing to check\n");
    scratch.write("docs/testing.md", "How else.\n");
    assert_eq!(run(&scratch, &["--base", "HEAD"]).unwrap(), (text, true));
}

#[test]
fn a_step_that_fails_is_named_and_the_last_one() {
    let scratch = Scratch::new("ci-fails");
    scratch.write("bffs/web/src/lib.rs", "//! Something.\n");
    let (plan, workspace) = (scratch.since("HEAD"), Workspace::read(&scratch.root).unwrap());
    let steps = ci::steps(&plan, &workspace);
    let mut begun = 0;
    let mut failing = |limit| {
        begun = 0;
        let outcome = ci::perform(&plan, &steps, |_| {
            begun += 1;
            Ok(begun < limit)
        });
        outcome.map(|outcome| (outcome.is_good, outcome.text, begun)).unwrap()
    };
    let (is_good, text, begun) = failing(4);
    assert_eq!((is_good, begun), (false, 4));
    assert_eq!(text, "ci: failed: cargo test --quiet -p bff-web\n");
    let (is_good, text, begun) = failing(8);
    assert_eq!((is_good, begun), (true, 7));
    let left = "ci: left to the hosted workflow: make test-gateway, the image of web\n";
    assert_eq!(text, format!("ci: 7 steps passed\n{left}"));
}

#[test]
fn a_job_of_the_hosted_workflow_checks_its_crates_and_nothing_else() {
    let scratch = Scratch::new("ci-crate");
    let (text, _) = run(&scratch, &["--crate", "bff-core", "--crate", "xtask", "--plan"]).unwrap();
    assert!(text.contains("cargo test --quiet -p bff-core -p xtask\n"), "{text}");
    assert!(!text.contains("audit") && !text.contains("bff-web"), "{text}");
    let why = run(&scratch, &["--crate", "bff-fourth"]).unwrap_err();
    assert_eq!(why, "bff-fourth: the workspace has no such crate");
    for wrong in [&[][..], &["--crate"], &["--all", "--crate", "xtask"], &["--plan"]] {
        assert!(run(&scratch, wrong).unwrap_err().starts_with("usage:"), "{wrong:?}");
    }
}
