//! Manifests: what every package inherits, and what the whole workspace promises.

use crate::workspace::{self, File, line_of};
use toml::{Table, Value};

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Lints, edition and the ban on publishing are the same everywhere.
fn inherits(manifest: &File) -> Vec<String> {
    let table = match parse(manifest) {
        Ok(table) => table,
        Err(why) => return vec![why],
    };
    let inherited = |path: &[&str]| at(&table, path).and_then(Value::as_bool) == Some(true);
    let mut violations = Vec::new();
    if !inherited(&["lints", "workspace"]) {
        let line = line_of(&manifest.text, "[lints");
        let what = "the shared lints do not hold here: write `workspace = true` under `[lints]`";
        violations.push(format!("{}:{line}: {what}", manifest.path));
    }
    for key in ["edition", "publish"] {
        if !inherited(&["package", key, "workspace"]) {
            let line = line_of(&manifest.text, key);
            let what = format!("`{key}` is not inherited: write `{key}.workspace = true`");
            violations.push(format!("{}:{line}: {what}", manifest.path));
        }
    }
    violations
}

/// One version of everything, chosen at the top.
fn takes_versions_from_the_top(manifest: &File) -> Vec<String> {
    let table = match parse(manifest) {
        Ok(table) => table,
        Err(why) => return vec![why],
    };
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = targets.filter_map(Value::as_table).chain([&table]);
    let sections =
        tables.flat_map(|table| SECTIONS.iter().filter_map(|section| table.get(*section)));
    let own = |(name, value): (&String, &Value)| {
        let inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
        (!inherited).then(|| {
            let line = line_of(&manifest.text, name);
            let what = format!("`{name}` has a version of its own");
            let advice = format!(
                "name it under [workspace.dependencies] at the top and write `{name}.workspace = true`"
            );
            format!("{}:{line}: {what}: {advice}", manifest.path)
        })
    };
    sections.filter_map(Value::as_table).flatten().filter_map(own).collect()
}

/// With [`inherits`], no crate of ours contains unsafe code, nor can it allow itself any.
fn forbids_unsafe_code(top: &File) -> Vec<String> {
    let table = match parse(top) {
        Ok(table) => table,
        Err(why) => return vec![why],
    };
    let lint = at(&table, &["workspace", "lints", "rust", "unsafe_code"]);
    let level = lint.and_then(|lint| lint.as_str().or_else(|| lint.get("level")?.as_str()));
    if level == Some("forbid") {
        return vec![];
    }
    let line = line_of(&top.text, "unsafe_code");
    let what = "unsafe code is not forbidden: write `unsafe_code = \"forbid\"` under [workspace.lints.rust]";
    vec![format!("{}:{line}: {what}", top.path)]
}

/// A panic costs one request, not the process and every request in it.
fn unwinds(top: &File) -> Vec<String> {
    let table = match parse(top) {
        Ok(table) => table,
        Err(why) => return vec![why],
    };
    let aborts = |profile: &Value| profile.get("panic").and_then(Value::as_str) == Some("abort");
    let profiles = table.get("profile").and_then(Value::as_table).into_iter().flatten();
    let violation = |name: &String| {
        let line = line_of(&top.text, "panic");
        let what =
            format!("profile `{name}` aborts on a panic, which ends every other request too");
        format!("{}:{line}: {what}: remove `panic = \"abort\"`", top.path)
    };
    profiles.filter(|(_, profile)| aborts(profile)).map(|(name, _)| violation(name)).collect()
}

fn parse(manifest: &File) -> Result<Table, String> {
    manifest.text.parse().map_err(|e| format!("{}:1: this is not TOML: {e}", manifest.path))
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_inherits_lints_edition_and_publish() {
        let manifests = workspace::manifests().unwrap();
        assert_eq!(manifests.iter().flat_map(inherits).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn every_version_stands_at_the_top() {
        let manifests = workspace::manifests().unwrap();
        assert_eq!(
            manifests.iter().flat_map(takes_versions_from_the_top).collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn unsafe_code_is_forbidden_everywhere() {
        assert_eq!(forbids_unsafe_code(&workspace::top_manifest().unwrap()), [""; 0]);
    }

    #[test]
    fn a_panic_does_not_end_the_process() {
        assert_eq!(unwinds(&workspace::top_manifest().unwrap()), [""; 0]);
    }

    #[test]
    fn a_package_that_goes_its_own_way_is_refused() {
        let own = manifest(
            "[package]\nname = \"x\"\nedition = \"2021\"\n[lints.rust]\nunsafe_code = \"allow\"\n",
        );
        assert_eq!(
            inherits(&own),
            [
                "crates/x/Cargo.toml:4: the shared lints do not hold here: write `workspace = true` under `[lints]`",
                "crates/x/Cargo.toml:3: `edition` is not inherited: write `edition.workspace = true`",
                "crates/x/Cargo.toml:1: `publish` is not inherited: write `publish.workspace = true`",
            ]
        );
    }

    #[test]
    fn a_version_of_ones_own_is_refused_in_every_section() {
        for section in [
            "dependencies",
            "dev-dependencies",
            "build-dependencies",
            "target.'cfg(unix)'.dependencies",
        ] {
            for dependency in
                ["serde = \"1\"", "serde = { version = \"1\" }", "serde = { path = \"../serde\" }"]
            {
                let own = manifest(&format!("[{section}]\n{dependency}\nbytes.workspace = true\n"));
                let violations = takes_versions_from_the_top(&own);
                assert_eq!(violations.len(), 1, "[{section}] {dependency}");
                assert!(violations[0].starts_with(
                    "crates/x/Cargo.toml:2: `serde` has a version of its own: name it"
                ));
            }
        }
    }

    #[test]
    fn a_workspace_that_only_warns_about_unsafe_code_is_refused() {
        for level in
            ["", "unsafe_code = \"deny\"", "unsafe_code = { level = \"warn\", priority = 1 }"]
        {
            let top = manifest(&format!("[workspace.lints.rust]\n{level}\n"));
            assert_eq!(forbids_unsafe_code(&top).len(), 1, "{level}");
        }
    }

    #[test]
    fn a_release_that_aborts_is_refused() {
        let top = manifest("[profile.release]\nlto = \"fat\"\npanic = \"abort\"\n");
        let violations = unwinds(&top);
        assert_eq!(violations.len(), 1);
        assert!(
            violations[0].starts_with("crates/x/Cargo.toml:3: profile `release` aborts on a panic")
        );
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_refused() {
        assert!(
            inherits(&manifest("[package"))[0]
                .starts_with("crates/x/Cargo.toml:1: this is not TOML")
        );
    }

    fn manifest(text: &str) -> File {
        File { path: "crates/x/Cargo.toml".to_owned(), text: text.to_owned() }
    }
}
