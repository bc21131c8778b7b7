//! Passing over a value, checking all of it. A loop and not a recursion, so that no nesting can
//! overflow the stack.

use super::{Error, cursor::Cursor};

/// How many bits there are before older ones have to be put aside.
const BITS: usize = u128::BITS as usize;

/// What is open: one bit per object or array, the innermost lowest.
#[derive(Default)]
struct Open {
    is_object: u128,
    depth: usize,
    /// The bits of what is further out, which hardly any answer has.
    outer: Vec<u128>,
}

impl Open {
    #[inline(always)]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(BITS) {
            self.outer.push(self.is_object);
        }
        self.depth += 1;
        self.is_object = self.is_object << 1 | u128::from(is_object);
    }

    #[inline(always)]
    fn pop(&mut self) {
        self.depth -= 1;
        self.is_object >>= 1;
        if self.depth.is_multiple_of(BITS) {
            self.is_object = self.outer.pop().unwrap_or(0);
        }
    }
}

impl Cursor<'_> {
    /// Goes past one value, however deep it is nested.
    #[inline]
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        *self = self.after_value()?;
        Ok(())
    }

    fn after_value(mut self) -> Result<Self, Error> {
        let mut open = Open::default();
        loop {
            let mut is_opened = false;
            match self.token() {
                b'"' => self.skip_string()?,
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                byte @ (b'{' | b'[') => {
                    self.advance();
                    open.push(byte == b'{');
                    is_opened = true;
                }
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                _ => return Err(self.error("expected a value")),
            }
            if !self.find_next_value(&mut open, is_opened)? {
                return Ok(self);
            }
        }
    }

    /// Goes past whatever ends, to the next value inside; there is none when all is closed.
    #[inline(always)]
    fn find_next_value(&mut self, open: &mut Open, mut is_first: bool) -> Result<bool, Error> {
        while open.depth > 0 {
            let is_object = open.is_object & 1 == 1;
            let byte = self.token();
            if byte == if is_object { b'}' } else { b']' } {
                self.advance();
                open.pop();
                is_first = false;
                continue;
            }
            if !is_first {
                if byte != b',' {
                    return Err(self.error("expected `,` or a closing bracket"));
                }
                self.advance();
            }
            if is_object {
                if self.token() != b'"' {
                    return Err(self.error("expected a name"));
                }
                self.skip_string()?;
                self.colon()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Goes past the colon after a name.
    #[inline(always)]
    pub(super) fn colon(&mut self) -> Result<(), Error> {
        if self.token() == b':' {
            self.advance();
            Ok(())
        } else {
            Err(self.error("expected `:`"))
        }
    }
}
