//! Handler arguments: types that know how to read themselves from the request, or refuse it.

use crate::ports::Principal;
use crate::segment::push_encoded;
use crate::{Class, Cx, Id, Kind, Personal, Problem, Result, Scope, Segment, Shape, Shared, View};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, sync::Arc};

/// A handler argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a request brings along",
    label = "not a handler argument",
    note = "a handler takes `&Cx` and then up to four of `User`, `Granted`, an `Id`, `Page`, `Body`, `IdempotencyKey`"
)]
pub trait FromCx: Sized {
    /// Whose data an endpoint that takes this answers with.
    type Scope: Scope;
    /// What the request has to bring for it.
    const NEED: Need = Need::Nothing;

    /// Reads the argument.
    ///
    /// # Errors
    /// The problem that the client gets when the request does not bring it.
    fn from_cx(cx: &Cx) -> Result<Self>;
}

/// What a request has to bring for an argument: routes, contracts and the perimeter read it off the
/// table.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// Nothing that is not always there, or a user.
    Nothing,
    /// A parameter of the route.
    Parameter(&'static str),
    /// A credential with this scope.
    Grant(&'static str),
    /// A body of this shape.
    Body(&'static Shape),
    /// An `Idempotency-Key`.
    IdempotencyKey,
    /// Nothing; `limit` and `cursor` in the query say which page.
    Paging,
}

/// The verified user. An endpoint that takes one answers for this user alone and is never shared.
#[derive(Clone)]
pub struct User(Arc<Principal>);

impl User {
    pub(crate) fn id(&self) -> &str {
        self.0.id()
    }
}

impl FromCx for User {
    type Scope = Personal;

    fn from_cx(cx: &Cx) -> Result<Self> {
        cx.principal().cloned().map(Self).ok_or_else(Problem::unauthenticated)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(..)")
    }
}

impl<K: Kind> FromCx for Id<K> {
    type Scope = K::Scope;
    const NEED: Need = Need::Parameter(K::PARAMETER);

    fn from_cx(cx: &Cx) -> Result<Self> {
        let raw = cx.parameter(K::PARAMETER).unwrap_or_default();
        percent_decode_str(raw).decode_utf8().ok().and_then(|text| Self::parse(&text)).ok_or_else(
            || {
                let name = K::PARAMETER;
                let allowed = "1 to 64 letters, digits, `.`, `_`, `~` or `-`";
                Problem::new(Class::Invalid, "INVALID_ID", format!("`{name}` must be {allowed}."))
            },
        )
    }
}

/// Where a paged list goes on: an opaque token that the client got from the page before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// The longest cursor, in bytes.
    pub const MAX_BYTES: usize = 256;

    fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.');
        (!text.is_empty() && text.len() <= Self::MAX_BYTES && text.bytes().all(allowed))
            .then(|| Self(text.into()))
    }
}

impl Segment for &Cursor {
    type Scope = Shared;
    const IS_CURSOR: bool = true;

    fn push_to(&self, out: &mut String) {
        push_encoded(&self.0, out);
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a cursor"))
    }
}

impl View for Cursor {
    const SHAPE: &'static Shape = &Shape::Text;
}

/// Which page of a list: `?limit=20&cursor=...`.
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
}

impl FromCx for Page {
    type Scope = Shared;
    const NEED: Need = Need::Paging;

    fn from_cx(cx: &Cx) -> Result<Self> {
        let mut page = Self { cursor: None, limit: Self::DEFAULT_LIMIT };
        for (name, value) in form_urlencoded::parse(cx.query().as_bytes()) {
            match &*name {
                "cursor" => {
                    let cursor = Cursor::parse(&value).ok_or_else(Problem::invalid_cursor)?;
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
