//! Requests of clients, made up from the endpoint table: the sample services know products `p-1`, `p-2`,
//! ..., users `u-1`, `u-2`, ..., and their orders `o-1-1`, ...

use super::Client;
use bff_core::{Bff, Endpoint, Found, Member, Routes, Shape};
use serde_json::{Map, Value, json};

/// The `n`th request to an endpoint, by the `n`th user: first with a product's id where one is wanted,
/// then with an order's.
pub(super) fn of(endpoint: &Endpoint, n: u32) -> [Client; 2] {
    [format!("p-{n}"), format!("o-{n}-1")].map(|id| {
        let segments = endpoint.path().split('/');
        let filled = segments.map(|part| if part.starts_with('{') { &id } else { part });
        let path = filled.collect::<Vec<_>>().join("/");
        Client {
            request: format!("{} {path}", endpoint.method().name()),
            user: format!("u-{n}"),
            body: endpoint.body().map_or(Value::Null, |shape| made_up(shape, &id)),
        }
    })
}

/// Whether the request leads to this endpoint.
pub(super) fn is_of(bff: &Bff, endpoint: &Endpoint, client: &Client) -> bool {
    let Ok(routes) = Routes::of(bff) else { return false };
    let (method, target) = client.request.split_once(' ').unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    matches!(routes.find(method, path), Found::Endpoint(_, found, _)
        if found.method() == endpoint.method() && found.path() == endpoint.path())
}

/// JSON of that shape; texts are ids.
fn made_up(shape: &Shape, id: &str) -> Value {
    match shape {
        Shape::Flag => json!(true),
        Shape::Whole { .. } | Shape::Decimal { .. } => json!(1),
        Shape::Text => json!(id),
        Shape::Maybe(inner) => made_up(inner, id),
        Shape::List(inner) => json!([made_up(inner, id)]),
        Shape::Choice { words, .. } => json!(words.first()),
        Shape::Record { members, .. } => {
            let entry =
                |Member { name, shape, .. }: &Member| ((*name).to_owned(), made_up(shape, id));
            Value::Object(members.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}
