//! Views: what is read, what is written, and how the two are told apart from another shape.

use bff_core::prelude::*;
use bff_core::{Shape, View};

#[derive(View, Debug, PartialEq)]
#[view(revision = 2)]
struct Card {
    user_id: String,
    #[view(from = "eta")]
    arrives: Option<String>,
    tier: Tier,
    items: Vec<Item>,
}

#[derive(View, Debug, PartialEq)]
enum Tier {
    Gold,
    SoldOut,
    #[view(other)]
    Unknown,
}

#[derive(View, Debug, PartialEq)]
struct Item {
    count: u32,
    ratio: f64,
    open: bool,
}

fn read<T: View>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

const FULL: &str = r#"{"fraudScore":{"a":[1,{"b":2}]},"userId":"u","eta":"now","tier":"SOLD_OUT",
    "items":[{"count":1,"ratio":2,"open":true,"cost":9}]}"#;

#[test]
fn undeclared_members_are_skipped_and_names_are_the_clients() {
    let card: Card = read(FULL).unwrap();
    let written = serde_json::to_string(&card).unwrap();
    let expected = r#"{"userId":"u","arrives":"now","tier":"SOLD_OUT","items":[{"count":1,"ratio":2.0,"open":true}]}"#;
    assert_eq!(written, expected);
}

#[test]
fn optional_members_may_be_missing_or_null_and_are_then_left_out() {
    for json in [
        r#"{"userId":"u","tier":"PLATINUM","items":[]}"#,
        r#"{"userId":"u","eta":null,"tier":"PLATINUM","items":[]}"#,
    ] {
        let card: Card = read(json).unwrap();
        assert_eq!(
            serde_json::to_string(&card).unwrap(),
            r#"{"userId":"u","tier":"UNKNOWN","items":[]}"#
        );
    }
}

#[test]
fn what_is_not_the_shape_is_refused() {
    for (json, why) in [
        (r#"{"tier":"GOLD","items":[]}"#, "missing field `userId`"),
        (r#"{"userId":"u","userId":"v","tier":"GOLD","items":[]}"#, "duplicate field `userId`"),
        (r#"{"userId":7,"tier":"GOLD","items":[]}"#, "expected a string"),
        (r#"{"userId":null,"tier":"GOLD","items":[]}"#, "expected a string"),
        (
            r#"{"userId":"u","tier":"GOLD","items":[{"count":-1,"ratio":1,"open":true}]}"#,
            "expected u32",
        ),
        (r#"["u",null,"GOLD",[]]"#, "expected an object for `Card`"),
        (r#"{"userId":"u","tier":"GOLD","items":[]"#, "EOF"),
    ] {
        let error = read::<Card>(json).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
}

#[test]
fn a_word_without_a_stand_in_must_be_known() {
    #[derive(View, Debug)]
    enum Strict {
        Yes,
    }
    assert!(matches!(read::<Strict>(r#""YES""#), Ok(Strict::Yes)));
    assert!(read::<Strict>(r#""NO""#).is_err());
}

#[test]
fn ids_from_services_are_checked_too() {
    assert!(read::<Id<Thing>>(r#""p-1""#).is_ok());
    for bad in [r#""..""#, r#""a/b""#, r#""""#] {
        assert!(read::<Id<Thing>>(bad).is_err(), "{bad}");
    }
}

enum Thing {}

impl Kind for Thing {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

mod variants {
    use super::{Closed, Open, OtherOpen};
    use bff_core::prelude::*;

    macro_rules! variant {
        ($name:ident { $($body:tt)* }) => {
            #[derive(View)]
            #[allow(dead_code, reason = "only the shape is looked at")]
            pub(super) struct $name { $($body)* }
        };
    }

    variant!(Base { a: u32, b: Option<String> });
    variant!(OtherName { a: u32, b: Option<String> });
    variant!(RenamedMember { c: u32, b: Option<String> });
    variant!(OtherSource { #[view(from = "x")] a: u32, b: Option<String> });
    variant!(OtherType { a: f64, b: Option<String> });
    variant!(Signed { a: i32, b: Option<String> });
    variant!(Wider { a: u64, b: Option<String> });
    variant!(Narrower { a: u8, b: Option<String> });
    variant!(LessPrecise { a: f32, b: Option<String> });
    variant!(Word { a: Closed, b: Option<String> });
    variant!(OpenWord { a: Open, b: Option<String> });
    variant!(OtherOpenWord { a: OtherOpen, b: Option<String> });
    variant!(Required { a: u32, b: String });
    variant!(Reordered { b: Option<String>, a: u32 });
    variant!(Fewer { a: u32 });
    variant!(Nested { a: u32, b: Vec<String> });
}

#[derive(View)]
enum Closed {
    Gold,
    Plain,
}

#[derive(View)]
enum Open {
    Gold,
    #[view(other)]
    Plain,
}

#[derive(View)]
enum OtherOpen {
    #[view(other)]
    Gold,
    Plain,
}

#[test]
fn the_fingerprint_follows_the_shape_and_nothing_else() {
    use variants::*;
    const BASE: &Shape = Base::SHAPE;
    assert_eq!(BASE.fingerprint(), OtherName::SHAPE.fingerprint());
    let all = [
        BASE,
        RenamedMember::SHAPE,
        OtherSource::SHAPE,
        OtherType::SHAPE,
        Signed::SHAPE,
        Wider::SHAPE,
        Narrower::SHAPE,
        LessPrecise::SHAPE,
        Word::SHAPE,
        OpenWord::SHAPE,
        OtherOpenWord::SHAPE,
        Required::SHAPE,
        Reordered::SHAPE,
        Fewer::SHAPE,
        Nested::SHAPE,
    ];
    for (place, one) in all.iter().enumerate() {
        for other in &all[place + 1..] {
            assert_ne!(one.fingerprint(), other.fingerprint(), "{one:?} {other:?}");
        }
    }
    assert_eq!(Card::SHAPE.revision(), 2);
}
