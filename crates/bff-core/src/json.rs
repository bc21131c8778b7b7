//! Reading JSON text into whatever `serde` describes. Most of an answer is never declared, so what
//! is fast here is passing over values; but they are checked like the others, and an answer that is
//! broken anywhere is an error.
//!
//! It accepts exactly what RFC 8259 does, and agrees with `serde_json` on every document and value
//! except in these points:
//!
//! - Numbers with a fraction are rounded correctly, where `serde_json` may be off by some last bits;
//!   so one at the very edge of what fits may be accepted by one and refused by the other.
//! - Names in an object are read as text, and whole numbers into at most 64 bits: views have neither
//!   maps by number nor wider numbers.
//! - Errors never quote what was found.
//!
//! | file | topic |
//! |---|---|
//! | `cursor.rs` | a place in the text, and the next byte that matters |
//! | `skip.rs` | passing over a value |
//! | `string.rs` `number.rs` | the scalars |
//! | `access.rs` | members and elements, one after the other |
//! | `error.rs` | what was wrong, and where |

mod access;
mod cursor;
mod error;
mod number;
mod skip;
mod string;
#[cfg(test)]
mod tests;

use access::Inside;
use cursor::Cursor;
pub(crate) use error::Error;
use number::Number;
use serde::de::{
    Deserializer, Expected, Visitor,
    value::{BorrowedStrDeserializer, MapAccessDeserializer, StrDeserializer},
};
use string::Text;

/// How deep values may be nested that are read, as in `serde_json`: their types recurse. What is
/// skipped may be deeper.
const MAX_DEPTH: u32 = 127;

/// Reads one text from its beginning.
pub(crate) struct Reader<'de> {
    cursor: Cursor<'de>,
    /// How many objects and arrays are open.
    depth: u32,
    /// Where strings with escapes are put together.
    scratch: String,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { cursor: Cursor::new(text), depth: 0, scratch: String::new() }
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.cursor.token();
        if self.cursor.is_at_end() { Ok(()) } else { Err(self.cursor.error("trailing characters")) }
    }

    /// Passes over one value.
    fn skip(&mut self) -> Result<(), Error> {
        self.cursor.skip()
    }

    /// Reads an object or an array, whose opening bracket is next.
    fn inside<T>(
        &mut self,
        close: u8,
        visit: impl FnOnce(&mut Inside<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.cursor.error("nested too deeply"));
        }
        self.depth += 1;
        self.cursor.advance();
        let mut inside = Inside::new(self, close);
        let value = visit(&mut inside).and_then(|value| inside.end().map(|()| value));
        self.depth -= 1;
        value.map_err(|error| self.place(error))
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let value = match self.cursor.number()?.value() {
            Some(Number::Unsigned(number)) => visitor.visit_u64(number),
            Some(Number::Signed(number)) => visitor.visit_i64(number),
            Some(Number::Float(number)) => visitor.visit_f64(number),
            None => Err(Error::new("number out of range")),
        };
        value.map_err(|error| self.place(error))
    }

    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let value = match self.cursor.string(&mut self.scratch)? {
            Text::Borrowed(text) => visitor.visit_borrowed_str(text),
            Text::Unescaped(text) => visitor.visit_str(text),
        };
        value.map_err(|error| self.place(error))
    }

    fn literal<T>(
        &mut self,
        word: &'static str,
        visit: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.cursor.literal(word)?;
        visit().map_err(|error| self.place(error))
    }

    /// Says where an error was found that came without a place.
    #[cold]
    fn place(&self, error: Error) -> Error {
        error.at(self.cursor.place())
    }

    /// The error for a value that is of another type than what is expected, unless it is broken too.
    #[cold]
    fn mismatch(&mut self, expected: &dyn Expected) -> Error {
        match self.cursor.token() {
            b'{' | b'[' => self.cursor.advance(),
            _ => {
                if let Err(broken) = self.skip() {
                    return broken;
                }
            }
        }
        self.place(Error::expected("invalid type", expected))
    }
}

/// Methods for which the first byte of the value decides whether it is of the right type.
macro_rules! deserialize {
    ($($method:ident if $first:pat => $read:expr;)+) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.cursor.token() {
                $first => $read(self, visitor),
                _ => Err(self.mismatch(&visitor)),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.cursor.token() {
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'"' => self.string(visitor),
            b'-' | b'0'..=b'9' => self.number(visitor),
            b'n' => self.literal("null", || visitor.visit_unit()),
            _ => self.deserialize_bool(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.cursor.token() {
            b't' => self.literal("true", || visitor.visit_bool(true)),
            b'f' => self.literal("false", || visitor.visit_bool(false)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    deserialize! {
        deserialize_i8 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_i16 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_i32 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_i64 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_u8 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_u16 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_u32 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_u64 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_f32 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_f64 if b'-' | b'0'..=b'9' => Reader::number;
        deserialize_char if b'"' => Reader::string;
        deserialize_str if b'"' => Reader::string;
        deserialize_string if b'"' => Reader::string;
        deserialize_identifier if b'"' => Reader::string;
        deserialize_seq if b'[' => |reader: Self, visitor: V| {
            reader.inside(b']', |elements| visitor.visit_seq(elements))
        };
        deserialize_map if b'{' => |reader: Self, visitor: V| {
            reader.inside(b'}', |members| visitor.visit_map(members))
        };
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.cursor.token() {
            b'n' => self.literal("null", || visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A word alone, or the word as the only member of an object with what the variant holds.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.cursor.token() {
            b'"' => match self.cursor.string(&mut self.scratch)? {
                Text::Borrowed(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
                Text::Unescaped(text) => visitor.visit_enum(StrDeserializer::new(text)),
            }
            .map_err(|error| self.place(error)),
            b'{' => {
                self.inside(b'}', |members| visitor.visit_enum(MapAccessDeserializer::new(members)))
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct struct
    }
}
