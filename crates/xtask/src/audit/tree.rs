//! The files that an audit reads: what belongs to the BFFs and to how they are run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A text file by its path below the root, with `/` between the parts.
#[derive(Debug)]
pub struct File {
    /// The path.
    pub path: String,
    /// The content.
    pub text: String,
}

/// The files below `bffs/`, `contracts/` and `deploy/`.
#[derive(Debug)]
pub struct Tree {
    /// In the order of their paths.
    pub files: Vec<File>,
}

const FOLDERS: [&str; 3] = ["bffs", "contracts", "deploy"];

impl Tree {
    /// Reads what is there; files that are no text are left out.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
        folders.retain(|folder| folder.is_dir());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name == "target" || name.starts_with('.') {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = String::from_utf8(fs::read(&path)?) {
                    files.push(File { path: below(root, &path), text });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The names of the folders below `bffs/`.
    pub(crate) fn bffs(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.files.iter().filter_map(File::bff).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Those of them that are programs, and so have endpoints.
    pub(crate) fn programs(&self) -> Vec<&str> {
        let is_program = |bff: &&str| {
            let main = format!("bffs/{bff}/src/main.rs");
            self.files.iter().any(|file| file.path == main)
        };
        self.bffs().into_iter().filter(is_program).collect()
    }

    /// Where a view is declared: `product-screen` as `struct ProductScreen`.
    pub(crate) fn place_of_view(&self, bff: &str, view: &str) -> (String, usize) {
        let view = view.replace('-', "");
        self.place_of(bff, |line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "struct");
            words.nth(1).is_some_and(|name| name.eq_ignore_ascii_case(&view))
        })
    }

    /// The first line like that in the sources of a BFF; the BFF's folder when there is none.
    pub(crate) fn place_of(&self, bff: &str, is_it: impl Fn(&str) -> bool) -> (String, usize) {
        let sources = self.files.iter().filter(|file| file.is_source() && file.bff() == Some(bff));
        let place = |file: &File| {
            let at = file.text.lines().position(&is_it)?;
            Some((file.path.clone(), at + 1))
        };
        sources.into_iter().find_map(place).unwrap_or_else(|| (format!("bffs/{bff}"), 0))
    }
}

impl File {
    /// Whether it is code that ends up in a BFF.
    pub(crate) fn is_source(&self) -> bool {
        self.path.starts_with("bffs/")
            && self.path.split('/').nth(2) == Some("src")
            && self.path.ends_with(".rs")
    }

    pub(crate) fn is_endpoint(&self) -> bool {
        self.is_source() && self.path.contains("/src/endpoints/")
    }

    pub(crate) fn is_manifest(&self) -> bool {
        self.path.starts_with("bffs/") && self.path.ends_with("/Cargo.toml")
    }

    /// Whether it says how a BFF is run, and not to people only.
    pub(crate) fn is_configuration(&self) -> bool {
        let is_config = self.path.split('/').nth(2) == Some("config");
        (is_config || self.path.starts_with("deploy/")) && !self.path.ends_with(".md")
    }

    /// The BFF whose folder it is in.
    pub(crate) fn bff(&self) -> Option<&str> {
        let below = self.path.strip_prefix("bffs/")?;
        below.split_once('/').map(|(name, _)| name)
    }

    /// The BFF that it belongs to or runs.
    pub(crate) fn owner(&self) -> Option<&str> {
        let below = self.path.strip_prefix("deploy/").and_then(|rest| rest.split_once('/'));
        self.bff().or(below.map(|(name, _)| name))
    }

    /// The lines without comments, from 1.
    pub(crate) fn plain_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let plain = |line: &'_ str| match line.trim_start().starts_with('#') {
            true => 0,
            false => line.find(" #").unwrap_or(line.len()),
        };
        let lines = self.text.lines().enumerate();
        lines.map(move |(n, line)| (n + 1, line.get(..plain(line)).unwrap_or_default()))
    }
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
