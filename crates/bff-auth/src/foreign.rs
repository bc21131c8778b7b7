//! JSON documents of others: only what is needed of one can fail it.
//!
//! A discovery document, a key set, a token answer and an error are written by programs that are
//! not ours. Each member is read on its own, so that an odd one costs itself and no other. A byte
//! order mark is passed over, and what is said twice is said by nobody.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, fmt, slice};

/// The text of a document. Bytes that are no UTF-8 spoil the member that they are in, and no other.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(unmarked(bytes))
}

/// The text of a document whose names are compared: two of them must not become one by what stands in
/// for bytes that are no UTF-8.
pub(crate) fn exact_text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(unmarked(bytes)).ok()
}

fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// The members of one object, none of them looked at.
#[derive(Debug)]
pub(crate) struct Members<'a>(BTreeMap<String, Option<&'a RawValue>>);

/// A text, or a list of texts that may be empty: an audience, scopes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Texts {
    One(String),
    Many(Vec<String>),
}

/// What became of a member that nobody depends on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<T> {
    /// It is there and can be used.
    Well(T),
    /// It is there in a form that nobody can use, or twice.
    Oddly,
    /// It is not there, or null.
    Not,
}

/// Why a document cannot be used, in words for an operator and without a word of the document: it
/// may quote a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// Or no JSON at all.
    #[error("is no JSON object")]
    NoObject,
    /// A member that is needed.
    #[error("has no `{0}` that can be used")]
    Lacks(&'static str),
}

impl<'a> Members<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Unusable> {
        serde_json::from_str(text).map_err(|_its_text_may_quote_a_secret| Unusable::NoObject)
    }

    /// A member without which the document is worth nothing.
    pub(crate) fn need<T: Deserialize<'a>>(&self, name: &'static str) -> Result<T, Unusable> {
        match self.get(name) {
            Said::Well(value) => Ok(value),
            Said::Oddly | Said::Not => Err(Unusable::Lacks(name)),
        }
    }

    /// A member that may be missing.
    pub(crate) fn get<T: Deserialize<'a>>(&self, name: &str) -> Said<T> {
        match self.0.get(name) {
            None => Said::Not,
            Some(Some(value)) if value.get() == "null" => Said::Not,
            Some(Some(value)) => serde_json::from_str(value.get()).map_or(Said::Oddly, Said::Well),
            Some(None) => Said::Oddly,
        }
    }
}

impl Texts {
    /// All of them.
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Words: in one text with spaces between them, or as a list.
    pub(crate) fn words(&self) -> Vec<&str> {
        match self {
            Self::One(text) => text.split_ascii_whitespace().collect(),
            Self::Many(many) => many.iter().map(String::as_str).filter(|w| !w.is_empty()).collect(),
        }
    }
}

impl<T> Said<T> {
    /// The value, if it can be used.
    pub(crate) fn ok(self) -> Option<T> {
        match self {
            Self::Well(value) => Some(value),
            Self::Oddly | Self::Not => None,
        }
    }

    /// The same value, if it is also good enough for `check`.
    pub(crate) fn filter(self, check: impl FnOnce(&T) -> bool) -> Self {
        match self {
            Self::Well(value) if !check(&value) => Self::Oddly,
            other => other,
        }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.entry(name).and_modify(|said| *said = None).or_insert(Some(value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(json: &[u8]) -> Result<String, Unusable> {
        let text = text(json);
        Members::read(&text).and_then(|members| members.need("needed"))
    }

    #[test]
    fn what_nobody_needs_fails_nothing() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for odd in ["null", "1e999", "-0.5E+3", r#""\ud800""#, r#"{"needed":7}"#, deep.as_str()] {
            let json = format!(r#"{{"a":{odd},"needed":"x","z":{odd}}}"#);
            assert_eq!(need(json.as_bytes()).as_deref(), Ok("x"), "{odd:.40}");
        }
        assert_eq!(need(b"{\"a\xff\":\"\xfe\",\"needed\":\"x\"}").as_deref(), Ok("x"), "no UTF-8");
        assert_eq!(need(br#"{"a":1,"a":2,"needed":"x"}"#).as_deref(), Ok("x"), "another one twice");
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(need(b"\xEF\xBB\xBF{\"needed\":\"x\"}").as_deref(), Ok("x"));
        assert_eq!(need(b"\xEF\xBB\xBF \r\n{\"needed\":\"x\"}\r\n").as_deref(), Ok("x"));
        for two in [&b"\xEF\xBB\xBF\xEF\xBB\xBF{\"needed\":\"x\"}"[..], b"\xFF\xFE{\0}\0"] {
            assert_eq!(need(two), Err(Unusable::NoObject));
        }
    }

    #[test]
    fn what_is_needed_is_there_once_and_of_its_type() {
        for lacks in [
            r"{}",
            r#"{"needed":null}"#,
            r#"{"needed":7}"#,
            r#"{"needed":["x"]}"#,
            r#"{"needed":"x","needed":"x"}"#,
            r#"{"needed":"x","\u006eeeded":"y"}"#,
            r#"{"Needed":"x"}"#,
        ] {
            assert_eq!(need(lacks.as_bytes()), Err(Unusable::Lacks("needed")), "{lacks}");
        }
        for no_object in ["", "7", "[]", r#""needed""#, r#"{"needed":"x"} x"#, r#"{"needed":"x""#] {
            assert_eq!(need(no_object.as_bytes()), Err(Unusable::NoObject), "{no_object}");
        }
    }

    #[test]
    fn c5_one_text_and_a_list_of_texts_are_read_alike() {
        for (json, words) in [
            (r#"" a  b ""#, Some(vec!["a", "b"])),
            (r#"["a","","b c"]"#, Some(vec!["a", "b c"])),
            (r#""""#, Some(vec![])),
            ("[]", Some(vec![])),
            (r#"["a",1]"#, None),
            (r#"["a",null]"#, None),
            (r#"[["a"]]"#, None),
            ("1", None),
            ("{}", None),
        ] {
            let texts: Option<Texts> = serde_json::from_str(json).ok();
            assert_eq!(texts.as_ref().map(Texts::words), words, "{json}");
        }
    }

    #[test]
    fn exact_text_has_nothing_that_stands_in_for_something() {
        assert_eq!(exact_text(b"\xEF\xBB\xBF{}"), Some("{}"));
        assert_eq!(exact_text("\u{e9}".as_bytes()), Some("\u{e9}"));
        assert_eq!(exact_text(b"u-\xff"), None);
    }

    #[test]
    fn a_member_that_may_be_missing_is_told_apart_from_an_odd_one() {
        let members = Members::read(r#"{"a":1,"b":"x","c":null,"d":1,"d":1}"#).unwrap();
        let said = ["a", "b", "c", "d", "e"].map(|name| members.get::<u8>(name));
        assert_eq!(said, [Said::Well(1), Said::Oddly, Said::Not, Said::Oddly, Said::Not]);
        assert_eq!(members.get::<u8>("a").filter(|a| *a > 1), Said::Oddly);
    }
}
