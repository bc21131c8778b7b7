//! The traits that adapters implement: how calls travel, where values are kept, who is calling.

use crate::{Criticality, Fault, Problem, SpanId, TraceContext};
use bytes::Bytes;
use std::{fmt, pin::Pin, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A future that stays on its worker thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Sends calls to services. One per worker.
pub trait Transport {
    /// Sends `request` and reads the whole answer: the decoded body of a 2xx answer with a JSON
    /// content type.
    ///
    /// Everything ends by `until`, or earlier if the service's own timeout says so. Whatever the
    /// service does is a [`Fault`], never a panic and never unbounded memory. What is sent
    /// depends on `request` alone.
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>>;
}

/// One request to a service, ready to send: always a `GET`, the only method there is so far.
#[derive(Debug, Clone)]
pub struct Outbound<'a> {
    /// The configured name of the service.
    pub service: &'static str,
    /// The name of the call.
    pub dependency: &'static str,
    /// Path and query, percent-encoded, with a leading slash.
    pub target: &'a str,
    /// The verified user for personal calls; `None` for shared ones, which carry nothing about the
    /// caller.
    pub on_behalf_of: Option<&'a str>,
    /// The request's trace.
    pub trace: &'a TraceContext,
    /// This call's step of the trace.
    pub span: SpanId,
    /// What the call's failure means to the page.
    pub criticality: Criticality,
}

/// Keeps values between requests. One per process.
///
/// A store only makes answers faster: trouble inside it is a miss, and it answers within the call's
/// time.
pub trait Store {
    /// The value under `key`, with its age.
    fn get<'a>(&'a self, key: &'a Key) -> Local<'a, Option<Entry>>;
    /// Keeps `value` under `key` for `keep`, then forgets it.
    fn put<'a>(&'a self, key: &'a Key, value: Bytes, keep: Duration) -> Local<'a, ()>;
}

/// A kept value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The bytes that were put.
    pub value: Bytes,
    /// How long ago.
    pub age: Duration,
}

/// Where a value is kept: `client:entity:vN:scope:id`. Only a cached call can make one, so there is
/// no key without a version and none that mixes a user's data with everybody's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    pub(crate) fn shared(
        client: &str,
        entity: &str,
        revision: u32,
        service: &str,
        target: &str,
        at: &str,
    ) -> Self {
        Self(format!("{client}:{entity}:v{revision}:shared:{service}{target}#{at}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds out who is calling. One per worker.
pub trait Authenticator {
    /// Verifies the `Authorization` header of a request.
    ///
    /// # Errors
    /// The problem that the client gets: 401 for anything missing or wrong, 503 when nothing can be
    /// verified now.
    fn authenticate<'a>(
        &'a self,
        authorization: Option<&'a str>,
    ) -> Local<'a, Result<Arc<Principal>, Problem>>;
}

/// A verified caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    subject: Box<str>,
}

impl Principal {
    /// The longest subject, in bytes.
    pub const MAX_SUBJECT_BYTES: usize = 128;

    /// A caller by the subject of its verified credential: 1 to 128 letters, digits or `.`, `_`,
    /// `~`, `-`, `|`, `:`, `@`, `+`, `=`, and not dots alone. `None` for anything else, because
    /// the subject becomes a path segment and no encoding protects every service from `..` or
    /// an encoded slash.
    #[must_use]
    pub fn new(subject: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-|:@+=".contains(&b);
        let safe = !subject.is_empty()
            && subject.len() <= Self::MAX_SUBJECT_BYTES
            && subject.bytes().all(allowed)
            && subject.bytes().any(|b| b != b'.');
        safe.then(|| Self { subject: subject.into() })
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// Subjects are personal data; logs that print a context must not collect them.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    #[test]
    fn a_subject_that_could_walk_a_path_is_no_principal() {
        for bad in [
            "",
            ".",
            "..",
            "../admin",
            "a/b",
            "a\\b",
            "a%2Fb",
            "a b",
            "a\nb",
            "é",
            &"x".repeat(129),
        ] {
            assert!(Principal::new(bad).is_none(), "{bad}");
        }
        for good in ["u-1", "auth0|123", "a@b.example", "00u1:x"] {
            assert!(Principal::new(good).is_some(), "{good}");
        }
    }
}
