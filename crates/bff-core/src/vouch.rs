//! What lets a call in: the BFF's own credential, and who the user is.

use crate::{
    Fault,
    ports::{Local, Principal},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a call shows a service to be let in: headers, `H` as the transport writes them. Nothing of
/// it is the client's.
#[derive(Clone)]
pub struct Proof<H> {
    /// By which this BFF proves itself.
    pub credential: Option<H>,
    /// By which the service knows the user of a personal call.
    pub user: Option<H>,
}

impl<H> Proof<H> {
    /// Nothing is shown.
    pub const NONE: Self = Self { credential: None, user: None };
}

/// All of it is secret.
impl<H> fmt::Debug for Proof<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// How a service learns who the user of a personal call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// By a short-lived token that this BFF signs for that service.
    Signed,
    /// By the user's id alone: for networks where nobody else can send one.
    Plain,
    /// Not at all.
    None,
}

/// Knows what one service is shown. One per worker and service.
pub trait Vouch<H> {
    /// The proof, when nothing has to be waited for. `user` is the user of a personal call, and
    /// `None` for a shared one.
    fn at_hand(&self, user: Option<&Principal>) -> Option<Proof<H>>;

    /// The proof, fetched. The future is dropped when the call's time is over.
    ///
    /// # Errors
    /// [`Fault::NoCredential`].
    fn find<'a>(&'a self, user: Option<&'a Principal>) -> Local<'a, Result<Proof<H>, Fault>>;

    /// Another proof than the one that the service has just refused with 401; `None` when there is
    /// none, or when the refused one was itself such a replacement a moment ago.
    fn instead_of<'a>(
        &'a self,
        refused: &'a Proof<H>,
        user: Option<&'a Principal>,
    ) -> Local<'a, Option<Proof<H>>>;
}

/// Nothing is shown: for tests and tools.
impl<H> Vouch<H> for () {
    fn at_hand(&self, _user: Option<&Principal>) -> Option<Proof<H>> {
        Some(Proof::NONE)
    }

    fn find<'a>(&'a self, _user: Option<&'a Principal>) -> Local<'a, Result<Proof<H>, Fault>> {
        Box::pin(async { Ok(Proof::NONE) })
    }

    fn instead_of<'a>(
        &'a self,
        _refused: &'a Proof<H>,
        _user: Option<&'a Principal>,
    ) -> Local<'a, Option<Proof<H>>> {
        Box::pin(async { None })
    }
}
