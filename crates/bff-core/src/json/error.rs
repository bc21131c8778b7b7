//! What was wrong, and where. No text quotes what was found: errors are logged, and the value may be
//! a field that nobody was meant to see.

use serde::de::{self, Expected, Unexpected};
use std::{borrow::Cow, fmt};

/// Why a text cannot be read. One pointer wide, because every step returns one or none.
#[derive(Debug)]
pub(crate) struct Error(Box<Reason>);

#[derive(Debug)]
struct Reason {
    what: Cow<'static, str>,
    /// How many bytes had been looked at.
    at: Option<usize>,
}

impl Error {
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Reason { what: what.into(), at: None }))
    }

    /// `what`, and what a view says that it reads.
    pub(super) fn expected(what: &str, expected: &dyn Expected) -> Self {
        Self::new(format!("{what}, expected {expected}"))
    }

    /// Adds the place, unless a narrower one is known.
    pub(super) fn at(mut self, at: usize) -> Self {
        self.0.at.get_or_insert(at);
        self
    }

    /// The error with line and column of its place in this text.
    pub(crate) fn describe(&self, text: &str) -> String {
        let seen = text.as_bytes().get(..self.0.at.unwrap_or(0)).unwrap_or(text.as_bytes());
        let line = seen.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = seen.iter().rev().take_while(|byte| **byte != b'\n').count();
        format!("{self} at line {line} column {column}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)
    }
}

impl std::error::Error for Error {}

/// The names of fields are the program's; everything else that serde would put into a text may be a
/// value.
impl de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(_may_quote_values: T) -> Self {
        Self::new("data error")
    }

    #[cold]
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected("invalid type", expected)
    }

    #[cold]
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected("invalid value", expected)
    }

    #[cold]
    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::expected("invalid length", expected)
    }

    #[cold]
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::new("unknown variant")
    }

    #[cold]
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::new("unknown field")
    }

    #[cold]
    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    #[cold]
    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("duplicate field `{field}`"))
    }
}
