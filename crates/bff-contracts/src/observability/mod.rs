//! Dashboards and alert rules, written from the endpoint table and compared on every test run.
//!
//! `UPDATE_OBSERVABILITY=1` rewrites them.

mod burn;
mod dashboards;
mod metrics;
mod rules;
mod targets;
mod yaml;

pub use metrics::unknown;

use bff_core::Bff;
use serde_json::Value;
use std::{fmt::Write, fs, io, path::Path};

/// What a file says and where it is, below the directory.
struct Wanted {
    path: String,
    text: String,
}

/// Compares the dashboard, the alert rules and their tests of a BFF, and the dashboard of all BFFs,
/// with the files in `directory`, or rewrites those when `UPDATE_OBSERVABILITY` is set.
///
/// # Errors
/// Everything that differs, with what to do about it.
pub fn check(bff: &Bff, directory: &Path) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_OBSERVABILITY").is_some_and(|value| !value.is_empty());
    let mut complaints = String::new();
    for Wanted { path, text } in wanted(bff) {
        let path = directory.join(path);
        let known = fs::read_to_string(&path).unwrap_or_default();
        if known == text {
            continue;
        }
        let written = if update { write(&path, &text) } else { Ok(()) };
        let why = match (update, written) {
            (true, Ok(())) => continue,
            (_, Err(error)) => error.to_string(),
            (false, Ok(())) => {
                "the endpoint table says something else; run `make observability` and commit the file"
                    .to_owned()
            }
        };
        let _ = writeln!(complaints, "{}: {why}", path.display());
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text)
}

fn wanted(bff: &Bff) -> Vec<Wanted> {
    let rules = rules::of(bff);
    let at = |name: &str| format!("{}/{name}", bff.name);
    vec![
        Wanted { path: at("dashboard.json"), text: pretty(&dashboards::of(bff)) },
        Wanted { path: at("rules.yml"), text: yaml::rules(bff.name, &rules) },
        Wanted { path: at("rules_test.yml"), text: yaml::tests(&rules) },
        Wanted { path: "fleet/dashboard.json".to_owned(), text: pretty(&dashboards::fleet()) },
    ]
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
