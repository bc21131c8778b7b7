//! The routes of a BFF as its committed contracts tell them, for whoever calls a BFF without knowing
//! its code.

use super::file::Contract;
use crate::files::files_below;
use serde_json::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: String,
    /// The path with its parameters, `/v2/products/{product}`.
    pub path: String,
    /// Whether anybody may ask.
    pub is_open: bool,
    /// The scopes that a caller needs.
    pub scopes: Vec<String>,
    /// A sketch of the body, where one is sent: member names with `text`, `whole number` and so on.
    pub body: Option<Value>,
}

/// The endpoints below `directory/<bff>/`, by their paths; none where there are no contracts.
///
/// # Errors
/// A file that cannot be read, or is no contract.
pub fn routes(directory: &Path, bff: &str) -> io::Result<Vec<Route>> {
    let mut routes = Vec::new();
    let own = directory.join(bff);
    // Documents stand above the folders of versions, recorded answers of services below them.
    let is_contract = |path: &PathBuf| path.parent().and_then(Path::parent) == Some(&own);
    for path in files_below(&own)?.into_iter().filter(is_contract) {
        let contract: Contract = serde_json::from_slice(&fs::read(&path)?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        routes.extend(contract.route());
    }
    routes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(routes)
}
