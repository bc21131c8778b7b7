//! Lists in pages: which page a client asks for, and where it goes on.

use crate::segment::push_encoded;
use crate::{Class, Cx, FromCx, Need, Problem, Result, Segment, Shape, Shared, View};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::fmt::{self, Write};

/// Where a paged list goes on: an opaque token of the service's, whatever is in it.
///
/// A client gets it as it is where it has nothing but letters, digits and `-_=.`, and else as base64url
/// behind a `~`, so that it comes back unchanged also from a client that does not encode a `+`.
/// An empty one, as `null` or none, says that there is no further page. One that cannot be carried, a
/// list or a too long text, costs nothing but itself: the member is left out, and noted as degraded.
///
/// ```
/// # use bff_core::prelude::*;
///
/// #[derive(View)]
/// struct Products {
///     items: Vec<String>,
///     next_cursor: Option<Cursor>,
/// }
///
/// let page: Products = serde_json::from_str(r#"{ "items": [], "nextCursor": "a b" }"#)?;
/// // Base64url: it comes back as `a b` from any client.
/// assert_eq!(serde_json::to_string(&page)?, r#"{"items":[],"nextCursor":"~YSBi"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Said);

/// What a service said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// Neither empty nor too long.
    Token(Box<str>),
    /// There is no further page. Members that are an `Option` say so by `None`.
    End,
    /// There is one, and nobody can ask for it.
    Unreadable,
}

/// What stands before a token that is encoded; no other begins like this.
const ENCODED: char = '~';

impl Cursor {
    /// The longest cursor of a service, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// The longest that a client gets.
    pub const MAX_ENCODED_BYTES: usize = 1 + (Self::MAX_BYTES * 4).div_ceil(3);

    /// What a service says.
    fn of_service(text: &str) -> Self {
        Self(match text.len() {
            0 => Said::End,
            1..=Self::MAX_BYTES => Said::Token(text.into()),
            _ => Said::Unreadable,
        })
    }

    /// What a client brings back. A blank in it is a `+` that was not encoded, and none of ours.
    fn of_client(text: &str) -> Option<Self> {
        let token = match text.strip_prefix(ENCODED) {
            Some(encoded) => String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?,
            None => text.bytes().all(|b| b.is_ascii_graphic()).then(|| text.to_owned())?,
        };
        (1..=Self::MAX_BYTES).contains(&token.len()).then(|| Self(Said::Token(token.into())))
    }

    fn token(&self) -> Option<&str> {
        match &self.0 {
            Said::Token(token) => Some(token),
            Said::End | Said::Unreadable => None,
        }
    }
}

impl Segment for &Cursor {
    type Scope = Shared;
    const IS_CURSOR: bool = true;

    fn push_to(&self, out: &mut String) {
        push_encoded(self.token().unwrap_or_default(), out);
    }
}

/// Clients get it encoded where it needs to be; the cache gets the token.
impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let survives = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.');
        match self.token() {
            token if !serializer.is_human_readable() => {
                serializer.serialize_str(token.unwrap_or_default())
            }
            Some(token) if token.bytes().all(survives) => serializer.serialize_str(token),
            Some(token) => {
                let mut out = String::from(ENCODED);
                URL_SAFE_NO_PAD.encode_string(token, &mut out);
                serializer.serialize_str(&out)
            }
            None => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(OfService);
        }
        // No member is kept that says the end.
        match Self::of_service(&String::deserialize(deserializer)?) {
            Self(Said::End) => Ok(Self(Said::Unreadable)),
            kept => Ok(kept),
        }
    }
}

/// Reads whatever a service has in the place of a cursor.
struct OfService;

impl<'de> Visitor<'de> for OfService {
    type Value = Cursor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Cursor, E> {
        Ok(Cursor::of_service(text))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> std::result::Result<Cursor, E> {
        Ok(Cursor::of_service(&number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> std::result::Result<Cursor, E> {
        Ok(Cursor::of_service(&number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> std::result::Result<Cursor, E> {
        Ok(Cursor(Said::Unreadable))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> std::result::Result<Cursor, E> {
        Ok(Cursor(Said::Unreadable))
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<Cursor, E> {
        Ok(Cursor(Said::End))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Cursor, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cursor(Said::Unreadable))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Cursor, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cursor(Said::Unreadable))
    }
}

impl View for Cursor {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_missing(&self) -> bool {
        self.0 == Said::End
    }

    fn is_absent(&self) -> bool {
        self.token().is_none()
    }

    fn lost(&self) -> Option<&'static str> {
        (self.0 == Said::Unreadable).then_some("")
    }
}

/// Which page of a list: `?limit=20&cursor=...`.
///
/// ```
/// # use bff_core::prelude::*;
///
/// fn products<T: View>(page: &Page) -> Call<T, Shared> {
///     Service::named("catalog")
///         .get("products")
///         .query("limit", page.limit)
///         .query_if("cursor", page.cursor.as_ref())
///         .named("products")
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Page {
    /// Where to go on; `None` for the first page.
    pub cursor: Option<Cursor>,
    /// How many items at most: 1 to 100, 20 unless asked for.
    pub limit: u8,
}

impl Page {
    /// The items of a page whose request names no `limit`.
    pub const DEFAULT_LIMIT: u8 = 20;
    /// The highest `limit`.
    pub const MAX_LIMIT: u8 = 100;

    /// Adds to the key of a kept page which page this is.
    pub(crate) fn add_to_key(&self, key: &mut String) {
        let cursor = self.cursor.as_ref().and_then(Cursor::token).unwrap_or_default();
        // Writing to a string cannot fail.
        let _written = write!(key, "?limit={}&cursor={cursor}", self.limit);
    }
}

impl FromCx for Page {
    type Scope = Shared;
    const NEED: Need = Need::Paging;

    fn from_cx(cx: &Cx) -> Result<Self> {
        let mut page = Self { cursor: None, limit: Self::DEFAULT_LIMIT };
        for (name, value) in form_urlencoded::parse(cx.query().as_bytes()) {
            match &*name {
                "cursor" => {
                    let cursor = Cursor::of_client(&value).ok_or_else(Problem::invalid_cursor)?;
                    page.cursor = Some(cursor);
                }
                "limit" => page.limit = parse_limit(&value)?,
                _ => {}
            }
        }
        Ok(page)
    }
}

fn parse_limit(text: &str) -> Result<u8> {
    text.parse().ok().filter(|limit| (1..=Page::MAX_LIMIT).contains(limit)).ok_or_else(|| {
        let message = format!("`limit` must be a whole number from 1 to {}.", Page::MAX_LIMIT);
        Problem::new(Class::Invalid, "INVALID_LIMIT", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client gets of a cursor.
    fn told(cursor: &Cursor) -> String {
        let json = serde_json::to_string(cursor).unwrap();
        serde_json::from_str(&json).unwrap()
    }

    fn of_service(json: &str) -> Cursor {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn c11_any_text_is_carried_there_and_back_unchanged() {
        let long = "x+".repeat(Cursor::MAX_BYTES / 2);
        for (token, is_plain) in [
            ("0015abcd", true),
            ("a-b_c=d.e==", true),
            ("abc+/=", false),
            ("a:b", false),
            ("{\"k\":1}", false),
            ("a b", false),
            ("~YSti", false),
            ("~", false),
            ("%2B", false),
            ("a&cursor=b#c?d", false),
            ("../../admin", false),
            ("M\u{fc}nchen \u{1f600}", false),
            ("\0\r\n\t\u{7f}\u{2028}", false),
            (&long, false),
        ] {
            let cursor = of_service(&serde_json::to_string(token).unwrap());
            let wire = told(&cursor);
            assert_eq!(wire == token, is_plain, "{token}: {wire}");
            let survives = |b: u8| b.is_ascii_alphanumeric() || b"-_=.~".contains(&b);
            assert!(wire.bytes().all(survives), "{token}: {wire}");
            assert!(wire.len() <= Cursor::MAX_ENCODED_BYTES, "{token}: {wire}");
            assert_eq!(Cursor::of_client(&wire), Some(cursor.clone()), "{token}: {wire}");
            let mut target = String::new();
            (&cursor).push_to(&mut target);
            assert_eq!(percent_encoding::percent_decode_str(&target).decode_utf8().unwrap(), token);
            // The cache gives it back as well, and not encoded twice.
            let kept = postcard::to_allocvec(&cursor).unwrap();
            assert_eq!(postcard::from_bytes::<Cursor>(&kept).unwrap(), cursor, "{token}");
        }
    }

    #[test]
    fn c11_whatever_a_service_says_is_a_token_an_end_or_lost() {
        let (long, too_long) = ("x".repeat(Cursor::MAX_BYTES), "x".repeat(Cursor::MAX_BYTES + 1));
        for (json, expected) in [
            ("7".to_owned(), Said::Token("7".into())),
            ("-7".to_owned(), Said::Token("-7".into())),
            ("18446744073709551615".to_owned(), Said::Token("18446744073709551615".into())),
            (format!("\"{long}\""), Said::Token(long.into())),
            ("\"\"".to_owned(), Said::End),
            ("null".to_owned(), Said::End),
            (format!("\"{too_long}\""), Said::Unreadable),
            ("1.5".to_owned(), Said::Unreadable),
            ("true".to_owned(), Said::Unreadable),
            ("[\"a\",[1]]".to_owned(), Said::Unreadable),
            ("{\"a\":{\"b\":1}}".to_owned(), Said::Unreadable),
        ] {
            assert_eq!(of_service(&json), Cursor(expected), "{json}");
        }
    }

    #[test]
    fn c11_what_no_page_gave_out_is_no_cursor() {
        let too_long = format!("~{}", URL_SAFE_NO_PAD.encode("x".repeat(Cursor::MAX_BYTES + 1)));
        for text in
            ["", "~", "a b", "\u{e9}", "~YSti ", "~YSti=", "~YSt", "~a", "~_w", "~YSt!", &too_long]
        {
            assert_eq!(Cursor::of_client(text), None, "{text}");
        }
    }
}
