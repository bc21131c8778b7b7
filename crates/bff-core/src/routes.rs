//! Finding the endpoint for a request: one table for the server, the tests and the contracts.

use crate::{Bff, Endpoint, Method, TableError};
use std::sync::Arc;

/// The parameters of a path by name, still percent-encoded.
pub type Parameters = Vec<(String, String)>;

/// All endpoints of a BFF, ready to be found.
#[derive(Debug, Clone)]
pub struct Routes {
    endpoints: Arc<[Endpoint]>,
    paths: Arc<matchit::Router<usize>>,
}

/// What a request's method and path lead to.
#[derive(Debug)]
pub enum Found<'a> {
    /// An endpoint, by its place in the table, and the parameters of its path.
    Endpoint(usize, &'a Endpoint, Parameters),
    /// The path exists, with other methods.
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: &'static str,
    },
    /// Nothing.
    NotFound,
}

impl Routes {
    /// Builds the table and checks what the types cannot.
    ///
    /// # Errors
    /// The first line that cannot work.
    pub fn of(bff: &Bff) -> Result<Self, TableError> {
        let mut paths = matchit::Router::new();
        for (place, endpoint) in bff.endpoints.iter().enumerate() {
            endpoint.check(bff.auth)?;
            let path = endpoint.path();
            paths
                .insert(path, place)
                .map_err(|why| TableError::Route { path, why: why.to_string() })?;
        }
        Ok(Self { endpoints: bff.endpoints.clone().into(), paths: Arc::new(paths) })
    }

    /// All endpoints, in the order of the table.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The endpoint for a method and a path without its query.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Found<'_> {
        let Some((place, endpoint, parameters)) = self.at(path) else { return Found::NotFound };
        match (endpoint.method(), method) {
            (Method::Get, "GET" | "HEAD") => Found::Endpoint(place, endpoint, parameters),
            (Method::Get, _) => Found::MethodNotAllowed { allow: "GET, HEAD" },
        }
    }

    fn at(&self, path: &str) -> Option<(usize, &Endpoint, Parameters)> {
        let found = self.paths.at(path).ok()?;
        let parameters =
            found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some((*found.value, self.endpoints.get(*found.value)?, parameters))
    }
}
