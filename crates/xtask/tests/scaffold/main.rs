//! What `new-bff` and `new-endpoint` write, what they refuse, and that nothing of it is left afterwards.
//!
//! Nothing is compiled here; `make scaffold-test` does that.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../shared/sources.rs"]
mod sources;
mod workspace;

use std::process::Command;
use workspace::{Workspace, said};
use xtask::scaffold;

/// No surface of ours is called like that.
const NAME: &str = "spare-tv";

/// Runs a command, without the build that it would begin.
fn run(copy: &Workspace, line: &str) -> Result<String, String> {
    let words: Vec<_> = format!("{line} --no-build").split(' ').map(str::to_owned).collect();
    scaffold::run(&words, &copy.root).map(|outcome| outcome.text)
}

#[test]
fn a_new_bff_has_every_part_and_goes_without_a_trace() {
    let copy = Workspace::copy("scaffold-parts");
    let text = run(&copy, "new-bff spare-tv").unwrap();
    assert!(text.contains("GET /spare-tv/v1/home"), "{text}");
    for part in [
        "bffs/spare-tv/Cargo.toml",
        "bffs/spare-tv/CHANGELOG.md",
        "bffs/spare-tv/README.md",
        "bffs/spare-tv/config/base.toml",
        "bffs/spare-tv/src/endpoints/home.rs",
        "bffs/spare-tv/tests/home.rs",
        "deploy/spare-tv/Containerfile",
        "deploy/spare-tv/overlays/prod/prod.toml",
        "deploy/gateway/spare-tv.yaml",
        "deploy/gateway/nginx/spare-tv.conf",
    ] {
        let written = copy.read(part);
        assert!(!has_hole(&written), "{part}");
    }
    let home = copy.read("bffs/spare-tv/src/endpoints/home.rs");
    assert!(home.contains("spare_tv_picks: Vec<Pick>"), "{home}");
    let owners = copy.read(".github/CODEOWNERS");
    assert!(owners.ends_with("\n/*/spare-tv/ @spare-tv-team @platform-team\n"), "{owners}");
    assert!(copy.read("bffs/spare-tv/CHANGELOG.md").contains("(`spare-tv.home/1`)"));
    assert!(copy.read("deploy/gateway/kustomization.yaml").contains("\n  - spare-tv.yaml\n"));

    // Cargo has nothing to add to the lock file, and finds the package.
    let host = said(Command::new("rustc").arg("-vV"));
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    let metadata = said(cargo.args(["--filter-platform", host]).current_dir(&copy.root));
    assert!(metadata.contains("\"name\":\"bff-spare-tv\""));
    let root = copy.root.to_str().unwrap();
    let audited = xtask::run(&["audit", "--json", "--root", root].map(str::to_owned)).unwrap();
    let audited: serde_json::Value = serde_json::from_str(&audited.text).unwrap();
    // Contracts come with the build.
    let findings = audited["findings"].as_array().unwrap().iter();
    let findings: Vec<_> = findings.filter(|finding| finding["rule"] != "contract").collect();
    assert!(findings.is_empty(), "{findings:?}");

    run(&copy, "remove-bff spare-tv").unwrap();
    assert_eq!(copy.status(), "");
}

/// Whether something between @ signs was not filled in.
fn has_hole(text: &str) -> bool {
    let mut parts = text.split('@').skip(1);
    parts.any(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase()))
}

#[test]
fn a_name_that_is_taken_or_means_something_is_refused_before_anything_is_written() {
    let copy = Workspace::copy("scaffold-names");
    for (name, why) in [
        ("mobile", "bffs/mobile is already there"),
        ("common", "deploy/common is already there"),
        ("fleet", "already means something"),
        ("match", "already means something"),
        ("bff", "already means something"),
        ("SpareTV", "lowercase letters"),
        ("../tv", "lowercase letters"),
        ("a-television-with-a-name", "longer than 20"),
        ("core", "already means something"),
        ("server", "bff-server is another program's or crate's name"),
        ("key", "bff-key is another program's or crate's name"),
        ("users", "BFF asks a service of that name"),
        ("tokio", "a crate that we use is called that"),
        ("v2", "the gateway leads /v2 to the partner BFF"),
    ] {
        let refused = run(&copy, &format!("new-bff {name}")).unwrap_err();
        assert!(refused.contains(why), "{name}: {refused}");
    }
    for (line, why) in [
        ("new-bff", "usage:"),
        ("new-bff a b", "usage:"),
        ("new-bff spare-tv --fast", "no such option"),
        ("remove-bff spare-tv", "there is no spare-tv BFF; there are mobile, "),
        ("new-endpoint spare-tv orders", "there is no spare-tv BFF"),
        ("new-endpoint mobile home", "bffs/mobile/src/endpoints/home.rs is already there"),
        ("new-endpoint mobile contracts", "bffs/mobile/tests/contracts.rs is already there"),
        ("new-endpoint mobile get", "already means something"),
        ("new-endpoint mobile spare --method POST", "cart.rs shows a POST"),
        ("new-endpoint mobile spare --path /web/v1/spare", "leads /mobile/ to the mobile BFF"),
        ("new-endpoint mobile spare --path /mobile/v1/home", "answers there already"),
        ("new-endpoint mobile spare --path /mobile/v1/Spare", "a path is lowercase"),
        ("new-endpoint mobile spare --path /mobile/v1/spare/{id}", "takes no id"),
        ("remove-endpoint mobile spare", "endpoints/spare.rs"),
        ("remove-endpoint mobile home", "is not among what is unreleased"),
    ] {
        let refused = run(&copy, line).unwrap_err();
        assert!(refused.contains(why), "{line}: {refused}");
    }
    assert_eq!(copy.status(), "");
}

#[test]
fn nothing_is_overwritten() {
    let copy = Workspace::copy("scaffold-again");
    copy.write("deploy/spare-tv/notes.md", "mine\n");
    assert!(
        run(&copy, "new-bff spare-tv").unwrap_err().contains("deploy/spare-tv is already there")
    );
    assert_eq!(copy.status(), "?? deploy/spare-tv/notes.md\n");
    std::fs::remove_dir_all(copy.root.join("deploy/spare-tv")).unwrap();

    run(&copy, "new-bff spare-tv").unwrap();
    copy.write("bffs/spare-tv/src/endpoints/home.rs", "//! This is mine now.\n");
    let before = copy.status();
    assert!(run(&copy, "new-bff spare-tv").unwrap_err().contains("already there"));
    assert_eq!(copy.status(), before);
    assert_eq!(copy.read("bffs/spare-tv/src/endpoints/home.rs"), "//! This is mine now.\n");
}

#[test]
fn what_fails_later_is_taken_back() {
    let copy = Workspace::copy("scaffold-failure");
    // The files are written before the lists, so a list without a place for it fails late.
    for (list, place, line) in [
        ("deploy/gateway/kustomization.yaml", "resources:", "new-bff spare-tv"),
        ("bffs/mobile/CHANGELOG.md", "\n## ", "new-endpoint mobile spare"),
    ] {
        let text = copy.read(list);
        copy.write(list, &text.replace(place, "gone "));
        copy.commit();
        let why = run(&copy, line).unwrap_err();
        assert!(why.starts_with(list) && why.ends_with("Nothing was changed."), "{why}");
        assert_eq!(copy.status(), "", "{line}");
        assert!(!copy.root.join("bffs/spare-tv").exists(), "an empty folder is left");
    }
}

#[test]
fn work_that_is_nowhere_else_is_not_removed_without_force() {
    let copy = Workspace::copy("scaffold-work");
    run(&copy, "new-bff spare-tv").unwrap();
    run(&copy, "new-endpoint spare-tv rows").unwrap();
    copy.write("bffs/spare-tv/src/extra.rs", "//! This is nobody else's.\n");
    let why = run(&copy, "remove-bff spare-tv").unwrap_err();
    for file in ["src/extra.rs", "src/endpoints/rows.rs", "src/endpoints/mod.rs", "CHANGELOG.md"] {
        assert!(why.contains(&format!("\n  bffs/spare-tv/{file}")), "{why}");
    }
    assert!(!why.contains("home.rs") && !why.contains("deploy"), "{why}");
    let rows = copy.read("bffs/spare-tv/tests/rows.rs");
    copy.write("bffs/spare-tv/tests/rows.rs", &(rows.clone() + "// More of it.\n"));
    let why = run(&copy, "remove-endpoint spare-tv rows").unwrap_err();
    assert!(why.contains("tests/rows.rs") && !why.contains("endpoints/rows.rs"), "{why}");
    copy.write("bffs/spare-tv/tests/rows.rs", &rows);
    run(&copy, "remove-endpoint spare-tv rows").unwrap();

    // Committed, it is in the history.
    copy.commit();
    run(&copy, "remove-bff spare-tv").unwrap();
    copy.commit();
    run(&copy, "new-bff spare-tv").unwrap();
    copy.write("bffs/spare-tv/src/extra.rs", "//! This is nobody else's.\n");
    run(&copy, "remove-bff spare-tv --force").unwrap();
    assert_eq!(copy.status(), "");
}

#[test]
fn a_bff_that_others_need_stays() {
    let copy = Workspace::copy("scaffold-needed");
    run(&copy, "new-bff spare-tv").unwrap();
    copy.commit();
    let manifest = copy.read("Cargo.toml");
    let more = "[workspace.dependencies]\nbff-spare-tv = { path = \"bffs/spare-tv\" }";
    copy.write("Cargo.toml", &manifest.replace("[workspace.dependencies]", more));
    let why = run(&copy, "remove-bff spare-tv").unwrap_err();
    assert!(why.starts_with("Cargo.toml names bff-spare-tv"), "{why}");
}

#[test]
fn two_new_bffs_share_nothing() {
    let copy = Workspace::copy("scaffold-two");
    let listen = |bff: &str| {
        let config = copy.read(&format!("bffs/{bff}/config/base.toml"));
        let lines = config.lines().filter(|line| line.starts_with("listen"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    run(&copy, "new-bff spare-tv").unwrap();
    run(&copy, "new-bff spare").unwrap();
    assert!(listen(NAME).iter().all(|line| !listen("spare").contains(line)), "{:?}", listen(NAME));
    run(&copy, "remove-bff spare-tv").unwrap();
    let left = copy.status();
    assert!(left.contains("bffs/spare/src/lib.rs") && !left.contains(NAME), "{left}");
    run(&copy, "remove-bff spare").unwrap();
    assert_eq!(copy.status(), "");
}

#[test]
fn a_new_endpoint_asks_what_its_bff_has_and_goes_without_a_trace() {
    let copy = Workspace::copy("scaffold-endpoints");
    for bff in ["mobile", "web", "partner"] {
        let path = format!("bffs/{bff}/CHANGELOG.md");
        let changelog = copy.read(&path);
        if !changelog.contains("\n## Unreleased\n") {
            copy.write(&path, &changelog.replacen("\n## ", "\n## Unreleased\n\n## ", 1));
        }
    }
    copy.commit();
    for (line, file, path, call) in [
        ("mobile orders", "orders", "/mobile/v1/orders", "orders::recent(&me, 10)"),
        ("web who-is-it", "who_is_it", "/web/v1/who-is-it", "users::profile(&me)"),
        ("partner spare", "spare", "/v2/spare/{product}", "catalog::product(&may, &id)"),
        (
            "mobile catalog --path /mobile/v2/{product}/spare",
            "catalog",
            "/mobile/v2/{product}/spare",
            "catalog::product(&id)",
        ),
    ] {
        let (bff, name) = line.split_once(' ').unwrap();
        let name = name.split(' ').next().unwrap();
        run(&copy, &format!("new-endpoint {line}")).unwrap();
        let source = copy.read(&format!("bffs/{bff}/src/endpoints/{file}.rs"));
        assert!(source.contains(&format!("get(\"{path}\")")), "{source}");
        assert!(source.contains(&format!("Critical({call})")), "{source}");
        assert!(copy.read(&format!("bffs/{bff}/tests/{file}.rs")).contains("TARGET: &str = \"/"));
        let table = copy.read(&format!("bffs/{bff}/src/endpoints/mod.rs"));
        assert!(table.contains(&format!("\nmod {file};\n")), "{table}");
        assert!(table.contains(&format!("{file}::endpoint()")), "{table}");
        let entry = format!("- added: `GET {path}` (`{bff}.{name}-screen/1`): ");
        let changelog = copy.read(&format!("bffs/{bff}/CHANGELOG.md"));
        assert!(changelog.contains(&entry), "{changelog}");
        assert!(run(&copy, &format!("new-endpoint {line}")).unwrap_err().contains("already there"));
    }
    for line in ["mobile orders", "web who-is-it", "partner spare", "mobile catalog"] {
        run(&copy, &format!("remove-endpoint {line}")).unwrap();
    }
    assert_eq!(copy.status(), "");
}
