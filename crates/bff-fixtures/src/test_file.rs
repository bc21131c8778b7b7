//! Files of a test's own.
#![allow(
    clippy::expect_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use std::{fs, path::PathBuf};

/// A file of a test's own, gone with the test; `name` keeps parallel tests apart.
#[derive(Debug)]
pub struct TestFile(
    /// Where it is.
    pub PathBuf,
);

impl TestFile {
    /// Writes it.
    ///
    /// # Panics
    /// When it cannot be written: it is a test.
    #[must_use]
    pub fn new(name: &str, content: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("bff-file-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the directory for temporary files is writable");
        let file = Self(directory.join(name));
        file.write(content);
        file
    }

    /// Writes it anew.
    ///
    /// # Panics
    /// When it cannot be written: it is a test.
    pub fn write(&self, content: &str) {
        fs::write(&self.0, content).expect("the directory for temporary files is writable");
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
