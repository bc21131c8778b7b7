//! The BFF's own token over time: one per credential and process, fetched ahead, once at a time, and
//! kept in use while the issuer is away.

use super::{grant::Grant, token::Token};
use crate::token_endpoint::Pause;
use arc_swap::ArcSwapOption;
use awc::{Client, http::header::HeaderValue};
use bff_core::Fault;
use std::{sync::Arc, time::Instant};
use tokio::{
    sync::Mutex,
    task::{JoinHandle, spawn_local},
};

/// The token of one credential.
#[derive(Debug)]
pub(crate) struct Own {
    name: String,
    pub(crate) grant: Grant,
    current: ArcSwapOption<Token>,
    /// Held by the one fetch that is under way, of all workers.
    gate: Arc<Mutex<()>>,
    pause: Pause,
}

/// Why a token is fetched.
#[derive(Clone, Copy)]
enum Need<'a> {
    /// There is none that counts.
    Missing,
    /// The one that there is ends soon.
    Due,
    /// A service has refused this one.
    Refused(&'a HeaderValue),
}

impl Need<'_> {
    fn is_met_by(self, token: &Token, now: Instant) -> bool {
        match self {
            Self::Missing => token.is_usable(now),
            Self::Due => !token.is_due(now),
            Self::Refused(value) => token.value != *value,
        }
    }
}

impl Own {
    pub(crate) fn new(name: &str, grant: Grant) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            grant,
            current: ArcSwapOption::empty(),
            gate: Arc::default(),
            pause: Pause::doubling(),
        })
    }

    /// The token, if it counts. Starts its renewal when most of its life is over.
    pub(crate) fn at_hand(self: &Arc<Self>, client: &Client, now: Instant) -> Option<HeaderValue> {
        let current = self.current.load();
        let token = current.as_ref()?;
        if token.is_due(now) {
            drop(self.start(client, Need::Due, now));
        }
        token.is_usable(now).then(|| token.value.clone())
    }

    /// Fetches one before anybody needs it.
    pub(crate) fn warm_up(self: &Arc<Self>, client: &Client) {
        drop(self.start(client, Need::Missing, Instant::now()));
    }

    /// The token, fetched unless somebody has just done so.
    pub(crate) async fn find(
        self: &Arc<Self>,
        client: &Client,
        now: Instant,
    ) -> Result<HeaderValue, Fault> {
        self.fetched(client, Need::Missing, now).await;
        let token =
            self.current.load_full().filter(|token| token.is_usable(now.max(Instant::now())));
        let token = token.ok_or_else(|| Fault::NoCredential(self.pause.why()))?;
        Ok(token.value.clone())
    }

    /// Another token than the `refused` one. That stays in use until there is another: one service
    /// that refuses it must not take it from all others while the issuer is away.
    pub(crate) async fn instead_of(
        self: &Arc<Self>,
        client: &Client,
        refused: &HeaderValue,
        now: Instant,
    ) -> Option<HeaderValue> {
        let current = self.current.load_full();
        if current.is_none_or(|token| token.value != *refused || token.is_replaceable(now)) {
            self.fetched(client, Need::Refused(refused), now).await;
        }
        let other = |token: &Arc<Token>| token.value != *refused && token.is_usable(now);
        Some(self.current.load_full().filter(other)?.value.clone())
    }

    #[cfg(test)]
    pub(crate) fn has_failed(&self) -> bool {
        !self.pause.why().is_empty()
    }

    async fn fetched(self: &Arc<Self>, client: &Client, need: Need<'_>, now: Instant) {
        match self.start(client, need, now) {
            // The only error is that the task ended early, and then the token is as it was.
            Some(fetch) => drop(fetch.await),
            // Whoever is fetching holds the gate until the new token is there.
            None => drop(self.gate.lock().await),
        }
    }

    /// Starts a fetch, unless one is under way or not needed, or it is too early. It runs on its
    /// own: a call that ends must not end it for all others.
    fn start(
        self: &Arc<Self>,
        client: &Client,
        need: Need<'_>,
        now: Instant,
    ) -> Option<JoinHandle<()>> {
        let gate = Arc::clone(&self.gate).try_lock_owned().ok()?;
        let met = self.current.load().as_ref().is_some_and(|token| need.is_met_by(token, now));
        if met || self.pause.is_on(now) {
            return None;
        }
        let (own, client) = (Arc::clone(self), client.clone());
        let stands_in = matches!(need, Need::Refused(_));
        Some(spawn_local(async move {
            own.fetch(&client, stands_in).await;
            drop(gate);
        }))
    }

    async fn fetch(&self, client: &Client, stands_in: bool) {
        match self.grant.own(client, stands_in).await {
            Ok(token) => {
                self.current.store(Some(Arc::new(token)));
                self.pause.end();
            }
            Err(trouble) => {
                let now = Instant::now();
                self.pause.begin(now, &trouble);
                let in_use = self.current.load().as_ref().is_some_and(|token| token.is_usable(now));
                tracing::warn!(
                    credential = self.name,
                    reason = trouble.why(),
                    token_in_use = in_use,
                    advice = "check [credentials], and that the issuer's token endpoint is up and \
                              reachable from here; it is asked again within 10 s",
                    "no token from the issuer"
                );
            }
        }
    }
}
