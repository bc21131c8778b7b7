//! Finding the endpoint for a request: one table for the server, the tests and the contracts.

use crate::{Bff, Endpoint, Method, TableError};
use std::{collections::HashMap, sync::Arc};

/// The parameters of a path by name, still percent-encoded.
pub type Parameters = Vec<(String, String)>;

/// All endpoints of a BFF, ready to be found.
#[derive(Debug, Clone)]
pub struct Routes {
    endpoints: Arc<[Endpoint]>,
    paths: Arc<matchit::Router<AtPath>>,
}

/// What answers at one path, by place in the table.
#[derive(Debug, Clone, Default)]
struct AtPath {
    places: [Option<usize>; Method::ALL.len()],
    /// The value of the `Allow` header.
    allow: String,
}

/// What a request's method and path lead to.
#[derive(Debug)]
pub enum Found<'a> {
    /// An endpoint, by its place in the table, and the parameters of its path.
    Endpoint(usize, &'a Endpoint, Parameters),
    /// The path exists, with other methods.
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: &'a str,
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
        let mut by_path: Vec<(&'static str, AtPath)> = Vec::new();
        let mut known = HashMap::new();
        for (place, endpoint) in bff.endpoints.iter().enumerate() {
            endpoint.check(bff.auth)?;
            let path = endpoint.path();
            let at = *known.entry(path).or_insert_with(|| {
                by_path.push((path, AtPath::default()));
                by_path.len() - 1
            });
            let Some((_, at_path)) = by_path.get_mut(at) else { continue };
            if at_path.add(endpoint.method(), place).is_some() {
                let why = "there are two with this method".to_owned();
                return Err(TableError::Route { path, why });
            }
        }
        let mut paths = matchit::Router::new();
        for (path, at_path) in by_path {
            paths
                .insert(path, at_path)
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
        let Ok(found) = self.paths.at(path) else { return Found::NotFound };
        let method = Method::answering(method);
        let Some(place) = method.and_then(|method| found.value.place(method)) else {
            return Found::MethodNotAllowed { allow: &found.value.allow };
        };
        let Some(endpoint) = self.endpoints.get(place) else { return Found::NotFound };
        let parameters =
            found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Found::Endpoint(place, endpoint, parameters)
    }
}

impl AtPath {
    /// The place of the endpoint that had this method before.
    fn add(&mut self, method: Method, place: usize) -> Option<usize> {
        let before = self.places.get_mut(method as usize)?.replace(place);
        let known = Method::ALL.into_iter().filter(|method| self.place(*method).is_some());
        let names = known.map(|method| match method {
            Method::Get => "GET, HEAD",
            other => other.name(),
        });
        self.allow = names.collect::<Vec<_>>().join(", ");
        before
    }

    fn place(&self, method: Method) -> Option<usize> {
        self.places.get(method as usize).copied().flatten()
    }
}
