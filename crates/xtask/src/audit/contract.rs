//! The BFFs as `contracts/` knows them. Each BFF's own contract test holds these files equal to its
//! code, so whoever reads them knows the endpoints without building any BFF.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A BFF by its contracts.
#[derive(Debug)]
pub struct Surface {
    /// `mobile`.
    pub name: String,
    /// In the order of their files.
    pub endpoints: Vec<Contract>,
}

/// What is committed about one endpoint: `contracts/<bff>/<version>/<view>.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// `GET /mobile/v1/home`.
    endpoint: String,
    /// `mobile.home/3`, as in `X-Schema-Version`.
    pub schema: String,
    /// `shared` or `personal`; `cache` for what no client sees.
    pub audience: String,
    /// `open` or `credential`; nothing for what no client sees.
    #[serde(default)]
    pub access: String,
    /// What it promises not to exceed, in bytes before compression.
    pub payload_budget_bytes: Option<usize>,
    /// What a client sees, without `meta`: objects with `?` behind the names of members that may be
    /// missing, lists of one sketch, and words for everything else.
    pub shape: Value,
}

/// Every BFF in `contracts/` below a root, by name; none where there is no such directory.
///
/// # Errors
/// A file that cannot be read, or is no contract, by its path.
pub fn surfaces(root: &Path) -> Result<Vec<Surface>, String> {
    let mut surfaces = Vec::new();
    for folder in folders(&root.join("contracts"))? {
        let mut endpoints = Vec::new();
        // What services answer is no contract of an endpoint.
        let versions = folders(&folder)?.into_iter().filter(|folder| !folder.ends_with("upstream"));
        for version in versions {
            for file in entries(&version)? {
                endpoints
                    .extend(Some(read(&file)?).filter(|contract| contract.audience != "cache"));
            }
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        surfaces.push(Surface { name, endpoints });
    }
    Ok(surfaces)
}

impl Contract {
    /// `GET` or `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.endpoint.split_once(' ').map_or("", |(method, _)| method)
    }

    /// `/mobile/v1/products/{product}`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.endpoint.split_once(' ').map_or("", |(_, path)| path)
    }

    /// The name of the view: `product-screen` of `mobile.product-screen/1`.
    #[must_use]
    pub fn view(&self) -> &str {
        let (_, rest) = self.schema.split_once('.').unwrap_or(("", &self.schema));
        rest.split_once('/').map_or(rest, |(name, _)| name)
    }

    /// The members at the top; none of a view that is no record.
    #[must_use]
    pub fn members(&self) -> usize {
        self.shape.as_object().map_or(0, Map::len)
    }

    /// Whether a cache between may show the answer to everybody.
    #[must_use]
    pub fn may_be_public(&self) -> bool {
        self.access == "open" && self.audience == "shared"
    }
}

fn read(path: &Path) -> Result<Contract, String> {
    let wrong = |why: String| format!("{}: {why}", path.display());
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let all = entries(folder)?;
    Ok(all.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(wrong)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(wrong)?.path());
    }
    paths.sort();
    Ok(paths)
}
