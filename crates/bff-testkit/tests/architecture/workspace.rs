//! What the rules look at: packages, dependency graph, manifests and sources of this workspace.

use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// A file by its path below the root of the workspace, with `/` between the parts.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// The path of its manifest below the root.
    pub(crate) manifest: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a manifest asks for.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The name of the package, also when it is renamed.
    pub(crate) name: String,
    /// `dev` or `build`; `None` for a normal one.
    pub(crate) kind: Option<String>,
}

/// Resolved packages by id.
pub(crate) type Graph = HashMap<String, Node>;

/// One resolved package.
pub(crate) struct Node {
    pub(crate) name: String,
    /// The ids of its normal dependencies.
    pub(crate) normal: Vec<String>,
}

/// The members of this workspace.
pub(crate) fn packages() -> Result<Vec<Package>, String> {
    let metadata: Metadata = metadata(&["--no-deps"])?;
    let root = PathBuf::from(&metadata.workspace_root);
    let member = |package: Member| Package {
        manifest: below(&root, Path::new(&package.manifest_path)),
        name: package.name,
        dependencies: package.dependencies,
    };
    Ok(metadata.packages.into_iter().map(member).collect())
}

/// Everything that is built for this machine, with what each package needs at run time.
pub(crate) fn graph() -> Result<Graph, String> {
    let version = cargo(&["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("`cargo -vV` names no host")?;
    let metadata: Metadata = metadata(&["--filter-platform", host])?;
    let names: HashMap<String, String> =
        metadata.packages.into_iter().map(|package| (package.id, package.name)).collect();
    let resolve = metadata.resolve.ok_or("cargo resolved nothing")?;
    let node = |resolved: Resolved| {
        let name = names.get(&resolved.id).cloned().unwrap_or_default();
        let is_normal = |edge: &Edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
        let normal = resolved.deps.into_iter().filter(is_normal).map(|edge| edge.pkg).collect();
        (resolved.id, Node { name, normal })
    };
    Ok(resolve.nodes.into_iter().map(node).collect())
}

/// The manifest at the top.
pub(crate) fn top_manifest() -> io::Result<File> {
    file("Cargo.toml")
}

/// The file at a path below the root.
pub(crate) fn file(path: &str) -> io::Result<File> {
    Ok(File { text: fs::read_to_string(root().join(path))?, path: path.to_owned() })
}

/// What is written for people: every `.md` file outside templates and fixtures.
pub(crate) fn pages() -> io::Result<Vec<File>> {
    let mut pages = files_ending_in(".md")?;
    pages.retain(|page| !page.path.contains("/templates/") && !page.path.contains("/fixtures/"));
    Ok(pages)
}

/// Whether there is a file or folder at a path below the root.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// The manifests of all members.
pub(crate) fn manifests() -> Result<Vec<File>, String> {
    let read = |Package { manifest: path, .. }| file(&path).map_err(|e| format!("{path}: {e}"));
    packages()?.into_iter().map(read).collect()
}

/// Every `.rs` file outside `target/` and hidden folders.
pub(crate) fn sources() -> io::Result<Vec<File>> {
    files_ending_in(".rs")
}

fn files_ending_in(ending: &str) -> io::Result<Vec<File>> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                files.push(File { text: fs::read_to_string(&path)?, path: below(&root, &path) });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The line on which something stands, counted from 1; 1 when it does not stand there at all.
pub(crate) fn line_of(text: &str, beginning: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(beginning)).unwrap_or(0) + 1
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
    resolve: Option<Resolve>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Member {
    id: String,
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Resolved>,
}

#[derive(Deserialize)]
struct Resolved {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

fn metadata<T: DeserializeOwned>(arguments: &[&str]) -> Result<T, String> {
    let all = [&["metadata", "--format-version", "1", "--offline"], arguments].concat();
    serde_json::from_str(&cargo(&all)?).map_err(|e| format!("cargo's metadata: {e}"))
}

fn cargo(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = output.map_err(|e| format!("cargo does not start: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_owned()
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
