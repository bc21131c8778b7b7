//! Log lines as the strictest of their readers takes them.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

/// Reads one line of a BFF's log: a JSON object in which no name is twice, at any depth, and whose `timestamp`, `level`
/// and `message` are texts.
///
/// # Errors
/// What is wrong with it, and the line.
pub fn log_line(text: &str) -> Result<Value, String> {
    let wrong = |why: String| format!("{why}: {text}");
    let Strict(line) = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let has_no_text = |name: &&str| !line.get(name).is_some_and(Value::is_string);
    match ["timestamp", "level", "message"].iter().find(|name| has_no_text(name)) {
        Some(name) => Err(wrong(format!("`{name}` is no text"))),
        None => Ok(line),
    }
}

/// Any JSON value without a doubled name.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no name is twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if all.insert(name.clone(), value).is_some() {
                return Err(Error::custom(format_args!("`{name}` is twice")));
            }
        }
        Ok(all.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(value)) = elements.next_element()? {
            all.push(value);
        }
        Ok(all.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::log_line;

    #[test]
    fn c26_a_line_that_a_strict_reader_would_not_take_is_refused() {
        let with =
            |more: &str| format!(r#"{{"timestamp":"t","level":"INFO","message":"m"{more}}}"#);
        assert!(log_line(&with(r#","n":[1,-1,0.5,null,{"a":true}]"#)).is_ok());
        for (line, why) in [
            (with(r#","level":"Brownout""#), "`level` is twice"),
            (with(r#","n":1,"n":1"#), "`n` is twice"),
            (with(r#","n":{"a":1,"a":2}"#), "`a` is twice"),
            (with(r#","n":[{"\u0061":1,"a":2}]"#), "`a` is twice"),
            (with(r#","n":NaN"#), "expected value"),
            (with("") + "x", "trailing characters"),
            (r#"{"timestamp":"t","message":"m"}"#.to_owned(), "`level` is no text"),
            (r#"{"timestamp":"t","level":3,"message":"m"}"#.to_owned(), "`level` is no text"),
            ("ready".to_owned(), "expected value"),
            (r#""ready""#.to_owned(), "`timestamp` is no text"),
        ] {
            let refused = log_line(&line).err().unwrap_or_default();
            assert!(refused.starts_with(why) && refused.ends_with(&line), "{line}: {refused}");
        }
    }
}
