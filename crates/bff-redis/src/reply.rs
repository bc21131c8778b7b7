//! What a reply of Redis is read as. A command has replies of one kind: whoever gives one of another kind is no Redis,
//! or answers somebody else's question.

use super::{breaker::Breaker, trouble::Failure};
use redis::Value;

/// Read from a reply of its kind, and of no other.
///
/// | type | reply |
/// |---|---|
/// | `()` | `OK` |
/// | `bool` | 0 or 1 |
/// | a whole number | a number that fits |
/// | `Vec<u8>` | bytes |
/// | `String` | bytes that are text, or a status such as `OK` |
/// | `Option<T>` | nothing, or what `T` is read from |
/// | `Vec<T>`, `(A, B)` | an array |
///
/// What others may have put there is read as `Vec<u8>`: that bytes are no text is no fault of Redis.
pub trait FromReply: Sized {
    /// `None` for a reply of another kind.
    fn from_reply(reply: Value) -> Option<Self>;
}

/// Reads a reply; one of another kind is trouble that everybody has.
pub(super) fn read<T: FromReply>(reply: Value, breaker: &Breaker) -> Result<T, Failure> {
    let kind = kind(&reply);
    T::from_reply(reply).ok_or_else(|| {
        let failure = Failure::nonsense(kind);
        breaker.met_nonsense(&failure);
        failure
    })
}

/// What it is, without what it holds.
fn kind(reply: &Value) -> &'static str {
    match reply {
        Value::Nil => "nothing",
        Value::Int(_) => "a number",
        Value::BulkString(_) => "bytes",
        Value::Array(_) => "an array",
        Value::Okay | Value::SimpleString(_) => "a status",
        _ => "a reply of a newer protocol",
    }
}

impl FromReply for () {
    fn from_reply(reply: Value) -> Option<Self> {
        (reply == Value::Okay).then_some(())
    }
}

impl FromReply for bool {
    fn from_reply(reply: Value) -> Option<Self> {
        match reply {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

macro_rules! whole_number {
    ($($number:ty)+) => {$(
        impl FromReply for $number {
            fn from_reply(reply: Value) -> Option<Self> {
                let Value::Int(number) = reply else { return None };
                number.try_into().ok()
            }
        }
    )+};
}

whole_number!(i32 i64 u32 u64 usize);

impl FromReply for Vec<u8> {
    fn from_reply(reply: Value) -> Option<Self> {
        let Value::BulkString(bytes) = reply else { return None };
        Some(bytes)
    }
}

impl FromReply for String {
    fn from_reply(reply: Value) -> Option<Self> {
        match reply {
            Value::BulkString(bytes) => Self::from_utf8(bytes).ok(),
            Value::SimpleString(status) => Some(status),
            Value::Okay => Some("OK".to_owned()),
            _ => None,
        }
    }
}

impl<T: FromReply> FromReply for Option<T> {
    fn from_reply(reply: Value) -> Option<Self> {
        match reply {
            Value::Nil => Some(None),
            reply => T::from_reply(reply).map(Some),
        }
    }
}

impl<T: FromReply> FromReply for Vec<T> {
    fn from_reply(reply: Value) -> Option<Self> {
        let Value::Array(elements) = reply else { return None };
        elements.into_iter().map(T::from_reply).collect()
    }
}

impl<A: FromReply, B: FromReply> FromReply for (A, B) {
    fn from_reply(reply: Value) -> Option<Self> {
        let Value::Array(elements) = reply else { return None };
        let [first, second] = elements.try_into().ok()?;
        Some((A::from_reply(first)?, B::from_reply(second)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    /// Which of `replies` are read, and as what.
    fn readable<T: FromReply + Debug>(replies: &[Value]) -> String {
        let read = |reply: &Value| T::from_reply(reply.clone()).map(|read| format!("{read:?}"));
        replies.iter().filter_map(read).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn c25_a_reply_is_read_as_its_own_kind_and_as_no_other() {
        let bytes = |text: &str| Value::BulkString(text.into());
        let replies = [
            Value::Nil,
            Value::Int(0),
            Value::Int(1),
            Value::Int(-7),
            bytes(""),
            bytes("1"),
            Value::BulkString(vec![0xff]),
            Value::Okay,
            Value::SimpleString("PONG".to_owned()),
            Value::Array(vec![]),
            Value::Array(vec![Value::Int(1), bytes("b")]),
            Value::Array(vec![Value::Array(vec![Value::Int(1)]); 2]),
            Value::Double(1.0),
            Value::Boolean(true),
            Value::Map(vec![(bytes("a"), Value::Int(1))]),
            Value::Set(vec![Value::Int(1)]),
        ];
        for (read, expected) in [
            (readable::<()>(&replies), "()"),
            (readable::<bool>(&replies), "false true"),
            (readable::<i64>(&replies), "0 1 -7"),
            (readable::<u32>(&replies), "0 1"),
            (readable::<Vec<u8>>(&replies), "[] [49] [255]"),
            (readable::<String>(&replies), r#""" "1" "OK" "PONG""#),
            (readable::<Option<()>>(&replies), "None Some(())"),
            (readable::<Vec<u64>>(&replies), "[]"),
            (readable::<(bool, String)>(&replies), r#"(true, "b")"#),
            (readable::<(Vec<u64>, Vec<bool>)>(&replies), "([1], [true])"),
        ] {
            assert_eq!(read, expected);
        }
    }
}
