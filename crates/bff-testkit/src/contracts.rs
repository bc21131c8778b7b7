//! Contract files: the golden shape of every endpoint, compared on every test run.
//!
//! `UPDATE_CONTRACTS=1` rewrites them, but never a changed shape under an unchanged revision.

mod documents;

use crate::fake;
use bff_core::{
    Audience, Bff, Endpoint, Fault, Fingerprint, Member, Shape, collect_kept, ports::Outbound,
};
use bff_openapi::{type_name, version};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

/// What a contract file holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contract {
    /// `GET /mobile/v1/home`.
    endpoint: String,
    /// `mobile.home/3`, as in `X-Schema-Version`.
    schema: String,
    /// `shared` or `personal`; `cache` for what no client sees.
    audience: String,
    /// The scopes that a caller needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    /// Every view in what is sent and answered, by name, with its version and fingerprint.
    views: BTreeMap<String, Version>,
    /// What a client sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// What a client sees, without `meta`.
    shape: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    revision: u32,
    fingerprint: String,
}

/// Compares the endpoints of a BFF with the files in `directory/<bff>/`, or rewrites those when
/// `UPDATE_CONTRACTS` is set.
///
/// # Errors
/// Everything that differs, with what to do about it.
pub fn check(bff: &Bff, directory: &Path) -> Result<(), String> {
    let update = std::env::var_os("UPDATE_CONTRACTS").is_some_and(|value| !value.is_empty());
    check_against(bff, directory, update)
}

fn check_against(bff: &Bff, directory: &Path, update: bool) -> Result<(), String> {
    let mut complaints = String::new();
    let mut expected = Vec::new();
    for endpoint in &bff.endpoints {
        let path = path_of(bff, endpoint, directory);
        if let Some(name) = ambiguous(endpoint.shape(), &mut BTreeMap::new()) {
            let name = type_name(name);
            let _ = write!(
                complaints,
                "\n{}: two different views are called `{name}`; rename one\n",
                path.display()
            );
        }
        if let Err(why) = check_one(&Contract::of(bff, endpoint), &path, update) {
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
        if !expected.contains(&path) {
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
        None => Err("there is no contract for this endpoint yet; run `make contracts` and commit the file".to_owned()),
        Some(_) => Err("the endpoint differs from its contract; run `make contracts`, read the diff as a client \
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

impl Contract {
    /// Seen by nobody but the cache, where instances of two releases must not read each other's.
    fn of_kept(bff: &Bff, name: &str, shape: &Shape) -> Self {
        let mut views = BTreeMap::new();
        collect_views(shape, &mut views);
        Self {
            endpoint: format!("kept: {name}"),
            schema: format!("{}:{name}:v{}", bff.name, shape.revision()),
            audience: "cache".to_owned(),
            scopes: Vec::new(),
            views,
            body: None,
            shape: sketch(shape),
        }
    }

    fn of(bff: &Bff, endpoint: &Endpoint) -> Self {
        let mut views = BTreeMap::new();
        collect_views(endpoint.shape(), &mut views);
        if let Some(body) = endpoint.body() {
            collect_views(body, &mut views);
        }
        Self {
            endpoint: format!("{} {}", endpoint.method().name(), endpoint.path()),
            schema: format!("{}.{}/{}", bff.name, endpoint.name(), endpoint.shape().revision()),
            audience: match endpoint.audience() {
                Audience::Shared => "shared".to_owned(),
                Audience::Personal => "personal".to_owned(),
            },
            scopes: endpoint.scopes().map(str::to_owned).collect(),
            views,
            body: endpoint.body().map(sketch),
            shape: sketch(endpoint.shape()),
        }
    }

    /// A changed shape needs a higher revision, also when the file is about to be rewritten:
    /// clients and caches tell shapes apart by it.
    fn allows(&self, new: &Self) -> Result<(), String> {
        let mut changed = Vec::new();
        for (name, version) in &new.views {
            let Some(old) = self.views.get(name) else { continue };
            if old.fingerprint != version.fingerprint && version.revision <= old.revision {
                changed.push(format!(
                    "`{}`: write #[view(revision = {})]",
                    type_name(name),
                    old.revision + 1
                ));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the shape changed but the revision did not. Old and new instances would read each other's cached values, \
             and clients could not tell the answers apart. Raise the revision of every view that changed, itself or \
             through a member, then run `make contracts`:\n  {}",
            changed.join("\n  ")
        ))
    }
}

/// The contract file of an endpoint: `contracts/mobile/v1/home.json` for `/mobile/v1/home`.
#[must_use]
pub fn path_of(bff: &Bff, endpoint: &Endpoint, directory: &Path) -> PathBuf {
    let version = version(endpoint.path()).unwrap_or("unversioned");
    directory.join(bff.name).join(version).join(endpoint.name()).with_extension("json")
}

fn files_below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn write_file(contract: &Contract, path: &Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(contract)?;
    text.push('\n');
    write_text(&text, path)
}

fn write_text(text: &str, path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text)
}

fn collect_views(shape: &Shape, views: &mut BTreeMap<String, Version>) {
    match shape {
        Shape::Maybe(inner) | Shape::List(inner) => collect_views(inner, views),
        Shape::Record { name, revision, members } => {
            let version =
                Version { revision: *revision, fingerprint: shape.fingerprint().to_string() };
            views.insert((*name).to_owned(), version);
            for member in *members {
                collect_views(member.shape, views);
            }
        }
        Shape::Flag | Shape::Whole | Shape::Decimal | Shape::Text | Shape::Choice(_) => {}
    }
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
        Shape::Flag | Shape::Whole | Shape::Decimal | Shape::Text | Shape::Choice(_) => None,
    }
}

/// The shape as a reader would sketch it: `?` marks a member that may be missing.
fn sketch(shape: &Shape) -> Value {
    match shape {
        Shape::Flag => json!("true or false"),
        Shape::Whole => json!("whole number"),
        Shape::Decimal => json!("number"),
        Shape::Text => json!("text"),
        Shape::Maybe(inner) => sketch(inner),
        Shape::List(inner) => json!([sketch(inner)]),
        Shape::Choice(words) => json!(words.join(" | ")),
        Shape::Record { members, .. } => {
            let entry = |Member { name, shape, .. }: &Member| match shape {
                Shape::Maybe(_) => (format!("{name}?"), sketch(shape)),
                _ => ((*name).to_owned(), sketch(shape)),
            };
            Value::Object(members.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests;
