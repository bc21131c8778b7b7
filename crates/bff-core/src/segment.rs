//! What may stand in a request path: literals, small numbers and parsed ids, never run-time text.

use crate::{Personal, Scope, Shape, Shared, User, View};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, marker::PhantomData};

/// Everything but the unreserved characters of RFC 3986 section 2.3 is percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn push_encoded(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, RESERVED));
}

/// One piece of a path or a query value, and whose data it points at.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not stand in a path or query: it is run-time text",
    label = "not a literal, a small number, a parsed id or the user",
    note = "declare a `Kind` and take an `Id` of it, so that the text is checked and the compiler knows whose data it is"
)]
pub trait Segment {
    /// Whose data the piece points at.
    type Scope: Scope;
    /// Whether only the service can say if the piece is a good one, and the client brought it: a
    /// cursor.
    const IS_CURSOR: bool = false;
    /// Appends the piece, percent-encoded.
    fn push_to(&self, out: &mut String);
}

impl Segment for &'static str {
    type Scope = Shared;

    fn push_to(&self, out: &mut String) {
        push_encoded(self, out);
    }
}

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Segment for $type {
            type Scope = Shared;

            fn push_to(&self, out: &mut String) {
                use std::fmt::Write;
                // Writing to a String cannot fail.
                let _ = write!(out, "{self}");
            }
        }
    )+};
}

number!(u8, u16, u32);

impl Segment for &User {
    type Scope = Personal;

    fn push_to(&self, out: &mut String) {
        push_encoded(self.id(), out);
    }
}

impl<K: Kind> Segment for &Id<K> {
    type Scope = K::Scope;

    fn push_to(&self, out: &mut String) {
        out.push_str(self.as_str());
    }
}

/// The path of a request: one segment or a tuple of up to six, joined by `/`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request path",
    note = "a path is a literal or a tuple of literals, small numbers, `&Id`s and `&User`"
)]
pub trait Path {
    /// The scopes of all segments, joined.
    type Scope: Scope;
    /// The path with a leading slash, percent-encoded.
    fn render(&self) -> String;
}

/// Long enough for most targets with their query, so that a request renders in one allocation.
const TYPICAL_TARGET_BYTES: usize = 96;

impl Path for &'static str {
    type Scope = Shared;

    fn render(&self) -> String {
        (*self,).render()
    }
}

macro_rules! joined {
    ($head:ident) => { <$head as Segment>::Scope };
    ($head:ident $($tail:ident)+) => { <<$head as Segment>::Scope as Scope>::And<joined!($($tail)+)> };
}

macro_rules! path {
    ($($segment:ident)+) => {
        impl<$($segment: Segment),+> Path for ($($segment,)+) {
            type Scope = joined!($($segment)+);

            #[allow(non_snake_case, reason = "the type parameters name the tuple's places")]
            fn render(&self) -> String {
                let ($($segment,)+) = self;
                let mut out = String::with_capacity(TYPICAL_TARGET_BYTES);
                $(
                    out.push('/');
                    $segment.push_to(&mut out);
                )+
                out
            }
        }
    };
}

path!(A);
path!(A B);
path!(A B C);
path!(A B C D);
path!(A B C D E);
path!(A B C D E F);

/// What an [`Id`] identifies, and whose it is. Implement it on an empty enum beside the service
/// that owns the ids.
///
/// ```
/// # use bff_core::prelude::*;
///
/// /// Products are the same for everybody, orders belong to one user.
/// enum Product {}
/// enum Order {}
///
/// impl Kind for Product {
///     type Scope = Shared;
///     const PARAMETER: &'static str = "product";
/// }
/// impl Kind for Order {
///     type Scope = Personal;
///     const PARAMETER: &'static str = "order";
/// }
/// ```
pub trait Kind: 'static {
    /// [`Shared`] for things that everybody sees alike, [`Personal`] for one user's things.
    type Scope: Scope;
    /// The name of the route parameter that holds such an id: `product` for `/products/{product}`.
    /// Two kinds in one path have two names.
    const PARAMETER: &'static str;
}

/// An identifier that has been checked: 1 to 64 of `A-Z a-z 0-9 . _ ~ -`, and not dots alone, so
/// that it is always one path segment.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # enum Product {}
/// # impl Kind for Product {
/// #     type Scope = Shared;
/// #     const PARAMETER: &'static str = "product";
/// # }
/// type ProductId = Id<Product>;
///
/// assert_eq!(ProductId::parse("p-17").unwrap().as_str(), "p-17");
/// assert!(ProductId::parse("../users").is_none());
/// assert!(ProductId::parse("..").is_none());
/// ```
pub struct Id<K> {
    text: Box<str>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Parses an id; `None` when the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-');
        let one_segment =
            !text.is_empty() && text.len() <= Self::MAX_BYTES && text.bytes().all(allowed);
        (one_segment && text.bytes().any(|b| b != b'.'))
            .then(|| Self { text: text.into(), kind: PhantomData })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Checked<K>(PhantomData<fn() -> K>);
        impl<K> de::Visitor<'_> for Checked<K> {
            type Value = Id<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id of 1 to 64 letters, digits, `.`, `_`, `~` or `-`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<K>, E> {
                Id::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Checked(PhantomData))
    }
}

impl<K: Kind> View for Id<K> {
    const SHAPE: &'static Shape = &Shape::Text;
}
