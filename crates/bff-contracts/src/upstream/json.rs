//! JSON taken apart: places in it, its kind, and what is left of it.

use serde_json::{Map, Value, json};

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Member(String),
    /// Every item of a list.
    Items,
}

/// Calls `change` with every value at a place: one, or one per item of each list on the way.
pub(super) fn at(value: &mut Value, place: &[Step], change: &mut impl FnMut(&mut Value)) {
    let Some((step, rest)) = place.split_first() else { return change(value) };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            if let Some(member) = members.get_mut(name) {
                at(member, rest, change);
            }
        }
        (Step::Items, Value::Array(items)) => {
            items.iter_mut().for_each(|item| at(item, rest, change));
        }
        _ => {}
    }
}

/// Calls `change` with every value in a document, the outer ones first.
pub(super) fn everywhere(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| everywhere(value, change)),
        Value::Array(items) => items.iter_mut().for_each(|item| everywhere(item, change)),
        _ => {}
    }
}

/// What kind of value it is: names and types without texts and numbers.
pub(super) fn kind(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("true or false"),
        Value::Number(number) if number.is_f64() => json!("number"),
        Value::Number(_) => json!("whole number"),
        Value::String(_) => json!("text"),
        Value::Array(items) => {
            let mut kinds: Vec<Value> = Vec::new();
            for kind in items.iter().map(kind) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            Value::Array(kinds)
        }
        Value::Object(members) => {
            let entry = |(name, value): (&String, &Value)| (name.clone(), kind(value));
            Value::Object(members.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

/// The same with one item of each kind in every list.
pub(super) fn cut(mut value: Value) -> Value {
    everywhere(&mut value, &mut |value| {
        if let Value::Array(items) = value {
            let mut kinds: Vec<Value> = Vec::new();
            items.retain(|item| {
                let kind = kind(item);
                let is_new = !kinds.contains(&kind);
                kinds.push(kind);
                is_new
            });
        }
    });
    value
}

/// What is left when everything goes that `reads` does not name.
pub(super) fn only(value: &Value, reads: &Value) -> Value {
    match (value, reads) {
        (Value::Object(members), Value::Object(read)) => {
            let entry = |(name, value): (&String, &Value)| {
                let reads = read.get(name).or_else(|| read.get(&format!("{name}?")))?;
                Some((name.clone(), only(value, reads)))
            };
            Value::Object(members.iter().filter_map(entry).collect::<Map<_, _>>())
        }
        (Value::Array(items), Value::Array(read)) => match read.first() {
            Some(read) => items.iter().map(|item| only(item, read)).collect(),
            None => json!([]),
        },
        _ => value.clone(),
    }
}

/// Two lists of what is read as one: what one of them needs is needed.
pub(super) fn joined(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut all), Value::Object(more)) => {
            for (name, reads) in more {
                let bare = name.trim_end_matches('?').to_owned();
                let maybe = format!("{bare}?");
                let known = [all.remove(&bare), all.remove(&maybe)];
                let is_needed = known.first().is_some_and(Option::is_some) || name == bare;
                let known = known.into_iter().flatten().next().unwrap_or_default();
                all.insert(if is_needed { bare } else { maybe }, joined(known, reads));
            }
            Value::Object(all)
        }
        (Value::Array(one), Value::Array(other)) => {
            let (one, other) = (one.into_iter().next(), other.into_iter().next());
            match (one, other) {
                (Some(one), Some(other)) => json!([joined(one, other)]),
                (one, other) => one.or(other).into_iter().collect(),
            }
        }
        (Value::Null, other) => other,
        (one, other) if other.is_null() || other == "null" => one,
        (one, other) if one == "null" || one == "whole number" => other,
        (one, _) => one,
    }
}
