//! What is asked of the store: a key, how long its value is kept, what invalidates it, how it is written.

use bff_core::{
    Keep,
    ports::{Codec, Key},
};

/// What is asked for, without the ways to fetch it.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) key: &'a Key,
    pub(crate) keep: &'a Keep,
    pub(crate) tags: &'a [String],
    pub(crate) codec: &'static Codec,
}

/// The same, for work that outlives the request.
pub(crate) struct OwnQuestion {
    pub(crate) key: Key,
    pub(crate) keep: Keep,
    pub(crate) tags: Vec<String>,
    pub(crate) codec: &'static Codec,
}

impl Question<'_> {
    pub(crate) fn own(&self) -> OwnQuestion {
        let Self { key, keep, tags, codec } = *self;
        OwnQuestion { key: key.clone(), keep: *keep, tags: tags.to_vec(), codec }
    }
}

impl OwnQuestion {
    pub(crate) fn borrow(&self) -> Question<'_> {
        let Self { key, keep, tags, codec } = self;
        Question { key, keep, tags, codec }
    }
}
