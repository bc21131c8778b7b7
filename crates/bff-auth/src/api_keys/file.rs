//! The file with the keys, read whole or not at all.

use super::entry::{Document, Entry, Hash};
use bff_core::ports::Principal;
use std::{collections::HashMap, fs, path::Path, sync::Arc};

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

/// The keys in the file as it stands.
///
/// # Errors
/// See [`read`].
pub(super) fn live(path: &Path) -> Result<Live, String> {
    let entries = read(path)?.keys.into_iter();
    entries.map(|(id, entry)| Ok((id.0, entry.live()?))).collect()
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
