//! All or nothing: files as they were, to be put back when a later step fails.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// What some files and folders held.
struct Snapshot {
    places: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// Does the work; when it fails, everything at `places` is again as it was before.
///
/// # Errors
/// The work's, with what became of the files.
pub(super) fn all_or_nothing<T>(
    root: &Path,
    places: &[String],
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let before = Snapshot::take(root, places).map_err(|error| error.to_string())?;
    work().map_err(|why| match before.restore() {
        Ok(()) => format!("{why}\nNothing was changed."),
        Err(error) => format!("{why}\nWhat was changed could not be taken back: {error}"),
    })
}

impl Snapshot {
    fn take(root: &Path, places: &[String]) -> io::Result<Self> {
        let places: Vec<PathBuf> = places.iter().map(|place| root.join(place)).collect();
        let mut files = BTreeMap::new();
        for path in files_at(&places)? {
            files.insert(path.clone(), fs::read(path)?);
        }
        Ok(Self { places, files })
    }

    fn restore(&self) -> io::Result<()> {
        for path in files_at(&self.places)? {
            if !self.files.contains_key(&path) {
                fs::remove_file(&path)?;
            }
        }
        for (path, bytes) in &self.files {
            if fs::read(path).ok().as_ref() != Some(bytes) {
                fs::create_dir_all(path.parent().unwrap_or(path))?;
                fs::write(path, bytes)?;
            }
        }
        self.places.iter().try_for_each(|place| remove_empty_folders(place))
    }
}

/// Every file at or below the places.
fn files_at(places: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut next) = (Vec::new(), places.to_vec());
    while let Some(path) = next.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                next.push(entry?.path());
            }
        } else if path.exists() {
            files.push(path);
        }
    }
    Ok(files)
}

fn remove_empty_folders(place: &Path) -> io::Result<()> {
    if !place.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        remove_empty_folders(&entry?.path())?;
    }
    match fs::read_dir(place)?.next() {
        None => fs::remove_dir(place),
        Some(_) => Ok(()),
    }
}
