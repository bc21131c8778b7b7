//! A place in the text, and the next byte that matters. Strings and digits are looked at eight at a
//! time, as the lanes of one word. Wider steps were slower: most strings are short, and what counts
//! is how soon the place after one is known.

use super::Error;

/// One in each lane of a word.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// The top bit of each lane, where a test leaves its answer.
const TOPS: u64 = ONES << 7;

/// A place in the text. What is rare takes it and gives it back by value: a loop over a cursor that
/// nobody borrows keeps it in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Cursor<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0 }
    }

    /// The place as bytes from the beginning.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The next byte; NUL, which is right nowhere, stands for the end too.
    #[inline(always)]
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// The first byte after white space.
    #[inline(always)]
    pub(super) fn token(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' {
            return byte;
        }
        *self = self.after_space();
        self.peek()
    }

    #[cold]
    fn after_space(mut self) -> Self {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.advance();
        }
        self
    }

    /// The text between an earlier place and this one.
    #[inline(always)]
    pub(super) fn since(&self, start: usize) -> &'de str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes to the next byte that a string may not simply contain, and says which: a quote, a
    /// backslash, a control character, or NUL at the end.
    #[inline(always)]
    pub(super) fn find_special(&mut self) -> u8 {
        while let Some(word) = self.word() {
            let special = special(word);
            if special != 0 {
                self.at += (special.trailing_zeros() / 8) as usize;
                return self.peek();
            }
            self.at += 8;
        }
        *self = self.find_special_by_byte();
        self.peek()
    }

    #[cold]
    fn find_special_by_byte(mut self) -> Self {
        while !matches!(self.peek(), 0..0x20 | b'"' | b'\\') {
            self.advance();
        }
        self
    }

    /// Goes past digits and says how many there were.
    #[inline(always)]
    pub(super) fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(word) = self.word() {
            let others = not_digit(word);
            self.at += (others.trailing_zeros() / 8) as usize;
            if others != 0 {
                return self.at - start;
            }
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    /// Reads this word, which is `true`, `false` or `null`.
    #[inline(always)]
    pub(super) fn literal(&mut self, word: &'static str) -> Result<(), Error> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.at += self.rest().iter().zip(word.bytes()).take_while(|(a, b)| **a == *b).count();
            Err(self.error("expected a value"))
        }
    }

    /// The error for the next byte; for the end it is always the same.
    #[cold]
    pub(super) fn error(self, what: &'static str) -> Error {
        Error::new(if self.is_at_end() { "unexpected end" } else { what }).at(self.at + 1)
    }

    #[inline(always)]
    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    fn word(&self) -> Option<u64> {
        self.rest().first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

/// The lanes with a quote, a backslash or a control character, from the first on: a borrow may also
/// mark lanes above one that is rightly marked. Flipping one bit puts the quote right behind the
/// control characters, so that one comparison finds both.
#[inline(always)]
fn special(word: u64) -> u64 {
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & TOPS
}

/// The lanes that are not digits, from the first on.
#[inline(always)]
fn not_digit(word: u64) -> u64 {
    let above = word.wrapping_add(ONES * 0x46);
    let below = word.wrapping_sub(ONES * 0x30);
    (above | below) & TOPS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte in every lane, among bytes that are not looked for.
    fn first_marked(test: fn(u64) -> u64, others: u8, is_marked: fn(u8) -> bool) {
        for (byte, lane) in (0..=255).flat_map(|byte| (0..8).map(move |lane| (byte, lane))) {
            let mut bytes = [others; 8];
            bytes[lane] = byte;
            let expected = if is_marked(byte) { lane } else { 8 };
            let found = test(u64::from_le_bytes(bytes)).trailing_zeros() / 8;
            assert_eq!(found as usize, expected, "{byte} in lane {lane}");
        }
    }

    #[test]
    fn the_first_special_lane_is_found() {
        for others in [b' ', b'a', 0x7f, 0x80, 0xff] {
            first_marked(special, others, |byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
        }
    }

    #[test]
    fn the_first_lane_that_is_no_digit_is_found() {
        for others in [b'0', b'9'] {
            first_marked(not_digit, others, |byte| !byte.is_ascii_digit());
        }
    }
}
