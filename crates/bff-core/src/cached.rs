//! Cached calls: read once, shared between requests, and never in a shape that somebody else wrote
//! nor for another user.

use crate::Looked;
use crate::call::Target;
use crate::ports::{Codec, Kept, Key, Store, Wanted};
use crate::{
    Cacheable, Criticality, Cx, Fault, Fetch, Filled, Keep, Note, Personal, Reshaped, Scope,
    Segment, Shape, Shared, User, View,
};
use bytes::Bytes;
use std::{
    any::Any, cell::RefCell, collections::BTreeMap, fmt, marker::PhantomData, sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

thread_local! {
    /// The shapes that calls keep, while somebody collects them.
    static COLLECTED: RefCell<Option<BTreeMap<&'static str, &'static Shape>>> =
        const { RefCell::new(None) };
}

/// The shapes of what the calls keep that `work` makes on this thread, by name: what a contract
/// test locks although no client sees it.
pub fn collect_kept(work: impl FnOnce()) -> BTreeMap<&'static str, &'static Shape> {
    COLLECTED.set(Some(BTreeMap::new()));
    work();
    COLLECTED.take().unwrap_or_default()
}

fn note_kept(name: &'static str, shape: &'static Shape) {
    COLLECTED.with_borrow_mut(|collected| {
        if let Some(collected) = collected {
            collected.insert(name, shape);
        }
    });
}

/// A call whose answer is kept: for everybody, or for the one user whose data it is.
#[must_use = "a call does nothing until it is gathered"]
pub struct Cached<T, S = Shared> {
    name: &'static str,
    target: Target,
    keep: Keep,
    /// The user whose data it is; `None` for everybody's.
    user: Option<User>,
    tags: Vec<String>,
    read: PhantomData<fn() -> (T, S)>,
}

impl<T: View> Cached<T, Shared> {
    pub(crate) fn shared(name: &'static str, target: Target, keep: Keep) -> Self {
        note_kept(name, T::SHAPE);
        Self { name, target, keep, user: None, tags: Vec::new(), read: PhantomData }
    }
}

impl<T: View> Cached<T, Personal> {
    pub(crate) fn of_user(name: &'static str, target: Target, user: &User, keep: Keep) -> Self {
        note_kept(name, T::SHAPE);
        let user = Some(user.clone());
        Self { name, target, keep, user, tags: Vec::new(), read: PhantomData }
    }
}

impl<T: View, S: Scope> Cached<T, S> {
    /// Reshapes the kept answer. A plain function that captures nothing.
    pub fn map<U>(self, reshape: fn(T) -> U) -> Reshaped<Self, U> {
        Reshaped { call: self, reshape }
    }

    /// Serves the last answer for up to `extra` longer when the service fails. The section is then
    /// marked `stale` with its age.
    pub fn stale_if_error(self, extra: Duration) -> Self {
        Self { keep: self.keep.stale_if_error(extra), ..self }
    }

    /// Serves the last answer for up to `extra` longer while a new one is fetched in the background.
    pub fn while_revalidating(self, extra: Duration) -> Self {
        Self { keep: self.keep.while_revalidating(extra), ..self }
    }

    /// Remembers for this long that there is no such thing.
    pub fn missing_for(self, time: Duration) -> Self {
        Self { keep: self.keep.missing_for(time), ..self }
    }

    /// Forgets the answer, in every instance, when `kind:value` is invalidated:
    /// `.tagged("product", &id)` and `product:p-1`.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a segment is a number or a reference, written in place"
    )]
    pub fn tagged<V: Segment>(mut self, kind: &'static str, value: V) -> Self
    where
        V::Scope: Cacheable,
    {
        let mut tag = format!("{kind}:");
        value.push_to(&mut tag);
        self.tags.push(tag);
        self
    }

    fn key(&self, cx: &Cx) -> Key {
        let Target { service, target, at, .. } = &self.target;
        let user = self.user.as_ref().map(User::id);
        let revision = T::SHAPE.revision();
        Key::new(cx.bff(), self.name, revision, user, service, target, at.unwrap_or_default())
    }

    async fn read(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        let Some(store) = cx.store() else {
            return cx.call::<T, S>(self.name, &self.target, criticality).await;
        };
        let (key, started) = (self.key(cx), Instant::now());
        let found = match store.near(&key, &self.keep) {
            Some(found) => found,
            None => self.find(cx, store.as_ref(), &key, criticality).await?,
        };
        cx.looked(Looked::new(self.name, &found, started));
        let value = found.value?;
        cx.tagged(self.tags);
        if let Some(fault) = &found.instead_of {
            let filled = Filled::Stale { age: found.age };
            let (section, reason) = (self.name, fault.reason());
            cx.note(Note { section, criticality, filled, reason });
        }
        // A key names service, target and revision; only the same view can have been kept under it
        // in this process.
        match value.downcast_ref::<T>() {
            Some(value) => Ok(value.clone()),
            None => cx.call::<T, S>(self.name, &self.target, criticality).await,
        }
    }

    async fn find(
        &self,
        cx: &Cx,
        store: &dyn Store,
        key: &Key,
        criticality: Criticality,
    ) -> Result<crate::ports::Served, Fault> {
        let fetch = Box::pin(async {
            let value = cx.call::<T, S>(self.name, &self.target, criticality).await?;
            Ok(Arc::new(value) as Kept)
        });
        let again = || {
            let (name, target, cx) = (self.name, self.target.clone(), cx.aside());
            Box::pin(async move {
                let value = cx.call::<T, S>(name, &target, Criticality::Optional).await;
                cx.report_aside();
                Ok(Arc::new(value?) as Kept)
            }) as crate::ports::Local<'static, Result<Kept, Fault>>
        };
        let wanted = Wanted {
            key,
            entity: self.name,
            keep: &self.keep,
            tags: &self.tags,
            codec: const { &Codec { encode: encode::<T>, decode: decode::<T> } },
            fetch,
            again: &again,
            background: cx.background().as_ref(),
        };
        let until = cx.deadline().calls_until();
        timeout_at(until, store.find(wanted)).await.map_err(|_| Fault::Late)
    }
}

impl<T: View, S: Scope> Fetch for Cached<T, S> {
    type Value = T;
    const MAY_FIND_NOTHING: bool = true;

    fn name(&self) -> &'static str {
        self.name
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        self.read(cx, criticality).await
    }
}

/// The fingerprint of the shape, then the view in postcard: positions instead of names, because
/// only a program with the same fingerprint reads it.
fn encode<T: View>(value: &(dyn Any + Send + Sync)) -> Option<Bytes> {
    let fingerprint = const { T::SHAPE.fingerprint().to_bytes() };
    let value = value.downcast_ref::<T>()?;
    postcard::to_extend(value, fingerprint.to_vec()).ok().map(Bytes::from)
}

/// `None` for a value of another shape, and for bytes that are no value at all.
fn decode<T: View>(bytes: &[u8]) -> Option<Kept> {
    let fingerprint = const { T::SHAPE.fingerprint().to_bytes() };
    let (value, rest) = postcard::take_from_bytes::<T>(bytes.strip_prefix(&fingerprint)?).ok()?;
    rest.is_empty().then(|| Arc::new(value) as Kept)
}

impl<T, S> fmt::Debug for Cached<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: GET {}{}, {:?}",
            self.name, self.target.service, self.target.target, self.keep
        )
    }
}
