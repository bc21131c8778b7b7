//! A directory of files that are replaced the way Kubernetes replaces a Secret's.
#![allow(
    clippy::expect_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

/// A mounted volume: its files are links through `..data`, which is itself a link to the directory of
/// the moment and is swapped as a whole. Dropping it removes it.
#[derive(Debug)]
pub struct Mounted {
    directory: PathBuf,
    versions: AtomicUsize,
}

impl Mounted {
    /// A volume with these names and contents. `name` keeps the tests of one process apart.
    ///
    /// # Panics
    /// When it cannot be written: it is a test.
    #[must_use]
    pub fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let own = format!("bff-mounted-{}-{name}", std::process::id());
        let mounted = Self { directory: std::env::temp_dir().join(own), versions: 0.into() };
        let _from_an_earlier_run = fs::remove_dir_all(&mounted.directory);
        fs::create_dir_all(&mounted.directory).expect("a directory");
        mounted.swap(files);
        for (file, _) in files {
            symlink(Path::new("..data").join(file), mounted.path(file)).expect("a link");
        }
        mounted
    }

    /// Where a file is.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// Replaces all files in one step.
    ///
    /// # Panics
    /// When they cannot be written: it is a test.
    pub fn swap(&self, files: &[(&str, &str)]) {
        let version = format!("..version-{}", self.versions.fetch_add(1, SeqCst));
        fs::create_dir(self.directory.join(&version)).expect("a directory");
        for (file, content) in files {
            fs::write(self.directory.join(&version).join(file), content).expect("a file");
        }
        let next = self.directory.join("..data_tmp");
        symlink(&version, &next).expect("a link");
        fs::rename(&next, self.directory.join("..data")).expect("the link is replaced");
    }

    /// Takes all files away.
    ///
    /// # Panics
    /// When they are not there: it is a test.
    pub fn empty(&self) {
        fs::remove_file(self.directory.join("..data")).expect("the link is there");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.directory);
    }
}
