//! Reshaped calls: what was read, passed through one plain function on its way to the handler.

use crate::{Criticality, Cx, Fault, Fetch};

/// A call whose value is reshaped. It has no `cached`: what is kept is what was read, so reshape after caching.
#[derive(Debug)]
#[must_use = "a call does nothing until it is gathered"]
pub struct Reshaped<C: Fetch, T> {
    pub(crate) call: C,
    pub(crate) reshape: fn(C::Value) -> T,
}

impl<C: Fetch, T> Fetch for Reshaped<C, T> {
    type Value = T;
    const MAY_FIND_NOTHING: bool = C::MAY_FIND_NOTHING;

    fn name(&self) -> &'static str {
        self.call.name()
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        self.call.fetch(cx, criticality).await.map(self.reshape)
    }
}
