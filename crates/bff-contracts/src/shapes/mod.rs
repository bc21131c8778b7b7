//! Contract files: the golden shape of every endpoint, compared on every test run.
//!
//! `UPDATE_CONTRACTS=1` rewrites them, but never a changed shape under an unchanged revision.

mod documents;
mod file;
mod routes;

pub use routes::{Route, routes};

use crate::{
    fake,
    files::{files_below, write_text},
};
use bff_core::{Bff, Endpoint, Fault, Fingerprint, Shape, collect_kept, ports::Outbound};
use bff_openapi::{type_name, version};
use file::Contract;
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

/// Compares the endpoints of a BFF with the files in `directory/<bff>/`, or rewrites those when
/// `UPDATE_CONTRACTS` is set; and the answers of services recorded there with what it reads.
///
/// # Errors
/// Everything that differs, with what to do about it.
pub fn check(bff: &Bff, directory: &Path) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_CONTRACTS").is_some_and(|value| !value.is_empty());
    let shapes = check_against(bff, directory, update);
    let upstream = crate::upstream::check(bff, directory, update);
    match (shapes, upstream) {
        (Err(shapes), Err(upstream)) => Err(format!("{shapes}\n{upstream}")),
        (shapes, upstream) => shapes.and(upstream),
    }
}

/// Writes the files of a BFF, for tests of what reads them.
///
/// # Errors
/// What could not be written, or must not be.
pub fn write(bff: &Bff, directory: &Path) -> Result<(), String> {
    check_against(bff, directory, true)
}

fn check_against(bff: &Bff, directory: &Path, update: bool) -> Result<(), String> {
    let mut complaints = String::new();
    let mut expected = Vec::new();
    for (endpoint, calls) in bff.endpoints.iter().zip(bff.first_stages()) {
        let path = path_of(bff, endpoint, directory);
        if let Some(name) = ambiguous(endpoint.shape(), &mut BTreeMap::new()) {
            let name = type_name(name);
            let _ = write!(
                complaints,
                "\n{}: two different views are called `{name}`; rename one\n",
                path.display()
            );
        }
        if let Err(why) = check_one(&Contract::of(bff, endpoint, &calls), &path, update) {
            let _ = write!(complaints, "\n{}: {why}\n", path.display());
        }
        expected.push(path);
    }
    for (name, shape) in kept_by(bff) {
        let path = directory.join(bff.name).join("kept").join(format!("{name}.json"));
        if let Err(why) = check_one(&Contract::of_kept(bff, name, shape), &path, update) {
            let _ = write!(complaints, "\n{}: {why}\n", path.display());
        }
        expected.push(path);
    }
    // Not rewritten beside a shape that must not change.
    let update = update && complaints.is_empty();
    for (name, text) in documents::of(bff) {
        let path = directory.join(bff.name).join(name);
        if let Err(why) = documents::check(&text, &path, update) {
            let _ = write!(complaints, "\n{}: {why}\n", path.display());
        }
        expected.push(path);
    }
    for path in files_below(&directory.join(bff.name)).map_err(|error| error.to_string())? {
        let is_upstream = path.starts_with(crate::upstream::folder_of(bff, directory));
        if !is_upstream && !expected.contains(&path) {
            let _ = write!(
                complaints,
                "\n{}: no endpoint has this contract; delete the file if the endpoint was retired, or give the view its name back\n",
                path.display()
            );
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

fn check_one(contract: &Contract, path: &Path, update: bool) -> Result<(), String> {
    let locked = match fs::read(path) {
        Ok(bytes) => {
            Some(serde_json::from_slice::<Contract>(&bytes).map_err(|error| error.to_string())?)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.to_string()),
    };
    if let Some(locked) = &locked {
        locked.allows(contract)?;
        if locked == contract {
            return Ok(());
        }
    }
    if update {
        return write_file(contract, path).map_err(|error| error.to_string());
    }
    match locked {
        None => Err("there is no contract for this endpoint yet; run `make contracts ACCEPT=1` and commit the file".to_owned()),
        Some(_) => Err("the endpoint differs from its contract; run `make contracts ACCEPT=1`, read the diff as a client \
                        would, and commit it with a line in the BFF's CHANGELOG.md"
            .to_owned()),
    }
}

/// What the endpoints' calls keep, also where no answer shows it: every endpoint is run once without
/// any service, which is as far as its first stage.
fn kept_by(bff: &Bff) -> BTreeMap<&'static str, &'static Shape> {
    collect_kept(|| {
        for endpoint in &bff.endpoints {
            let segments = endpoint
                .path()
                .split('/')
                .map(|segment| if segment.starts_with('{') { "x-1" } else { segment });
            let path = segments.collect::<Vec<_>>().join("/");
            let nobody = |_: &Outbound<'_>| Err(Fault::Late);
            let _a_problem = fake::answer(bff, endpoint.method(), &path, "{}".into(), nobody);
        }
    })
}

/// The contract file of an endpoint: `contracts/mobile/v1/home.json` for `/mobile/v1/home`.
fn path_of(bff: &Bff, endpoint: &Endpoint, directory: &Path) -> PathBuf {
    let version = version(endpoint.path()).unwrap_or("unversioned");
    directory.join(bff.name).join(version).join(endpoint.name()).with_extension("json")
}

fn write_file(contract: &Contract, path: &Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(contract)?;
    text.push('\n');
    write_text(&text, path)
}

/// The name that two different views of one answer share, if there is one: the file could hold only one of them.
fn ambiguous(
    shape: &Shape,
    seen: &mut BTreeMap<&'static str, Fingerprint>,
) -> Option<&'static str> {
    match shape {
        Shape::Maybe(inner) | Shape::List(inner) => ambiguous(inner, seen),
        Shape::Record { name, members, .. } => {
            let fingerprint = shape.fingerprint();
            if seen.insert(name, fingerprint).is_some_and(|other| other != fingerprint) {
                return Some(name);
            }
            members.iter().find_map(|member| ambiguous(member.shape, seen))
        }
        Shape::Flag
        | Shape::Whole { .. }
        | Shape::Decimal { .. }
        | Shape::Text
        | Shape::Choice { .. } => None,
    }
}

#[cfg(test)]
mod tests;
