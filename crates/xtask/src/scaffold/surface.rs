//! What tells one BFF from another in its files: a name and two ports.

use super::{bff, camel, snake, tools};
use std::path::Path;
use toml::Table;

/// Public ports are above this one, admin ports above [`ADMIN`].
const PUBLIC: u16 = 8080;
const ADMIN: u16 = 9080;

/// A BFF, as far as templates know it.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) name: String,
    pub(super) public: u16,
    pub(super) admin: u16,
}

impl Surface {
    /// A new one, on the first two ports that no BFF has.
    ///
    /// # Errors
    /// What cannot be read, or that there is no port left.
    pub(super) fn free(root: &Path, name: &str) -> Result<Self, String> {
        let mut taken = Vec::new();
        for bff in bff::names(root)? {
            let known = Self::of(root, &bff)?;
            taken.extend([known.public, known.admin]);
        }
        let is_free = |n: &u16| !taken.contains(&(PUBLIC + n)) && !taken.contains(&(ADMIN + n));
        let n = (1..=ADMIN - PUBLIC - 1).find(is_free).ok_or("there is no port left")?;
        Ok(Self { name: name.to_owned(), public: PUBLIC + n, admin: ADMIN + n })
    }

    /// One that is there, by its configuration.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn of(root: &Path, name: &str) -> Result<Self, String> {
        let path = format!("bffs/{name}/config/base.toml");
        let table: Table = tools::read(root, &path)?.parse().map_err(|e| format!("{path}: {e}"))?;
        let port = |of: &str| {
            let listen = table.get(of).and_then(|of| of.get("listen")?.as_str());
            let port = listen.and_then(|address| address.rsplit(':').next()?.parse().ok());
            port.ok_or(format!("{path}: {of}.listen has no port"))
        };
        Ok(Self { name: name.to_owned(), public: port("server")?, admin: port("admin")? })
    }

    /// What stands between @ signs in its templates.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        vec![
            ("name", self.name.clone()),
            ("crate", snake(&self.name)),
            ("camel", camel(&self.name)),
            ("public", self.public.to_string()),
            ("admin", self.admin.to_string()),
        ]
    }
}
