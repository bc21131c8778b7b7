//! A copy of this workspace in a repository of its own, in which commands may do what they do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::sources;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The copy. Dropping it removes it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// What git has or would take, committed once more.
    pub(crate) fn copy(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _rest_of_an_earlier_run = fs::remove_dir_all(&root);
        for path in sources::files(&["--cached", "--others", "--exclude-standard"]) {
            let new = root.join(&path);
            fs::create_dir_all(new.parent().unwrap()).unwrap();
            fs::copy(sources::workspace().join(path), &new).unwrap();
        }
        let copy = Self { root };
        copy.git(&["init", "--quiet"]);
        copy.commit();
        copy
    }

    /// Commits everything that is there.
    pub(crate) fn commit(&self) {
        // Nobody needs it after a power failure.
        self.git(&["-c", "core.fsync=none", "add", "--all"]);
        let somebody = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let unsigned = [
            "-c",
            "commit.gpgsign=false",
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "as it is",
        ];
        self.git(&[&somebody[..], &unsigned].concat());
    }

    /// What is not as committed; empty when nothing is.
    pub(crate) fn status(&self) -> String {
        self.git(&["status", "--porcelain", "--untracked-files=all"])
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        said(Command::new("git").args(arguments).current_dir(&self.root))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _whatever_is_left = fs::remove_dir_all(&self.root);
    }
}

/// What a program wrote; the test ends when it fails.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}:\n{out}{err}");
    out
}
