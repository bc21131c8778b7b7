//! What a change touches.

use crate::{
    scratch::{BFFS, Scratch},
    sources::{files, workspace},
};
use xtask::affected::{self, Plan, Since, Workspace};

/// What a plan is about, without the reasons.
fn told(plan: &Plan) -> String {
    let checks = [("audit", plan.audit), ("alerts", plan.alerts), ("gateway", plan.gateway)];
    let checks: Vec<_> = checks.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    let lists = [
        ("crates", &plan.crates),
        ("bffs", &plan.bffs),
        ("images", &plan.images),
        ("manifests", &plan.manifests),
        ("contracts", &plan.contracts),
    ];
    let lists = lists.iter().filter(|(_, names)| !names.is_empty());
    let mut told: Vec<_> = lists.map(|(what, all)| format!("{what}: {}", all.join(" "))).collect();
    told.extend((!checks.is_empty()).then(|| format!("checks: {}", checks.join(" "))));
    if plan.everything {
        told.insert(0, "everything".to_owned());
    }
    told.join("; ")
}

/// Writes a file that is not committed, and tells what that touches.
fn writing(scratch: &Scratch, path: &str) -> String {
    scratch.write(path, "# changed\n");
    let told = told(&scratch.since("HEAD"));
    scratch.git(&["checkout", "--quiet", "."]);
    scratch.git(&["clean", "--quiet", "-fd"]);
    told
}

#[test]
fn each_path_touches_what_it_should_and_no_more() {
    let scratch = Scratch::new("paths");
    let all = "bffs: mobile partner web";
    for (path, expected) in [
        ("bffs/web/src/lib.rs", "bffs: web; images: web; checks: audit gateway"),
        ("bffs/web/tests/browser.rs", "bffs: web; checks: audit"),
        (
            "bffs/web/config/base.toml",
            "bffs: web; images: web; manifests: web; checks: audit gateway",
        ),
        ("bffs/web/CHANGELOG.md", "checks: audit"),
        ("bffs/web/README.md", "checks: audit"),
        ("crates/bff-core/README.md", "checks: audit"),
        (".github/CODEOWNERS", "checks: audit"),
        (".github/PULL_REQUEST_TEMPLATE.md", ""),
        (".devcontainer/devcontainer.json", ""),
        (".editorconfig", ""),
        ("renovate.json", ""),
        ("bffs/clippy.toml", "bffs: mobile partner web; checks: audit"),
        (
            "crates/bff-core/src/lib.rs",
            &format!(
                "crates: bff-core bff-server bff-testkit; {all}; images: mobile partner web; \
                 checks: audit gateway"
            ),
        ),
        (
            "crates/bff-core/tests/view.rs",
            &format!("crates: bff-core bff-server bff-testkit; {all}; checks: audit"),
        ),
        // Tests need it, programs do not.
        ("crates/bff-testkit/src/lib.rs", &format!("crates: bff-testkit; {all}; checks: audit")),
        ("crates/xtask/src/lib.rs", "crates: xtask; checks: audit"),
        ("contracts/web/v1/home.json", "bffs: web; manifests: web; contracts: web; checks: audit"),
        ("contracts/README.md", ""),
        ("deploy/mobile/base/deployment.yaml", "manifests: mobile; checks: audit"),
        ("deploy/mobile/overlays/prod/kustomization.yaml", "manifests: mobile; checks: audit"),
        ("deploy/mobile/README.md", ""),
        ("deploy/mobile/Containerfile", "images: mobile; manifests: mobile; checks: audit gateway"),
        ("deploy/common/service.yaml", "manifests: mobile partner web; checks: audit"),
        ("deploy/test/check.py", "manifests: mobile partner web; checks: audit"),
        ("deploy/gateway/nginx.conf", "manifests: mobile partner web; checks: audit gateway"),
        ("deploy/observability/web/rules.yml", "bffs: web; checks: audit alerts"),
        ("deploy/observability/fleet/dashboard.json", "crates: bff-server; checks: audit alerts"),
        ("deny.toml", "checks: audit"),
        ("docs/testing.md", ""),
        ("docs/operations.md", "manifests: mobile partner web"),
        ("README.md", ""),
        ("target/debug/xtask", ""),
    ] {
        assert_eq!(writing(&scratch, path), expected, "{path}");
    }
}

#[test]
fn how_all_is_built_and_what_nobody_knows_touches_everything() {
    let scratch = Scratch::new("everything");
    let everything = "everything; crates: bff-auth bff-core bff-server bff-testkit xtask; \
                      bffs: mobile partner web; images: mobile partner web; \
                      manifests: mobile partner web; contracts: mobile partner web; \
                      checks: audit alerts gateway";
    for path in [
        "Makefile",
        "clippy.toml",
        "rustfmt.toml",
        "rust-toolchain.toml",
        ".dockerignore",
        ".cargo/config.toml",
        ".ci/tools.txt",
        ".config/nextest.toml",
        ".github/workflows/ci.yml",
        "Cargo.lock",
        "new/file.txt",
        "script.sh",
        "deploy/fourth/base/deployment.yaml",
        "deploy/observability/fourth/rules.yml",
        "contracts/fourth/v1/home.json",
        "bffs/README.txt",
    ] {
        assert_eq!(writing(&scratch, path), everything, "{path}");
    }
    scratch.replace("Cargo.toml", "resolver", "# As we like it.\nresolver");
    assert_eq!(told(&scratch.since("HEAD")), everything);
    assert_eq!(told(&affected::plan(&scratch.root, &Since::Ever).unwrap()), everything);
}

#[test]
fn committed_staged_changed_and_new_files_count_from_where_the_branch_began() {
    let scratch = Scratch::new("branch");
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.write("bffs/web/src/lib.rs", "//! Something.\n");
    scratch.commit("web: something");
    // What others did on main meanwhile is not ours.
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.write("bffs/partner/src/lib.rs", "//! Something.\n");
    scratch.commit("partner: something");
    scratch.git(&["switch", "--quiet", "topic"]);
    assert_eq!(scratch.since("main").bffs, ["web"]);
    scratch.write("bffs/mobile/src/new.rs", "//! New.\n");
    assert_eq!(scratch.since("main").bffs, ["mobile", "web"]);
    scratch.git(&["add", "--all"]);
    scratch.write("bffs/partner/src/lib.rs", "//! Changed.\n");
    assert_eq!(scratch.since("main").bffs, BFFS);
    assert_eq!(scratch.since("HEAD").bffs, ["mobile", "partner"]);
}

#[test]
fn a_renamed_file_touches_where_it_was_and_where_it_is() {
    let scratch = Scratch::new("renamed");
    scratch.git(&["mv", "bffs/web/src/lib.rs", "bffs/mobile/src/moved.rs"]);
    assert_eq!(scratch.since("HEAD").bffs, ["mobile", "web"]);
    scratch.commit("move");
    assert_eq!(scratch.since("HEAD~1").bffs, ["mobile", "web"]);
    scratch.git(&["rm", "--quiet", "bffs/partner/config/base.toml"]);
    assert_eq!(scratch.since("HEAD").bffs, ["partner"]);
}

#[test]
fn a_lock_file_touches_who_uses_what_changed_in_it() {
    let scratch = Scratch::new("lock");
    for path in ["Cargo.lock", "bffs/web/Cargo.toml"] {
        let text = scratch.read(path);
        let (from, to) = ("name = \"bff-web\"\nversion = \"0.1.0\"", "0.2.0");
        assert!(text.contains(from), "{text}");
        scratch.write(path, &text.replace(from, &from.replace("0.1.0", to)));
    }
    assert_eq!(told(&scratch.since("HEAD")), "bffs: web; images: web; checks: audit gateway");
}

#[test]
fn a_report_says_why_and_programs_get_one_line() {
    let scratch = Scratch::new("report");
    scratch.write("bffs/web/src/lib.rs", "//! Something.\n");
    let run = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        affected::run(&scratch.root, &words).map(|outcome| outcome.text)
    };
    assert_eq!(
        run(&["--base", "HEAD"]).unwrap(),
        "affected: 1 path changed\n  bffs       web\n  images     web\n  checks     audit gateway\n\
         why:\n  bff-web: bffs/web/src/lib.rs\n"
    );
    let json = run(&["--json", "--base", "HEAD"]).unwrap();
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["bffs"], serde_json::json!(["web"]));
    assert_eq!((&json["audit"], &json["everything"]), (&true.into(), &false.into()));
    scratch.commit("web: something");
    assert_eq!(run(&["--base", "HEAD"]).unwrap(), "affected: 0 paths changed, nothing to check\n");
    assert!(run(&["--base", "nowhere"]).unwrap_err().contains("--all"));
    for wrong in [&["--base"][..], &["--base", ""], &[], &["--bsae", "HEAD"], &["--json"]] {
        assert!(run(wrong).unwrap_err().starts_with("usage:"), "{wrong:?}");
    }
}

#[test]
fn in_this_workspace_a_bff_touches_no_other_and_no_crate() {
    let known = Workspace::read(workspace()).unwrap();
    let all: Vec<_> = known.bffs().map(str::to_owned).collect();
    assert!(all.len() >= BFFS.len(), "{all:?}");
    for bff in &all {
        let plan = affected::of_paths(&known, [format!("bffs/{bff}/src/lib.rs")]);
        let expected = format!("bffs: {bff}; images: {bff}; checks: audit gateway");
        assert_eq!(told(&plan), expected);
    }
    let plan = affected::of_paths(&known, ["crates/bff-core/src/lib.rs".to_owned()]);
    let touched = [plan.bffs, plan.images].map(Vec::from_iter);
    assert_eq!(touched, [all.clone(), all]);
}

#[test]
fn this_workspace_has_no_path_that_nobody_knows() {
    let known = Workspace::read(workspace()).unwrap();
    let paths = files(&["--cached"]);
    let plan = affected::of_paths(&known, paths.iter().cloned());
    assert!(plan.why.len() > 100, "{paths:?}");
    let unknown: Vec<_> = plan.why.iter().filter(|why| why.what.contains("nobody")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
