//! What is logged while a test runs.

use std::{
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Log lines in memory: a writer for a subscriber. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// The lines that have all of these parts.
    #[must_use]
    pub fn with(&self, parts: &[&str]) -> Vec<String> {
        let bytes = self.lock();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter(|line| parts.iter().all(|part| line.contains(part)));
        lines.map(str::to_owned).collect()
    }

    /// How many lines have this part.
    #[must_use]
    pub fn count(&self, part: &str) -> usize {
        self.with(&[part]).len()
    }

    /// All lines so far, which are forgotten.
    #[must_use]
    pub fn take(&self) -> String {
        String::from_utf8_lossy(&mem::take(&mut *self.lock())).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
