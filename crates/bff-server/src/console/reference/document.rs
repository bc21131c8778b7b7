//! Looking things up in a document that may lack any of them.

use super::operation::Operation;
use serde_json::{Map, Value};

/// References that lead to references end somewhere.
const MOST_REFERENCES: usize = 8;
const SCHEMAS: &str = "#/components/schemas/";
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An OpenAPI document.
#[derive(Clone, Copy)]
pub(super) struct Document<'a>(pub(super) &'a Value);

/// A part of one, with all of it at hand.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) document: Document<'a>,
    pub(super) value: &'a Value,
}

impl<'a> Document<'a> {
    pub(super) fn part(self, value: &'a Value) -> Part<'a> {
        Part { document: self, value }
    }

    /// The part at a JSON pointer; `null` when there is none.
    pub(super) fn at(self, pointer: &str) -> Part<'a> {
        self.part(self.0.pointer(pointer).unwrap_or(&Value::Null))
    }

    pub(super) fn operations(self) -> impl Iterator<Item = Operation<'a>> {
        self.at("/paths").members().flat_map(|(path, item)| {
            let methods = METHODS.into_iter().filter(move |method| !item.member(method).is_none());
            methods.map(move |method| Operation {
                path,
                method: method.to_ascii_uppercase(),
                shared: item.member("parameters"),
                part: item.member(method),
            })
        })
    }

    /// Schemas that several answers lead to: they are shown once.
    pub(super) fn shared(self) -> Vec<&'a str> {
        let mut seen = Vec::new();
        for place in ["/paths", "/components/responses"] {
            references(self.at(place).value, &mut seen);
        }
        let mut names: Vec<_> =
            seen.iter().filter_map(|target| target.strip_prefix(SCHEMAS)).collect();
        names.sort_unstable();
        let repeated = names.chunk_by(|one, other| one == other).filter(|same| same.len() > 1);
        repeated.filter_map(|same| same.first().copied()).collect()
    }
}

fn references<'a>(value: &'a Value, seen: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            seen.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, seen));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, seen)),
        _ => {}
    }
}

impl<'a> Part<'a> {
    pub(super) fn is_none(self) -> bool {
        self.value.is_null()
    }

    /// What is behind a reference, and everything else itself.
    pub(super) fn resolved(self) -> Self {
        let mut part = self;
        for _ in 0..MOST_REFERENCES {
            let Some(target) = part.value.get("$ref").and_then(Value::as_str) else { break };
            part = self.document.at(target.trim_start_matches('#'));
        }
        part
    }

    /// The name of the schema that is referred to.
    pub(super) fn schema_name(self) -> Option<&'a str> {
        self.value.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
    }

    pub(super) fn member(self, name: &str) -> Self {
        self.document.part(self.value.get(name).unwrap_or(&Value::Null))
    }

    pub(super) fn text(self, name: &str) -> &'a str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_true(self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn members(self) -> impl Iterator<Item = (&'a str, Self)> {
        let members: Option<&Map<String, Value>> = self.value.as_object();
        let document = self.document;
        members
            .into_iter()
            .flatten()
            .map(move |(name, value)| (name.as_str(), document.part(value)))
    }

    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        self.value.as_array().into_iter().flatten().map(move |value| document.part(value))
    }
}
