//! Shapes as TypeScript, for clients that are written in it.

use crate::{
    Surface,
    names::{Names, operation_id},
    schema::filled,
};
use bff_core::{Endpoint, Reason, Shape};
use std::fmt::Write;

/// Every declaration of a surface.
pub(crate) fn of(surface: &Surface<'_>) -> String {
    let names = Names::of(surface.endpoints);
    let mut out = format!(
        "// The answers of the {} BFF. Made from its endpoint table by `make contracts ACCEPT=1`; not edited by hand.\n\n{}",
        surface.name,
        envelope()
    );
    for (name, shape) in names.records() {
        interface(&mut out, &name, shape, &names);
    }
    // Writing into a string does not fail.
    let _ = writeln!(out, "/** Every route by its operation. */\nexport interface Operations {{");
    for endpoint in surface.endpoints {
        operation(&mut out, endpoint, surface, &names);
    }
    out.push_str("}\n");
    out
}

/// What is the same for all views.
fn envelope() -> String {
    let union = |words: &[&str]| {
        let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        quoted.join(" | ")
    };
    let (filled, reasons) = (union(&filled()), union(&Reason::ALL.map(Reason::code)));
    format!(
        "/** A section that is not what its service would have said just now. */
export interface DegradedSection {{
  section: string;
  filled: {filled};
  ageSeconds?: number;
  reason: {reasons};
}}

/** What the envelope says about the answer itself. */
export interface Meta {{
  traceId: string;
  /** RFC 3339. */
  generatedAt: string;
  latencyMs: number;
  degraded: boolean;
  sections: DegradedSection[];
}}

/** A view as it arrives. */
export type Enveloped<View> = View & {{ meta: Meta }};

/** Every error (RFC 9457): `code` is for programs, `message` may be shown to a person. */
export interface Problem {{
  type: string;
  title: string;
  status: number;
  code: string;
  message: string;
  traceId: string;
  retryable: boolean;
}}

"
    )
}

fn interface(out: &mut String, name: &str, shape: &Shape, names: &Names) {
    let _ = writeln!(out, "/** Revision {}. */\nexport interface {name} {{", shape.revision());
    for member in shape.members() {
        let _ = match member.shape {
            Shape::Maybe(inner) => writeln!(out, "  {}?: {};", member.name, kind(inner, names)),
            shape => writeln!(out, "  {}: {};", member.name, kind(shape, names)),
        };
    }
    out.push_str("}\n\n");
}

fn operation(out: &mut String, endpoint: &Endpoint, surface: &Surface<'_>, names: &Names) {
    let id = operation_id(endpoint, surface.endpoints);
    let body = endpoint.body().map_or("undefined".to_owned(), |body| kind(body, names));
    let method = endpoint.method().name();
    let (path, answer) = (endpoint.path(), names.name(endpoint.shape()));
    let _ = writeln!(
        out,
        "  {id}: {{\n    method: \"{method}\";\n    path: \"{path}\";\n    body: {body};\n    answer: Enveloped<{answer}>;\n  }};"
    );
}

fn kind(shape: &Shape, names: &Names) -> String {
    match shape {
        Shape::Flag => "boolean".to_owned(),
        Shape::Whole { .. } | Shape::Decimal { .. } => "number".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Maybe(inner) => format!("{} | null", kind(inner, names)),
        Shape::List(inner) => match inner {
            Shape::Choice { .. } | Shape::Maybe(_) => format!("({})[]", kind(inner, names)),
            _ => format!("{}[]", kind(inner, names)),
        },
        Shape::Choice { words, .. } => {
            let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            quoted.join(" | ")
        }
        Shape::Record { .. } => names.name(shape),
    }
}
