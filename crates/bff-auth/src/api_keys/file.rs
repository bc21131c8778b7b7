//! The file with the keys: read whole, and read again when it has changed.

use super::entry::{Document, Entry, Hash};
use bff_core::ports::Principal;
use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// The keys by id.
pub(super) type Live = HashMap<String, LiveKey>;

/// What a request needs of a key.
#[derive(Debug)]
pub(super) struct LiveKey {
    pub(super) hash: Hash,
    pub(super) principal: Arc<Principal>,
    /// In seconds since 1970.
    pub(super) until: Option<f64>,
}

/// The file, and how it looked when it was read last.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    seen: Result<Look, io::ErrorKind>,
}

/// What differs when a file was written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<(Self, Live), String> {
        let source = Self { path: path.to_owned(), seen: look(path) };
        let live = source.read()?;
        Ok((source, live))
    }

    /// The keys in a file that is not as it was; `None` when it is.
    pub(super) fn changed(&mut self) -> Option<Result<Live, String>> {
        // Looked at before it is read: what is written in between is seen the next time.
        let now = look(&self.path);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(self.read())
    }

    fn read(&self) -> Result<Live, String> {
        read(&self.path).and_then(|document| {
            document.keys.into_iter().map(|(id, entry)| Ok((id.0, entry.live()?))).collect()
        })
    }
}

impl Entry {
    fn live(self) -> Result<LiveKey, String> {
        let principal = Principal::new(&self.subject.0).ok_or("not a subject")?;
        let principal = principal.with_scopes(self.scopes.iter().map(|scope| scope.0.as_str()));
        let until = self.not_after.map(|date| date.seconds());
        Ok(LiveKey { hash: self.hash.0, principal: Arc::new(principal), until })
    }
}

/// The file as it stands.
///
/// # Errors
/// What is wrong and on which line. The line itself is not quoted: somebody may have put a secret
/// there.
pub(super) fn read(path: &Path) -> Result<Document, String> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{place}, line {line}: {}", error.message())
    })
}

fn look(path: &Path) -> Result<Look, io::ErrorKind> {
    let look = |found: fs::Metadata| {
        Ok(Look { modified: found.modified()?, length: found.len(), inode: found.ino() })
    };
    fs::metadata(path).and_then(look).map_err(|error| error.kind())
}
