//! Dates of others (RFC 7519, section 2: NumericDate), in seconds since 1970.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

/// A number, with a fraction or without. One that is larger than numbers can be is without end, and never
/// another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Date(pub(super) f64);

/// The same, or a text of digits: some issuers' libraries take `iat` for text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LenientDate(pub(super) f64);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        number(json).map(Self).ok_or_else(|| D::Error::custom("not a number"))
    }
}

impl<'de> Deserialize<'de> for LenientDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let text = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let digits = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        number(digits.unwrap_or(json)).map(Self).ok_or_else(|| D::Error::custom("not a number"))
    }
}

/// `json` is known to be JSON, of which only numbers begin so.
fn number(json: &str) -> Option<f64> {
    let is_number = json.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    if is_number { json.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Date, LenientDate};

    #[test]
    fn numbers_of_others_saturate() {
        for (json, number) in [
            ("0", Some(0.0)),
            ("-1", Some(-1.0)),
            ("1784000000.5", Some(1_784_000_000.5)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615.0)),
            ("1e300", Some(1e300)),
            ("1e400", Some(f64::INFINITY)),
            ("-1e400", Some(f64::NEG_INFINITY)),
            ("1e-400", Some(0.0)),
            ("\"1\"", None),
            ("true", None),
            ("[1]", None),
            ("{}", None),
            ("-inf", None),
        ] {
            let read: Option<Date> = serde_json::from_str(json).ok();
            assert_eq!(read.map(|date| date.0), number, "{json}");
        }
    }

    #[test]
    fn a_lenient_date_is_a_number_or_digits() {
        for (json, number) in [
            ("1.5", Some(1.5)),
            ("\"1784000000\"", Some(1_784_000_000.0)),
            ("\"99999999999999999999999\"", Some(1e23)),
            ("\"\"", None),
            ("\"-1\"", None),
            ("\"1e3\"", None),
            ("\"-inf\"", None),
            ("true", None),
            ("[]", None),
        ] {
            let read: Option<LenientDate> = serde_json::from_str(json).ok();
            assert_eq!(read.map(|date| date.0), number, "{json}");
        }
    }
}
