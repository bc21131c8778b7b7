//! A schema as a tree that people read.

use super::{
    super::words::{Escaped, Prose},
    document::Part,
};
use serde_json::Value;
use std::{fmt, fmt::Write};

/// Schemas may contain themselves.
const DEEPEST: usize = 12;

/// The members of a schema, those of members below them.
pub(super) fn tree(out: &mut String, schema: Part<'_>) -> fmt::Result {
    below(out, schema, DEEPEST)
}

fn below(out: &mut String, schema: Part<'_>, depth: usize) -> fmt::Result {
    let object = content(schema);
    let mut members = Vec::new();
    gather(object, &mut members);
    if members.is_empty() || depth == 0 {
        return Ok(());
    }
    out.push_str("<ul class=\"tree\">");
    for (name, schema, is_sure) in members {
        out.push_str("<li>");
        member(out, name, schema, is_sure)?;
        if shown_elsewhere(schema).is_none() {
            below(out, schema, depth - 1)?;
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
    Ok(())
}

/// One line: a name, its type, and what is said about it.
pub(super) fn member(out: &mut String, name: &str, schema: Part<'_>, is_sure: bool) -> fmt::Result {
    write!(out, "<b class=\"name\">{}</b> ", Escaped(name))?;
    let kind = type_of(schema);
    match shown_elsewhere(schema) {
        Some(name) => {
            write!(out, "<a href=\"#schema-{}\">{}</a>", Escaped(name), Escaped(&kind))?;
        }
        None => write!(out, "<span class=\"type\">{}</span>", Escaped(&kind))?,
    }
    if !is_sure {
        out.push_str(" <span class=\"maybe\">may be missing</span>");
    }
    describe(out, schema.resolved().text("description"))
}

/// A line of explanation; nothing for no text.
pub(super) fn describe(out: &mut String, text: &str) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    write!(out, " <span class=\"quiet\">{}</span>", Prose(text))
}

/// The schema of the items of lists; everything else itself.
fn content(schema: Part<'_>) -> Part<'_> {
    let mut part = schema.resolved();
    for _ in 0..DEEPEST {
        let items = part.member("items");
        if items.is_none() {
            break;
        }
        part = items.resolved();
    }
    part
}

/// Members of an object and of all that it is made of, with whether they are always there.
fn gather<'a>(object: Part<'a>, members: &mut Vec<(&'a str, Part<'a>, bool)>) {
    for part in ["allOf", "anyOf", "oneOf"].map(|word| object.member(word)) {
        part.items().for_each(|part| gather(content(part), members));
    }
    let required: Vec<_> = object.member("required").items().map(|name| name.value).collect();
    for (name, schema) in object.member("properties").members() {
        let is_sure = required.iter().any(|known| known.as_str() == Some(name));
        members.push((name, schema, is_sure));
    }
}

/// The name of a schema that the page shows once for all.
pub(super) fn shown_elsewhere(schema: Part<'_>) -> Option<&str> {
    let name = schema.schema_name().or_else(|| schema.member("items").schema_name())?;
    schema.document.shared().contains(&name).then_some(name)
}

/// `text`, `list of whole number`, `one of A, B`, with its limits; the name of what has one.
pub(super) fn type_of(schema: Part<'_>) -> String {
    words(schema, DEEPEST)
}

fn words(schema: Part<'_>, depth: usize) -> String {
    let part = schema.resolved();
    if depth == 0 {
        return "...".to_owned();
    }
    let all = |word: &str| {
        let parts = part.member(word).items().map(|part| words(part, depth - 1));
        parts.collect::<Vec<_>>()
    };
    let choices = [all("anyOf"), all("oneOf")].concat();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    if let Some(fixed) = part.value.get("const") {
        return format!("always {}", plain(fixed));
    }
    let known = part.member("enum");
    if !known.is_none() {
        let known: Vec<_> = known.items().map(|word| plain(word.value)).collect();
        return format!("one of {}", known.join(", "));
    }
    if !part.member("items").is_none() {
        return format!("list of {}", words(part.member("items"), depth - 1));
    }
    let mut parts = part.member("allOf").items();
    let name = schema.schema_name().or_else(|| parts.find_map(Part::schema_name));
    let is_object = !part.member("properties").is_none() || !part.member("allOf").is_none();
    if let Some(name) = name.filter(|_| is_object) {
        return name.to_owned();
    }
    let mut text = match part.member("type").value {
        Value::String(word) => word.replace("string", "text").replace("integer", "whole number"),
        Value::Array(words) => words.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ if is_object => "object".to_owned(),
        _ => "anything".to_owned(),
    };
    for limit in ["format", "minimum", "maximum", "maxLength", "default", "pattern"] {
        if let Some(value) = part.value.get(limit) {
            text += &format!(", {limit} {}", plain(value));
        }
    }
    text
}

/// Text without quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
