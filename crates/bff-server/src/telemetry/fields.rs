//! The fields of a log line: as members of one JSON object, or as text.

use serde::Serialize;
use serde_json::to_writer;
use std::fmt::{self, Debug};
use tracing::{
    Metadata,
    field::{Field, FieldSet, Visit},
};
use tracing_subscriber::fmt::format::Writer;

/// Writes members of one object, whose closing brace is the caller's.
///
/// No two have one name: most log stores keep one of them and lose the other. What an event calls like a member of
/// ours, or twice, gets its place in the event behind its name.
pub(super) struct Members<'a> {
    line: &'a mut Vec<u8>,
    fields: &'a FieldSet,
}

/// What a line says anyway.
const OURS: [&str; 3] = ["timestamp", "level", "trace_id"];

impl<'a> Members<'a> {
    pub(super) fn of(event: &'a Metadata<'_>, line: &'a mut Vec<u8>) -> Self {
        Self { line, fields: event.fields() }
    }

    /// Adds a member of [`OURS`].
    pub(super) fn add(&mut self, name: &str, value: &dyn fmt::Display) {
        self.member(name, &format_args!("{value}"));
    }

    fn field(&mut self, field: &Field, value: impl Serialize) {
        let name = field.name();
        let mut before = self.fields.iter().take(field.index());
        if OURS.contains(&name) || before.any(|other| other.name() == name) {
            self.member(&self.free_name(field), &value);
        } else {
            self.member(name, &value);
        }
    }

    /// Ends in the field's place, so that no two are alike.
    #[cold]
    fn free_name(&self, field: &Field) -> String {
        let mut name = field.name().to_owned();
        while OURS.contains(&&*name) || self.fields.iter().any(|other| other.name() == name) {
            name = format!("{name}_{}", field.index());
        }
        name
    }

    fn member(&mut self, name: &str, value: &impl Serialize) {
        self.line.push(if self.line.is_empty() { b'{' } else { b',' });
        // Into memory: this cannot fail, nor can what follows.
        let _ = to_writer(&mut *self.line, name);
        self.line.push(b':');
        let _ = to_writer(&mut *self.line, value);
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, format_args!("{value:?}"));
    }
}

/// Writes the message, and fields as `name=value`.
pub(super) struct Text<'a, 'w>(pub(super) &'a mut Writer<'w>);

impl Visit for Text<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // A writer that fails says so when the line ends.
        let _ = match field.name() {
            "message" => write!(self.0, " {value}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
