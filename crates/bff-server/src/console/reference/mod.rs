//! The reference: what this BFF answers, for people. A page without a script, made from the same
//! OpenAPI document as `/openapi.json`, and from nothing else.

mod curl;
mod document;
mod operation;
mod schema;

use super::{
    page,
    words::{Escaped, Prose},
};
use document::Document;
use serde_json::Value;
use std::{fmt, fmt::Write, sync::LazyLock};

const STYLE: &str = concat!(include_str!("../base.css"), include_str!("reference.css"));

/// Only this style counts, and nothing is fetched from anywhere.
pub(crate) static REFERENCE_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        page::hash(STYLE)
    )
});

/// The whole page of an OpenAPI document (3.1). What the document says is text here, never markup.
pub(crate) fn reference(document: &Value) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // Into a String: this cannot fail.
    let _ = write_to(&mut out, &Document(document));
    out
}

fn write_to(out: &mut String, document: &Document<'_>) -> fmt::Result {
    let info = document.at("/info");
    let title = Escaped(info.text("title"));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"dark light\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><header><h1>{title} {}</h1><p>{}</p>\
         <nav><a href=\"/\">console</a> <a href=\"/openapi.json\">openapi.json</a></nav></header><ul class=\"index\">",
        Escaped(info.text("version")),
        Prose(info.text("description")),
    )?;
    let operations: Vec<_> = document.operations().collect();
    for operation in &operations {
        write!(
            out,
            "<li><a href=\"#{}\"><b class=\"method\">{}</b> <span class=\"path\">{}</span></a></li>",
            Escaped(&operation.id()),
            Escaped(&operation.method),
            Escaped(operation.path)
        )?;
    }
    out.push_str("</ul>");
    operations.iter().try_for_each(|operation| operation.write_to(out))?;
    let shared = document.shared();
    if !shared.is_empty() {
        out.push_str("<h2>Parts of many answers</h2>");
    }
    for name in shared {
        let named = document.at("/components/schemas").member(name);
        let name = Escaped(name);
        write!(out, "<section class=\"card\" id=\"schema-{name}\"><h3>{name}</h3>")?;
        schema::tree(out, named)?;
        out.push_str("</section>");
    }
    out.push_str("</main></body></html>");
    Ok(())
}

#[cfg(test)]
mod tests;
