//! What one contract file says about an endpoint, or about what is kept, and when it may change.
//!
//! `cargo xtask audit` reads these files instead of the BFFs' code.

use super::Route;
use bff_core::{Audience, Bff, Depends, Endpoint, Member, Shape};
use bff_openapi::{is_asked, type_name};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a contract file holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Contract {
    /// `GET /mobile/v1/home`.
    endpoint: String,
    /// `mobile.home/3`, as in `X-Schema-Version`.
    schema: String,
    /// `shared` or `personal`; `cache` for what no client sees.
    audience: String,
    /// `open` to everybody, or for who proves who they are with a `credential`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<String>,
    /// The scopes that a caller needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    /// What the endpoint promises not to exceed, in bytes before compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_budget_bytes: Option<usize>,
    /// The calls of the first stage by name, each `critical` or `optional`: clients see the names of
    /// critical ones in the codes of problems, and of optional ones in `meta.sections`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    calls: BTreeMap<String, String>,
    /// Every view in what is sent and answered, by name, with its version and fingerprint.
    views: BTreeMap<String, Version>,
    /// What a client sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// What a client sees, without `meta`.
    shape: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    revision: u32,
    fingerprint: String,
}

impl Contract {
    /// Seen by nobody but the cache, where instances of two releases must not read each other's.
    pub(super) fn of_kept(bff: &Bff, name: &str, shape: &Shape) -> Self {
        let mut views = BTreeMap::new();
        collect_views(shape, &mut views);
        Self {
            endpoint: format!("kept: {name}"),
            schema: format!("{}:{name}:v{}", bff.name, shape.revision()),
            audience: "cache".to_owned(),
            access: None,
            scopes: Vec::new(),
            payload_budget_bytes: None,
            calls: BTreeMap::new(),
            views,
            body: None,
            shape: sketch(shape),
        }
    }

    pub(super) fn of(bff: &Bff, endpoint: &Endpoint, calls: &[Depends]) -> Self {
        let mut views = BTreeMap::new();
        collect_views(endpoint.shape(), &mut views);
        if let Some(body) = endpoint.body() {
            collect_views(body, &mut views);
        }
        Self {
            endpoint: format!("{} {}", endpoint.method().name(), endpoint.path()),
            schema: format!("{}.{}/{}", bff.name, endpoint.name(), endpoint.shape().revision()),
            audience: match endpoint.audience() {
                Audience::Shared => "shared".to_owned(),
                Audience::Personal => "personal".to_owned(),
            },
            access: Some(
                if is_asked(endpoint, bff.auth) { "credential" } else { "open" }.to_owned(),
            ),
            payload_budget_bytes: endpoint.payload_budget(),
            scopes: endpoint.scopes().map(str::to_owned).collect(),
            // Critical ones come first, and win where a name is both.
            calls: calls.iter().rev().map(named).collect(),
            views,
            body: endpoint.body().map(sketch),
            shape: sketch(endpoint.shape()),
        }
    }

    /// How it is asked; nothing of what is only kept.
    pub(super) fn route(self) -> Option<Route> {
        let is_open = self.access? == "open";
        let (method, path) = self.endpoint.split_once(' ')?;
        let (method, path) = (method.to_owned(), path.to_owned());
        Some(Route { method, path, is_open, scopes: self.scopes, body: self.body })
    }

    /// A changed shape needs a higher revision, also when the file is about to be rewritten:
    /// clients and caches tell shapes apart by it.
    pub(super) fn allows(&self, new: &Self) -> Result<(), String> {
        let mut changed = Vec::new();
        for (name, version) in &new.views {
            let Some(old) = self.views.get(name) else { continue };
            if old.fingerprint != version.fingerprint && version.revision <= old.revision {
                changed.push(format!(
                    "`{}`: write #[view(revision = {})]",
                    type_name(name),
                    old.revision + 1
                ));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the shape changed but the revision did not. Old and new instances would read each other's cached values, \
             and clients could not tell the answers apart. Raise the revision of every view that changed, itself or \
             through a member, then run `make contracts ACCEPT=1`:\n  {}",
            changed.join("\n  ")
        ))
    }
}

fn named(call: &Depends) -> (String, String) {
    (call.dependency.to_owned(), call.criticality.word().to_owned())
}

fn collect_views(shape: &Shape, views: &mut BTreeMap<String, Version>) {
    match shape {
        Shape::Maybe(inner) | Shape::List(inner) => collect_views(inner, views),
        Shape::Record { name, revision, members } => {
            let version =
                Version { revision: *revision, fingerprint: shape.fingerprint().to_string() };
            views.insert((*name).to_owned(), version);
            for member in *members {
                collect_views(member.shape, views);
            }
        }
        Shape::Flag
        | Shape::Whole { .. }
        | Shape::Decimal { .. }
        | Shape::Text
        | Shape::Choice { .. } => {}
    }
}

/// The shape as a reader would sketch it: `?` marks a member that may be missing.
fn sketch(shape: &Shape) -> Value {
    match shape {
        Shape::Flag => json!("true or false"),
        Shape::Whole { .. } => json!("whole number"),
        Shape::Decimal { .. } => json!("number"),
        Shape::Text => json!("text"),
        Shape::Maybe(inner) => sketch(inner),
        Shape::List(inner) => json!([sketch(inner)]),
        Shape::Choice { words, .. } => json!(words.join(" | ")),
        Shape::Record { members, .. } => {
            let entry = |Member { name, shape, .. }: &Member| match shape {
                Shape::Maybe(_) => (format!("{name}?"), sketch(shape)),
                _ => ((*name).to_owned(), sketch(shape)),
            };
            Value::Object(members.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}
