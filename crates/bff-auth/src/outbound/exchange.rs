//! Users' tokens exchanged for tokens that a service accepts (RFC 8693): one per token and
//! credential, for all workers.

use super::{grant::Grant, token::Token};
use crate::token_endpoint::{InVain, NoTokens, Pause};
use awc::{Client, http::header::HeaderValue};
use bff_core::{
    Fault,
    flight::{Flights, Part, landed},
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::task::spawn_local;

/// How many tokens are kept.
const MAX_ENTRIES: usize = 4096;

/// What users' tokens were exchanged for.
#[derive(Debug)]
pub(crate) struct Exchange {
    grant: Grant,
    /// By the hash of the user's token and not by the user: tokens of one user may carry different
    /// rights, and a hash is nobody's credential.
    held: Mutex<HashMap<blake3::Hash, Arc<Token>>>,
    flights: Flights<Result<Arc<Token>, String>>,
    pause: Pause,
    /// Users' tokens that the issuer refuses.
    in_vain: InVain,
}

impl Exchange {
    pub(crate) fn new(grant: Grant) -> Arc<Self> {
        Arc::new(Self {
            grant,
            held: Mutex::default(),
            flights: Flights::default(),
            pause: Pause::doubling(),
            in_vain: InVain::default(),
        })
    }

    /// What `subject` was exchanged for a while ago.
    pub(crate) fn at_hand(&self, subject: &SecretString, now: Instant) -> Option<HeaderValue> {
        Some(self.held(&hash(subject), now)?.value.clone())
    }

    /// What `subject` is exchanged for.
    pub(crate) async fn find(
        self: &Arc<Self>,
        client: &Client,
        subject: &SecretString,
    ) -> Result<HeaderValue, Fault> {
        let token = self.exchanged(client, subject, false).await.map_err(Fault::NoCredential)?;
        Ok(token.value.clone())
    }

    /// Something else for `subject` than the `refused` token.
    pub(crate) async fn instead_of(
        self: &Arc<Self>,
        client: &Client,
        subject: &SecretString,
        refused: &HeaderValue,
        now: Instant,
    ) -> Option<HeaderValue> {
        let hash = hash(subject);
        if let Some(token) = self.held(&hash, now).filter(|token| token.value == *refused) {
            if !token.is_replaceable(now) {
                return None;
            }
            self.lock().remove(&hash);
        }
        let token = self.exchanged(client, subject, true).await.ok()?;
        (token.value != *refused).then(|| token.value.clone())
    }

    /// On its own, because others may wait for it when this call has ended.
    async fn exchanged(
        self: &Arc<Self>,
        client: &Client,
        subject: &SecretString,
        stands_in: bool,
    ) -> Result<Arc<Token>, String> {
        let (exchange, client) = (Arc::clone(self), client.clone());
        let subject = subject.clone();
        let task = spawn_local(async move { exchange.once(&client, &subject, stands_in).await });
        task.await.unwrap_or_else(|_| Err("the exchange ended early".to_owned()))
    }

    async fn once(
        &self,
        client: &Client,
        subject: &SecretString,
        stands_in: bool,
    ) -> Result<Arc<Token>, String> {
        let hash = hash(subject);
        let name = hash.to_hex();
        loop {
            match self.flights.join(&name) {
                Part::Lead(lead) => {
                    let result = self.fetch(client, subject, hash, stands_in).await;
                    lead.land(&result);
                    return result;
                }
                Part::Follow(flight) => {
                    if let Some(result) = landed(flight).await {
                        return result;
                    }
                }
            }
        }
    }

    async fn fetch(
        &self,
        client: &Client,
        subject: &SecretString,
        hash: blake3::Hash,
        stands_in: bool,
    ) -> Result<Arc<Token>, String> {
        let (now, name) = (Instant::now(), hash.to_hex());
        if let Some(token) = self.held(&hash, now) {
            return Ok(token);
        }
        if self.pause.is_on(now) {
            return Err(self.pause.why());
        }
        if self.in_vain.is_on(&name, now) {
            return Err("the issuer has just refused this token".to_owned());
        }
        match self.grant.exchanged(client, subject, stands_in).await {
            Ok(token) => {
                let token = Arc::new(token);
                self.pause.end();
                self.in_vain.end(&name);
                self.keep(hash, Arc::clone(&token), now);
                Ok(token)
            }
            Err(failure) => {
                let why = failure.why().to_owned();
                match failure {
                    NoTokens::Trouble(trouble) => self.pause.begin(Instant::now(), &trouble),
                    NoTokens::Refused(_) => self.in_vain.begin(&name, Instant::now()),
                }
                Err(why)
            }
        }
    }

    fn keep(&self, hash: blake3::Hash, token: Arc<Token>, now: Instant) {
        let mut held = self.lock();
        if held.len() >= MAX_ENTRIES {
            held.retain(|_, token| token.is_usable(now));
        }
        // Starting over is the simplest bound, and costs at most one more exchange per user.
        if held.len() >= MAX_ENTRIES {
            held.clear();
        }
        held.insert(hash, token);
    }

    fn held(&self, hash: &blake3::Hash, now: Instant) -> Option<Arc<Token>> {
        self.lock().get(hash).filter(|token| token.is_usable(now)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<blake3::Hash, Arc<Token>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(subject: &SecretString) -> blake3::Hash {
    blake3::hash(subject.expose_secret().as_bytes())
}
