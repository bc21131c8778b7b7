//! What a BFF answers, for other programs: an OpenAPI 3.1 document and TypeScript types, both made
//! from the endpoint table and the shapes of its views, so that neither can say something else than
//! the BFF does.
#![forbid(unsafe_code)]

mod names;
mod operation;
mod problems;
mod schema;
mod session;
mod typescript;

pub use names::{type_name, version};
pub use problems::is_asked;

use bff_core::{Auth, Endpoint};
use names::Names;
use serde_json::{Map, Value, json};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What both documents are made of.
#[derive(Debug, Clone, Copy)]
pub struct Surface<'a> {
    /// The BFF: `mobile`.
    pub name: &'a str,
    /// How callers prove who they are.
    pub auth: Auth,
    /// The table.
    pub endpoints: &'a [Endpoint],
}

impl<'a> Surface<'a> {
    /// Of a BFF.
    #[must_use]
    pub fn of(bff: &'a bff_core::Bff) -> Self {
        Self { name: bff.name, auth: bff.auth, endpoints: &bff.endpoints }
    }

    /// The OpenAPI 3.1 document (<https://spec.openapis.org/oas/v3.1.1>). Its version is the newest
    /// one in the paths, which does not change with a release.
    #[must_use]
    pub fn openapi(&self) -> Value {
        let names = Names::of(self.endpoints);
        let mut paths: Map<String, Value> = Map::new();
        for endpoint in self.endpoints {
            let item = paths.entry(endpoint.path()).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                let method = endpoint.method().name().to_ascii_lowercase();
                item.insert(method, operation::of(self, endpoint, &names));
            }
        }
        if self.auth == Auth::Session {
            paths.extend(session::paths().map(|(path, item)| (path.to_owned(), item)));
        }
        let versions = self.endpoints.iter().filter_map(|endpoint| version(endpoint.path()));
        json!({
            "openapi": "3.1.1",
            "info": {
                "title": format!("{} BFF", self.name),
                "version": versions.max_by_key(|text| (text.len(), *text)).unwrap_or("unversioned"),
                "description": "Made from the endpoint table. Every answer is its view's members and `meta`; every error is a problem (RFC 9457). Unknown members may appear at any time."
            },
            "paths": paths,
            "components": {
                "schemas": schema::components(&names),
                "headers": operation::headers(),
                "responses": problems::components(),
                "securitySchemes": operation::schemes(self.auth),
            }
        })
    }

    /// TypeScript declarations: an interface for every view, a union for every choice, and a table
    /// from route to body and answer.
    #[must_use]
    pub fn typescript(&self) -> String {
        typescript::of(self)
    }
}

#[cfg(test)]
mod tests;
