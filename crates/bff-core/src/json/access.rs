//! Members of an object and elements of an array, one after the other.

use super::{Error, Reader};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

/// The inside of an object or an array.
pub(super) struct Inside<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    is_first: bool,
}

impl<'r, 'de> Inside<'r, 'de> {
    pub(super) fn new(reader: &'r mut Reader<'de>, close: u8) -> Self {
        Self { reader, close, is_first: true }
    }

    /// Goes to the next member or element, if there is one.
    #[inline]
    fn has_next(&mut self) -> Result<bool, Error> {
        let cursor = &mut self.reader.cursor;
        let byte = cursor.token();
        if byte == self.close {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            if byte != b',' {
                return Err(cursor.error("expected `,` or a closing bracket"));
            }
            cursor.advance();
        }
        Ok(true)
    }

    /// Goes past the closing bracket; everything before it must have been read.
    #[inline]
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let cursor = &mut self.reader.cursor;
        if cursor.token() != self.close {
            return Err(cursor.error("expected a closing bracket"));
        }
        cursor.advance();
        Ok(())
    }
}

impl<'de> MapAccess<'de> for &mut Inside<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if !self.has_next()? {
            return Ok(None);
        }
        if self.reader.cursor.token() != b'"' {
            return Err(self.reader.cursor.error("expected a name"));
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.reader.cursor.colon()?;
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for &mut Inside<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.has_next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}
