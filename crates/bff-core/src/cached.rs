//! Cached calls: read once, shared between requests, and never in a shape that somebody else wrote.

use crate::call::Target;
use crate::{Criticality, Cx, Fault, Fetch, Filled, Note, Reshaped, Shared, View, ports::Key};
use bytes::Bytes;
use std::{fmt, marker::PhantomData, time::Duration};

/// A shared call whose answer is kept.
#[must_use = "a call does nothing until it is gathered"]
pub struct Cached<T> {
    name: &'static str,
    target: Target,
    keep: Duration,
    stale: Duration,
    kept: PhantomData<fn() -> T>,
}

impl<T: View> Cached<T> {
    pub(crate) fn new(name: &'static str, target: Target, keep: Duration) -> Self {
        Self { name, target, keep, stale: Duration::ZERO, kept: PhantomData }
    }

    /// Reshapes the kept answer. A plain function that captures nothing.
    pub fn map<U>(self, reshape: fn(T) -> U) -> Reshaped<Self, U> {
        Reshaped { call: self, reshape }
    }

    /// Serves the last answer for up to `extra` longer when the service fails. The section is then
    /// marked `stale` with its age.
    pub fn stale_if_error(self, extra: Duration) -> Self {
        Self { stale: extra, ..self }
    }

    async fn read(&self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        let Some(store) = cx.store() else {
            return cx.call::<T, Shared>(self.name, &self.target, criticality).await;
        };
        let Target { service, target, at } = &self.target;
        let revision = T::SHAPE.revision();
        let key =
            Key::shared(cx.bff(), self.name, revision, service, target, at.unwrap_or_default());
        let kept = store.get(&key).await.and_then(|entry| Some((decode(&entry.value)?, entry.age)));
        let last = match kept {
            Some((value, age)) if age < self.keep => return Ok(value),
            other => other,
        };
        match cx.call::<T, Shared>(self.name, &self.target, criticality).await {
            Ok(value) => {
                if let Some(bytes) = encode(&value) {
                    store.put(&key, bytes, self.keep + self.stale).await;
                }
                Ok(value)
            }
            Err(fault) => match last {
                Some((value, age)) if age < self.keep + self.stale => {
                    let filled = Filled::Stale { age };
                    cx.note(Note { section: self.name, filled, reason: fault.reason() });
                    Ok(value)
                }
                _ => Err(fault),
            },
        }
    }
}

impl<T: View> Fetch for Cached<T> {
    type Value = T;

    fn name(&self) -> &'static str {
        self.name
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        self.read(cx, criticality).await
    }
}

/// The fingerprint of the shape, then the view in postcard: positions instead of names, because
/// only a program with the same fingerprint reads it.
fn encode<T: View>(value: &T) -> Option<Bytes> {
    let fingerprint = const { T::SHAPE.fingerprint().to_bytes() };
    postcard::to_extend(value, fingerprint.to_vec()).ok().map(Bytes::from)
}

/// `None` for a value of another shape, and for bytes that are no value at all.
fn decode<T: View>(bytes: &[u8]) -> Option<T> {
    let fingerprint = const { T::SHAPE.fingerprint().to_bytes() };
    postcard::from_bytes(bytes.strip_prefix(&fingerprint)?).ok()
}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: GET {}{}, kept for {:?}",
            self.name, self.target.service, self.target.target, self.keep
        )
    }
}
