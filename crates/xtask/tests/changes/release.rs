//! A release: what it writes, and that it writes all of it or nothing.

use crate::scratch::Scratch;
use std::{fs, os::unix::fs::PermissionsExt};
use xtask::{Outcome, release};

pub(crate) fn run(scratch: &Scratch, line: &str) -> Result<Outcome, String> {
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    release::run(&scratch.root, &words)
}

/// Everything that a release could have changed.
pub(crate) fn state(scratch: &Scratch) -> [String; 5] {
    [
        scratch.git(&["rev-parse", "HEAD"]),
        scratch.git(&["for-each-ref"]),
        scratch.git(&["status", "--porcelain"]),
        scratch.git(&["diff", "HEAD"]),
        scratch.git(&["diff", "--cached"]),
    ]
}

#[test]
fn a_release_is_one_commit_of_four_files_and_a_tag_and_touches_that_bff_only() {
    let scratch = Scratch::new("release");
    // Somebody went back to an older image meanwhile.
    scratch.replace("deploy/web/overlays/prod/kustomization.yaml", "0.1.0", "0.0.9");
    scratch.commit("web: go back");
    let outcome = run(&scratch, "web minor").unwrap();
    assert!(outcome.is_good, "{}", outcome.text);
    assert!(outcome.text.contains("web 0.1.0 -> 0.2.0, tag web-v0.2.0"), "{}", outcome.text);
    assert!(outcome.text.contains("git push --atomic origin main web-v0.2.0"), "{}", outcome.text);

    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
    assert_eq!(scratch.git(&["log", "-1", "--format=%s"]), "web: release 0.2.0");
    assert_eq!(
        scratch.git(&["diff", "--name-only", "HEAD~1", "HEAD"]).lines().collect::<Vec<_>>(),
        [
            "Cargo.lock",
            "bffs/web/CHANGELOG.md",
            "bffs/web/Cargo.toml",
            "deploy/web/overlays/prod/kustomization.yaml",
        ]
    );
    // Cargo agrees with the lock file that we wrote.
    let metadata = scratch.cargo(&["metadata", "--format-version", "1", "--locked", "--offline"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let version =
        |name| packages.iter().find(|package| package["name"] == name).unwrap()["version"].as_str();
    assert_eq!((version("bff-web"), version("bff-mobile")), (Some("0.2.0"), Some("0.1.0")));

    let day = scratch.git(&["log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd"]);
    assert_eq!(
        scratch.read("bffs/web/CHANGELOG.md"),
        format!(
            "# Changes\n\n## Unreleased\n\n## 0.2.0 - {day}\n\n- fixed: nothing.\n\n## 0.1.0\n\n\
             - added: `GET /web/v1/home` (`web.home/1`).\n"
        )
    );
    assert_eq!(
        scratch.read("deploy/web/overlays/prod/kustomization.yaml"),
        "images:\n  - name: bff\n    newTag: 0.2.0\n"
    );
    assert_eq!(scratch.git(&["cat-file", "-t", "web-v0.2.0"]), "tag");
    let head = scratch.git(&["rev-parse", "HEAD"]);
    assert_eq!(scratch.git(&["rev-parse", "web-v0.2.0^{commit}"]), head);
    let words = scratch.git(&["for-each-ref", "--format=%(contents)", "refs/tags/web-v0.2.0"]);
    assert_eq!(words.trim(), "web 0.2.0\n\n- fixed: nothing.");

    let plan = scratch.since("HEAD~1");
    assert_eq!(
        (plan.bffs, plan.images, plan.manifests),
        (vec!["web".into()], vec!["web".into()], vec!["web".into()])
    );
    assert_eq!(plan.crates, [""; 0]);
}

#[test]
fn the_next_release_continues_from_the_last_one() {
    let scratch = Scratch::new("next");
    run(&scratch, "web minor").unwrap();
    let entry = "## Unreleased\n\n- added: `GET /web/v1/home` (`web.home/2`): more.\n";
    scratch.replace("bffs/web/CHANGELOG.md", "## Unreleased\n", entry);
    scratch.contract("web", 2, "");
    scratch.commit("web: more");
    let outcome = run(&scratch, "web patch").unwrap();
    assert!(outcome.is_good, "{}", outcome.text);
    assert_eq!(scratch.git(&["tag", "--list"]), "web-v0.2.0\nweb-v0.2.1");
}

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let scratch = Scratch::new("dry");
    let before = state(&scratch);
    let outcome = run(&scratch, "web major --dry-run").unwrap();
    assert!(outcome.is_good, "{}", outcome.text);
    assert!(
        outcome.text.contains("would write web 0.1.0 -> 1.0.0, tag web-v1.0.0"),
        "{}",
        outcome.text
    );
    assert!(outcome.text.contains("Cargo.lock\n") && outcome.text.contains("- fixed: nothing."));
    assert_eq!(state(&scratch), before);
}

#[test]
fn a_commit_that_is_refused_leaves_nothing_behind() {
    let scratch = Scratch::new("hook");
    let hook = scratch.root.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho not today >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let before = state(&scratch);
    let why = run(&scratch, "web minor").unwrap_err();
    assert!(why.contains("not today") && why.contains("the tree is as before"), "{why}");
    assert_eq!(state(&scratch), before);
}

#[test]
fn a_tag_that_cannot_be_made_takes_the_commit_back() {
    let scratch = Scratch::new("tag");
    // A folder of tags where the tag would be.
    scratch.git(&["tag", "web-v0.2.0/rc"]);
    let before = state(&scratch);
    let why = run(&scratch, "web minor").unwrap_err();
    assert!(why.contains("git tag") && why.contains("the tree is as before"), "{why}");
    assert_eq!(state(&scratch), before);
}

#[test]
fn a_file_that_does_not_fit_is_found_before_anything_is_written() {
    for (path, from, to) in [
        ("deploy/web/overlays/prod/kustomization.yaml", "newTag", "digest"),
        (
            "Cargo.lock",
            "name = \"bff-web\"\nversion = \"0.1.0\"",
            "name = \"bff-web\"\nversion = \"0.0.1\"",
        ),
        ("bffs/web/Cargo.toml", "\nversion = \"0.1.0\"\n", "\nversion = \"0.1.0\" # now\n"),
    ] {
        let scratch = Scratch::new("files");
        scratch.replace(path, from, to);
        scratch.commit("other files");
        let before = state(&scratch);
        let why = run(&scratch, "web minor").unwrap_err();
        assert!(why.contains(path), "{path}: {why}");
        assert_eq!(state(&scratch), before, "{path}");
    }
}
