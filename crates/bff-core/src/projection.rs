//! From the bytes of a service to a view: undeclared members are skipped while parsing and never
//! exist in memory.

use crate::{Fault, View, json::Reader};
use serde::{
    Deserialize,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

/// Reads `T` from a JSON body, or from one member of it.
///
/// # Errors
/// [`Fault::Malformed`], with the place and what was expected there, but never with the value that
/// was found: these texts are logged, and the value may be a field that nobody was meant to see.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], at: Option<&'static str>) -> Result<T, Fault> {
    // One look at the whole body is cheaper than one at each of its strings.
    let text = str::from_utf8(body).map_err(|error| {
        Fault::Malformed(format!("it is not UTF-8 after byte {}", error.valid_up_to()))
    })?;
    // Some senders begin with a byte order mark, which RFC 8259 (section 8.1) lets a reader ignore.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = Reader::new(text);
    let value = match at {
        None => T::deserialize(&mut json),
        Some(member) => At { member, value: PhantomData }.deserialize(&mut json),
    };
    value
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| Fault::Malformed(error.describe(text)))
}

/// Reads the value of one member of an object and skips the others.
struct At<T> {
    member: &'static str,
    value: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for At<T> {
    type Value = T;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for At<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a member `{}`", self.member)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut found = None;
        while let Some(which) =
            map.next_key_seed(Which(|name: &str| (name == self.member).then_some(0)))?
        {
            match which {
                Some(_) if found.is_some() => return Err(de::Error::duplicate_field(self.member)),
                Some(_) => found = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        found.ok_or_else(|| de::Error::missing_field(self.member))
    }
}

/// Reads the name of a member as what a function makes of it. The derive's function is one `match`,
/// which compiles to comparisons of whole words; a list of names would be a call per name.
#[derive(Debug, Clone, Copy)]
pub struct Which<F>(pub F);

impl<'de, F: FnOnce(&str) -> Option<usize>> DeserializeSeed<'de> for Which<F> {
    type Value = Option<usize>;

    fn deserialize<D: de::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<F: FnOnce(&str) -> Option<usize>> Visitor<'_> for Which<F> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0(name))
    }
}

/// The value of a member, or what stands for a missing one.
///
/// # Errors
/// A missing member that is not optional.
pub fn member<T: View, E: de::Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    let value = value.filter(|value| !value.is_missing());
    value.or_else(T::when_missing).ok_or_else(|| E::missing_field(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why<T: DeserializeOwned + fmt::Debug>(body: &str, at: Option<&'static str>) -> String {
        read::<T>(body.as_bytes(), at).map_err(|fault| fault.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn errors_name_the_place_but_never_the_value() {
        assert_eq!(
            why::<u32>(r#"{"n":"hunter2"}"#, Some("n")),
            "the answer cannot be read: invalid type, expected u32 at line 1 column 14"
        );
        assert!(
            why::<Vec<u32>>(r#"{"orders":[1],"orders":[2]}"#, Some("orders"))
                .contains("duplicate field `orders`")
        );
        assert!(why::<u32>("{}", Some("n")).contains("missing field `n`"));
        assert!(why::<u32>("7 trailing-secret", None).contains("trailing characters"));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_at_the_beginning_and_only_there() {
        let marked = |text: &str| text.replace('^', "\u{feff}");
        for good in ["^7", "^ 7", "^7\n"] {
            assert_eq!(read::<u32>(marked(good).as_bytes(), None), Ok(7), "{good}");
        }
        for bad in ["^^7", " ^7", "7^", "^", ""] {
            assert!(read::<u32>(marked(bad).as_bytes(), None).is_err(), "{bad}");
        }
        let inside = marked(r#"^{"^n":"^","n":"^"}"#);
        assert_eq!(read(inside.as_bytes(), Some("n")), Ok("\u{feff}".to_owned()));
        assert!(why::<u32>(&marked("^x"), None).ends_with("line 1 column 1"));
        // UTF-16 is no JSON between systems.
        assert!(read::<u32>(b"\xff\xfe7\0", None).is_err());
    }

    #[test]
    fn a_member_is_found_among_others() {
        assert_eq!(read::<u32>(br#"{"a":[{"b":1}],"n":7,"z":null}"#, Some("n")), Ok(7));
    }
}
