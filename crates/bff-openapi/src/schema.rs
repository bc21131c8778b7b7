//! Shapes as JSON Schema (2020-12), which OpenAPI 3.1 speaks.

use crate::names::Names;
use bff_core::{Filled, Member, Reason, Shape};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The schemas of all views, of the envelope and of problems.
pub(crate) fn components(names: &Names) -> Value {
    let mut schemas: Map<String, Value> = Map::new();
    for (name, shape) in names.records() {
        schemas.insert(name, record(shape, names));
    }
    schemas.insert("Meta".to_owned(), meta());
    schemas.insert("DegradedSection".to_owned(), section());
    schemas.insert("Problem".to_owned(), crate::problems::schema());
    Value::Object(schemas)
}

/// A reference to a view, or what stands for anything else.
pub(crate) fn of(shape: &Shape, names: &Names) -> Value {
    match shape {
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Whole { .. } => json!({"type": "integer"}),
        Shape::Decimal { .. } => json!({"type": "number"}),
        Shape::Text => text(),
        Shape::Choice { words, .. } => json!({"type": "string", "enum": words}),
        // In a list; a member that may be missing is no schema of its own.
        Shape::Maybe(inner) => json!({"anyOf": [of(inner, names), {"type": "null"}]}),
        Shape::List(inner) => json!({"type": "array", "items": of(inner, names)}),
        Shape::Record { .. } => reference("schemas", &names.name(shape)),
    }
}

pub(crate) fn text() -> Value {
    json!({"type": "string"})
}

pub(crate) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

fn record(shape: &Shape, names: &Names) -> Value {
    let members = shape.members();
    let property = |Member { name, shape, .. }: &Member| {
        let schema = match shape {
            Shape::Maybe(inner) => of(inner, names),
            _ => of(shape, names),
        };
        ((*name).to_owned(), schema)
    };
    let is_sure = |member: &&Member| !matches!(member.shape, Shape::Maybe(_));
    let required: Vec<_> = members.iter().filter(is_sure).map(|member| member.name).collect();
    json!({
        "type": "object",
        "required": required,
        "properties": members.iter().map(property).collect::<Map<_, _>>(),
        "x-revision": shape.revision(),
    })
}

fn meta() -> Value {
    json!({
        "type": "object",
        "description": "What the envelope says about the answer itself.",
        "required": ["traceId", "generatedAt", "latencyMs", "degraded", "sections"],
        "properties": {
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "generatedAt": {"type": "string", "format": "date-time"},
            "latencyMs": {"type": "integer", "minimum": 0},
            "degraded": {"type": "boolean"},
            "sections": {"type": "array", "items": reference("schemas", "DegradedSection")},
        },
    })
}

fn section() -> Value {
    json!({
        "type": "object",
        "description": "A section that is not what its service would have said just now.",
        "required": ["section", "filled", "reason"],
        "properties": {
            "section": {"type": "string"},
            "filled": {"type": "string", "enum": filled()},
            "ageSeconds": {"type": "integer", "minimum": 0},
            "reason": {"type": "string", "enum": Reason::ALL.map(Reason::code)},
        },
    })
}

/// What stands in the place of a missing answer.
pub(crate) fn filled() -> [&'static str; 3] {
    [Filled::Default, Filled::Stale { age: Duration::ZERO }, Filled::Absent].map(Filled::word)
}
