//! Where sessions are kept: in Redis, or in this process when there is only one.

use super::{
    memory::Memory,
    seal::{self, KeyId},
    shared::Shared,
};
use std::time::Duration;

/// Sealed sessions by name, leases on their renewal, and lists of what belongs to whom.
pub(super) enum Store {
    Memory(Memory),
    Shared(Shared),
}

/// The store cannot say. It is never a reason to think that there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Away;

/// A list that a session is found by, when the provider ends it.
#[derive(Debug, Clone, Copy)]
pub(super) enum List<'a> {
    /// All sessions of a user.
    Subject(&'a str),
    /// All that came from one session at the provider.
    ProviderSession(&'a str),
}

/// The right to renew a session, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lease {
    /// The caller's, under this token.
    Held(String),
    /// Somebody else's.
    Taken,
}

impl List<'_> {
    /// What it is called where others can read it: names tell nothing about users.
    pub(super) fn name(self) -> String {
        let (kind, of) = match self {
            Self::Subject(subject) => ("sub", subject),
            Self::ProviderSession(session) => ("sid", session),
        };
        format!("{kind}:{}", seal::name_of(of))
    }
}

/// Each line: the same question to the one store or the other.
macro_rules! ask {
    ($self:ident.$question:ident($($argument:expr),*)) => {
        match $self {
            Store::Memory(memory) => Ok(memory.$question($($argument),*)),
            Store::Shared(shared) => shared.$question($($argument),*).await,
        }
    };
}

impl Store {
    /// Keeps a new session for `idle`, and lists it for `absolute`.
    pub(super) async fn create(
        &self,
        name: &str,
        sealed: Vec<u8>,
        idle: Duration,
        absolute: Duration,
        lists: &[List<'_>],
    ) -> Result<(), Away> {
        ask!(self.create(name, sealed, idle, absolute, lists))
    }

    /// A session; with `slide`, it has this long again until it is idle.
    pub(super) async fn read(
        &self,
        name: &str,
        slide: Option<Duration>,
    ) -> Result<Option<Vec<u8>>, Away> {
        ask!(self.read(name, slide))
    }

    /// Replaces a session that is still there, under a lease that is still held, which ends. A
    /// session that was ended meanwhile does not come back.
    pub(super) async fn renew(
        &self,
        name: &str,
        sealed: Vec<u8>,
        idle: Duration,
        lease: &str,
    ) -> Result<bool, Away> {
        ask!(self.renew(name, sealed, idle, lease))
    }

    /// Ends a session; whether it was there.
    pub(super) async fn end(&self, name: &str) -> Result<bool, Away> {
        ask!(self.end(name))
    }

    /// Ends all sessions on a list; how many there were.
    pub(super) async fn end_all(&self, list: List<'_>) -> Result<usize, Away> {
        ask!(self.end_all(list))
    }

    /// Asks for the right to renew a session.
    pub(super) async fn lease(&self, name: &str, time: Duration) -> Result<Lease, Away> {
        let token = seal::random()?;
        ask!(self.lease(name, token, time))
    }

    /// Holds a lease for longer; whether it was still the caller's.
    pub(super) async fn extend(
        &self,
        name: &str,
        lease: &str,
        time: Duration,
    ) -> Result<bool, Away> {
        ask!(self.extend(name, lease, time))
    }

    /// Gives a lease back.
    pub(super) async fn release(&self, name: &str, lease: &str) -> Result<(), Away> {
        ask!(self.release(name, lease))
    }

    /// Takes the mark of [`use_once`](Self::use_once) away again.
    pub(super) async fn unuse(&self, name: &str) -> Result<(), Away> {
        ask!(self.unuse(name))
    }

    /// Since when each of these keys has been with an instance, the first one.
    pub(super) async fn key_ages(&self, ids: &[&KeyId]) -> Result<Vec<Duration>, Away> {
        match self {
            // There is no other instance.
            Self::Memory(_) => Ok(vec![Duration::MAX; ids.len()]),
            Self::Shared(shared) => shared.key_ages(ids).await,
        }
    }

    /// The keys that came to an instance less than `time` ago.
    pub(super) async fn keys_since(&self, time: Duration) -> Result<Vec<KeyId>, Away> {
        match self {
            Self::Memory(_) => Ok(Vec::new()),
            Self::Shared(shared) => shared.keys_since(time).await,
        }
    }

    /// Marks something as used, for `time`; whether it was not yet.
    pub(super) async fn use_once(&self, name: &str, time: Duration) -> Result<bool, Away> {
        ask!(self.use_once(name, time))
    }
}
