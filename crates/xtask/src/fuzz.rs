//! `cargo xtask fuzz-api PROGRAM [ARGUMENT]...`: each BFF on free ports with sample services behind
//! it, and schemathesis in front, which makes requests out of `contracts/<bff>/openapi.json`.

use bff_core::{Auth, Bff};
use bff_server::Settings;
use bff_testkit::TestBff;
use std::{fs, path::Path, process::Command};
use toml::Table;

/// Fuzzes the BFFs one after the other; says which of them answer as their documents say.
///
/// # Errors
/// What did not start.
pub(crate) fn run(
    bffs: &[Bff],
    root: &Path,
    program: &str,
    more: &[String],
) -> Result<crate::Outcome, String> {
    let found =
        |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (root, fuzzer_path) = (found(root)?, found(Path::new(program))?);
    let (mut text, mut is_good) = (String::new(), true);
    for bff in bffs {
        let running = TestBff::start_from(bff, settings(bff, &root)?);
        let document = root.join("contracts").join(bff.name).join("openapi.json");
        let mut fuzzer = Command::new(&fuzzer_path);
        // It keeps notes about failures where it runs.
        fuzzer.current_dir(root.join("target"));
        fuzzer.arg("run").arg(&document).arg("--url").arg(format!("http://{}", running.address));
        if bff.auth != Auth::Session {
            // One that signed in with a browser is not played: its routes are asked by nobody.
            let credential = running.credential("u-1");
            fuzzer.arg("--header").arg(format!("Authorization: {credential}"));
        }
        let status = fuzzer.args(more).status().map_err(|error| format!("{program}: {error}"))?;
        is_good &= status.success();
        let word = if status.success() { "as documented" } else { "not as documented" };
        text.push_str(&format!("{}: {word}\n", bff.name));
    }
    Ok(crate::Outcome { text, is_good })
}

/// The BFF's own configuration for development.
fn settings(bff: &Bff, root: &Path) -> Result<Settings, String> {
    let mut all = Table::new();
    for layer in ["base", "local"] {
        let path = root.join("bffs").join(bff.name).join("config").join(layer);
        let path = path.with_extension("toml");
        let wrong = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        merge(&mut all, text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?);
    }
    all.try_into().map_err(|error| format!("{}: {error}", bff.name))
}

/// Puts one table over another, key by key.
fn merge(below: &mut Table, over: Table) {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(over)) => merge(below, over),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}
