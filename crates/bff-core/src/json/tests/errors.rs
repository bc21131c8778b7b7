//! Error texts: what was wrong and where, and never what was found.

use super::agreement::read;
use serde::Deserialize;

fn why<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    read::<T>(text).unwrap_err()
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only errors are looked at")]
struct Strict {
    n: u8,
    word: Option<Word>,
    address: Option<std::net::IpAddr>,
}

#[derive(Deserialize, Debug)]
enum Word {
    Known,
}

#[test]
fn syntax_errors_point_at_the_byte() {
    for (text, expected) in [
        ("", "unexpected end at line 1 column 0"),
        ("[1,", "unexpected end at line 1 column 3"),
        ("[1,\n 2,\n  x]", "expected a value at line 3 column 3"),
        ("[1 2]", "expected `,` or a closing bracket at line 1 column 4"),
        ("[1}", "expected `,` or a closing bracket at line 1 column 3"),
        ("[,1]", "expected a value at line 1 column 2"),
        ("[1,]", "expected a value at line 1 column 4"),
        (r#"{"a" 1}"#, "expected `:` at line 1 column 6"),
        ("{1:2}", "expected a name at line 1 column 2"),
        (r#"{"a":1,}"#, "expected a name at line 1 column 8"),
        ("[trve]", "expected a value at line 1 column 4"),
        ("[01]", "invalid number at line 1 column 3"),
        ("[1.]", "invalid number at line 1 column 4"),
        ("[NaN]", "expected a value at line 1 column 2"),
        ("[\"a\nb\"]", "control character in a string at line 2 column 0"),
        (r#"["a\x"]"#, "invalid escape at line 1 column 5"),
        (r#"["\u12g4"]"#, "invalid escape at line 1 column 7"),
        ("[] []", "trailing characters at line 1 column 4"),
    ] {
        assert_eq!(why::<serde::de::IgnoredAny>(text), expected, "{text:?}");
        assert_eq!(why::<serde_json::Value>(text), expected, "{text:?}");
    }
    assert_eq!(why::<String>(r#""\ud83dx""#), "lone surrogate at line 1 column 8");
}

#[test]
fn values_are_never_quoted() {
    for (text, expected) in [
        (r#"{"n":"hunter2"}"#, "invalid type, expected u8 at line 1 column 14"),
        (r#"{"n":300}"#, "invalid value, expected u8 at line 1 column 8"),
        (r#"{"n":-1}"#, "invalid value, expected u8 at line 1 column 7"),
        (r#"{"n":1.5}"#, "invalid type, expected u8 at line 1 column 8"),
        (r#"{"n":[1]}"#, "invalid type, expected u8 at line 1 column 6"),
        (r#"{"n":1e400}"#, "number out of range at line 1 column 10"),
        (r#"{"n":"cut"#, "unexpected end at line 1 column 9"),
        ("{}", "missing field `n` at line 1 column 1"),
        (r#"{"n":1,"n":2}"#, "duplicate field `n` at line 1 column 10"),
        (r#"{"secret":1}"#, "unknown field at line 1 column 9"),
        (r#"{"word":"Secret"}"#, "unknown variant at line 1 column 16"),
        (r#"{"address":"secret"}"#, "data error at line 1 column 19"),
        ("[]", "invalid length, expected struct Strict with 3 elements at line 1 column 1"),
        ("7", "invalid type, expected struct Strict at line 1 column 1"),
    ] {
        assert_eq!(why::<Strict>(text), expected, "{text}");
    }
}
