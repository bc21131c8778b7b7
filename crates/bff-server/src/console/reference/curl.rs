//! An operation as a line for a shell, with what only the reader knows as variables.

use super::{document::Part, operation::Operation};
use serde_json::{Map, Value, json};

/// Schemas may contain themselves.
const DEEPEST: usize = 8;

/// `curl "$BFF/mobile/v1/home" -H "Authorization: Bearer $TOKEN"`.
pub(super) fn example(operation: &Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    let mut query = String::new();
    let mut headers: Vec<String> = operation
        .security()
        .first()
        .map(|(name, _)| {
            credential(operation.part.document.at("/components/securitySchemes").member(name))
        })
        .into_iter()
        .flatten()
        .collect();
    for parameter in operation.parameters() {
        let name = parameter.text("name");
        let value = value(name, parameter.member("schema").resolved());
        match parameter.text("in") {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" if parameter.is_true("required") => {
                query.push(if query.is_empty() { '?' } else { '&' });
                query += &format!("{name}={value}");
            }
            "header" if parameter.is_true("required") => headers.push(format!("{name}: {value}")),
            _ => {}
        }
    }
    let method = match operation.method.as_str() {
        "GET" => String::new(),
        other => format!(" -X {other}"),
    };
    let mut line = format!("curl{method} \"$BFF{}{}\"", quoted(&path), quoted(&query));
    let body = operation.part.member("requestBody").resolved().member("content");
    if let Some((kind, content)) = body.members().next() {
        headers.push(format!("Content-Type: {kind}"));
        let body = match kind {
            "application/json" => made_up(content.member("schema"), DEEPEST).to_string(),
            _ => "$BODY".to_owned(),
        };
        let body = if body == "$BODY" { "\"$BODY\"".to_owned() } else { single(&body) };
        line += &format!(" \\\n  -d {body}");
    }
    headers.iter().for_each(|header| line += &format!(" \\\n  -H \"{}\"", quoted(header)));
    line
}

fn credential(scheme: Part<'_>) -> Option<String> {
    let scheme = scheme.resolved();
    let name = scheme.text("name");
    match (scheme.text("type"), scheme.text("scheme"), scheme.text("in")) {
        ("http", "bearer", _) => Some("Authorization: Bearer $TOKEN".to_owned()),
        ("apiKey", _, "header") => Some(format!("{name}: ${}", variable(name))),
        ("apiKey", _, "cookie") => Some(format!("Cookie: {name}=$SESSION")),
        _ => None,
    }
}

/// What a parameter has to be, or a variable of its name.
fn value(name: &str, schema: Part<'_>) -> String {
    match schema.value.get("const") {
        Some(fixed) => super::schema::plain(fixed),
        None => format!("${}", variable(name)),
    }
}

fn variable(name: &str) -> String {
    name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_").to_ascii_uppercase()
}

/// Inside double quotes of a shell; variables stay.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`")
}

/// In single quotes of a shell.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// JSON of the schema, for somebody to write over.
fn made_up(schema: Part<'_>, depth: usize) -> Value {
    let part = schema.resolved();
    let (known, items) = (part.member("enum"), part.member("items"));
    if let Some(fixed) = part.value.get("const") {
        return fixed.clone();
    }
    if let Some(first) = known.items().next() {
        return first.value.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if !items.is_none() {
        return json!([made_up(items, depth - 1)]);
    }
    match part.text("type") {
        "boolean" => json!(true),
        "integer" | "number" => json!(1),
        "string" => json!("..."),
        _ => {
            let members = part.member("properties").members();
            let entry = |(name, schema): (&str, _)| (name.to_owned(), made_up(schema, depth - 1));
            Value::Object(members.map(entry).collect::<Map<_, _>>())
        }
    }
}
