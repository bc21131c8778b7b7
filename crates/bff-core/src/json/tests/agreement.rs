//! What `serde_json` accepts is accepted, with the same value, and nothing else.

use super::super::Reader;
use super::documents::Documents;
use crate::View;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Debug};

#[derive(View, Debug, PartialEq)]
struct Record {
    a: u8,
    b: String,
    c: f64,
    d: Option<bool>,
    e: Vec<Line>,
    f: Choice,
}

/// Reads some members of what could be a `Record`.
#[derive(View, Debug, PartialEq)]
struct Line {
    c: f64,
    d: Option<bool>,
    f: Choice,
}

#[derive(View, Debug, PartialEq)]
enum Choice {
    One,
    Two,
}

/// What the views do not need, but what `serde` describes.
#[derive(Deserialize, Debug, PartialEq)]
struct Loose {
    a: Option<Box<Loose>>,
    b: Option<char>,
    #[serde(default)]
    c: Option<(i8, f32)>,
    d: Option<Tagged>,
    e: Option<BTreeMap<String, i64>>,
    f: Option<()>,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Tagged {
    #[serde(rename = "a")]
    Unit,
    #[serde(rename = "b")]
    Holds(u32),
    #[serde(rename = "c")]
    Pair(String, u64),
    #[serde(rename = "d")]
    Members { a: i16 },
}

/// Floats are compared to within what `serde_json` may be off.
trait Alike {
    fn is_like(&self, other: &Self) -> bool;
}

macro_rules! alike {
    ($($type:ty),+) => {$(
        impl Alike for $type {
            fn is_like(&self, other: &Self) -> bool {
                self == other
            }
        }
    )+};
}

alike!(u8, i64, u64, bool, String, Loose, Choice);

impl Alike for IgnoredAny {
    fn is_like(&self, _: &Self) -> bool {
        true
    }
}

impl Alike for f64 {
    fn is_like(&self, other: &Self) -> bool {
        let nearly = (self - other).abs() <= self.abs() * 1e-14 + 1e-322;
        nearly && self.is_sign_negative() == other.is_sign_negative()
    }
}

impl<T: Alike> Alike for Option<T> {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(one), Some(other)) => one.is_like(other),
            (one, other) => one.is_none() == other.is_none(),
        }
    }
}

impl<T: Alike> Alike for Vec<T> {
    fn is_like(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(one, other)| one.is_like(other))
    }
}

impl Alike for Record {
    fn is_like(&self, other: &Self) -> bool {
        let others =
            (&self.a, &self.b, &self.d, &self.f) == (&other.a, &other.b, &other.d, &other.f);
        others && self.c.is_like(&other.c) && self.e.is_like(&other.e)
    }
}

impl Alike for Line {
    fn is_like(&self, other: &Self) -> bool {
        (&self.d, &self.f) == (&other.d, &other.f) && self.c.is_like(&other.c)
    }
}

impl Alike for Value {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => {
                one.is_f64() == other.is_f64() && one.as_f64().is_like(&other.as_f64())
            }
            (Self::Array(one), Self::Array(other)) => one.is_like(other),
            (Self::Object(one), Self::Object(other)) => {
                one.keys().eq(other.keys())
                    && one.values().zip(other.values()).all(|(one, other)| one.is_like(other))
            }
            (one, other) => one == other,
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| error.describe(text))
}

/// Reads a text both ways, and says whether it was accepted.
fn agree<T: DeserializeOwned + Alike + Debug>(text: &str) -> bool {
    let (ours, theirs) = (read::<T>(text), serde_json::from_str::<T>(text));
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert!(ours.is_like(theirs), "{text}: {ours:?}, {theirs:?}"),
        (Err(_), Err(_)) => {}
        _ => panic!("{text:?}: {ours:?}, serde_json {theirs:?}"),
    }
    ours.is_ok()
}

/// Both for a document and for damages to it. The counts are to show that neither is rare.
fn agree_on<T: DeserializeOwned + Alike + Debug>(
    seed: u64,
    rounds: usize,
    document: impl Fn(&mut Documents) -> String,
) {
    let mut documents = Documents::new(seed);
    let (mut accepted, mut refused) = (0, 0);
    let mut look = |text: &str| if agree::<T>(text) { accepted += 1 } else { refused += 1 };
    for _ in 0..rounds {
        let whole = document(&mut documents);
        look(&whole);
        for _ in 0..6 {
            if let Some(damaged) = documents.damaged(&whole) {
                look(&damaged);
            }
        }
    }
    assert!(accepted > rounds / 2 && refused > rounds / 2, "{accepted} and {refused}");
}

#[test]
fn values_that_are_skipped() {
    agree_on::<IgnoredAny>(1, 12_000, |documents| documents.value(0));
    agree_on::<IgnoredAny>(2, 6_000, |documents| documents.object(0));
}

#[test]
fn values_of_any_type() {
    agree_on::<Value>(3, 12_000, |documents| documents.value(0));
}

#[test]
fn views() {
    agree_on::<Record>(4, 12_000, |documents| documents.record(0));
    agree_on::<Vec<Option<Record>>>(5, 3_000, |documents| {
        format!("[{},null]", documents.record(1))
    });
}

#[test]
fn scalars() {
    agree_on::<f64>(6, 6_000, Documents::number);
    agree_on::<String>(7, 6_000, Documents::string);
    for seed in 0..20_000 {
        let mut documents = Documents::new(seed);
        let (number, value) = (documents.number(), documents.value(4));
        agree::<u8>(&number);
        agree::<i64>(&number);
        agree::<u64>(&number);
        agree::<Option<bool>>(&value);
        agree::<Choice>(&value);
    }
}

#[test]
fn what_else_serde_describes() {
    let mut documents = Documents::new(8);
    let accepted = (0..30_000).filter(|_| agree::<Loose>(&documents.object(1))).count();
    assert!(accepted > 1000, "{accepted}");
    for text in [
        r#"{"c":[1,2.5]}"#,
        r#"{"c":[1]}"#,
        r#"{"c":[1,2,3]}"#,
        r#"{"c":[1,2}}"#,
        r#"{"c":[1,2,}"#,
        r#"{"d":{"b":7,}"#,
        r#"{"d":"a"}"#,
        r#"{"d":{"a":null}}"#,
        r#"{"d":"b"}"#,
        r#"{"d":{"b":7}}"#,
        r#"{"d":{"b":7,"a":null}}"#,
        r#"{"d":{}}"#,
        r#"{"d":{"c":["x",1]}}"#,
        r#"{"d":{"c":["x"]}}"#,
        r#"{"d":{"d":{"a":-3}}}"#,
        r#"{"d":"z"}"#,
        r#"{"d":"\u0061"}"#,
        r#"{"d":7}"#,
        r#"{"b":"\u20ac"}"#,
        r#"{"b":"xy"}"#,
        r#"{"a":{"a":null}}"#,
        r#"{"e":{"x":1,"\n":-9223372036854775808}}"#,
        r#"{"f":null}"#,
        r#"{"f":0}"#,
        r#"[null]"#,
    ] {
        agree::<Loose>(text);
    }
}

#[test]
fn floats_are_rounded_correctly() {
    let mut documents = Documents::new(9);
    for _ in 0..20_000 {
        let number = documents.number();
        if let (Ok(ours), Ok(std)) = (read::<f64>(&number), number.parse::<f64>()) {
            assert_eq!(ours.to_bits(), std.to_bits(), "{number}");
        }
    }
}

#[test]
fn every_end_and_every_byte_of_a_short_text() {
    let whole = "{\"a\":[-1.5e+3,true,false,null,\"\\u00e9\\n x\"], \"b\" :{} }";
    for end in 0..=whole.len() {
        agree::<IgnoredAny>(&whole[..end]);
        agree::<Value>(&whole[..end]);
    }
    for at in 0..whole.len() {
        for byte in 0..0x80 {
            let mut text = whole.to_owned();
            text.replace_range(at..=at, char::from(byte).encode_utf8(&mut [0]));
            agree::<IgnoredAny>(&text);
            agree::<Value>(&text);
        }
    }
}

#[test]
fn values_may_be_127_deep() {
    let nested = |depth| format!("{}7{}", "[".repeat(depth), "]".repeat(depth));
    assert!(agree::<Value>(&nested(127)));
    assert!(!agree::<Value>(&nested(128)));
    assert!(!agree::<Value>(&nested(100_000)));
    assert!(read::<Value>(&nested(128)).unwrap_err().contains("nested too deeply"));
    assert!(read::<Value>(&"[".repeat(100_000)).unwrap_err().contains("nested too deeply"));
}

#[test]
fn what_is_skipped_may_be_deeper() {
    for depth in [1, 127, 128, 129, 255, 256, 257, 385, 100_000] {
        let open = r#"[{"a":"#.repeat(depth / 2) + &"[".repeat(depth % 2);
        let close = "]".repeat(depth % 2) + &"}]".repeat(depth / 2);
        assert!(agree::<IgnoredAny>(&format!("{open}7{close}")), "{depth}");
        assert!(!agree::<IgnoredAny>(&format!("{open}7")), "{depth}");
        assert!(!agree::<IgnoredAny>(&format!("{open}7{close}]")), "{depth}");
        assert!(
            !agree::<IgnoredAny>(&format!("{open}7{}", close.replacen(']', "}", 1))),
            "{depth}"
        );
    }
}
