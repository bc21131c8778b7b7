//! Numbers: their grammar, and what they mean.

use super::{Error, cursor::Cursor};

/// What a number means: the first of these that holds it.
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// A number that was found.
pub(super) struct Digits<'de> {
    text: &'de str,
    is_whole: bool,
}

impl<'de> Cursor<'de> {
    /// Goes past a number, whose sign or first digit is next.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Digits<'de>, Error> {
        let start = self.place();
        // Two branches, or else a sum: and then every number waits for the sign that it has not.
        if self.peek() == b'-' {
            self.advance();
            self.whole_digits()?;
        } else {
            self.whole_digits()?;
        }
        let mut is_whole = true;
        if self.peek() == b'.' {
            is_whole = false;
            self.advance();
            self.some_digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            is_whole = false;
            self.advance();
            if matches!(self.peek(), b'+' | b'-') {
                self.advance();
            }
            self.some_digits()?;
        }
        Ok(Digits { text: self.since(start), is_whole })
    }

    /// Goes past the digits before a point. A zero stands alone, and is met so often that it is
    /// worth not to depend on a count.
    #[inline(always)]
    fn whole_digits(&mut self) -> Result<(), Error> {
        if self.peek() != b'0' {
            return self.some_digits();
        }
        self.advance();
        if self.peek().is_ascii_digit() { Err(self.error("invalid number")) } else { Ok(()) }
    }

    #[inline(always)]
    fn some_digits(&mut self) -> Result<(), Error> {
        if self.digits() == 0 { Err(self.error("invalid number")) } else { Ok(()) }
    }
}

impl Digits<'_> {
    /// The value; `None` for a number that is too large. Whole numbers that are too large for 64
    /// bits become floats, and so does `-0`, which is not the same as `0`.
    pub(super) fn value(&self) -> Option<Number> {
        if self.is_whole {
            if let Ok(number) = self.text.parse() {
                return Some(Number::Unsigned(number));
            }
            if let Ok(number @ ..0) = self.text.parse() {
                return Some(Number::Signed(number));
            }
        }
        self.text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Float)
    }
}
