//! The contenders that npm brings, installed below `target/` from the lockfile of this crate.

use crate::{Result, fixtures::source};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where they are.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) folder: PathBuf,
    /// The newest Tailcall that runs here; the current one needs a newer glibc than Debian 12 has.
    pub(crate) tailcall: PathBuf,
    pub(crate) tailcall_version: String,
}

const FILES: [&str; 5] =
    ["package.json", "package-lock.json", "home.js", "express.js", "fastify.js"];
const TAILCALLS: [&str; 2] = ["@tailcallhq/core-linux-x64-gnu", "tailcall-for-older-glibc"];

/// Copies the sources and installs what they need, unless it was done before for the same lockfile.
pub(crate) fn install(directory: &Path) -> Result<Node> {
    let folder = directory.join("node");
    fs::create_dir_all(&folder)?;
    let (from, done) = (source().join("node"), folder.join("installed-lock.json"));
    for file in FILES {
        fs::copy(from.join(file), folder.join(file))?;
    }
    let lock = fs::read(from.join("package-lock.json"))?;
    if fs::read(&done).ok().as_ref() != Some(&lock) {
        let status = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("npm: {error}"))?;
        if !status.success() {
            return Err("npm ci failed".into());
        }
        fs::write(done, lock)?;
    }
    let binary = |package: &str| folder.join("node_modules").join(package).join("bin/tailcall");
    let works = |path: &PathBuf| version(path).is_some();
    let tailcall = TAILCALLS.into_iter().map(binary).find(works).unwrap_or_default();
    let tailcall_version = version(&tailcall).unwrap_or_default();
    Ok(Node { folder, tailcall, tailcall_version })
}

fn version(path: &Path) -> Option<String> {
    let output = Command::new(path).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
