//! Changes to the file, for operators: issue, revoke, list. It is written beside and renamed, so
//! that no process ever reads half of it.

use super::{
    entry::{Date, Document, Entry, HexHash, KeyId, Scope, Subject, hash},
    file,
    presented::{new_id, new_secret, text},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const HEAD: &str =
    "# API keys, written by `bff-key`: hashes only, nobody can read a key from here.\n\n";

/// Why the file is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyFileError(String);

/// A key to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// The partner, as services see it.
    pub subject: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// `2027-05-01` or `2027-05-01T12:00:00Z`: refused from that moment on.
    pub expires: Option<String>,
}

/// Adds a key to the file at `path`, which is made when it is not there, and returns the key: it
/// cannot be had again.
///
/// # Errors
/// A part of the key cannot be used, or the file cannot be changed.
pub fn issue(path: &Path, key: NewKey) -> Result<String, KeyFileError> {
    let wrong = |why: &'static str| KeyFileError(why.to_owned());
    let no_chance = |_| wrong("the system has no random numbers");
    let (id, secret) = (new_id().map_err(no_chance)?, new_secret().map_err(no_chance)?);
    let entry = Entry {
        hash: HexHash(hash(&secret)),
        subject: Subject::try_from(key.subject).map_err(wrong)?,
        scopes: key
            .scopes
            .into_iter()
            .map(Scope::try_from)
            .collect::<Result<_, _>>()
            .map_err(wrong)?,
        not_after: key.expires.map(Date::try_from).transpose().map_err(wrong)?,
    };
    let issued = text(&id, &secret);
    let id = KeyId::try_from(id).map_err(wrong)?;
    change(path, |keys| match keys.keys.insert(id, entry) {
        None => Ok(()),
        Some(_) => Err(wrong("the new key has the id of another one; try again")),
    })?;
    Ok(issued)
}

/// Takes the key with this id out of the file.
///
/// # Errors
/// There is no such key, or the file cannot be changed.
pub fn revoke(path: &Path, id: &str) -> Result<(), KeyFileError> {
    let unknown = || KeyFileError(format!("{} has no key `{id}`", path.display()));
    let known = KeyId::try_from(id.to_owned()).map_err(|_| unknown())?;
    change(path, |keys| keys.keys.remove(&known).map(drop).ok_or_else(unknown))
}

/// All keys by id.
///
/// # Errors
/// The file cannot be read.
pub fn list(path: &Path) -> Result<Vec<(String, Entry)>, KeyFileError> {
    let document = file::read(path).map_err(KeyFileError)?;
    Ok(document.keys.into_iter().map(|(id, entry)| (id.0, entry)).collect())
}

fn change(
    path: &Path,
    change: impl FnOnce(&mut Document) -> Result<(), KeyFileError>,
) -> Result<(), KeyFileError> {
    let mut new = Beside::of(path)?;
    let mut document = match path.try_exists() {
        Ok(false) => Document::default(),
        _ => file::read(path).map_err(KeyFileError)?,
    };
    change(&mut document)?;
    let text = toml::to_string(&document).map_err(|error| KeyFileError(error.to_string()))?;
    new.replace(path, &format!("{HEAD}{text}"))
        .map_err(|error| KeyFileError(format!("{}: {error}", path.display())))
}

/// The new file while it is written. Only one can be, so that of two changes at the same time none
/// is lost; removed when it comes to nothing.
struct Beside {
    path: PathBuf,
    file: File,
    in_place: bool,
}

impl Beside {
    fn of(path: &Path) -> Result<Self, KeyFileError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let path = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.map(|file| Self { path: path.clone(), file, in_place: false }).map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AlreadyExists => "; another change is under way; if not, remove it",
                _ => "",
            };
            KeyFileError(format!("{}: {error}{advice}", path.display()))
        })
    }

    fn replace(&mut self, path: &Path, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        fs::rename(&self.path, path)?;
        self.in_place = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.in_place {
            let _removed = fs::remove_file(&self.path);
        }
    }
}
