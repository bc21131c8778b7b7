//! Strings: borrowed from the text where they can be, put together where they have escapes.

use super::{Error, cursor::Cursor};

/// A string.
pub(super) enum Text<'de, 's> {
    Borrowed(&'de str),
    Unescaped(&'s str),
}

/// What a backslash and its letters stand for.
enum Escape {
    Char(char),
    /// Half of a pair (UTF-16) that means one character.
    Surrogate(u16),
}

impl<'de> Cursor<'de> {
    /// Reads a string, whose opening quote is next.
    #[inline(always)]
    pub(super) fn string<'s>(&mut self, scratch: &'s mut String) -> Result<Text<'de, 's>, Error> {
        self.advance();
        let start = self.place();
        if self.find_special() == b'"' {
            let text = self.since(start);
            self.advance();
            return Ok(Text::Borrowed(text));
        }
        scratch.clear();
        *self = self.unescape(start, scratch)?;
        Ok(Text::Unescaped(scratch))
    }

    /// Goes past a string, whose opening quote is next. Surrogates need not be paired in what
    /// nobody reads: the grammar does not ask for it.
    #[inline(always)]
    pub(super) fn skip_string(&mut self) -> Result<(), Error> {
        self.advance();
        loop {
            match self.find_special() {
                b'"' => {
                    self.advance();
                    return Ok(());
                }
                b'\\' => (*self, _) = self.escape()?,
                _ => return Err(self.error("control character in a string")),
            }
        }
    }

    /// Puts a string together that begins at `start` and has its first special byte here.
    #[cold]
    fn unescape(mut self, mut start: usize, out: &mut String) -> Result<Self, Error> {
        loop {
            out.push_str(self.since(start));
            match self.peek() {
                b'"' => {
                    self.advance();
                    return Ok(self);
                }
                b'\\' => out.push(self.character()?),
                _ => return Err(self.error("control character in a string")),
            }
            start = self.place();
            self.find_special();
        }
    }

    /// Reads an escape, or two for one character.
    fn character(&mut self) -> Result<char, Error> {
        let (after, first) = self.escape()?;
        *self = after;
        let first = match first {
            Escape::Char(char) => return Ok(char),
            Escape::Surrogate(unit) => unit,
        };
        if self.peek() == b'\\'
            && let (after, Escape::Surrogate(second)) = self.escape()?
            && let Some(Ok(char)) = char::decode_utf16([first, second]).next()
        {
            *self = after;
            return Ok(char);
        }
        Err(self.error("lone surrogate"))
    }

    /// Reads a backslash and what belongs to it.
    #[cold]
    fn escape(mut self) -> Result<(Self, Escape), Error> {
        self.advance();
        let char = match self.peek() {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_unit(),
            _ => return Err(self.error("invalid escape")),
        };
        self.advance();
        Ok((self, Escape::Char(char)))
    }

    /// Reads `u` and four hexadecimal digits.
    fn code_unit(mut self) -> Result<(Self, Escape), Error> {
        let mut code = 0;
        for _ in 0..4 {
            self.advance();
            let digit = char::from(self.peek()).to_digit(16);
            code = code * 16 + digit.ok_or_else(|| self.error("invalid escape"))?;
        }
        self.advance();
        Ok((self, char::from_u32(code).map_or(Escape::Surrogate(code as u16), Escape::Char)))
    }
}
