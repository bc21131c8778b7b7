//! Right answers turned into wrong ones: what a fault does to content, not to the connection.

use super::{Fault, answer::Answer, gzip};
use serde_json::{Value, json};

/// A character the sample data never contains, and the first of its three UTF-8 bytes.
const MARK: &str = "\u{E000}";
const MARK_LEAD: u8 = 0xEE;

/// The answer as `fault` wants it; faults of the connection leave it as it is.
pub(super) fn spoiled(answer: Answer, fault: Fault) -> Answer {
    match fault {
        Fault::Status { code, retry_after } => status(code, retry_after),
        Fault::TruncatedJson => truncated(answer),
        Fault::WrongTypes => wrong_types(answer),
        Fault::WrongContentType => html(answer),
        Fault::DeepNesting => deeply_nested(answer),
        Fault::GzipBomb => gzip::bomb(answer),
        Fault::Gzip => gzip::encoded(answer),
        Fault::Redirect { location } => redirect(location),
        Fault::Empty => empty(answer),
        Fault::BadUtf8 => bad_utf8(answer),
        Fault::DuplicateKeys => duplicated(answer),
        Fault::NotANumber => not_a_number(answer),
        Fault::HugeHeader => huge_header(answer),
        _ => answer,
    }
}

fn status(code: u16, retry_after: Option<u64>) -> Answer {
    let answer = Answer::json(code, &json!({ "error": "a fault was asked for" }));
    // These two have no body, and a client would take one for the start of the next response.
    let answer = if matches!(code, 204 | 304) { answer.with_body(Vec::new()) } else { answer };
    match retry_after {
        Some(seconds) => answer.with_header("Retry-After", seconds.to_string()),
        None => answer,
    }
}

fn redirect(location: String) -> Answer {
    Answer::json(302, &json!({})).with_header("Location", location)
}

fn html(answer: Answer) -> Answer {
    let page = b"<!doctype html><title>Maintenance</title><h1>We will be right back</h1>\n";
    Answer { status: 200, content_type: "text/html", ..answer }.with_body(page.to_vec())
}

fn empty(answer: Answer) -> Answer {
    Answer { status: 200, ..answer }.with_body(Vec::new())
}

fn truncated(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}

fn huge_header(answer: Answer) -> Answer {
    answer.with_header("x".repeat(70_000), "1")
}

fn deeply_nested(answer: Answer) -> Answer {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let first = format!("{{\"nested\":{open}{close},");
    let body = [first.as_bytes(), members(&answer.body), b"}"].concat();
    answer.with_body(body)
}

fn duplicated(answer: Answer) -> Answer {
    let members = members(&answer.body);
    let body = [b"{", members, b",", members, b"}"].concat();
    answer.with_body(body)
}

fn wrong_types(answer: Answer) -> Answer {
    rewritten(answer, &|leaf| match leaf {
        Value::String(text) => text.len().into(),
        Value::Number(number) => number.to_string().into(),
        other => other,
    })
}

fn bad_utf8(answer: Answer) -> Answer {
    let mut answer = rewritten(answer, &|leaf| if leaf.is_string() { MARK.into() } else { leaf });
    for byte in answer.body.iter_mut().filter(|byte| **byte == MARK_LEAD) {
        *byte = 0xFF;
    }
    answer
}

fn not_a_number(answer: Answer) -> Answer {
    let answer = rewritten(answer, &|leaf| if leaf.is_number() { MARK.into() } else { leaf });
    let text = String::from_utf8_lossy(&answer.body).replace(&format!("\"{MARK}\""), "NaN");
    answer.with_body(text.into_bytes())
}

/// The inside of a JSON object, without its braces.
pub(super) fn members(object: &[u8]) -> &[u8] {
    object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(object)
}

fn rewritten(answer: Answer, change: &impl Fn(Value) -> Value) -> Answer {
    let value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let body = changed(value, change).to_string().into_bytes();
    answer.with_body(body)
}

fn changed(value: Value, change: &impl Fn(Value) -> Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| changed(item, change)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, changed(value, change))).collect()
        }
        leaf => change(leaf),
    }
}
