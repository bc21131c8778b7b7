//! Writes: what a client sends, and calls that change something at a service.

use crate::call::Target;
use crate::{
    Class, Criticality, Cx, Fault, Fetch, FromCx, Method, Need, Problem, Record, Reshaped, Result,
    Scope, Shared, projection,
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::{fmt, marker::PhantomData};

/// What a client sends: JSON of which only the declared members are read, so that nobody can set
/// what the view does not name.
///
/// ```
/// # use bff_core::prelude::*;
///
/// #[derive(View)]
/// struct Name {
///     text: String,
/// }
///
/// async fn rename(_cx: &Cx, Body(name): Body<Name>) -> Result<Name> {
///     Ok(name)
/// }
///
/// let _endpoint = post("/shop/v1/name").to(rename);
/// ```
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<T: Record> FromCx for Body<T> {
    type Scope = Shared;
    const NEED: Need = Need::Body(T::SHAPE);

    fn from_cx(cx: &Cx) -> Result<Self> {
        projection::read(cx.body(), None).map(Self).map_err(|fault| {
            let why = match fault {
                Fault::Malformed(why) => why,
                other => other.to_string(),
            };
            Problem::new(Class::Invalid, "INVALID_BODY", format!("The body cannot be read: {why}."))
        })
    }
}

/// The client's `Idempotency-Key`: the service that carries it out does so once, however often the
/// request arrives. A write that carries it may be tried again.
///
/// ```
/// # use bff_core::prelude::*;
///
/// let key = IdempotencyKey::parse("7f9c0d1e-order-1").unwrap();
/// assert_eq!(key.as_str(), "7f9c0d1e-order-1");
/// assert!(IdempotencyKey::parse("").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// 1 to 64 letters, digits, `-`, `_` or `.`, in quotes or not (the draft's structured string, or
    /// what most clients send).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (!bare.is_empty() && bare.len() <= Self::MAX_BYTES && bare.bytes().all(allowed))
            .then(|| Self(bare.into()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromCx for IdempotencyKey {
    type Scope = Shared;
    const NEED: Need = Need::IdempotencyKey;

    fn from_cx(cx: &Cx) -> Result<Self> {
        let missing = "Send an `Idempotency-Key` header, a new one for each thing to do and the same one when trying again.";
        let invalid = "`Idempotency-Key` must be 1 to 64 letters, digits, `-`, `_` or `.`.";
        let refused = |code, why| Problem::new(Class::Invalid, code, why);
        let header = cx.idempotency_key();
        let header = header.ok_or_else(|| refused("IDEMPOTENCY_KEY_MISSING", missing))?;
        Self::parse(header).ok_or_else(|| refused("IDEMPOTENCY_KEY_INVALID", invalid))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

/// What is to be written, ready to send.
#[derive(Debug, Clone)]
pub struct Written {
    /// What the service is asked to do.
    pub method: Method,
    /// JSON; empty where the method takes no body.
    pub json: Bytes,
    /// Without one, an attempt that may have arrived is not made again, unless the method is idempotent.
    pub key: Option<IdempotencyKey>,
    /// What comes back when it was done.
    pub answers: Answers,
}

/// What a service says when it has done a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Something that is read.
    Content,
    /// That it was done, and nothing that anybody reads.
    Nothing,
}

/// A write being described; [`named`](Writing::named) makes it a call.
#[must_use = "a write does nothing until it is named and gathered"]
pub struct Writing<S> {
    service: &'static str,
    target: String,
    written: Written,
    scope: PhantomData<fn() -> S>,
}

impl<S: Scope> Writing<S> {
    pub(crate) fn new(
        service: &'static str,
        method: Method,
        target: String,
        what: &impl Record,
    ) -> Self {
        // A view of texts and numbers always serialises.
        let json = serde_json::to_vec(what).unwrap_or_default().into();
        Self::of(service, method, target, json)
    }

    /// A `DELETE`.
    pub(crate) fn removing(service: &'static str, target: String) -> Self {
        Self::of(service, Method::Delete, target, Bytes::new())
    }

    fn of(service: &'static str, method: Method, target: String, json: Bytes) -> Self {
        let written = Written { method, json, key: None, answers: Answers::Content };
        Self { service, target, written, scope: PhantomData }
    }

    /// Sends the client's key along, so that the service carries the write out once, and this BFF may
    /// try again when the connection fails.
    pub fn once(mut self, key: IdempotencyKey) -> Self {
        self.written.key = Some(key);
        self
    }

    /// Declares that the service says only that it was done, as one does that removes something or
    /// marks it as read: any success counts, and nothing behind it is read. The call yields `()`.
    pub fn answers_nothing(mut self) -> Unanswered<S> {
        self.written.answers = Answers::Nothing;
        Unanswered(self)
    }

    /// Names the call in `camelCase`: the name that clients, logs and dashboards see when it fails.
    /// `T` is what is read from the answer; usually the view's field decides it. A service that
    /// does it and answers without content fails the call with a problem of its own, `.._DONE`.
    pub fn named<T: DeserializeOwned + 'static>(self, name: &'static str) -> Write<T, S> {
        let Self { service, target, written, .. } = self;
        let target =
            Target { service, target, at: None, has_cursor: false, write: Some(Box::new(written)) };
        Write { name, target, read: PhantomData }
    }
}

/// A write that answers nothing, being described; [`named`](Unanswered::named) makes it a call.
#[must_use = "a write does nothing until it is named and gathered"]
pub struct Unanswered<S>(Writing<S>);

impl<S: Scope> Unanswered<S> {
    /// As of [`Writing::once`].
    pub fn once(self, key: IdempotencyKey) -> Self {
        Self(self.0.once(key))
    }

    /// Names the call in `camelCase`: the name that clients, logs and dashboards see when it fails.
    pub fn named(self, name: &'static str) -> Write<(), S> {
        self.0.named(name)
    }
}

/// One write to a service whose answer is read as a `T`. It is sent once per request, is never
/// kept, and shares nothing with other requests.
///
/// ```
/// # use bff_core::prelude::*;
///
/// const CARTS: Service = Service::named("carts");
///
/// /// With the key it may be tried again; without one it is sent once.
/// fn add<T: View>(me: &User, item: &impl Record, key: IdempotencyKey) -> Write<T, Personal> {
///     CARTS.post(("carts", me, "items"), item).once(key).named("cart")
/// }
/// ```
#[must_use = "a write does nothing until it is gathered"]
pub struct Write<T, S> {
    name: &'static str,
    target: Target,
    read: PhantomData<fn() -> (T, S)>,
}

impl<T: DeserializeOwned + 'static, S: Scope> Write<T, S> {
    /// Reshapes the answer. A plain function that captures nothing.
    pub fn map<U>(self, reshape: fn(T) -> U) -> Reshaped<Self, U> {
        Reshaped { call: self, reshape }
    }
}

impl<T: DeserializeOwned + 'static, S: Scope> Fetch for Write<T, S> {
    type Value = T;

    fn name(&self) -> &'static str {
        self.name
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        cx.call::<T, S>(self.name, &self.target, criticality).await
    }
}

impl<S> fmt::Debug for Writing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.written.method.name(), self.service, self.target)
    }
}

impl<S> fmt::Debug for Unanswered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, S> fmt::Debug for Write<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { service, target, write, .. } = &self.target;
        let method = write.as_ref().map_or("", |write| write.method.name());
        write!(f, "{}: {method} {service}{target}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::IdempotencyKey;

    #[test]
    fn a_key_is_short_and_plain() {
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "A_1.2", &"k".repeat(64)] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good}");
        }
        for bad in ["", "\"\"", "a b", "a\"", "ä", "a\r\nb", &"k".repeat(65)] {
            assert!(IdempotencyKey::parse(bad).is_none(), "{bad}");
        }
    }
}
