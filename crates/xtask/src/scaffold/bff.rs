//! A BFF: its crate, how it is deployed and routed, and what is made from its endpoint table.

use super::{
    Flags, lists, name,
    snapshot::all_or_nothing,
    surface::Surface,
    template::{self, Files},
    tools,
};
use std::{fs, path::Path};

const KUSTOMIZATION: &str = "deploy/gateway/kustomization.yaml";
const LOCK: &str = "Cargo.lock";
const OWNERS: &str = ".github/CODEOWNERS";
/// What the manifest in the templates asks for.
const DEPENDENCIES: [&str; 3] = ["bff-core", "bff-server", "bff-testkit"];

/// Everything that belongs to one BFF alone.
pub(super) fn places(name: &str) -> Vec<String> {
    vec![
        format!("bffs/{name}"),
        format!("deploy/{name}"),
        format!("deploy/gateway/{name}.yaml"),
        format!("deploy/gateway/nginx/{name}.conf"),
        format!("deploy/gateway/nginx/{name}.devices"),
        format!("contracts/{name}"),
        format!("deploy/observability/{name}"),
    ]
}

/// Makes one.
///
/// # Errors
/// Why it cannot be; then nothing was changed.
pub(super) fn create(root: &Path, name: &str, flags: &Flags) -> Result<String, String> {
    name::check_bff(root, name)?;
    let files = files(root, &Surface::free(root, name)?)?;
    all_or_nothing(root, &touched(name), || {
        template::write(root, &files)?;
        let resource = |text: &str| lists::with_resource(text, &format!("{name}.yaml"));
        tools::edit(root, KUSTOMIZATION, resource)?;
        tools::edit(root, OWNERS, |owners| Ok(lists::with_owners(owners, name)))?;
        let package = format!("bff-{name}");
        tools::edit(root, LOCK, |lock| Ok(lists::with_package(lock, &package, &DEPENDENCIES)))?;
        if flags.is_unbuilt { Ok(()) } else { tools::generate(root, name) }
    })?;
    let made = places(name).into_iter().filter(|path| root.join(path).exists());
    let made: String = made.map(|path| format!("  {path}\n")).collect();
    let next = match flags.is_unbuilt {
        true => "Contracts and dashboards are not there yet: they need the build.\n",
        false => "",
    };
    Ok(format!(
        "The {name} BFF answers GET /{name}/v1/home. It is here, and one line each in {LOCK}, {KUSTOMIZATION} and {OWNERS}:\n\
         {made}{next}Try it: cargo test -p bff-{name}. What to change first: docs/new-bff.md.\n"
    ))
}

/// Takes one away.
///
/// # Errors
/// Why it has to stay; then nothing was changed.
pub(super) fn remove(root: &Path, name: &str, flags: &Flags) -> Result<String, String> {
    if !root.join(format!("bffs/{name}/Cargo.toml")).is_file() {
        return Err(format!("there is no {name} BFF; there are {}", names(root)?.join(", ")));
    }
    if let Some(manifest) = dependent(root, name)? {
        return Err(format!("{manifest} names bff-{name}; take that away first"));
    }
    if !flags.is_forced {
        let made = Surface::of(root, name).and_then(|surface| files(root, &surface));
        let generated = [format!("contracts/{name}/"), format!("deploy/observability/{name}/")];
        refuse_changed(root, &places(name), &made?, &generated)?;
    }
    all_or_nothing(root, &touched(name), || {
        places(name).iter().try_for_each(|place| tools::remove(root, place))?;
        let resource = |text: &str| Ok(lists::without_resource(text, &format!("{name}.yaml")));
        tools::edit(root, KUSTOMIZATION, resource)?;
        tools::edit(root, OWNERS, |owners| Ok(lists::without_owners(owners, name)))?;
        tools::edit(root, LOCK, |lock| Ok(lists::without_package(lock, &format!("bff-{name}"))))
    })?;
    Ok(format!("The {name} BFF is gone, with its manifests, routes, contracts and dashboards.\n"))
}

/// Refuses when somebody's work would be lost: a file that is neither committed nor as it was made.
///
/// # Errors
/// The files.
pub(super) fn refuse_changed(
    root: &Path,
    places: &[String],
    made: &Files,
    generated: &[String],
) -> Result<(), String> {
    let is_lost = |path: &String| {
        let text = fs::read_to_string(root.join(path)).ok();
        let is_generated = generated.iter().any(|place| path.starts_with(place.as_str()));
        root.join(path).exists() && !is_generated && text.as_ref() != made.get(path)
    };
    let changed: Vec<_> = tools::uncommitted(root, places)?.into_iter().filter(is_lost).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let changed = changed.join("\n  ");
    Err(format!("these are changed and not committed; commit them, or add --force:\n  {changed}"))
}

/// The BFFs that are there.
///
/// # Errors
/// What the file system says.
pub(super) fn names(root: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(root.join("bffs")).map_err(|error| format!("bffs: {error}"))?;
    let folders = entries.flatten().filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<_> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// The beginnings of the paths that the gateway leads to a BFF: `web` and `bff`.
///
/// # Errors
/// What cannot be read.
pub(super) fn prefixes(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let conf = tools::read(root, &format!("deploy/gateway/nginx/{name}.conf"))?;
    let of_line = |line: &str| {
        let (_, rest) = line.split_once("^/")?;
        let (words, _) = rest.split_once("(/|$)")?;
        Some(words.trim_matches(['(', ')']).to_owned())
    };
    Ok(conf
        .lines()
        .filter_map(of_line)
        .flat_map(|words| words.split('|').map(str::to_owned).collect::<Vec<_>>())
        .collect())
}

/// The BFF to which the gateway leads `/<name>`.
///
/// # Errors
/// What cannot be read.
pub(super) fn routed(root: &Path, name: &str) -> Result<Option<String>, String> {
    for bff in names(root)? {
        if prefixes(root, &bff)?.iter().any(|prefix| prefix == name) {
            return Ok(Some(bff));
        }
    }
    Ok(None)
}

/// What a new BFF is made of, but for what is made from its endpoint table.
fn files(root: &Path, surface: &Surface) -> Result<Files, String> {
    template::folder(root, "bff", &surface.words())
}

/// What changes when a BFF comes or goes.
fn touched(name: &str) -> Vec<String> {
    let lists = [KUSTOMIZATION, LOCK, OWNERS, "deploy/observability/fleet"].map(str::to_owned);
    places(name).into_iter().chain(lists).collect()
}

/// A manifest that cannot do without the BFF.
fn dependent(root: &Path, name: &str) -> Result<Option<String>, String> {
    let mut manifests = vec!["Cargo.toml".to_owned()];
    for folder in ["crates", "bffs"] {
        let entries =
            fs::read_dir(root.join(folder)).map_err(|error| format!("{folder}: {error}"))?;
        let names = entries.flatten().map(|entry| entry.file_name());
        manifests.extend(names.map(|of| format!("{folder}/{}/Cargo.toml", of.to_string_lossy())));
    }
    manifests.sort();
    let own = format!("bffs/{name}/Cargo.toml");
    let is_named = |path: &String| {
        let text = tools::read(root, path).unwrap_or_default();
        let in_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        *path != own && text.split(|c| !in_name(c)).any(|word| word == format!("bff-{name}"))
    };
    Ok(manifests.into_iter().find(is_named))
}
